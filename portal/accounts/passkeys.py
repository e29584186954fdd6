"""Passkeys and security keys (WebAuthn), by the library of Yubico; what browsers say and sign, and nothing of accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

T = TypeVar("T")


class PasskeyRefusedError(Exception):
    """What the browser sent is no answer to the challenge by a key that is known here."""


@dataclass(frozen=True)
class Registered:
    """A new credential: its identifier, the credential with its public key as the library stores it, its counter."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Answered:
    """A challenge that was signed: by which credential, and the counter it showed."""

    credential_id: bytes
    sign_count: int


def is_possible() -> bool:
    """Tell whether browsers can make passkeys here: they refuse where the portal has an IP address for a name."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return bool(host) and ":" not in host and not host.replace(".", "").isdigit()


def _server() -> Fido2Server:
    public = urlsplit(settings.PUBLIC_URL)
    origin = f"{public.scheme}://{public.netloc}"
    party = PublicKeyCredentialRpEntity(id=public.hostname or "", name=public.hostname or "")
    return Fido2Server(party, verify_origin=lambda said: said == origin)


def registration_begin(
    *, handle: bytes, name: str, label: str, existing: Sequence[bytes]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for ``navigator.credentials.create`` as JSON, and the state to check the answer with."""
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=name, display_name=label),
        credentials=[AttestedCredentialData(key) for key in existing],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), dict(state)


def registration_verify(state: Mapping[str, Any], response: Mapping[str, Any]) -> Registered:
    """Return the credential that the browser made. Raises `PasskeyRefusedError`."""
    made = _refusing(lambda: _server().register_complete(state, response))
    if made.credential_data is None:
        raise PasskeyRefusedError("No credential came with the answer.")
    return Registered(made.credential_data.credential_id, bytes(made.credential_data), made.counter)


def authentication_begin(keys: Sequence[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for ``navigator.credentials.get`` as JSON, and the state to check the answer with."""
    options, state = _server().authenticate_begin(
        [AttestedCredentialData(key) for key in keys],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), dict(state)


def authentication_verify(
    state: Mapping[str, Any], response: Mapping[str, Any], keys: Sequence[bytes]
) -> Answered:
    """Return by which of ``keys`` the challenge was signed. Raises `PasskeyRefusedError`."""
    credentials = [AttestedCredentialData(key) for key in keys]
    used = _refusing(lambda: _server().authenticate_complete(state, credentials, response))
    said = AuthenticationResponse.from_dict(response)
    return Answered(used.credential_id, said.response.authenticator_data.counter)


def _refusing(verify: Callable[[], T]) -> T:
    """Whatever a stranger's JSON makes the library stumble over is a refusal."""
    try:
        return verify()
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise PasskeyRefusedError(str(error)) from error
