"""What somebody who signed in is asked before they go on: to accept a newer privacy notice, to renew a consent.

Only the opening of a page is turned aside. What is posted is carried out, and what a script of a page fetches is answered, so
that nothing half filled in is lost; the next page then asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

from portal import clock
from portal.accounts.acceptance import is_asked
from portal.accounts.agreements import Agreement, Kind, in_force, versions_of
from portal.accounts.entering import OPEN_WHILE_ENROLLING, account_session
from portal.accounts.models import User
from portal.policy import day_of

WAYS_OUT = OPEN_WHILE_ENROLLING | {
    "privacy-acceptance",
    "my-data",
    "my-employers",
    "account-close",
    "step-up",
}
"""What stays open meanwhile: the answer itself, taking one's data along, withdrawing a consent, leaving."""
DOCUMENT = "document"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A text of which a newer version is put to people: to whom, where, and whether nothing else opens until they answer."""

    kind: Kind
    is_open: Callable[[User, Agreement], bool]
    url_name: str
    insists: bool

    @property
    def key(self) -> str:
        """Where a session keeps the version that is settled for it."""
        return f"settled:{self.kind}"


_questions: list[Question] = [
    Question(kind=Kind.PRIVACY, is_open=is_asked, url_name="privacy-acceptance", insists=True)
]


def register_question(question: Question) -> None:
    _questions.append(question)


def asked_first(request: HttpRequest, user: User) -> HttpResponse | None:
    """Return the way to what the account is asked before the page that it opens, or None."""
    is_page = (
        request.headers.get("Sec-Fetch-Dest", DOCUMENT) == DOCUMENT and "HX-Request" not in request.headers
    )
    name = request.resolver_match.url_name if request.resolver_match else None
    if request.method != "GET" or not is_page or name in WAYS_OUT:
        return None
    if account_session(request).confirmed_at is None:  # it sets up its second factor first
        return None
    open_question = next((each for each in _questions if _is_open(request, user, each)), None)
    if open_question is None:
        return None
    return redirect(f"{resolve_url(open_question.url_name)}?{urlencode({'next': request.get_full_path()})}")


def _is_open(request: HttpRequest, user: User, question: Question) -> bool:
    """Tell whether to ask. An account younger than every version, and a session that knows what is settled, cost nothing."""
    settled, newest = request.session.get(question.key), versions_of(question.kind)[-1]
    if settled == newest.version or day_of(user.created_at) >= newest.since:
        return False
    current = in_force(question.kind, clock.today())
    if settled == current.version:
        return False
    is_open = question.is_open(user, current)
    if not (is_open and question.insists):
        request.session[question.key] = current.version
    return is_open
