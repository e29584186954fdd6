"""A clerk submits a checked batch: two a month and institution, on the database's clock (2.2)."""

from datetime import datetime

from django.db import transaction

from education.events import Verb
from education.models import Batch, BatchRow, BatchState, RowProblem
from education.receipts import receipt_sign
from education.selectors import month_of, places_taken, submission_facts
from education.services.moves import BatchStateError, locked, move, require_clerk
from education.submission import submission_decision
from education.tasks import check_batch
from institutions.models import Institution
from portal import clock
from portal.background import ask_worker
from portal.events.services import Actor, event_record
from portal.policy import Decision, current_pack, day_of


class SubmissionRefusedError(Exception):
    """Nothing was submitted; ``decision`` lists what stands in the way."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.outcome.value)
        self.decision = decision


def batch_submit(*, batch: Batch, by: Actor, drop_bad_rows: bool = False) -> Batch:
    """Submit a batch and return it with its signed receipt; one that is submitted already is returned as it is.

    With ``drop_bad_rows`` the rows that have errors are left out. Decides after the institution and the batch are
    locked. Raises `NotOfInstitutionError` or `SubmissionRefusedError` (which is recorded).
    """
    with transaction.atomic():
        institution = Institution.objects.select_for_update().get(pk=batch.institution_id)
        user = require_clerk(by, institution)
        batch = locked(batch.pk)
        if batch.state == BatchState.SUBMITTED:
            return batch  # the answer to an earlier call was lost
        at = clock.now()
        facts = submission_facts(batch, at=at, drop_bad_rows=drop_bad_rows)
        decision = submission_decision(facts, current_pack().on(day_of(at)))
        if decision.eligible:
            batch.submitted_by = user
            return _submit(batch, decision, at=at, by=by)
        if facts.reported_meanwhile:
            _check_again(batch, by=by)
        event_record(Verb.REFUSED, at=at, by=by, subject=batch, decision=decision.as_dict())
    raise SubmissionRefusedError(decision)


@transaction.atomic
def batch_recheck(*, batch: Batch, by: Actor) -> Batch:
    """Have a checked batch checked again, since others may have reported the same meanwhile.

    Raises `NotOfInstitutionError`, or `BatchStateError` unless it is checked.
    """
    batch = locked(batch.pk)
    require_clerk(by, batch.institution)
    if batch.state != BatchState.CHECKED:
        raise BatchStateError(batch)
    _check_again(batch, by=by)
    return batch


def _submit(batch: Batch, decision: Decision, *, at: datetime, by: Actor) -> Batch:
    move(batch, BatchState.SUBMITTED)
    batch.submitted_at = at
    if batch.quota_place is None:
        batch.quota_month = month_of(at)
        taken = places_taken(batch.institution, batch.quota_month)
        batch.quota_place = next(place for place in range(1, len(taken) + 2) if place not in taken)
    batch.rows_dropped = _drop_bad_rows(batch) if batch.errors else 0
    batch.receipt = receipt_sign(batch)
    batch.save()
    event_record(
        Verb.SUBMITTED,
        at=at,
        by=by,
        subject=batch,
        decision=decision.as_dict(),
        month=f"{batch.quota_month:%Y-%m}",
        place=batch.quota_place,
        dropped=batch.rows_dropped,
    )
    return batch


def _drop_bad_rows(batch: Batch) -> int:
    bad = RowProblem.objects.filter(
        batch=batch, severity=RowProblem.Severity.ERROR, row__isnull=False
    ).values("row")
    return BatchRow.objects.filter(batch=batch, number__in=bad).update(dropped=True)


def _check_again(batch: Batch, *, by: Actor) -> None:
    move(batch, BatchState.CHECKING)
    batch.checking_at, batch.progress = clock.now(), 0
    batch.save(update_fields=["state", "checking_at", "progress"])
    event_record(Verb.RECHECK, at=batch.checking_at, by=by, subject=batch)
    ask_worker(check_batch, str(batch.pk))
