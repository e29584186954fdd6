"""Language and privacy of every response."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
ACCOUNT_MODULES = "portal.accounts."


class LanguageMiddleware:
    """Pages are in Chinese unless the reader chose English; API answers follow ``Accept-Language``.

    A browser's language says little about its owner on a shared or foreign phone, so pages ignore it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path.startswith("/api/")
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


class PrivateByDefaultMiddleware:
    """Keeps personal pages out of every cache, and the device's sensors out of every page.

    Signed in, with a token, or under accounts: nothing may be stored. Else the page may be kept by its reader's browser
    alone, unless the view says more (public keys and status lists do).
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if _is_personal(request):
            response.headers["Cache-Control"] = "no-store, private"
        else:
            response.headers.setdefault("Cache-Control", "no-cache, private")
        return response


def _is_personal(request: HttpRequest) -> bool:
    match = request.resolver_match
    view_module = getattr(match.func, "__module__", "") if match else ""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return signed_in or "Authorization" in request.headers or view_module.startswith(ACCOUNT_MODULES)
