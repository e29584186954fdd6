"""A reviewer decides a submitted batch: approval credits its hours, all of them, once (2.2)."""

from datetime import datetime

from django.db import connection, transaction

from education.credited import batch_credited
from education.events import Verb
from education.models import Batch, BatchState, Delivery
from education.notices import APPROVED_NOTICE, CREDITED_NOTICE, RETURNED_NOTICE
from education.selectors import credited_rows, people_credited, second_look_reasons
from education.services.moves import (
    BatchStateError,
    SecondReviewerNeededError,
    locked,
    move,
    require_reviewer,
)
from portal import clock
from portal.accounts.models import User
from portal.events.services import Actor, event_record
from portal.notices.services import notices_send

_PERSONS = """
INSERT INTO accounts_person (name, id_number, id_number_hash, created_at)
SELECT DISTINCT ON (r.id_number_hash) r.name, r.id_number, r.id_number_hash, %(at)s
FROM education_batchrow r
WHERE r.batch_id = %(batch)s AND NOT r.dropped AND r.refusal = ''
  AND NOT EXISTS (SELECT FROM accounts_person p WHERE p.id_number_hash = r.id_number_hash)
ORDER BY r.id_number_hash, r.number
ON CONFLICT (id_number_hash) DO NOTHING
"""
_RECORDS = """
INSERT INTO education_cerecord (person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, hours, professional_hours, passed, makes_up_for, approved_at)
SELECT p.id, r.post_code, b.institution_id, b.id, r.number, r.course, r.mode, r.started_on,
    r.ended_on, r.hours, r.professional_hours, r.passed, r.makes_up_for, %(at)s
FROM education_batchrow r
JOIN education_batch b ON b.id = r.batch_id
JOIN accounts_person p ON p.id_number_hash = r.id_number_hash
WHERE r.batch_id = %(batch)s AND NOT r.dropped AND r.refusal = ''
"""


class HoursAlreadyCreditedError(Exception):
    """Another batch with some of the same courses was approved first; ``rows`` are some of them, at most twenty."""

    def __init__(self, batch: Batch, rows: list[int]) -> None:
        super().__init__(f"{len(rows)} rows are credited already.")
        self.batch = batch
        self.rows = rows


class NothingToCreditError(Exception):
    """Every row of the batch was refused: return it instead."""


@transaction.atomic
def batch_approve(*, batch: Batch, by: Actor) -> Batch:
    """Approve a submitted batch and credit its rows in one statement; or agree to it, where a second reviewer must.

    Where something unusual remains in the batch, the first approval leaves it `submitted` with `agreed_by`, and only the
    approval of another reviewer credits. Raises `NotAReviewerError`, `SecondReviewerNeededError` for the first of two who
    asks again, `NothingToCreditError`, `BatchStateError` with the state that a colleague has put it into, or
    `HoursAlreadyCreditedError`; then nothing has changed.
    """
    batch = _decide(batch, BatchState.APPROVED, by=by)
    if credited := credited_rows(batch):
        raise HoursAlreadyCreditedError(batch, credited)
    if not batch.rows.filter(dropped=False, refusal="").exists():
        raise NothingToCreditError
    if (reasons := second_look_reasons(batch)) and batch.agreed_by_id is None:
        return _agree(batch, reasons, by=by)
    if batch.agreed_by_id == batch.decided_by_id:
        raise SecondReviewerNeededError
    batch.save()
    at = batch.decided_at or clock.now()
    rows = _credit(batch, at)
    refused = batch.rows.exclude(refusal="").count()
    Delivery.objects.create(batch=batch, kind=Delivery.Kind.CREDIT, created_at=at, next_attempt_at=at)
    event_record(Verb.APPROVED, at=at, by=by, subject=batch, rows=rows, refused=refused)
    batch_credited(batch, at=at, by=by)
    tell_institution(APPROVED_NOTICE, batch, at=at, rows=rows, refused=refused)
    notices_send(
        CREDITED_NOTICE,
        to=people_credited(batch),
        at=at,
        facts={"institution": batch.institution.name},
        link="/me/education/",
        once_key=f"credited:{batch.pk}",
    )
    return batch


def _agree(batch: Batch, reasons: list[str], *, by: Actor) -> Batch:
    """Keep the first of two approvals: the batch stays where it is."""
    batch.state = BatchState.SUBMITTED
    batch.agreed_by, batch.agreed_at = batch.decided_by, batch.decided_at
    batch.decided_by, batch.decided_at = None, None
    batch.save(update_fields=["agreed_by", "agreed_at"])
    event_record(Verb.AGREED, at=batch.agreed_at or clock.now(), by=by, subject=batch, reasons=reasons)
    return batch


@transaction.atomic
def row_refuse(*, batch: Batch, number: int, reason: str, by: Actor) -> Batch:
    """Leave one row of a submitted batch out of its approval, with the reason; an empty reason takes it in again.

    An earlier reviewer's agreement was to other rows, and lapses. Raises `NotAReviewerError`, `BatchStateError`, or
    `BatchRow.DoesNotExist`; then nothing has changed.
    """
    batch = locked(batch.pk)
    require_reviewer(by, batch)
    if batch.state != BatchState.SUBMITTED:
        raise BatchStateError(batch)
    row = batch.rows.get(number=number, dropped=False)
    row.refusal = reason.strip()
    row.save(update_fields=["refusal"])
    batch.agreed_by, batch.agreed_at = None, None
    batch.save(update_fields=["agreed_by", "agreed_at"])
    verb = Verb.ROW_REFUSED if row.refusal else Verb.ROW_ACCEPTED
    event_record(verb, at=clock.now(), by=by, subject=batch, row=number, reason=row.refusal)
    return batch


@transaction.atomic
def batch_return(*, batch: Batch, reason: str, by: Actor) -> Batch:
    """Return a submitted batch with the reason; its correction keeps the place in the month.

    Raises `ValueError` without a reason, `NotAReviewerError`, or `BatchStateError`; then nothing has changed.
    """
    if not reason.strip():
        raise ValueError("A batch is returned with a reason.")
    batch = _decide(batch, BatchState.RETURNED, by=by)
    batch.return_reason = reason.strip()
    batch.save()
    at = batch.decided_at or clock.now()
    event_record(Verb.RETURNED, at=at, by=by, subject=batch, reason=batch.return_reason)
    tell_institution(RETURNED_NOTICE, batch, at=at, reason=batch.return_reason)
    return batch


def _decide(batch: Batch, to: BatchState, *, by: Actor) -> Batch:
    batch = locked(batch.pk)
    user = require_reviewer(by, batch)
    if batch.state != BatchState.SUBMITTED:
        raise BatchStateError(batch)
    move(batch, to)
    batch.decided_by, batch.decided_at = user, clock.now()
    return batch


def _credit(batch: Batch, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_PERSONS, {"batch": batch.pk, "at": at})
        cursor.execute(_RECORDS, {"batch": batch.pk, "at": at})
        count: int = cursor.rowcount
    return count


def tell_institution(code: str, batch: Batch, *, at: datetime, **facts: object) -> None:
    clerks = User.objects.filter(membership__institution=batch.institution, is_active=True)
    facts = {"filename": batch.filename, **facts}
    notices_send(code, to=clerks, at=at, facts=facts, link=f"/institution/batches/{batch.pk}/")
