"""Many numbers at once, for employers and site offices: states without names, in an answer that the issuer signs."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from certificates.checks.services import check_count
from certificates.credentials.jose import Keys, verify_jwt
from certificates.credentials.keys import key_keep, signing_key
from certificates.verification import LONGEST, Verification, verify
from portal import clock
from portal.limits import Limit

MOST = 500
TYPE = "verification-list+jwt"
LIST_LIMIT = Limit("verify-list", "10/hour")


class TooManyNumbersError(ValueError):
    """More than `MOST` numbers."""


def numbers_in(text: str) -> list[str]:
    """Return the numbers in a text, one a line, each once, in their order.

    Of a table (commas, semicolons, tabs) only the first column counts. Raises `TooManyNumbersError`.
    """
    lines = (line.strip().strip("\ufeff\"'") for line in text.splitlines())
    cells = (re.split(r"[,;\t，；]", line)[0].strip() for line in lines)
    numbers = list(dict.fromkeys(cell[:LONGEST] for cell in cells if any(map(str.isdigit, cell))))
    if len(numbers) > MOST:
        raise TooManyNumbersError
    return numbers


def list_check(numbers: Sequence[str]) -> list[Verification]:
    """Return what is true of each number at this moment, which is the same for all; each counts as a check."""
    at = clock.now()
    answers = [verify(number, at=at) for number in numbers]
    for answer in answers:
        check_count(answer)
    return answers


def list_answer(answers: Sequence[Verification], *, at: datetime) -> dict[str, Any]:
    """Return the answer for JSON: states and days, nobody's name."""
    return {
        "iss": settings.PUBLIC_URL,
        "as_of": at.isoformat(timespec="seconds"),
        "results": [
            {
                "number": answer.number,
                "state": answer.state,
                "reason": answer.reason,
                "since": answer.since and answer.since.isoformat(),
                "expires_on": answer.expires_on and answer.expires_on.isoformat(),
                "replaced_by": answer.replaced_by,
            }
            for answer in answers
        ],
    }


def list_sign(answer: dict[str, Any]) -> str:
    """Return the answer as a compact JWS, which anybody can check with the issuer's published keys."""
    key = signing_key()
    key_keep(key, at=clock.now())
    return key.sign_jwt(answer, typ=TYPE)


def list_read(text: str, keys: Keys) -> dict[str, Any]:
    """Return what a signed answer says; raises `SignatureError` when one character was altered."""
    return verify_jwt(text.strip(), keys, typ=TYPE)
