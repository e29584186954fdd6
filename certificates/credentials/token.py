"""The signed token in the QR symbol: enough to check a certificate on paper without any network.

The bytes, their text and an example are described in ``docs/verification.md`` so that others can read them.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from struct import Struct

from certificates.credentials.jose import (
    SIGNATURE_BYTES,
    CredentialKey,
    Jwk,
    Keys,
    SignatureError,
    b64decode,
    verify_signature,
)

DIGITS = 16
"""As many digits of a number fit into a token of the format 1; other numbers make it one of the format 2."""
KEY_BYTES = 4
NAME_BYTES = 120
DAY_ZERO = date(2000, 1, 1)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-:"
"""The characters of QR's alphanumeric mode that may stand in the last part of an address: 41³ > 256²."""

_RADIX = len(ALPHABET)
_BASE = 36  # of a number with capitals: its digits are the first characters of the alphabet
_NUMBER_BYTES = 7
_REST = Struct(">HHHH3s")  # version, issue day, post, status list, status index
_LONGEST = 300
_LONGEST_NUMBER = 40
_LIMITS = {3: 1 << 16, 2: 1 << 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What a token says. ``holder`` is the masked name; ``issued_on`` a day in Asia/Shanghai."""

    number: str
    version: int
    holder: str
    post_code: str
    issued_on: date
    status_list: int
    status_index: int


def token_sign(facts: TokenFacts, key: CredentialKey) -> str:
    """Return the token of a version of a certificate, in characters of QR's alphanumeric mode."""
    head = _number_pack(facts.number, _key_id(key.kid)) + _REST.pack(
        facts.version,
        (facts.issued_on - DAY_ZERO).days,
        int(facts.post_code),
        facts.status_list,
        facts.status_index.to_bytes(3),
    )
    body = head + facts.holder.encode()[:NAME_BYTES].decode(errors="ignore").encode()
    return text_encode(body + key.sign(body))


def token_read(text: str, keys: Keys) -> TokenFacts:
    """Return what a token, or an address that ends in one, says; raise `SignatureError` when it is not the issuer's."""
    try:
        data = text_decode(token_of(text))
        body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        facts, key_id = _facts(body)
    except (ValueError, OverflowError, IndexError) as error:
        raise SignatureError("The text is no token of a certificate.") from error
    if not any(verify_signature(signature, body, jwk) for jwk in _candidates(key_id, keys)):
        raise SignatureError("The token was not signed by this issuer, or was altered.")
    return facts


def token_of(text: str) -> str:
    """Return the token within what a QR symbol holds or a person pasted."""
    return text.strip().rpartition("#")[2]


def text_encode(data: bytes) -> str:
    """Return ``data`` as text: three characters for two bytes, two for a last one, least significant first (see RFC 9285)."""
    pairs = (data[start : start + 2] for start in range(0, len(data), 2))
    return "".join(_group(int.from_bytes(pair), len(pair) + 1) for pair in pairs)


def text_decode(text: str) -> bytes:
    """Return the bytes of ``text``; ``ValueError`` when it is not exactly what `text_encode` makes of some bytes."""
    if len(text) > _LONGEST * 3 // 2 or not re.fullmatch(f"[{re.escape(ALPHABET)}]*", text):
        raise ValueError("Characters that no token has.")
    groups = [text[start : start + 3] for start in range(0, len(text), 3)]
    return b"".join(_bytes(group) for group in groups)


def _group(value: int, length: int) -> str:
    characters = ""
    for _ in range(length):
        value, digit = divmod(value, _RADIX)
        characters += ALPHABET[digit]
    return characters


def _bytes(group: str) -> bytes:
    value = 0
    for character in reversed(group):
        value = value * _RADIX + ALPHABET.index(character)
    if value >= _LIMITS.get(len(group), 0):
        raise ValueError("A group that stands for no bytes.")
    return value.to_bytes(len(group) - 1)


def _number_pack(number: str, key_id: bytes) -> bytes:
    """Return the beginning of a token: its format, the key, the number."""
    if len(number) == DIGITS and number.isascii() and number.isdigit():
        return b"\x01" + key_id + int(number).to_bytes(_NUMBER_BYTES)
    if not 0 < len(number) <= _LONGEST_NUMBER or not re.fullmatch("[0-9A-Z]+", number):
        raise ValueError("A number of other characters than digits and capitals has no place in a token.")
    return b"\x02" + key_id + bytes([len(number)]) + int(number, _BASE).to_bytes(_room(len(number)))


def _number_unpack(body: bytes) -> tuple[str, bytes]:
    """Return the number, and what follows it."""
    start = 1 + KEY_BYTES
    match body[0]:
        case 1:
            end = start + _NUMBER_BYTES
            return f"{int.from_bytes(body[start:end]):0{DIGITS}d}", body[end:]
        case 2:
            length = body[start]
            end = start + 1 + _room(length)
            value, number = int.from_bytes(body[start + 1 : end]), ""
            for _ in range(length):
                value, digit = divmod(value, _BASE)
                number = ALPHABET[digit] + number
            return number, body[end:]
    raise ValueError("A token of another format.")


def _room(length: int) -> int:
    """Return how many bytes a number of ``length`` digits and capitals takes."""
    bits: int = (_BASE**length - 1).bit_length()
    return (bits + 7) // 8


def _facts(body: bytes) -> tuple[TokenFacts, bytes]:
    number, rest = _number_unpack(body) if body else ("", b"")
    if len(rest) <= _REST.size:
        raise ValueError("A token of another format.")
    version, day, post, page, index = _REST.unpack(rest[: _REST.size])
    facts = TokenFacts(
        number=number,
        version=version,
        holder=rest[_REST.size :].decode(),
        post_code=f"{post:03d}",
        issued_on=DAY_ZERO + timedelta(days=day),
        status_list=page,
        status_index=int.from_bytes(index),
    )
    return facts, body[1 : 1 + KEY_BYTES]


def _candidates(key_id: bytes, keys: Keys) -> list[Jwk]:
    return [jwk for kid, jwk in keys.items() if _key_id(kid) == key_id]


def _key_id(kid: str) -> bytes:
    return b64decode(kid)[:KEY_BYTES]
