"""Deliveries on their way to the national system, and what is known of each record there."""

import calendar
import uuid
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
from portal.accounts.roles import Permission, may
from portal.events.models import Event
from portal.events.services import Actor, event_of, event_record, events_record

FIRST_WAIT, LONGEST_WAIT = 30, 6 * 3600
"""Seconds between attempts: twice as long after each that failed."""
LAST_OF_FIRST_HALF = 15


class NotTheirsToMarkError(Exception):
    """Only a reviewer says what was entered in the national system."""


class UnknownRecordsError(Exception):
    """No records have these numbers; ``records`` are some of them."""

    def __init__(self, records: list[int]) -> None:
        super().__init__(f"{len(records)} records are unknown.")
        self.records = records


class NotRejectedError(Exception):
    """The delivery was not rejected, or a colleague has sent it again already."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(f"The delivery is {delivery.state}.")
        self.delivery = delivery


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


def records_in_state(half: HalfMonth, state: str) -> QuerySet[CERecord]:
    """Return the records of a half-month: those ``entered``, ``refused`` or ``waiting``, or without a state all of them."""
    wanted = {
        "entered": Q(entered_at__isnull=False),
        "refused": ~Q(entry_refusal=""),
        "waiting": Q(entered_at__isnull=True, entry_refusal=""),
    }
    return half.records().filter(wanted.get(state, Q()))


@transaction.atomic
def export_note(half: HalfMonth, form: str, records: int, *, by: Actor) -> None:
    """Keep who took records with ID numbers along; raises `NotTheirsToMarkError`."""
    _require_reviewer(by)
    event_record(
        Verb.EXPORTED, at=clock.now(), by=by, subject=None, first=str(half.first), form=form, records=records
    )


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
    records = _mark_refused(refused)
    events_record([_refusal_event(records[each.record], each.refusal, at=at, by=by) for each in refused])
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


def _mark_refused(answers: Sequence[Answer]) -> dict[int, CERecord]:
    records = CERecord.objects.in_bulk([answer.record for answer in answers])
    for answer in answers:
        records[answer.record].entered_at, records[answer.record].entry_refusal = None, answer.refusal
    CERecord.objects.bulk_update(records.values(), ["entered_at", "entry_refusal"], batch_size=5_000)
    return records


@transaction.atomic
def records_mark(*, marks: Sequence[Answer], by: Actor) -> tuple[int, int]:
    """Mark records as entered, or refused with the reason; return how many of each were not marked so before.

    The same marks again change nothing. Raises `NotTheirsToMarkError`, or `UnknownRecordsError`; then nothing has changed.
    """
    _require_reviewer(by)
    at, wanted = clock.now(), {mark.record: mark for mark in marks}
    records = CERecord.objects.select_for_update(of=("self",)).order_by("pk").in_bulk(sorted(wanted))
    if unknown := sorted(wanted.keys() - records.keys()):
        raise UnknownRecordsError(unknown)
    entered = [pk for pk, mark in wanted.items() if not mark.refusal and records[pk].entered_at is None]
    refused = [
        mark for pk, mark in wanted.items() if mark.refusal and records[pk].entry_refusal != mark.refusal
    ]
    _mark_entered(entered, at)
    _mark_refused(refused)
    if entered:
        event_record(Verb.MARKED, at=at, by=by, subject=None, records=entered)
    events_record([_refusal_event(records[mark.record], mark.refusal, at=at, by=by) for mark in refused])
    return len(entered), len(refused)


def _refusal_event(record: CERecord, reason: str, *, at: datetime, by: Actor) -> Event:
    """The person reads this in their history."""
    return event_of(
        Verb.ENTRY_REFUSED, at=at, by=by, subject=record, person_id=record.person_id, reason=reason
    )


@transaction.atomic
def delivery_send_again(*, delivery: Delivery, by: Actor) -> Delivery:
    """Let a delivery that was rejected as a whole go out anew, under a new key, now that its reason is put right.

    Raises `NotTheirsToMarkError`, or `NotRejectedError` when it is not, or no longer, rejected.
    """
    _require_reviewer(by)
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("batch").get(pk=delivery.pk)
    if delivery.state != Delivery.State.REJECTED:
        raise NotRejectedError(delivery)
    at, error = clock.now(), delivery.last_error
    delivery.state, delivery.key, delivery.attempts = Delivery.State.WAITING, uuid.uuid4(), 0
    delivery.answered_at, delivery.next_attempt_at, delivery.last_error = None, at, ""
    delivery.save()
    event_record(Verb.SENT_AGAIN, at=at, by=by, subject=delivery.batch, kind=delivery.kind, error=error)
    return delivery


def deliveries_rejected() -> QuerySet[Delivery]:
    """Return what the national system refused as a whole, the oldest first, each with its batch and institution."""
    rejected = Delivery.objects.filter(state=Delivery.State.REJECTED)
    return rejected.select_related("batch__institution", "reversal").order_by("answered_at", "pk")


@transaction.atomic
def half_month_entered(*, half: HalfMonth, by: Actor) -> int:
    """Mark every record of a half-month that was not refused as visible in the national system; return how many.

    Raises `NotTheirsToMarkError`.
    """
    _require_reviewer(by)
    at = clock.now()
    waiting = half.records().filter(entered_at__isnull=True, entry_refusal="")
    count = waiting.update(entered_at=at)  # one statement: what is refused at this moment stays refused
    event_record(Verb.ENTERED, at=at, by=by, subject=None, first=str(half.first), records=count)
    return count


def _require_reviewer(by: Actor) -> None:
    if not may(by.user, Permission.NATIONAL_ENTER):
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
