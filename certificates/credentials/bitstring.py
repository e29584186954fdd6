"""The list inside a status list credential: W3C Bitstring Status List v1.0, one bit an entry."""

import gzip
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

ENTRIES = 131_072
"""The least that the standard allows (16 KiB), so that one entry hides among many."""

SNAPSHOT_TYPE = "status-snapshot+jwt"


class Purpose(StrEnum):
    REVOCATION = "revocation"
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class ListName:
    """One page of one purpose: ``revocation-1``."""

    purpose: Purpose
    page: int

    def __str__(self) -> str:
        return f"{self.purpose}-{self.page}"


def status_list_url(public_url: str, purpose: str, page: int) -> str:
    return f"{public_url}/api/v1/status-lists/{purpose}-{page}"


def list_encode(places: Iterable[int], entries: int = ENTRIES) -> str:
    """Return ``encodedList`` with the bits at ``places`` set: multibase base64url of gzip, index 0 leftmost.

    The same places give the same text: gzip's time field stays zero. ``IndexError`` for a place that is not there.
    """
    bits = bytearray(entries // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + urlsafe_b64encode(packed).rstrip(b"=").decode()


def list_read(encoded: str, place: int) -> bool:
    """Whether the bit at ``place`` is set; ``ValueError`` for a text that is no list, ``IndexError`` for no such place."""
    if not encoded.startswith("u"):
        raise ValueError("An encoded list starts with “u”, the sign of base64url.")
    packed = urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
    try:
        bits = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("The encoded list is not compressed as the standard has it.") from error
    return bool(bits[place >> 3] & 0x80 >> (place & 7))
