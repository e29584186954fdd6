"""A signed tree head in the form of C2SP tlog-checkpoint: a signed note of three lines, readable by common log tools.

The signature is ECDSA P-256 over SHA-256 (signature type 0x02): its key id is the beginning of SHA-256 of the public key
in SPKI form, the signature itself in ASN.1.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from certificates.credentials.jose import SIGNATURE_BYTES, CredentialKey, Jwk, Keys

KEY_ID_BYTES = 4
MEDIA_TYPE = "text/plain; charset=utf-8"


class NoteError(ValueError):
    """The text is no checkpoint of this log."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    origin: str
    size: int
    root: bytes


def origin_of(public_url: str) -> str:
    """Return the name of the log: its address without the scheme."""
    parts = urlsplit(public_url)
    return f"{parts.netloc}{parts.path}/log"


def note_sign(*, origin: str, size: int, root: bytes, key: CredentialKey) -> str:
    """Return the checkpoint of the tree of ``size`` leaves."""
    text = f"{origin}\n{size}\n{b64encode(root).decode()}\n"
    half = SIGNATURE_BYTES // 2
    raw = key.sign(text.encode())
    signature = utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
    line = b64encode(_key_id(_public_key(key.jwk)) + signature).decode()
    return f"{text}\n— {origin} {line}\n"


def note_read(note: str, keys: Keys) -> TreeHead:
    """Return what a checkpoint says; raise `NoteError` unless one of ``keys`` signed it."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    try:
        origin, size, root = text.splitlines()[:3]
        head = TreeHead(origin, int(size), _decode(root))
        lines = [line.split(" ") for line in signatures.splitlines()]
        signed = [_decode(data) for dash, name, data in lines if (dash, name) == ("—", origin)]
    except ValueError as error:
        raise NoteError("The text is no checkpoint.") from error
    public = [_public_key(jwk) for jwk in keys.values()]
    if not any(_is_signed(text.encode(), each, key) for each in signed for key in public):
        raise NoteError("The checkpoint was not signed by this issuer, or was altered.")
    return head


def _decode(text: str) -> bytes:
    """Decode base64 of which nothing may be altered: the spare bits of the last character count too."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("The base64 is not in its one canonical form.")
    return data


def _is_signed(text: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    if signature[:KEY_ID_BYTES] != _key_id(key):
        return False
    try:
        key.verify(signature[KEY_ID_BYTES:], text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _public_key(jwk: Jwk) -> ec.EllipticCurvePublicKey:
    return ECKey.import_key(dict(jwk)).public_key


def _key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).digest()[:KEY_ID_BYTES]
