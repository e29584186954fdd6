"""How a browser gets a session of an account, and what every later request of it has to pass."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from portal.accounts.factors import Means, has_factor, is_required
from portal.accounts.models import User
from portal.accounts.models_access import UserSession
from portal.accounts.sessions import device_words, session_running, session_start, whole_limit
from portal.events.services import Actor
from portal.limits import origin

BACKEND = "portal.accounts.backends.IdentityBackend"
KEY = "account_session"
OPEN_WHILE_ENROLLING = frozenset(
    {"factor-setup", "factor-app", "factor-passkey", "sign-out", "set-language", "set-display", "demo-clock"}
)
"""What an account that still has to set up its second factor may reach, besides what needs no account at all."""


def enter(request: HttpRequest, user: User, *, means: Means) -> UserSession:
    """Sign ``user`` in with this browser. One who must have a second factor and has none may only set it up."""
    if means in {Means.PASSWORD, Means.SERVICE} and has_factor(user):
        raise ValueError("The account has a second factor, which was not asked for.")
    login(request, user, backend=BACKEND)
    session = session_start(
        user=user,
        device=device_words(request.headers.get("User-Agent", "")),
        origin=origin(request),
        means=means.value,
        confirmed=not is_required(user) or has_factor(user),
        by=Actor.of(request),
    )
    request.session[KEY] = str(session.pk)
    request.session.set_expiry(int(whole_limit(user.role).total_seconds()))
    return session


def account_session(request: HttpRequest) -> UserSession:
    """Return the session of a request whose account is signed in."""
    session: UserSession = request.account_session  # type: ignore[attr-defined]
    return session


class AccountSessionMiddleware:
    """Lets a signed-in account through while its session runs, and to setting up its second factor alone until it has one.

    Stands behind the middleware that knows the account and the one that keeps messages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            self._look(request, request.user)
        return self.get_response(request)

    def _look(self, request: HttpRequest, user: User) -> None:
        """Attach the session that runs, or make the request one of nobody."""
        session = session_running(request.session.get(KEY, ""), user, by=Actor.of(request))
        if session is None or (session.confirmed_at is None and has_factor(user)):
            logout(request)
            messages.info(request, _("Your session has ended. Sign in again to go on."))
            return
        request.account_session = session  # type: ignore[attr-defined]

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        session = getattr(request, "account_session", None)
        if session is None or session.confirmed_at is not None or not isinstance(request.user, User):
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if not is_required(request.user) or name in OPEN_WHILE_ENROLLING:
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponseClientRedirect(resolve_url("factor-setup"))
        return redirect("factor-setup")
