"""The receipt of a submission: a compact JWS (ES256) under the issuer's key, so that it can be verified for ever."""

import json
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


class ReceiptError(ValueError):
    """The text is no receipt of this portal, or was altered."""


@lru_cache(maxsize=4)
def _key(pem: str) -> ECKey:
    if not pem.strip():
        raise ImproperlyConfigured("ISSUER_KEY is missing: set it to the issuer's private key (PEM, P-256).")
    return ECKey.import_key(pem)


def receipt_sign(batch: Batch) -> str:
    """Return the receipt of a batch that has just been given its time and place."""
    if batch.submitted_at is None or batch.quota_month is None:
        raise ValueError("Only a submitted batch has a receipt.")
    key = _key(settings.ISSUER_KEY)
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
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    return jws.serialize_compact(header, _canonical(payload), key)


def receipt_verify(text: str) -> dict[str, Any]:
    """Return what a receipt says; raise `ReceiptError` when one byte of it is not as it was signed."""
    try:
        signed = jws.deserialize_compact(text, _key(settings.ISSUER_KEY), algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise ReceiptError("The receipt was not signed by this portal, or was altered.") from error
    payload: dict[str, Any] = json.loads(signed.payload)
    return payload


def _canonical(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
