"""JSON Web Signatures with ES256, deterministic (RFC 6979): the same content and key give the same bytes."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from joserfc.jwk import ECKey

ALGORITHM = "ES256"
SIGNATURE_BYTES = 64
_HALF = SIGNATURE_BYTES // 2

Jwk = dict[str, str]
Keys = Mapping[str, Jwk]
"""Public keys by key id (``kid``)."""


class SignatureError(ValueError):
    """The text was not signed by one of the keys, or was altered."""


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A P-256 key that signs; ``kid`` is its thumbprint after RFC 7638."""

    kid: str
    jwk: Jwk
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, pem: str) -> "CredentialKey":
        """Return the key of a PEM text; ``ValueError`` when it is not a private key on P-256."""
        key = ECKey.import_key(pem)
        if key.curve_name != "P-256" or not isinstance(key.private_key, ec.EllipticCurvePrivateKey):
            raise ValueError("The key that signs credentials must be a private key on P-256.")
        public = {name: str(value) for name, value in key.as_dict(private=False).items() if name != "kid"}
        return cls(key.thumbprint(), public, key.private_key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature of ``data``: r and s, 32 bytes each."""
        der = self.private_key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)

    def sign_jwt(self, payload: Mapping[str, Any], **header: str) -> str:
        """Return ``payload`` as a compact JWS; ``header`` adds to ``alg`` and ``kid``."""
        head = {"alg": ALGORITHM, "kid": self.kid, **header}
        signing_input = f"{b64encode(_json(head))}.{b64encode(_json(payload))}"
        return f"{signing_input}.{b64encode(self.sign(signing_input.encode()))}"


def verify_signature(signature: bytes, data: bytes, jwk: Jwk) -> bool:
    """Whether ``signature`` (r and s) over ``data`` was made by the key ``jwk``."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    r, s = (int.from_bytes(half) for half in (signature[:_HALF], signature[_HALF:]))
    key = ECKey.import_key(dict(jwk)).public_key
    try:
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def verify_jwt(text: str, keys: Keys, *, typ: str) -> dict[str, Any]:
    """Return what a JWS of the type ``typ`` says; raise `SignatureError` when one character is not as it was signed."""
    try:
        head, body, signature = text.split(".")
        header = json.loads(b64decode(head))
        known = header["alg"] == ALGORITHM and header["typ"] == typ and header["kid"] in keys
        good = known and verify_signature(
            b64decode(signature), f"{head}.{body}".encode(), keys[header["kid"]]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureError("The text is no signed statement of this issuer.") from error
    if not known:
        raise SignatureError("The text is of another kind, or its key is not among the issuer's.")
    if not good:
        raise SignatureError("The text was not signed by this issuer, or was altered.")
    payload: dict[str, Any] = json.loads(b64decode(body))
    return payload


def b64encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def b64decode(text: str) -> bytes:
    """Read base64url without padding; ``ValueError`` unless it is written in the one way that its bytes have."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64encode(data) != text:
        raise ValueError("The text is no base64url, or has bits that carry nothing.")
    return data


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
