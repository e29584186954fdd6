"""The service navigation knows no room: each room registers the entries of its roles when the portal starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.accounts.models import Role, User


@dataclass(frozen=True)
class Group:
    """Several entries under one word of the first row; they stand in the second row while one of them is open."""

    code: str
    label: "str | Promise"


REVIEW = Group("review", pgettext_lazy("menu", "Review"))
REPORTS = Group("reports", pgettext_lazy("menu", "Rules and reports"))
ACCOUNTS = Group("accounts", pgettext_lazy("menu", "Accounts"))
MINE = Group("mine", pgettext_lazy("menu", "About me"))
LOOK_UP = Group("look-up", pgettext_lazy("menu", "Look up"))


@dataclass(frozen=True)
class Entry:
    """A link of the service navigation. ``count`` tells a signed-in person how much waits there."""

    url_name: str
    label: "str | Promise"
    order: int = 50
    count: Callable[[User], int] | None = None
    group: Group | None = None


@dataclass(frozen=True)
class Link:
    """An entry or a group as shown on one page; ``exact`` when it is this very page."""

    href: str
    label: "str | Promise"
    current: bool
    exact: bool
    count: int


@dataclass(frozen=True)
class Menu:
    """The rows of the navigation; ``below`` are the entries of the group in which the page lies."""

    top: Sequence[Link]
    below: Sequence[Link]


PUBLIC = (
    Entry("start", _("Start")),
    Entry("can-exchange", _("Can I exchange?")),
    Entry("verify", _("Verify a certificate")),
    Entry("institutions", _("Training institutions")),
    Entry("rules", _("Rules in force")),
)
_entries: dict[Role, dict[str, Entry]] = {role: {} for role in Role}


def register_entry(entry: Entry, *roles: Role) -> None:
    """Add an entry for these roles; the one with the lowest ``order`` is the role's home."""
    for role in roles:
        _entries[role][entry.url_name] = entry


def entries_of(user: object) -> list[Entry]:
    """Return what the navigation offers this account, or anyone who has not signed in."""
    if not isinstance(user, User):
        return list(PUBLIC)
    return sorted(_entries[Role(user.role)].values(), key=lambda entry: entry.order)


def home_of(user: object) -> str:
    """Return the URL name of the page on which this account starts."""
    return entries_of(user)[0].url_name if entries_of(user) else "start"


def menu(request: HttpRequest) -> Menu:
    """Return the navigation of a page; the entry whose address begins this page's address is the current one."""
    user = getattr(request, "user", None)
    entries = entries_of(user)
    hrefs = {entry.url_name: reverse(entry.url_name) for entry in entries}
    current = max(
        (href for href in hrefs.values() if _holds(href, request.path)),
        key=len,
        default="no page of the menu",
    )
    groups: dict[str, list[tuple[Entry, Link]]] = {}
    for entry in entries:
        href = hrefs[entry.url_name]
        count = entry.count(user) if entry.count and isinstance(user, User) else 0
        link = Link(href, entry.label, href == current, href == request.path, count)
        groups.setdefault(entry.group.code if entry.group else entry.url_name, []).append((entry, link))
    open_group = next((each for each in groups.values() if any(link.current for _entry, link in each)), [])
    below = [link for _entry, link in open_group] if len(open_group) > 1 else []
    return Menu([_first_row(each) for each in groups.values()], below)


def _holds(href: str, path: str) -> bool:
    return path == href or (href != "/" and path.startswith(href))


def _first_row(members: list[tuple[Entry, Link]]) -> Link:
    """Return what stands in the first row: an entry by itself, or the group's name, leading to its first entry."""
    entry, link = members[0]
    if entry.group is None or len(members) == 1:
        return link
    return Link(
        href=link.href,
        label=entry.group.label,
        current=any(each.current for _entry, each in members),
        exact=False,
        count=sum(each.count for _entry, each in members),
    )
