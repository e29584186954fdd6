"""The issuer's keys: the one that signs now, and every public one that verifies what was ever signed.

A new key, or a new certificate for the seal, is put into the settings; the public half of each key that has signed, and
each certificate that has sealed, stays in the database, so that older certificates, tokens and answers still verify.
"""

from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from certificates.credentials.jose import CredentialKey, Jwk
from certificates.credentials.models import IssuerCertificate, SigningKey


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
    """Keep the public half of a key that signs something. Belongs into the transaction of what it signs, if there is one."""
    SigningKey.objects.bulk_create(
        [SigningKey(kid=key.kid, public_key=key.jwk, first_used_at=at)], ignore_conflicts=True
    )


def issuer_key_keep(pem: str, at: datetime) -> None:
    """Keep the public half of a key of the settings that signs something outside of this room."""
    key_keep(_load("ISSUER_KEY", pem), at=at)


def trusted_certificates() -> list[x509.Certificate]:
    """Return every certificate that seals PDFs: the one of the settings, and those that sealed before."""
    kept = IssuerCertificate.objects.order_by("first_used_at").values_list("pem", flat=True)
    present = x509.load_pem_x509_certificates(settings.ISSUER_CERTIFICATE.encode())[0]
    return [
        present,
        *(each for pem in kept if (each := x509.load_pem_x509_certificate(pem.encode())) != present),
    ]


def certificate_keep(certificate: x509.Certificate, *, at: datetime) -> None:
    """Keep a certificate that seals a document. Belongs into the transaction that keeps the document."""
    pem = certificate.public_bytes(Encoding.PEM).decode()
    row = IssuerCertificate(fingerprint=certificate.fingerprint(SHA256()).hex(), pem=pem, first_used_at=at)
    IssuerCertificate.objects.bulk_create([row], ignore_conflicts=True)


def key_set(keys: dict[str, Jwk]) -> dict[str, list[Jwk]]:
    """Return ``keys`` as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [{**jwk, "kid": kid, "use": "sig", "alg": "ES256"} for kid, jwk in keys.items()]}
