"""Deliveries on their way to the national system, and what is known of each record there."""

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from education.events import Verb
from education.models import CERecord, Delivery
from education.national.system import Answer, NationalSystem, RejectedError, TryAgainError
from portal import clock
from portal.accounts.models import Role
from portal.events.services import Actor, event_record

FIRST_WAIT, LONGEST_WAIT = 30, 6 * 3600
"""Seconds between attempts: twice as long after each that failed."""
LAST_OF_FIRST_HALF = 15


class NotTheirsToMarkError(Exception):
    """Only a reviewer says what was entered in the national system."""


@dataclass(frozen=True, slots=True)
class HalfMonth:
    """The 1st to the 15th of a month, or the rest of it, in Asia/Shanghai."""

    first: date
    last: date

    @classmethod
    def of(cls, day: date) -> "HalfMonth":
        if day.day <= LAST_OF_FIRST_HALF:
            return cls(day.replace(day=1), day.replace(day=LAST_OF_FIRST_HALF))
        last = calendar.monthrange(day.year, day.month)[1]
        return cls(day.replace(day=LAST_OF_FIRST_HALF + 1), day.replace(day=last))

    def records(self) -> QuerySet[CERecord]:
        """Return the records approved, or taken back, within it, with person and institution."""
        start, end = clock.end_of_day(self.first - timedelta(days=1)), clock.end_of_day(self.last)
        return (
            CERecord.objects.filter(approved_at__gte=start, approved_at__lt=end)
            .select_related("person", "institution")
            .order_by("pk")
        )


@dataclass(frozen=True, slots=True)
class HalfMonthFigures:
    """How many records of a half-month wait, were entered, and were refused."""

    half: HalfMonth
    records: int
    entered: int
    refused: int

    @property
    def waiting(self) -> int:
        return self.records - self.entered - self.refused


_BY_HALF = """
SELECT date_trunc('month', day)::date + CASE WHEN extract(day FROM day) <= 15 THEN 0 ELSE 15 END AS first,
       count(*), count(entered_at), count(*) FILTER (WHERE entry_refusal <> '')
FROM (SELECT (approved_at AT TIME ZONE 'Asia/Shanghai')::date AS day, entered_at, entry_refusal
      FROM education_cerecord) r
GROUP BY 1 ORDER BY 1 DESC
"""


