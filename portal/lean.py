"""A fast lane for the few addresses that are asked thousands of times a second.

An answer from it needs no session, no language and no template, so it passes by the middleware that provides them. A lean
view may decline, by returning None, whatever is not the plain case: the ordinary view then answers as it always does.
"""

from collections.abc import Callable

from django.db import Error, close_old_connections, connection
from django.http import HttpRequest, HttpResponse

from portal.middleware import PERMISSIONS_POLICY

LeanView = Callable[[HttpRequest, str], HttpResponse | None]

HEADERS = {
    "Cache-Control": "no-cache, private",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "X-Frame-Options": "DENY",
}
"""What the middleware that is passed by would have added."""

_views: dict[str, LeanView] = {}


def register_lean(prefix: str, view: LeanView) -> None:
    """Let ``view`` answer plain GET requests below ``prefix``; it gets what follows the prefix in the path."""
    _views[prefix] = view


class LeanMiddleware:
    """Stands behind `SecurityMiddleware`, so that hosts, TLS and its headers are looked after for every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and request.path_info.startswith(tuple(_views)):
            return self._lean(request) or self.get_response(request)
        return self.get_response(request)

    def _lean(self, request: HttpRequest) -> HttpResponse | None:
        if request.META.get("HTTP_COOKIE") or request.META.get("HTTP_AUTHORIZATION"):
            return None
        request.get_host()  # refuses a name that is not the portal's
        prefix = next(prefix for prefix in _views if request.path_info.startswith(prefix))
        # Asking first whether the connection is alive would be half of what the database is asked.
        connection.health_check_done = True  # type: ignore[attr-defined]
        try:
            response = _views[prefix](request, request.path_info.removeprefix(prefix))
        except Error:
            close_old_connections()  # a dead one: the ordinary view gets another
            return None
        if response is None:
            return None
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response
