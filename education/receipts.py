"""The receipt of a submission: a compact JWS (ES256) under the issuer's key, so that it can be verified for ever.

Who keeps the keys registers here at the start (`register_keys`): what was signed under a key that has been replaced is
verified by its public half, which stays published.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from education.models import Batch
from portal.policy import SHANGHAI

ALGORITHM = "ES256"
TYPE = "batch-receipt+jws"
MOST_CHARACTERS = 4_000

Jwk = Mapping[str, str]


class ReceiptError(ValueError):
    """The text is no receipt of this portal, or was altered."""


class _Keys:
    """Where public keys are kept and found; without a registration only the present key is known."""

    keep: Callable[[str, datetime], None] = staticmethod(lambda pem, at: None)
    published: Callable[[], Mapping[str, Jwk]] = staticmethod(dict)


def register_keys(
    *, keep: Callable[[str, datetime], None], published: Callable[[], Mapping[str, Jwk]]
) -> None:
    """Let ``keep`` take in each key (PEM) that signs, and ``published`` give every public key (JWK) by its thumbprint."""
    _Keys.keep, _Keys.published = staticmethod(keep), staticmethod(published)


@lru_cache(maxsize=4)
def _key(pem: str) -> ECKey:
    return ECKey.import_key(pem)


def _signing_pem() -> str:
    """Return the key that signs: where the issuer's own lives in a security module, the one for credentials."""
    for pem in (settings.ISSUER_KEY, settings.CREDENTIAL_KEY):
        if pem.strip():
            return str(pem)
    raise ImproperlyConfigured("ISSUER_KEY is missing: set it to the issuer's private key (PEM, P-256).")


def receipt_sign(batch: Batch) -> str:
    """Return the receipt of a batch that has just been given its time and place, inside the transaction that gave them."""
    if batch.submitted_at is None or batch.quota_month is None:
        raise ValueError("Only a submitted batch has a receipt.")
    pem = _signing_pem()
    _Keys.keep(pem, batch.submitted_at)
    payload = {
        "iss": settings.PUBLIC_URL,
        "batch": str(batch.pk),
        "institution": batch.institution.code,
        "file_sha256": batch.sha256,
        "rows": batch.rows_total - batch.rows_dropped,
        "submitted_at": batch.submitted_at.astimezone(SHANGHAI).isoformat(),
        "month": f"{batch.quota_month:%Y-%m}",
        "place": batch.quota_place,
    }
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": _key(pem).thumbprint()}
    return jws.serialize_compact(header, _canonical(payload), _key(pem))


def receipt_verify(text: str) -> dict[str, Any]:
    """Return what a receipt says; raise `ReceiptError` when one byte of it is not as it was signed."""
    if len(text) > MOST_CHARACTERS:
        raise ReceiptError("A receipt is shorter.")
    text = text.strip()
    try:
        if any(_b64(_raw(part)) != part for part in text.split(".")):
            raise ReceiptError("The text is not in the one form in which it was signed.")
        signed = jws.deserialize_compact(text, _key_of, algorithms=[ALGORITHM])
        if signed.headers().get("typ") != TYPE:
            raise ReceiptError("The text is signed, but is no receipt.")
        payload: dict[str, Any] = json.loads(signed.payload)
    except (JoseError, ValueError) as error:
        raise ReceiptError("The receipt was not signed by this portal, or was altered.") from error
    return payload


def _key_of(found: Any) -> ECKey:
    """Return the public key that a text names."""
    kid = found.headers().get("kid")
    present = _key(_signing_pem())
    if kid == present.thumbprint():
        return present
    if kid not in (published := _Keys.published()):
        raise ReceiptError("No key of this portal has this name.")
    return ECKey.import_key(dict(published[kid]))


def _raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _canonical(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
