"""What every request may bring, and the language and privacy of every response."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from portal.accounts.tokens import bearer_of, token_expose
from portal.api.problems import MEDIA_TYPE, problem_document
from portal.passages import mark_chinese

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
ACCOUNT_MODULES = "portal.accounts."
API = "/api/"


class PlainCallMiddleware:
    """Refuses a call by plain HTTP, where pages are led on to HTTPS, and ends the token that it brought (ASVS 4.1.2).

    Stands behind Django's `SecurityMiddleware`, which lets such calls pass (``SECURE_REDIRECT_EXEMPT``).
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.is_secure() or not (settings.SECURE_SSL_REDIRECT and request.path.startswith(API)):
            return self.get_response(request)
        token_expose(bearer_of(request.headers))
        with translation.override(_accepted_language(request)):
            detail = _(
                "Calls are answered by HTTPS alone. If this one brought a token, the token has ended: make a new one, and "
                "write https:// into the address."
            )
            body = problem_document(403, code="https_needed", detail=detail)
            return JsonResponse(
                body, status=403, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"}
            )


class SecurityHeadersMiddleware:
    """What Django's own middleware does not say: no sensors for any page, and no embedding by other sites.

    Stands before the static files, so that they say it too.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class BodyLimitMiddleware:
    """Refuses a request that announces more than ``REQUEST_MAX_BYTES``, before any of it is read (413).

    Comes last: nothing reads a body before the views' own checks, and the page of the refusal is whole.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced) > settings.REQUEST_MAX_BYTES:
            return self._too_large(request)
        return self.get_response(request)

    @staticmethod
    def _too_large(request: HttpRequest) -> HttpResponse:
        limit = settings.REQUEST_MAX_BYTES >> 20
        if not request.path.startswith(API):
            return render(request, "413.html", {"limit": limit}, status=413)
        detail = _("A request may have at most %(limit)s MB.") % {"limit": limit}
        body = problem_document(413, code="too_large", detail=detail)
        return JsonResponse(body, status=413, content_type=MEDIA_TYPE)


class LanguageMiddleware:
    """Pages are in Chinese unless the reader chose English; API answers follow ``Accept-Language``.

    A browser's language says little about its owner on a shared or foreign phone, so pages ignore it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path.startswith(API)
        language = _accepted_language(request) if is_api else _chosen_language(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language" if is_api else "Cookie"])
        return response


def _chosen_language(request: HttpRequest) -> str:
    choice = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return choice if choice in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _accepted_language(request: HttpRequest) -> str:
    for code, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


class PassagesMiddleware:
    """Marks what is Chinese on an English page. Inside of what sets a response's length."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if is_page and not response.streaming and translation.get_language() == "en":
            response.content = mark_chinese(response.text).encode()
        return response


class CompressedPagesMiddleware(GZipMiddleware):
    """Compresses pages for slow networks. Django pads each at random, so that its length tells nothing (BREACH).

    Files of style and script are compressed beforehand; documents and tables are compressed as they are made.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return super().process_response(request, response) if is_page else response


class PrivateByDefaultMiddleware:
    """Keeps personal pages out of every cache.

    Signed in, with a token, or under accounts: nothing may be stored. Else the page may be kept by its reader's browser
    alone, unless the view says more (public keys and status lists do).
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _is_personal(request):
            response.headers["Cache-Control"] = "no-store, private"
        else:
            response.headers.setdefault("Cache-Control", "no-cache, private")
        if request.method == "POST" and _url_name(request) == "sign-out":
            response.headers["Clear-Site-Data"] = '"cache", "storage"'  # for the next one at this machine
        return response


def _url_name(request: HttpRequest) -> str | None:
    return request.resolver_match.url_name if request.resolver_match else None


def _is_personal(request: HttpRequest) -> bool:
    match = request.resolver_match
    view_module = getattr(match.func, "__module__", "") if match else ""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return signed_in or "Authorization" in request.headers or view_module.startswith(ACCOUNT_MODULES)
