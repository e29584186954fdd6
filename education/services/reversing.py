"""A mistaken approval is taken back by two people: every record gets a counter-entry, none is deleted."""

from datetime import datetime

from django.db import connection, transaction

from education.credited import batch_credited
from education.events import Verb
from education.models import Batch, BatchState, Delivery, Reversal
from education.notices import REVERSED_NOTICE, REVERSED_PERSON_NOTICE
from education.selectors import people_credited
from education.services.moves import BatchStateError, SecondReviewerNeededError, require_reviewer
from education.services.reviewing import tell_institution
from portal import clock
from portal.events.services import Actor, event_record
from portal.notices.services import notices_send

_LEAVE_FORCE = """
UPDATE education_cerecord SET in_force = false
WHERE batch_id = %(batch)s AND reversal_of_id IS NULL AND in_force
"""
_COUNTER_ENTRIES = """
INSERT INTO education_cerecord (person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, hours, professional_hours, passed, makes_up_for, approved_at, in_force, reversal_of_id)
SELECT person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, -hours, -professional_hours, passed, makes_up_for, %(at)s, false, id
FROM education_cerecord WHERE batch_id = %(batch)s AND reversal_of_id IS NULL
"""


class ReversalStateError(Exception):
    """Somebody has decided the reversal already, or another one is under way."""

    def __init__(self, reversal: Reversal) -> None:
        super().__init__(f"The reversal is {reversal.state}.")
        self.reversal = reversal


@transaction.atomic
def reversal_propose(*, batch: Batch, reason: str, by: Actor) -> Reversal:
    """Propose to take back the approval of a batch.

    Raises `ValueError` without a reason, `NotAReviewerError`, `BatchStateError` unless it is approved, or
    `ReversalStateError` when one is proposed or confirmed; then nothing has changed.
    """
    if not reason.strip():
        raise ValueError("An approval is taken back with a reason.")
    batch = _locked(batch)
    user = require_reviewer(by, batch)
    if batch.state != BatchState.APPROVED:
        raise BatchStateError(batch)
    if other := batch.reversals.exclude(state=Reversal.State.DISMISSED).first():
        raise ReversalStateError(other)
    at = clock.now()
    reversal = Reversal.objects.create(batch=batch, reason=reason.strip(), proposed_at=at, proposed_by=user)
    event_record(Verb.REVERSAL_PROPOSED, at=at, by=by, subject=batch, reason=reversal.reason)
    return reversal


@transaction.atomic
def reversal_confirm(*, reversal: Reversal, by: Actor) -> Reversal:
    """Confirm a reversal as the second reviewer: the hours leave, and everybody concerned is told.

    Raises `NotAReviewerError`, `SecondReviewerNeededError` for whoever proposed it, or `ReversalStateError`; then nothing
    has changed.
    """
    batch, reversal = _locked(reversal.batch), _fresh(reversal)
    user = require_reviewer(by, batch)
    if reversal.proposed_by_id == user.pk:
        raise SecondReviewerNeededError
    at = clock.now()
    reversal.state, reversal.decided_by, reversal.decided_at = Reversal.State.CONFIRMED, user, at
    reversal.save()
    batch.reversed_at = at
    batch.save(update_fields=["reversed_at"])
    rows = _take_back(batch, at)
    Delivery.objects.create(batch=batch, kind=Delivery.Kind.REVERSAL, created_at=at, next_attempt_at=at)
    event_record(Verb.REVERSED, at=at, by=by, subject=batch, rows=rows, reason=reversal.reason)
    batch_credited(batch, at=at, by=by)
    tell_institution(REVERSED_NOTICE, batch, at=at, rows=rows, reason=reversal.reason)
    notices_send(
        REVERSED_PERSON_NOTICE,
        to=people_credited(batch),
        at=at,
        facts={"institution": batch.institution.name, "reason": reversal.reason},
        link="/me/education/",
        once_key=f"reversed:{batch.pk}",
    )
    return reversal


@transaction.atomic
def reversal_dismiss(*, reversal: Reversal, by: Actor) -> Reversal:
    """Let the approval stand; the proposer may, too. Raises `NotAReviewerError` or `ReversalStateError`."""
    batch, reversal = _locked(reversal.batch), _fresh(reversal)
    user, at = require_reviewer(by, batch), clock.now()
    reversal.state, reversal.decided_by, reversal.decided_at = Reversal.State.DISMISSED, user, at
    reversal.save()
    event_record(Verb.REVERSAL_DISMISSED, at=at, by=by, subject=batch)
    return reversal


def _locked(batch: Batch) -> Batch:
    return Batch.objects.select_for_update(of=("self",)).select_related("institution").get(pk=batch.pk)


def _fresh(reversal: Reversal) -> Reversal:
    """Return the reversal as it is now that its batch is locked."""
    fresh = Reversal.objects.select_related("batch").get(pk=reversal.pk)
    if fresh.state != Reversal.State.PROPOSED:
        raise ReversalStateError(fresh)
    return fresh


def _take_back(batch: Batch, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE_FORCE, {"batch": batch.pk})
        cursor.execute(_COUNTER_ENTRIES, {"batch": batch.pk, "at": at})
        count: int = cursor.rowcount
    return count
