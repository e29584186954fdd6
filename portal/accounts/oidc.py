"""Signing in by a provincial identity service (OpenID Connect, code flow with PKCE): the protocol, and nothing of accounts."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request

from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.outgoing import opener

ALGORITHMS = ["RS256", "PS256", "ES256"]
SECONDS = 10
ANSWER_AT_MOST = 1_000_000
LEEWAY = 60  # seconds by which the service's clock may be off


class ServiceRefusedError(Exception):
    """The service's answer proves nothing; the text says why, for the log, and names nobody."""


@dataclass(frozen=True)
class Attempt:
    """What a browser's session keeps between leaving for the service and coming back, once."""

    state: str
    nonce: str
    verifier: str
    purpose: str

    @classmethod
    def new(cls, purpose: str) -> "Attempt":
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), purpose)


@dataclass(frozen=True)
class Proof:
    """Whom the service vouches for: its own name for them, and the ID number that it has verified, if it tells it."""

    subject: str
    id_number: str


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def departure(attempt: Attempt, *, return_to: str) -> str:
    """Return the address at the service to which the browser is sent."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": return_to,
        "scope": settings.OIDC_SCOPE,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    endpoint = _configuration()["authorization_endpoint"]
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def arrival(attempt: Attempt, said: Mapping[str, str], *, return_to: str) -> Proof:
    """Return whom the service vouches for when the browser comes back with ``said``. Raises `ServiceRefusedError`."""
    if not secrets.compare_digest(said.get("state", "").encode(), attempt.state.encode()):
        raise ServiceRefusedError("another state")
    if "code" not in said:
        raise ServiceRefusedError("no code")
    configuration = _configuration()
    if said.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise ServiceRefusedError("another issuer answered")
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "redirect_uri": return_to,
        "code_verifier": attempt.verifier,
    }
    answer = _ask(configuration["token_endpoint"], form)
    return _proof(answer.get("id_token"), attempt.nonce, KeySet.import_key_set(_keys(configuration)))


def _proof(token: Any, nonce: str, keys: KeySet) -> Proof:
    """Check signature, issuer, audience, times and nonce of the identity token."""
    if not isinstance(token, str):
        raise ServiceRefusedError("no identity token")
    claims = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": settings.OIDC_ISSUER},
        aud={"essential": True, "value": settings.OIDC_CLIENT_ID},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        claims.validate(decoded)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ServiceRefusedError(f"identity token: {type(error).__name__}") from error
    audience = decoded["aud"]
    names_a_party = "azp" in decoded or (isinstance(audience, list) and len(audience) > 1)
    if names_a_party and decoded.get("azp") != settings.OIDC_CLIENT_ID:
        raise ServiceRefusedError("identity token for another party")
    return Proof(str(decoded["sub"]), str(decoded.get(settings.OIDC_ID_NUMBER_CLAIM) or ""))


def _configuration() -> dict[str, Any]:
    found = _ask(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != settings.OIDC_ISSUER:
        raise ServiceRefusedError("the description names another issuer")
    if missing := {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys():
        raise ServiceRefusedError(f"the description lacks {', '.join(sorted(missing))}")
    return found


def _keys(configuration: Mapping[str, Any]) -> Any:
    return _ask(configuration["jwks_uri"])


def _ask(address: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Ask the service and return its JSON object; with a form as this client, by its secret."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    ):
        raise ServiceRefusedError("an address without TLS")
    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310 - its scheme was just checked
    if form is not None:
        request.data = urlencode(form).encode()
        request.add_header("Authorization", f"Basic {_credentials()}")
    try:
        with opener.open(request, timeout=SECONDS) as response:
            answer = json.loads(response.read(ANSWER_AT_MOST)) if response.status == HTTPStatus.OK else None
    except (URLError, OSError, ValueError) as error:
        raise ServiceRefusedError(f"no answer from {parts.hostname}: {type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise ServiceRefusedError("no JSON object")
    return answer


def _credentials() -> str:
    pair = f"{quote(settings.OIDC_CLIENT_ID, safe='')}:{quote(settings.OIDC_CLIENT_SECRET, safe='')}"
    return base64.b64encode(pair.encode()).decode()
