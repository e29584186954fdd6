"""Status lists and the snapshot that carries them offline: what is no longer in force, signed by the issuer.

A void certificate and a superseded version are revoked; a suspended certificate is suspended. The revocation bit of a
version is set once and for ever: what takes a void certificate back gives its next version. Everything is worked out from
the certificates at each call; `certificates.credentials.published` keeps the answers until something changes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from certificates.credentials.bitstring import SNAPSHOT_TYPE, ListName, Purpose, list_encode, status_list_url
from certificates.credentials.jose import CredentialKey, Jwk
from certificates.credentials.models import CertificateVersion

LIST_VALID_FOR = timedelta(days=1)


def pages() -> int:
    """Return how many pages there are; the first exists before the first certificate."""
    return CertificateVersion.objects.aggregate(last=Max("status_list"))["last"] or 1


def encoded_list(name: ListName) -> str:
    """Return the list of the present moment."""
    return list_encode(_places(name))


def _places(name: ListName) -> Iterable[int]:
    """Return the places whose bit is set. Two queries, since one with “or” over both tables would read every row."""
    versions = CertificateVersion.objects.filter(status_list=name.page)
    state = "void" if name.purpose is Purpose.REVOCATION else "suspended"
    yield from versions.filter(certificate__state=state).values_list("status_index", flat=True)
    if name.purpose is Purpose.REVOCATION:
        yield from versions.filter(superseded_at__isnull=False).values_list("status_index", flat=True)


def list_credential(name: ListName, encoded: str, *, public_url: str, at: datetime) -> dict[str, Any]:
    """Return a BitstringStatusListCredential. It is the same all through an hour as long as no state changes."""
    url = status_list_url(public_url, name.purpose, name.page)
    hour = at.replace(minute=0, second=0, microsecond=0)
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": public_url,
        "validFrom": hour.isoformat(),
        "validUntil": (hour + LIST_VALID_FOR).isoformat(),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": name.purpose.value,
            "encodedList": encoded,
        },
    }


def snapshot_sign(key: CredentialKey, keys: dict[str, Jwk], *, public_url: str, at: datetime) -> str:
    """Return every status list and public key in one signed text, with the moment at which it was taken."""
    names = [ListName(purpose, page) for page in range(1, pages() + 1) for purpose in Purpose]
    payload = {
        "iss": public_url,
        "iat": int(at.timestamp()),
        "lists": {str(name): encoded_list(name) for name in names},
        "keys": [{**jwk, "kid": kid} for kid, jwk in keys.items()],
    }
    return key.sign_jwt(payload, typ=SNAPSHOT_TYPE)
