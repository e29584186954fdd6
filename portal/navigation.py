"""The service navigation knows no room: each room registers the entries of its roles when the portal starts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Role, User


@dataclass(frozen=True)
class Entry:
    """A link of the service navigation. ``count`` tells a signed-in person how much waits there."""

    url_name: str
    label: "str | Promise"
    order: int = 50
    count: Callable[[User], int] | None = None


@dataclass(frozen=True)
class Link:
    """An entry as shown on one page."""

    href: str
    label: "str | Promise"
    current: bool
    count: int


PUBLIC = (
    Entry("start", _("Start")),
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


def links(request: HttpRequest) -> Iterator[Link]:
    """Yield the navigation of a page; the entry whose address begins this page's address is the current one."""
    user = getattr(request, "user", None)
    found = [(reverse(entry.url_name), entry) for entry in entries_of(user)]
    matching = [
        href
        for href, _entry in found
        if request.path == href or (href != "/" and request.path.startswith(href))
    ]
    current = max(matching, key=len, default="")
    for href, entry in found:
        count = entry.count(user) if entry.count and isinstance(user, User) else 0
        yield Link(href, entry.label, href == current, count)
