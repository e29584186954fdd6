"""Identifying fields: encrypted at rest, found again by a keyed hash.

``FIELD_KEYS`` lists base64 keys of 32 bytes, newest first. The newest encrypts; any of them decrypts, told apart by the
first four bytes of the stored value. The keyed hash must stay the same while keys rotate, so it is derived from the
*oldest* key, which may leave the list only after the hashes were made anew.
"""

import base64
import binascii
import hashlib
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_ID_BYTES = 4
_NONCE_BYTES = 12


class UnreadableFieldError(Exception):
    """A stored value was altered, or was encrypted under a key that is no longer listed."""


def _key_bytes(position: int, text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(f"FIELD_KEYS: entry {position} is not 32 bytes in base64.")
    return key


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[bytes, AESGCM]:
    parsed = [_key_bytes(position, text) for position, text in enumerate(keys, 1)]
    return {hashlib.sha256(key).digest()[:_ID_BYTES]: AESGCM(key) for key in parsed}


@lru_cache(maxsize=16)
def _index(key: str, kind: str) -> HMAC:
    """Return the keyed hash before its text; a copy of it is a third of the work of `hmac.digest`."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"blind-index:{kind}".encode())
    return HMAC(derivation.derive(_key_bytes(0, key)), SHA256())


def newest_id() -> bytes:
    """Return the bytes with which everything begins that was encrypted under the newest key."""
    return next(iter(_ring(tuple(settings.FIELD_KEYS))))


def encrypt(text: str) -> bytes:
    """Return ``key id | nonce | ciphertext with tag`` under the newest key (AES-256-GCM)."""
    return encrypt_bytes(text.encode())


def encrypt_bytes(content: bytes) -> bytes:
    """Encrypt as `encrypt` does, for a file."""
    key_id, cipher = next(iter(_ring(tuple(settings.FIELD_KEYS)).items()))
    nonce = os.urandom(_NONCE_BYTES)
    return key_id + nonce + cipher.encrypt(nonce, content, None)


def decrypt(stored: bytes) -> str:
    """Return the text; raise `UnreadableFieldError` when it was altered or its key is gone."""
    return decrypt_bytes(stored).decode()


def decrypt_bytes(stored: bytes) -> bytes:
    """Decrypt what `encrypt_bytes` returned; raises as `decrypt` does."""
    cipher = _ring(tuple(settings.FIELD_KEYS)).get(bytes(stored[:_ID_BYTES]))
    if cipher is None:
        raise UnreadableFieldError("The key that encrypted this value is not among FIELD_KEYS.")
    nonce, ciphertext = stored[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], stored[_ID_BYTES + _NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, None)
    except InvalidTag as error:
        raise UnreadableFieldError("The stored value was altered.") from error


def blind_index(kind: str, text: str) -> bytes:
    """Return the 32-byte keyed hash under which ``text`` (already normalised) is looked up as a ``kind``."""
    return _hash(_index(settings.FIELD_KEYS[-1], kind), text)


def newest_blind_index(kind: str, text: str) -> bytes:
    """Return the hash as `blind_index` will once the newest key is the only one."""
    return _hash(_index(settings.FIELD_KEYS[0], kind), text)


def _hash(keyed: HMAC, text: str) -> bytes:
    running = keyed.copy()
    running.update(text.encode())
    return running.finalize()
