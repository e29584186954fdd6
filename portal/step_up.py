"""Asking people to prove again who they are before what cannot be taken back."""

from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.views.decorators.debug import sensitive_post_parameters
from django_htmx.http import HttpResponseClientRedirect

from portal.accounts.answering import answer_again
from portal.accounts.entering import account_session
from portal.accounts.models import User
from portal.accounts.sessions import is_fresh, session_confirm
from portal.events.services import Actor
from portal.permissions import NEXT, P, RoleView

READING = frozenset({"GET", "HEAD"})
PROOF = "proof"
"""What the names of an answer begin with that travels beside the fields of another form."""


def step_up_required(view: RoleView[P]) -> RoleView[P]:
    """Open a page only within ``STEP_UP_MINUTES`` of the holder's last proof of who they are. Stands below `permission_required`.

    The page asks before it shows its form. A form that comes later than that waits in the page that asks, as hidden fields,
    and is carried out with the answer; nothing of it is stored. Files do not wait: they are missing then, and asked for again.
    """
    return _guarded(view, always=True)


def step_up_to_post(view: RoleView[P]) -> RoleView[P]:
    """As `step_up_required`, for a page that anybody let in may read, and that asks only before something is sent."""
    return _guarded(view, always=False)


def _guarded(view: RoleView[P], *, always: bool) -> RoleView[P]:
    @wraps(view)
    @sensitive_post_parameters()
    def guarded(request: "HttpRequest", /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_reading, session = request.method in READING, account_session(request)
        is_setting_up = session.confirmed_at is None  # such a session reaches nothing else
        if not ((is_reading and not always) or is_setting_up or is_fresh(session)):
            question = _to_question(request) if is_reading else _question(request)
            if question is not None:
                return question
        return view(request, *args, **kwargs)  # type: ignore[arg-type]  # `permission_required` has let it in

    return guarded


def _to_question(request: HttpRequest) -> HttpResponseBase:
    address = f"{resolve_url('step-up')}?{urlencode({NEXT: request.get_full_path()})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return redirect(address)


def _question(request: HttpRequest) -> HttpResponseBase | None:
    """Return the page that asks, with what was sent; None once the right answer came with it."""
    user = request.user
    assert isinstance(user, User)
    answer = answer_again(request, user, prefix=PROOF)
    if answer.means:
        session_confirm(session=account_session(request), user=user, means=answer.means, by=Actor.of(request))
        return None
    context = {"kept": _kept(request), "minutes": settings.STEP_UP_MINUTES}
    return answer.page("account/step_up.html", context)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """Return names and values of what was sent, but for the answers and the form's token."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not name.startswith(f"{PROOF}-")
    ]
