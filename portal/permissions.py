"""Who may open a page. Roles are checked here; whose object it is, in the selector that fetches it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from portal.accounts.models import Role, User

P = ParamSpec("P")
NEXT = "next"


class SignedInRequest(HttpRequest):
    """What a view under `role_required` receives: the account is known."""

    user: User


RoleView = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def role_required(*roles: Role) -> Callable[[RoleView[P]], AnyView[P]]:
    """Open a page to these roles only.

    Nobody signed in: to the sign-in page, and back here afterwards. Another role: 404, as if the page did not exist.
    """
    if not roles:
        raise ValueError("Name the roles that may open the page.")

    def decorate(view: RoleView[P]) -> AnyView[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_sign_in(request)
            if request.user.role not in roles:
                raise Http404
            return view(request, *args, **kwargs)  # type: ignore[arg-type]  # its user was just checked

        return guarded

    return decorate


signed_in_required = role_required(*Role)


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
