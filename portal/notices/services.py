"""Telling people. A room registers the wording of its notices; what is stored is the code and the facts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.accounts.models import Person, User
from portal.notices.models import Notice


@dataclass(frozen=True)
class Wording:
    """Title and body of a notice in the reader's language; called when it is read, with the stored facts."""

    title: Callable[[Mapping[str, Any]], str]
    body: Callable[[Mapping[str, Any]], str]
    goes_out: bool = False
    """Whether it also leaves the portal, by every channel that reaches the person."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What one of many is told."""

    to: Person | User
    facts: Mapping[str, Any]
    link: str = ""
    once_key: str | None = None


_wordings: dict[str, Wording] = {}


def register_notice(
    code: str,
    *,
    title: Callable[[Mapping[str, Any]], str],
    body: Callable[[Mapping[str, Any]], str],
    goes_out: bool = False,
) -> None:
    if code in _wordings:
        raise ValueError(f"The notice {code} is registered twice.")
    _wordings[code] = Wording(title, body, goes_out)


def wording(notice: Notice) -> tuple[str, str]:
    """Return title and body of ``notice`` in the active language."""
    texts = _wordings[notice.code]
    return texts.title(notice.facts), texts.body(notice.facts)


def notice_send(
    code: str,
    *,
    to: Person | User,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    link: str = "",
    once_key: str | None = None,
) -> None:
    """Put one notice into the inbox of ``to``. With ``once_key`` it is sent once however often this is called."""
    notices_send(code, to=[to], at=at, facts=facts, link=link, once_key=once_key)


def notices_send(
    code: str,
    *,
    to: Iterable[Person | User],
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    link: str = "",
    once_key: str | None = None,
) -> None:
    """Send the same notice to many, in one statement; ``once_key`` is completed by each recipient's key."""
    facts = dict(facts or {})
    messages = [
        Message(to=each, facts=facts, link=link, once_key=f"{once_key}:{each.pk}" if once_key else None)
        for each in to
    ]
    messages_send(code, messages, at=at)


def messages_send(code: str, messages: Iterable[Message], *, at: datetime) -> None:
    """Send a notice to many, each with facts of their own, in one statement; a ``once_key`` is used once for ever."""
    if code not in _wordings:
        raise ValueError(f"The notice {code} has no wording.")
    Notice.objects.bulk_create(
        [
            Notice(
                person=message.to if isinstance(message.to, Person) else None,
                user=message.to if isinstance(message.to, User) else None,
                code=code,
                facts=dict(message.facts),
                link=message.link,
                at=at,
                once_key=message.once_key,
                goes_out=_wordings[code].goes_out,
            )
            for message in messages
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )


def notices_mark_read(*, notices: Iterable[Notice], at: datetime) -> None:
    """Mark these notices as read; those that were read before keep their time."""
    unread = [notice.pk for notice in notices if notice.read_at is None]
    if unread:
        Notice.objects.filter(pk__in=unread, read_at__isnull=True).update(read_at=at)
