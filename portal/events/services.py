"""Recording events. Always called inside the transaction that makes the change."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest

from portal.accounts.models import User
from portal.events.models import Event


@dataclass(frozen=True)
class Actor:
    """Who acts, and by what means. A job or a command has no account."""

    means: Event.Means
    user: User | None = None
    name: str = ""

    @property
    def account(self) -> User:
        """The account that acts; `ValueError` for a job or a command, which nobody can be asked about."""
        if self.user is None:
            raise ValueError("This needs a person's account; a job or a command has none.")
        return self.user

    @classmethod
    def of(cls, request: HttpRequest) -> "Actor":
        """Return the signed-in account behind a page."""
        return cls(Event.Means.WEB, request.user if isinstance(request.user, User) else None)

    @classmethod
    def api(cls, user: User) -> "Actor":
        return cls(Event.Means.API, user)

    @classmethod
    def job(cls, name: str) -> "Actor":
        """Return the job that acts, by the name of its task."""
        return cls(Event.Means.JOB, name=name)

    @classmethod
    def command(cls, name: str) -> "Actor":
        return cls(Event.Means.COMMAND, name=name)


def event_record(
    verb: str,
    *,
    at: datetime,
    by: Actor,
    subject: models.Model | None,
    person_id: uuid.UUID | None = None,
    **data: Any,
) -> Event:
    """Write one event about ``subject``; raises outside a transaction, where it could outlive an undone change.

    Without a subject it is about nobody that the portal knows, such as a sign-in with an unknown name.
    """
    event = event_of(verb, at=at, by=by, subject=subject, person_id=person_id, **data)
    events_record([event])
    return event


def event_of(
    verb: str,
    *,
    at: datetime,
    by: Actor,
    subject: models.Model | None,
    person_id: uuid.UUID | None = None,
    **data: Any,
) -> Event:
    """Return an event that is not written yet, for `events_record`."""
    return Event(
        verb=str(verb),
        at=at,
        actor_id=by.user.id if by.user else None,
        actor_role=by.user.role if by.user else "",
        means=by.means,
        subject_kind=subject._meta.label_lower if subject else "",
        subject_id=str(subject.pk) if subject else "",
        person_id=person_id,
        data={**({"actor": by.name} if by.name else {}), **data},
    )


def events_record(events: Sequence[Event]) -> None:
    """Write many events in one statement; raises outside a transaction, as `event_record` does."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An event is recorded in the transaction of its change.")
    Event.objects.bulk_create(events, batch_size=5000)
