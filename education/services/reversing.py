"""A mistaken approval, of a batch or of single rows, is taken back by two people: each record gets a counter-entry, none
is deleted.
"""

from collections.abc import Collection

from django.db import connection, transaction

from education.credited import batch_credited
from education.events import Verb
from education.models import Batch, BatchState, Delivery, Reversal
from education.notices import REVERSED_NOTICE, REVERSED_PERSON_NOTICE
from education.selectors import people_taken_back, rows_in_force
from education.services.moves import BatchStateError, SecondReviewerNeededError, locked, require_reviewer
from education.services.reviewing import tell_institution
from portal import clock
from portal.events.services import Actor, event_record
from portal.notices.services import notices_send

_TAKE_BACK = """
WITH taken AS (
    UPDATE education_cerecord SET in_force = false
    WHERE batch_id = %(batch)s AND reversal_of_id IS NULL AND in_force
      AND (%(rows)s::int[] IS NULL OR row_number = ANY(%(rows)s))
    RETURNING *
)
INSERT INTO education_cerecord (person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, hours, professional_hours, passed, makes_up_for, approved_at, in_force, reversal_of_id, reversal_id)
SELECT person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, -hours, -professional_hours, passed, makes_up_for, %(at)s, false, id, %(reversal)s
FROM taken ORDER BY id
"""


class ReversalStateError(Exception):
    """Somebody has decided the reversal already, or another one is under way."""

    def __init__(self, reversal: Reversal) -> None:
        super().__init__(f"The reversal is {reversal.state}.")
        self.reversal = reversal


class RowsNotCreditedError(Exception):
    """Some of the rows that should be taken back credit nothing, or no longer; ``rows`` are their numbers."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(f"{len(rows)} rows credit nothing.")
        self.rows = rows


@transaction.atomic
def reversal_propose(
    *, batch: Batch, reason: str, by: Actor, rows: Collection[int] | None = None
) -> Reversal:
    """Propose to take back the approval of the rows with the numbers ``rows``; without any, of all that still count.

    Raises `ValueError` without a reason or with an empty ``rows``, `NotAReviewerError`, `BatchStateError` unless the batch
    is approved, `ReversalStateError` when one is proposed or nothing counts any more, or `RowsNotCreditedError`; then
    nothing has changed.
    """
    if not reason.strip():
        raise ValueError("An approval is taken back with a reason.")
    if rows is not None and not rows:
        raise ValueError("A reversal of no row takes nothing back.")
    batch = locked(batch.pk)
    user = require_reviewer(by, batch)
    if batch.state != BatchState.APPROVED:
        raise BatchStateError(batch)
    _require_something_left(batch, rows)
    at = clock.now()
    reversal = Reversal.objects.create(
        batch=batch,
        rows=None if rows is None else sorted(set(rows)),
        reason=reason.strip(),
        proposed_at=at,
        proposed_by=user,
    )
    event_record(
        Verb.REVERSAL_PROPOSED, at=at, by=by, subject=batch, rows=reversal.rows, reason=reversal.reason
    )
    return reversal


def _require_something_left(batch: Batch, rows: Collection[int] | None) -> None:
    """Nothing is taken back twice, and nothing while colleagues decide about the same batch."""
    decided = batch.reversals.exclude(state=Reversal.State.DISMISSED).order_by("-proposed_at")
    if other := decided.filter(state=Reversal.State.PROPOSED).first():
        raise ReversalStateError(other)
    if batch.reversed_at and (last := decided.first()):
        raise ReversalStateError(last)
    if rows is not None and (missing := sorted(set(rows) - rows_in_force(batch, rows))):
        raise RowsNotCreditedError(missing)


@transaction.atomic
def reversal_confirm(*, reversal: Reversal, by: Actor) -> Reversal:
    """Confirm a reversal as the second reviewer: the hours leave, and everybody concerned is told.

    Raises `NotAReviewerError`, `SecondReviewerNeededError` for whoever proposed it, or `ReversalStateError`; then nothing
    has changed.
    """
    batch, reversal = locked(reversal.batch_id), _fresh(reversal)
    user = require_reviewer(by, batch)
    if reversal.proposed_by_id == user.pk:
        raise SecondReviewerNeededError
    at = clock.now()
    reversal.state, reversal.decided_by, reversal.decided_at = Reversal.State.CONFIRMED, user, at
    reversal.save()
    count = _take_back(reversal)
    if not batch.records.filter(in_force=True).exists():
        batch.reversed_at = at
        batch.save(update_fields=["reversed_at"])
    Delivery.objects.create(
        batch=batch, kind=Delivery.Kind.REVERSAL, reversal=reversal, created_at=at, next_attempt_at=at
    )
    event_record(
        Verb.REVERSED, at=at, by=by, subject=batch, rows=count, numbers=reversal.rows, reason=reversal.reason
    )
    batch_credited(batch, at=at, by=by)
    _tell(reversal, count)
    return reversal


def _tell(reversal: Reversal, count: int) -> None:
    batch, at = reversal.batch, reversal.decided_at or clock.now()
    tell_institution(REVERSED_NOTICE, batch, at=at, rows=count, numbers=reversal.rows, reason=reversal.reason)
    notices_send(
        REVERSED_PERSON_NOTICE,
        to=people_taken_back(reversal),
        at=at,
        facts={"institution": batch.institution.name, "reason": reversal.reason},
        link="/me/education/",
        once_key=f"reversed:{reversal.pk}",
    )


@transaction.atomic
def reversal_dismiss(*, reversal: Reversal, by: Actor) -> Reversal:
    """Let the approval stand; the proposer may, too. Raises `NotAReviewerError` or `ReversalStateError`."""
    batch, reversal = locked(reversal.batch_id), _fresh(reversal)
    user, at = require_reviewer(by, batch), clock.now()
    reversal.state, reversal.decided_by, reversal.decided_at = Reversal.State.DISMISSED, user, at
    reversal.save()
    event_record(Verb.REVERSAL_DISMISSED, at=at, by=by, subject=batch)
    return reversal


def _fresh(reversal: Reversal) -> Reversal:
    """Return the reversal as it is now that its batch is locked."""
    fresh = Reversal.objects.select_related("batch__institution").get(pk=reversal.pk)
    if fresh.state != Reversal.State.PROPOSED:
        raise ReversalStateError(fresh)
    return fresh


def _take_back(reversal: Reversal) -> int:
    facts = {
        "batch": reversal.batch_id,
        "rows": reversal.rows,
        "at": reversal.decided_at,
        "reversal": reversal.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, facts)
        count: int = cursor.rowcount
    return count