def half_months() -> list[HalfMonthFigures]:
    """Return the figures of every half-month with records, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_HALF)
        return [HalfMonthFigures(HalfMonth.of(first), *figures) for first, *figures in cursor.fetchall()]


def deliveries_due() -> list[Delivery]:
    """Return what waits and may be tried now. A reversal goes only after its approval was answered."""
    due = Delivery.objects.filter(state=Delivery.State.WAITING, next_attempt_at__lte=clock.now())
    unanswered = Q(kind=Delivery.Kind.REVERSAL, batch__deliveries__kind=Delivery.Kind.CREDIT) & Q(
        batch__deliveries__state=Delivery.State.WAITING
    )
    return list(due.exclude(pk__in=due.filter(unanswered).values("pk")).order_by("created_at")[:20])


def records_of_delivery(delivery: Delivery) -> QuerySet[CERecord]:
    """Return the records of an approval, or the counter-entries of a reversal."""
    records = CERecord.objects.filter(batch_id=delivery.batch_id, reversal=delivery.reversal_id)
    return records.select_related("person", "institution").order_by("pk")


def record_as_row(record: CERecord) -> dict[str, Any]:
    """Return a record as the national system is told of it; hours in hours, below zero when taken back."""
    return {
        "id": record.pk,
        "name": record.person.name,
        "id_number": record.person.id_number,
        "post_code": record.post_code,
        "institution": record.institution.code,
        "course": record.course,
        "mode": record.mode,
        "started_on": record.started_on.isoformat(),
        "ended_on": record.ended_on.isoformat(),
        "hours": record.hours / 10,
        "professional_hours": record.professional_hours / 10,
        "passed": record.passed,
        "makes_up_for": record.makes_up_for,
        "reverses": record.reversal_of_id,
    }


def delivery_send(*, delivery: Delivery, system: NationalSystem, by: Actor) -> Delivery:
    """Send a delivery and keep the answer; a failure is kept with the moment of the next attempt.

    Nothing is locked while the other side thinks: sent twice, it is one delivery there by its key, and the second
    answer is the same.
    """
    rows = [record_as_row(record) for record in records_of_delivery(delivery)]
    try:
        answers = system.enter(str(delivery.key), delivery.kind, rows)
    except TryAgainError as failure:
        return _put_off(delivery, str(failure), after=failure.after)
    except RejectedError as failure:
        return _close(delivery, Delivery.State.REJECTED, [], by=by, error=str(failure))
    return _close(delivery, Delivery.State.ANSWERED, answers, by=by)


@transaction.atomic
def _put_off(delivery: Delivery, error: str, *, after: int) -> Delivery:
    delivery, was_sent = Delivery.objects.select_for_update().get(pk=delivery.pk), delivery
    if delivery.state == Delivery.State.WAITING and delivery.key == was_sent.key:
        wait = max(after, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.attempts, 20)))
        delivery.attempts += 1
        delivery.last_error = error[:200]
        delivery.next_attempt_at = clock.now() + timedelta(seconds=wait)
        delivery.save()
    return delivery


@transaction.atomic
def _close(
    delivery: Delivery, state: Delivery.State, answers: Sequence[Answer], *, by: Actor, error: str = ""
) -> Delivery:
    delivery, was_sent = Delivery.objects.select_for_update().get(pk=delivery.pk), delivery
    if delivery.state != Delivery.State.WAITING or delivery.key != was_sent.key:
        return delivery
    at = clock.now()
    delivery.state, delivery.answered_at, delivery.last_error = state, at, error[:200]
    delivery.attempts += 1
    delivery.save()
    refused = [answer for answer in answers if answer.refusal]
    _mark_entered([answer.record for answer in answers if not answer.refusal], at)
    _mark_refused(refused)
    event_record(
        Verb.DELIVERED,
        at=at,
        by=by,
        subject=delivery.batch,
        kind=delivery.kind,
        records=len(answers),
        refused=len(refused),
        error=delivery.last_error,
    )
    return delivery


def _mark_entered(records: Collection[int], at: datetime) -> int:
    return CERecord.objects.filter(pk__in=records, entered_at__isnull=True).update(
        entered_at=at, entry_refusal=""
    )


def _mark_refused(answers: Sequence[Answer]) -> None:
    records = CERecord.objects.in_bulk([answer.record for answer in answers])
    for answer in answers:
        records[answer.record].entry_refusal = answer.refusal
    CERecord.objects.bulk_update(records.values(), ["entry_refusal"], batch_size=5_000)


@transaction.atomic
def half_month_entered(*, half: HalfMonth, by: Actor) -> int:
    """Mark every record of a half-month that was not refused as visible in the national system; return how many.

    Raises `NotTheirsToMarkError`.
    """
    _require_reviewer(by)
    at = clock.now()
    waiting = half.records().filter(entered_at__isnull=True, entry_refusal="")
    count = _mark_entered(list(waiting.values_list("pk", flat=True)), at)
    event_record(Verb.ENTERED, at=at, by=by, subject=None, first=str(half.first), records=count)
    return count


@transaction.atomic
def record_refused(*, record: CERecord, reason: str, by: Actor) -> CERecord:
    """Mark one record as refused by the national system, with the reason; raises `ValueError` without one."""
    _require_reviewer(by)
    if not reason.strip():
        raise ValueError("A refusal has a reason.")
    record = CERecord.objects.select_for_update().get(pk=record.pk)
    record.entered_at, record.entry_refusal = None, reason.strip()[:500]
    record.save(update_fields=["entered_at", "entry_refusal"])
    event_record(
        Verb.ENTRY_REFUSED, at=clock.now(), by=by, subject=record, person_id=record.person_id, reason=reason
    )
    return record


def _require_reviewer(by: Actor) -> None:
    if by.user is None or by.user.role not in {Role.REVIEWER, Role.CHIEF} or not by.user.is_active:
        raise NotTheirsToMarkError


def refused_entries() -> QuerySet[CERecord]:
    """Return the records that the national system does not take, the latest first."""
    return (
        CERecord.objects.exclude(entry_refusal="")
        .select_related("person", "institution", "batch")
        .order_by("-approved_at", "pk")
    )


def delivery_figures() -> dict[str, int]:
    """Count deliveries by what has to be done about them."""
    return Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(state=Delivery.State.WAITING)),
        failing=Count("pk", filter=Q(state=Delivery.State.WAITING, attempts__gt=2)),
        rejected=Count("pk", filter=Q(state=Delivery.State.REJECTED)),
    )


def half_month_of_text(text: str) -> HalfMonth:
    """Return the half-month that begins on a day; raises `ValueError` for any other day."""
    half = HalfMonth.of(date.fromisoformat(text))
    if half.first.isoformat() != text:
        raise ValueError("A half-month begins on the 1st or the 16th.")
    return half
