"""The national system as this portal sees it: something that takes a delivery and says of each record what became of it.

`NATIONAL_SYSTEM_URL` empty means by file: people export, type or import, and mark what was entered. With an address each
delivery goes there by HTTP, as often as it takes, under one idempotency key.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.outgoing import NoRedirects

_MOST_BYTES = 32 << 20
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TRY_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


class TryAgainError(Exception):
    """The system is away, busy, or answered nothing that makes sense: the delivery may have arrived or not.

    The text is for operators and holds no personal data. ``after`` is in how many seconds it asks to be tried again.
    """

    def __init__(self, text: str, after: int = 0) -> None:
        super().__init__(text)
        self.after = after


class RejectedError(Exception):
    """The system refuses the delivery as a whole, and would again; the text is for operators."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one record: entered, or refused with the reason."""

    record: int
    refusal: str = ""


class NationalSystem(Protocol):
    def enter(self, key: str, kind: str, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        """Enter records (or take them back), exactly once for a ``key``.

        Raises `TryAgainError` or `RejectedError`.
        """


def national_system() -> NationalSystem | None:
    """Return the configured system, or None where records go by file."""
    if not settings.NATIONAL_SYSTEM_URL:
        return None
    return HttpNationalSystem(settings.NATIONAL_SYSTEM_URL, settings.NATIONAL_SYSTEM_TOKEN)


class HttpNationalSystem:
    """Posts a delivery as JSON with its key; expects ``{"records": [{"id", "entered": true | false, "reason"}]}``."""

    def __init__(self, url: str, token: str, *, seconds: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ImproperlyConfigured("NATIONAL_SYSTEM_URL: ID numbers are sent by https only.")
        self._url, self._token, self._seconds = url, token, seconds
        self._opener = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({}))

    def enter(self, key: str, kind: str, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        body = json.dumps({"delivery": key, "kind": kind, "records": list(rows)}, ensure_ascii=False).encode()
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._url,
            body,
            {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            },
        )
        return _answers(self._post(request), {row["id"] for row in rows})

    def _post(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                content: bytes = answer.read(_MOST_BYTES)
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (OSError, HTTPException) as error:
            raise TryAgainError(f"No answer: {type(error).__name__}") from None


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _TRY_AGAIN:
        after = error.headers.get("Retry-After", "")
        return TryAgainError(f"Status {error.code}", int(after) if after.isascii() and after.isdigit() else 0)
    return RejectedError(f"Status {error.code}")


def _answers(content: bytes, asked: set[int]) -> list[Answer]:
    """Read an answer; it must say something of every record and of no other."""
    try:
        answers = [_answer(found) for found in json.loads(content)["records"]]
    except (ValueError, KeyError, TypeError) as error:
        raise TryAgainError(f"The answer cannot be read: {type(error).__name__}") from None
    if len(answers) != len(asked) or {answer.record for answer in answers} != asked:
        raise TryAgainError("The answer is not about the records that were sent.")
    return answers


def _answer(found: dict[str, Any]) -> Answer:
    if found["entered"] is True:
        return Answer(int(found["id"]))
    if found["entered"] is False:
        return Answer(int(found["id"]), str(found["reason"])[:500] or "–")
    raise ValueError("entered is neither true nor false")
