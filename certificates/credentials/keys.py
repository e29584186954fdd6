"""The issuer's keys: the one that signs now, and every public one that verifies what was ever signed.

A new key is put into the settings; the public half of each key that has signed stays in the database, so that older
certificates, tokens and receipts still verify.
"""

from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from certificates.credentials.jose import CredentialKey, Jwk
from certificates.credentials.models import SigningKey


@lru_cache(maxsize=4)
def _load(name: str, pem: str) -> CredentialKey:
    try:
        return CredentialKey.load(pem)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is not an unencrypted private key on P-256 in PEM form."
        ) from error


def signing_key() -> CredentialKey:
    """Return the key that signs credentials, tokens and status lists: ``CREDENTIAL_KEY``, else ``ISSUER_KEY``."""
    for name in ("CREDENTIAL_KEY", "ISSUER_KEY"):
        if pem := getattr(settings, name).strip():
            return _load(name, pem)
    raise ImproperlyConfigured(
        "CREDENTIAL_KEY is not set, and neither is ISSUER_KEY, which would take its place."
    )


def configured_keys() -> dict[str, Jwk]:
    """Return the public keys of the settings by key id."""
    names = ("CREDENTIAL_KEY", "ISSUER_KEY")
    keys = [_load(name, pem) for name in names if (pem := getattr(settings, name).strip())]
    return {key.kid: key.jwk for key in keys}


def public_keys() -> dict[str, Jwk]:
    """Return every public key by key id: those of the settings, and those that signed before."""
    return (
        dict(SigningKey.objects.order_by("first_used_at").values_list("kid", "public_key"))
        | configured_keys()
    )


def key_keep(key: CredentialKey, *, at: datetime) -> None:
    """Keep the public half of a key that signs something lasting. Belongs into the transaction of what it signs."""
    SigningKey.objects.bulk_create(
        [SigningKey(kid=key.kid, public_key=key.jwk, first_used_at=at)], ignore_conflicts=True
    )


def key_set(keys: dict[str, Jwk]) -> dict[str, list[Jwk]]:
    """Return ``keys`` as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [{**jwk, "kid": kid, "use": "sig", "alg": "ES256"} for kid, jwk in keys.items()]}
