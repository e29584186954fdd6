"""What a signed snapshot says of a certificate: the same check as the page without a network makes, in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from certificates.credentials.bitstring import SNAPSHOT_TYPE, ListName, Purpose, list_read
from certificates.credentials.jose import Jwk, Keys, SignatureError, verify_jwt
from portal.policy import day_of


class Status(StrEnum):
    IN_FORCE = "in_force"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NEWER = "newer"
    """The certificate was issued after the snapshot was taken: its state is not known."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every status list and key as of ``taken_at``."""

    taken_at: datetime
    lists: Mapping[str, str]
    keys: Keys

    def status(self, *, page: int, place: int, issued_on: date) -> Status:
        """Return what this snapshot says of the version at that place of the status lists."""
        lists = {purpose: self.lists.get(str(ListName(purpose, page))) for purpose in Purpose}
        for purpose, status in ((Purpose.REVOCATION, Status.REVOKED), (Purpose.SUSPENSION, Status.SUSPENDED)):
            encoded = lists[purpose]
            if encoded is None:
                return Status.NEWER
            if list_read(encoded, place):
                return status
        return Status.NEWER if issued_on > day_of(self.taken_at) else Status.IN_FORCE


def snapshot_read(text: str, keys: Keys) -> Snapshot:
    """Return the snapshot in ``text``; raise `SignatureError` unless one of ``keys`` signed it."""
    payload = verify_jwt(text.strip(), keys, typ=SNAPSHOT_TYPE)
    taken_at = datetime.fromtimestamp(payload["iat"], UTC)
    return Snapshot(taken_at, payload["lists"], dict(keys) | keys_read(payload))


def keys_read(key_set: Mapping[str, Any]) -> dict[str, Jwk]:
    """Return the keys of a JSON Web Key Set (RFC 7517) by key id; raise `SignatureError` when it is none."""
    try:
        return {key["kid"]: {name: key[name] for name in ("kty", "crv", "x", "y")} for key in key_set["keys"]}
    except (KeyError, TypeError) as error:
        raise SignatureError("The text is no JSON Web Key Set of keys on P-256.") from error
