"""Who may open a page. Permissions are checked here; whose object it is, in the selector that fetches it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from portal.accounts.asking import asked_first
from portal.accounts.models import User
from portal.accounts.refusals import access_refused
from portal.accounts.roles import Permission, Reach, reach_of
from portal.events.services import Actor

P = ParamSpec("P")
NEXT = "next"
SAFE = {"GET", "HEAD", "OPTIONS"}


class SignedInRequest(HttpRequest):
    """What a view under `permission_required` receives: the account is known."""

    user: User


RoleView = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def permission_required(
    permission: Permission, *, to_change: Permission | None = None, reach: Reach | None = None
) -> Callable[[RoleView[P]], AnyView[P]]:
    """Open a page to those who have ``permission``; what is posted to it needs ``to_change``, where that is named.

    ``reach`` says for whom the page is made where a permission reaches differently far for different roles.
    Nobody signed in: to the sign-in page, and back here afterwards. Without the permission: 404, as if the page did not
    exist. That, and every object on the way that is not there for this account, is recorded as a refusal.
    """

    def decorate(view: RoleView[P]) -> AnyView[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_sign_in(request)
            needed = (to_change or permission) if request.method not in SAFE else permission
            by = Actor.of(request)
            if (found := reach_of(request.user, needed)) is None or reach not in {None, found}:
                access_refused(by=by, route=_route(request), permission=needed)
                raise Http404
            if question := asked_first(request, request.user):
                return question
            try:
                return view(request, *args, **kwargs)  # type: ignore[arg-type]  # its user was just checked
            except Http404:
                access_refused(by=by, route=_route(request), permission=needed, is_object=True)
                raise

        return guarded

    return decorate


signed_in_required = permission_required(Permission.ACCOUNT_USE)


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    return f"{request.method} {match.url_name if match else ''}"


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    address = resolve_url(settings.LOGIN_URL)
    if request.method in {"GET", "HEAD"}:  # what was posted is lost, so there is nothing to come back to
        address = f"{address}?{urlencode({NEXT: request.get_full_path()})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return redirect(address)


def safe_next(request: HttpRequest, default: str) -> str:
    """Return where to go after signing in: the wanted page when it is one of this portal's, else ``default``."""
    wanted = request.POST.get(NEXT) or request.GET.get(NEXT, "")
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else resolve_url(default)
