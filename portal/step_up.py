"""Asking people to prove again who they are before what cannot be taken back."""

from functools import wraps
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from portal.accounts.entering import account_session
from portal.accounts.sessions import is_fresh
from portal.permissions import NEXT, P, RoleView

READING = frozenset({"GET", "HEAD"})


def step_up_required(view: RoleView[P]) -> RoleView[P]:
    """Open a page only within ``STEP_UP_MINUTES`` of the holder's last proof of who they are. Stands below `permission_required`.

    The page asks before it shows its form; a form sent later than that is not carried out, and its sender is told so.
    """
    return _guarded(view, always=True)


def step_up_to_post(view: RoleView[P]) -> RoleView[P]:
    """As `step_up_required`, for a page that anybody let in may read, and that asks only before something is sent."""
    return _guarded(view, always=False)


def _guarded(view: RoleView[P], *, always: bool) -> RoleView[P]:
    @wraps(view)
    def guarded(request: "HttpRequest", /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_reading, session = request.method in READING, account_session(request)
        is_setting_up = session.confirmed_at is None  # such a session reaches nothing else
        if (is_reading and not always) or is_setting_up or is_fresh(session):
            return view(request, *args, **kwargs)  # type: ignore[arg-type]  # `permission_required` has let it in
        if is_reading:
            return _ask(request, request.get_full_path())
        messages.warning(
            request,
            _(
                "Nothing was done yet. Confirm who you are; then you are back on the page, to send it once more."
            ),
        )
        return _ask(request, _page_before(request))

    return guarded


def _ask(request: HttpRequest, back_to: str) -> HttpResponseBase:
    address = f"{resolve_url('step-up')}?{urlencode({NEXT: back_to})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return redirect(address)


def _page_before(request: HttpRequest) -> str:
    """Return the own page from which something was sent."""
    said = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, {request.get_host()}, require_https=request.is_secure()):
        return resolve_url("home")
    parts = urlsplit(said)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
