"""The fast lane of ``GET /api/v1/verify/{number}/``."""

import json

from django.http import HttpRequest, HttpResponse

from certificates.checks.services import check_count
from certificates.verification import VERIFY_LIMIT, verify
from portal.lean import register_lean
from portal.limits import origin


def verify_lean(request: HttpRequest, rest: str) -> HttpResponse | None:
    """Answer as the API's view does; decline what is no number, and whoever is over the limit."""
    number = rest.removesuffix("/")
    if number == rest or not number or not VERIFY_LIMIT.take(origin(request)):
        return None
    answer = verify(number)
    check_count(answer)
    body = json.dumps(answer.as_dict(), ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")


def register() -> None:
    register_lean("/api/v1/verify/", verify_lean)
