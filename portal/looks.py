"""Who of the staff opened a person's file: written down once for each of them and day, for the person to see."""

from django.db import transaction
from django.db.models import QuerySet

from portal import clock
from portal.accounts.events import Verb
from portal.accounts.models import Person
from portal.events.models import Event
from portal.events.selectors import Wanted, events_found
from portal.events.services import Actor, event_record
from portal.limits import Limit
from portal.permissions import SignedInRequest
from portal.policy import day_of

_ONCE = Limit("look", "1/2 days")  # the key holds the day


def look_note(request: SignedInRequest, person: Person) -> None:
    """Write down that who is signed in opens the file of ``person``."""
    at = clock.now()
    if _ONCE.take(str(request.user.pk), str(person.pk), day_of(at).isoformat()):
        with transaction.atomic():
            event_record(Verb.FILE_OPENED, at=at, by=Actor.of(request), subject=person, person_id=person.pk)


def looks_at(person: Person) -> "QuerySet[Event]":
    """Return each look at the person's file or whole ID number, the latest first."""
    return events_found(Wanted(person=person.pk)).filter(verb__in=[Verb.FILE_OPENED, Verb.IDENTITY_REVEALED])
