"""Codes that an authenticator app shows (RFC 6238: SHA-1, six digits, 30 seconds), as every app knows them.

Apps go by real time, so these do too, even where the portal's own time is simulated.
"""

import base64
import os
from datetime import datetime
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECONDS = 30
DIGITS = 6
DRIFT = 1
"""Steps by which a phone's clock may be off, either way."""


def secret_new() -> str:
    """Return 160 random bits, in base32."""
    return base64.b32encode(os.urandom(20)).decode()


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step."""
    return HOTP(base64.b32decode(secret), DIGITS, SHA1()).generate(step).decode()  # noqa: S303 - RFC 6238


def step_matching(secret: str, code: str, *, at: datetime, after: int | None) -> int | None:
    """Return the step whose code this is, or None; steps up to ``after`` are used up."""
    present = step_of(at)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if (after is None or step > after) and compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def step_unused(*, at: datetime, after: int | None) -> int | None:
    """Return the step nearest to now whose code is not used up yet, or None when one has to wait."""
    present = step_of(at)
    step = max(present, (after or 0) + 1)
    return step if step <= present + DRIFT else None


def address(secret: str, *, account: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that an app reads from a QR symbol."""
    totp = TOTP(base64.b32decode(secret), DIGITS, SHA1(), SECONDS)  # noqa: S303 - RFC 6238
    return totp.get_provisioning_uri(account, issuer)
