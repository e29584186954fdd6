"""Every error of the API is a problem document (RFC 9457), in the language of the request and without internals."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal.accounts.models import User
from portal.accounts.refusals import access_refused
from portal.events.services import Actor
from portal.failures import RETRY_SECONDS, is_passing

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: _("The request cannot be understood"),
    401: _("A valid token is needed"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("This address does not know that method"),
    406: _("The answer does not exist in the format asked for"),
    409: _("The present state does not allow this"),
    413: _("The request is too large"),
    415: _("This content type is not accepted"),
    422: _("The content cannot be accepted"),
    429: _("Too many requests"),
    500: _("Something went wrong here"),
    503: _("Not available just now"),
}
CODES = {
    400: "bad_request",
    401: "token_needed",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_log = logging.getLogger(__name__)


class ProblemError(exceptions.APIException):
    """Raise this to answer with a problem of the given status; ``members`` become extension members."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.members = members


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document, for the API description."""

    type = serializers.CharField(help_text="urn:portal:problem:<code>")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; act on this one.")


class FieldErrorSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer to the place, such as #/certificate/issued_on")
    detail = serializers.CharField()


class InvalidProblemSerializer(ProblemSerializer):
    """A problem document that names each place that does not fit."""

    errors = FieldErrorSerializer(  # type: ignore[assignment]  # the RFC's own name
        many=True, required=False, help_text="Absent where the body cannot be read at all"
    )


def problem_response(
    status: int, *, code: str, detail: str, members: Mapping[str, Any] | None = None
) -> Response:
    """Return a problem document; ``code`` is stable and names the problem, ``detail`` is for people."""
    body = problem_document(status, code=code, detail=detail, members=members)
    return Response(body, status=status, content_type=MEDIA_TYPE)


def problem_document(
    status: int, *, code: str, detail: str, members: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "type": f"urn:portal:problem:{code}",
        "title": str(TITLES.get(status, TITLES[500])),
        "status": status,
        "detail": detail,
        "code": code,
        **(members or {}),
    }


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Turn any exception of an API view into a problem document."""
    set_rollback()
    _refusal_record(exc, context)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, SuspiciousOperation):  # such as a form of thousands of fields
        exc = exceptions.ParseError()
    if isinstance(exc, exceptions.APIException):
        return _known(exc)
    return _unknown(exc, context)


def _refusal_record(exc: Exception, context: Mapping[str, Any]) -> None:
    """Record what a token was refused, as for a page; who brings none is nobody."""
    is_object = isinstance(exc, (Http404, exceptions.NotFound))
    request = context.get("request")
    user = getattr(
        request, "_user", None
    )  # whom the call knows by now: asking for `user` would authenticate here
    if request is None or not isinstance(user, User) or not (is_object or _is_forbidden(exc)):
        return
    match = request.resolver_match
    route = f"{request.method} {match.url_name if match else ''}"
    access_refused(by=Actor.api(user), route=route, is_object=is_object)


def _is_forbidden(exc: Exception) -> bool:
    return getattr(exc, "status_code", None) == 403 or isinstance(exc, PermissionDenied)


def _known(exc: exceptions.APIException) -> Response:
    if isinstance(exc, exceptions.ValidationError):
        detail = gettext("Some values do not fit; each one is named under “errors”.")
        errors = [{"pointer": pointer, "detail": text} for pointer, text in _places(exc.detail, "#")]
        return problem_response(exc.status_code, code="invalid", detail=detail, members={"errors": errors})
    code = CODES.get(exc.status_code, exc.default_code)
    if isinstance(exc, ProblemError):
        code = str(exc.get_codes())
    members = exc.members if isinstance(exc, ProblemError) else {}
    response = problem_response(exc.status_code, code=code, detail=_text(exc.detail), members=members)
    if challenge := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        response["Retry-After"] = str(math.ceil(wait))
    return response


def _unknown(exc: Exception, context: Mapping[str, Any]) -> Response:
    # The signal tells Django's reporting and its test client, as for any page.
    got_request_exception.send(sender=None, request=context.get("request"))
    _log.error("Unhandled %s in the API", type(exc).__name__, exc_info=exc)
    status = 503 if is_passing(exc) else 500
    response = Response(failure_document(status), status=status, content_type=MEDIA_TYPE)
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def failure_document(status: int) -> dict[str, Any]:
    """Return what is said of a failure here: 503 for one that passes by itself, 500 for any other."""
    details = {
        500: gettext("The request was not carried out. Nothing was changed; try again."),
        503: gettext(
            "The database or the storage cannot be used just now. Send the same request again in a minute."
        ),
    }
    return problem_document(status, code=CODES[status], detail=details[status])


def _text(detail: Any) -> str:
    return " ".join(_text(part) for part in detail) if isinstance(detail, list) else _writable(str(detail))


def _writable(text: str) -> str:
    """Return text that UTF-8 can hold: half a character, as JSON may bring it, is written as its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _step(name: Any) -> str:
    """Return a name as one step of a JSON pointer (RFC 6901)."""
    return _writable(str(name)).replace("~", "~0").replace("/", "~1")


def _places(detail: Any, pointer: str) -> list[tuple[str, str]]:
    """Flatten the nested detail of a validation error into pointers and sentences."""
    if isinstance(detail, Mapping):
        return [
            place
            for key, inner in detail.items()
            for place in _places(inner, pointer if key == "non_field_errors" else f"{pointer}/{_step(key)}")
        ]
    if isinstance(detail, list):
        nested = any(isinstance(inner, (Mapping, list)) for inner in detail)
        return [
            place
            for index, inner in enumerate(detail)
            for place in _places(inner, f"{pointer}/{index}" if nested else pointer)
        ]
    return [(pointer, _text(detail))] if detail else []
