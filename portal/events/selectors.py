"""History for those who may read it: events found by what, when and about whom, each put into words."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.accounts.models import Role, User
from portal.accounts.selectors import person_by_id_number, user_by_identifier
from portal.clock import end_of_day
from portal.events.facts import fact_text, plain
from portal.events.models import Event
from portal.events.verbs import verb_text
from portal.identity import normalise_id_number
from portal.operations.jobs import job_label
from portal.policy import SHANGHAI

AT_A_TIME = 500


@dataclass(frozen=True)
class Subject:
    """What an event is about: the model's label and the key of its row."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events: each filter that is set narrows. Nothing in it identifies a person to an outsider."""

    verb: str = ""
    first: date | None = None
    last: date | None = None
    person: uuid.UUID | None = None
    actor: uuid.UUID | None = None
    about: tuple[Subject, ...] = ()


def events_found(wanted: Wanted) -> QuerySet[Event]:
    """Return the events that fit, the newest first; ``last`` is included, in Asia/Shanghai."""
    found = Event.objects.order_by("-pk")
    if wanted.verb:
        found = found.filter(verb=wanted.verb)
    if wanted.first:
        found = found.filter(at__gte=datetime.combine(wanted.first, datetime.min.time(), SHANGHAI))
    if wanted.last:
        found = found.filter(at__lt=end_of_day(wanted.last))
    if wanted.person:
        found = found.filter(person_id=wanted.person)
    if wanted.actor:
        found = found.filter(actor_id=wanted.actor)
    if wanted.about:
        subjects = Q()
        for subject in wanted.about:
            subjects |= Q(subject_kind=subject.kind, subject_id=subject.id)
        found = found.filter(subjects)
    return found


# In words


@dataclass(frozen=True, kw_only=True)
class Line:
    """An event for people: what happened, who did it, and the facts that were kept."""

    event: Event
    text: "str | Promise"
    who: str
    facts: tuple[tuple[str, str], ...]

    @property
    def is_machine(self) -> bool:
        """Whether `who` is the name of a command, which is in no language."""
        return self.event.means == Event.Means.COMMAND

    @property
    def plain_facts(self) -> list[tuple[str, str]]:
        """The facts that tell a person something."""
        return [fact_text(key, value) for key, value in plain(self.event.data)]


def event_lines(events: Iterable[Event]) -> list[Line]:
    """Put events into words; one query for all who acted."""
    found = list(events)
    users = User.objects.select_related("person").in_bulk({e.actor_id for e in found if e.actor_id})
    return [
        Line(
            event=event,
            text=verb_text(event.verb),
            who=_who(event, users),
            facts=tuple(fact_text(key, value) for key, value in sorted(event.data.items()) if key != "actor"),
        )
        for event in found
    ]


def _who(event: Event, users: Mapping[uuid.UUID, User]) -> str:
    if event.means == Event.Means.JOB:
        return _("The portal (%(job)s)") % {"job": job_label(event.data["actor"])}
    if event.actor_id is None:
        return str(event.data.get("actor") or _("Somebody who was not signed in"))
    role = str(Role(event.actor_role).label) if event.actor_role in Role.values else event.actor_role
    user = users.get(event.actor_id)
    if user is None:
        return role
    name = user.person.masked_name if user.person else user.display_name or str(user)
    return _("%(name)s (%(role)s)") % {"name": name, "role": role}


def lines_in_turn(events: QuerySet[Event]) -> Iterator[Line]:
    """Yield any number of events in words without holding them all."""
    stream = events.iterator(chunk_size=AT_A_TIME)
    while piece := list(islice(stream, AT_A_TIME)):
        yield from event_lines(piece)


# Finding by what people have at hand

Finder = Callable[[str], Mapping[str, Any] | None]
_finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Add a way to turn a number or a name, typed by an auditor, into fields of `Wanted`; None when it is no such thing."""
    _finders.append(finder)


def subject_found(text: str) -> Wanted | None:
    """Return the filter for what was typed: the first finder that knows it wins."""
    for finder in (_account, *_finders):
        if fields := finder(text):
            return Wanted(**fields)
    return None


def _account(text: str) -> Mapping[str, Any] | None:
    """Find a person by the ID number, with or without an account, or an account by its user name or mobile."""
    number = normalise_id_number(text)
    if isinstance(number, str):
        person = person_by_id_number(number)
        return {"person": person.pk} if person else None
    user = user_by_identifier(text)
    if user is None:
        return None
    return {"person": user.person_id} if user.person_id else {"actor": user.pk}
