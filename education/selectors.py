"""What is read about batches and credited hours. Each queryset is scoped by who may see it."""

# ruff: noqa: S608 - every piece of SQL is text of this portal, values go in as parameters

import math
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db import connection
from django.db.models import (
    Avg,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, ExtractYear

from education.checks import CREDITED_ROWS, SUBMITTED_ROWS
from education.models import Batch, BatchRow, BatchState, CERecord, Reversal, RowProblem
from education.submission import SubmissionFacts
from institutions.models import Institution
from institutions.selectors import institution_of, is_qualified
from portal import clock
from portal.accounts.models import Person, User
from portal.accounts.roles import Permission, Reach, reach_of
from portal.desk import QueueState
from portal.policy import current_pack, day_of

UNTOUCHED = timedelta(seconds=20)
"""How long an uploaded batch may lie before the sweep takes it for forgotten."""


def month_of(moment: datetime) -> date:
    """Return the first day of the calendar month in Asia/Shanghai (2.2)."""
    return day_of(moment).replace(day=1)


def batches_of(institution: Institution) -> QuerySet[Batch]:
    return (
        Batch.objects.filter(institution=institution)
        .select_related("institution")
        .order_by("-uploaded_at", "pk")
    )


def batches_visible_to(user: User) -> QuerySet[Batch]:
    """Return the batches that the account may read: of its institution, of the province, or none."""
    reach = reach_of(user, Permission.BATCH_READ)
    if reach is Reach.PROVINCE:
        return Batch.objects.select_related("institution")
    institution = institution_of(user.pk) if reach is Reach.INSTITUTION else None
    return batches_of(institution) if institution else Batch.objects.none()


def batches_in_review() -> QuerySet[Batch]:
    """Return what waits for a reviewer, the oldest first."""
    return (
        Batch.objects.filter(state=BatchState.SUBMITTED)
        .select_related("institution")
        .order_by("submitted_at", "pk")
    )


def batches_decided() -> QuerySet[Batch]:
    return (
        Batch.objects.filter(state__in=[BatchState.APPROVED, BatchState.RETURNED])
        .select_related("institution", "decided_by")
        .order_by("-decided_at", "pk")
    )


def review_queue_state() -> QueueState:
    found = Batch.objects.filter(state=BatchState.SUBMITTED).aggregate(
        waiting=Count("pk"), oldest=Min("submitted_at")
    )
    return QueueState(found["waiting"], found["oldest"])


def batches_to_check() -> list[uuid.UUID]:
    """Return batches that nobody may be checking; one that somebody is at turns a second worker away by itself."""
    since = clock.now() - UNTOUCHED
    forgotten = Q(state=BatchState.UPLOADED, uploaded_at__lt=since) | Q(
        state=BatchState.CHECKING, checking_at__lt=since
    )
    return list(Batch.objects.filter(forgotten).order_by("uploaded_at").values_list("pk", flat=True)[:100])


def places_taken(institution: Institution, month: date) -> set[int]:
    """Return the places of a month that are used up. A returned batch holds its place for its correction."""
    taken = Batch.objects.filter(institution=institution, quota_month=month, submitted_at__isnull=False)
    return {place for place in taken.values_list("quota_place", flat=True) if place is not None}


@dataclass(frozen=True, slots=True)
class Quota:
    """How many batches an institution may submit in a month, and how many of them are left."""

    month: date
    per_month: int
    left: int


def quota_of(institution: Institution, moment: datetime) -> Quota:
    month = month_of(moment)
    per_month = current_pack().on(day_of(moment)).batches.per_month
    return Quota(month, per_month, max(0, per_month - len(places_taken(institution, month))))


def submission_facts(batch: Batch, *, at: datetime, drop_bad_rows: bool = False) -> SubmissionFacts:
    """Gather what decides the submission of ``batch`` at the moment ``at``."""
    return SubmissionFacts(
        state=batch.state,
        replaced=Batch.objects.filter(corrects=batch).exists(),
        rows=batch.rows_total,
        bad_rows=batch.rows_total - batch.rows_valid,
        drop_bad_rows=drop_bad_rows,
        reported_meanwhile=_reported_meanwhile(batch) if batch.state == BatchState.CHECKED else 0,
        institution_qualified=is_qualified(batch.institution, day_of(at), day_of(at)),
        places_taken=len(places_taken(batch.institution, month_of(at))),
        has_place=batch.quota_place is not None,
    )


def _reported_meanwhile(batch: Batch) -> int:
    """Count the good rows whose course is credited or submitted elsewhere by now."""
    sql = f"""
        SELECT count(*) FROM (
            (SELECT r.number {CREDITED_ROWS} UNION SELECT r.number {SUBMITTED_ROWS})
            EXCEPT SELECT p.row FROM education_rowproblem p WHERE p.batch_id = %(batch)s AND p.severity = 'error'
        ) AS found"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"batch": batch.pk})
        count: int = cursor.fetchone()[0]
    return count


def credited_rows(batch: Batch) -> list[int]:
    """Return the rows of ``batch`` whose course is credited already, at most twenty."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT r.number {CREDITED_ROWS} ORDER BY r.number LIMIT 20", {"batch": batch.pk})
        return [number for (number,) in cursor.fetchall()]


FLAGS = frozenset(
    {
        "another_course_at_once",
        "former_name",
        "name_not_of_id",
        "one_score_for_all",
        "two_cities_at_once",
        "two_courses_at_once",
        "unusual_hours",
    }
)
"""Warnings about what is unusual, not merely about what a clerk should know."""


def flags_of(batch: Batch) -> QuerySet[RowProblem]:
    """Return what is unusual about the rows that an approval would credit, or about the batch as a whole."""
    left_out = BatchRow.objects.filter(Q(dropped=True) | ~Q(refusal=""), batch=batch).values("number")
    return problems_of(batch).filter(Q(row__isnull=True) | ~Q(row__in=left_out), code__in=FLAGS)


def second_look_reasons(batch: Batch) -> list[str]:
    """Return the codes of why a second reviewer must agree: flags that remain, or a size above the policy's."""
    review = current_pack().on(clock.today()).review
    codes = sorted(set(flags_of(batch).order_by().values_list("code", flat=True)))
    rows = batch.rows_total - batch.rows_dropped
    return ["large_batch", *codes] if rows > review.large_batch_rows else codes


def people_credited(batch: Batch) -> QuerySet[Person]:
    """Return the people with an account whom a batch credits, or has credited."""
    return Person.objects.filter(ce_records__batch=batch, user__isnull=False).only("pk").distinct()


def people_taken_back(reversal: Reversal) -> QuerySet[Person]:
    """Return the people with an account whose hours leave by a reversal."""
    return Person.objects.filter(ce_records__reversal=reversal, user__isnull=False).only("pk").distinct()


def rows_in_force(batch: Batch, rows: Collection[int]) -> set[int]:
    """Return those of some rows whose hours count now."""
    found = CERecord.objects.filter(batch=batch, in_force=True, row_number__in=rows)
    return set(found.values_list("row_number", flat=True))


def rows_taken_back(batch: Batch) -> QuerySet[CERecord]:
    """Return the counter-entries of rows that were taken back singly, in the order of the sheet."""
    return (
        CERecord.objects.filter(batch=batch, reversal__rows__isnull=False)
        .select_related("person", "reversal")
        .order_by("row_number")
    )


def problems_of(batch: Batch) -> QuerySet[RowProblem]:
    """Return the problems in the order of the sheet, those of the whole file first, errors before warnings."""
    return RowProblem.objects.filter(batch=batch).order_by(F("row").asc(nulls_first=True), "severity", "pk")


@dataclass(frozen=True, slots=True)
class Remedy:
    """Problems that are put right in the same way: their code, where one of them is, and how many rows have it."""

    code: str
    column: str
    severity: str
    clause: str
    rows: int
    first_row: int | None
    facts: dict[str, object]


def remedies_of(batch: Batch) -> list[Remedy]:
    """Return the problems of a batch grouped by remedy: errors first, the most frequent first."""
    groups = (
        RowProblem.objects.filter(batch=batch)
        .values("code", "column", "severity", "clause")
        .annotate(rows=Count("row", distinct=True), first=Min("pk"), first_row=Min("row"))
        .order_by("severity", "-rows", "code")
    )
    found = list(groups)
    facts = dict(
        RowProblem.objects.filter(pk__in=[group["first"] for group in found]).values_list("pk", "facts")
    )
    return [
        Remedy(
            g["code"], g["column"], g["severity"], g["clause"], g["rows"], g["first_row"], facts[g["first"]]
        )
        for g in found
        if g["first"] in facts  # another check may have begun between the two queries
    ]


LEAST_SAMPLE = 10


def sample_numbers(batch: Batch, *, percent: int) -> list[int]:
    """Return the rows to look at, in their order: every flagged one, and of the others a share that nobody can steer.

    The lot is drawn by the id that the portal gave the batch, so that everybody sees the same sample.
    """
    flagged = {row for row in flags_of(batch).values_list("row", flat=True) if row is not None}
    rows = BatchRow.objects.filter(batch=batch, dropped=False).extra(
        select={"lot": "md5(education_batchrow.batch_id::text || education_batchrow.number)"}
    )
    wanted = max(LEAST_SAMPLE, math.ceil(rows.count() * percent / 100))
    others = rows.exclude(number__in=flagged).order_by("lot").values_list("number", flat=True)[:wanted]
    return sorted(flagged.union(others))


def rows_numbered(batch: Batch, numbers: list[int]) -> list[BatchRow]:
    return list(BatchRow.objects.filter(batch=batch, number__in=numbers).order_by("number"))


def overdue_before(days: int) -> datetime:
    """Return the moment before which a batch was submitted that should have been decided by now."""
    return clock.now() - timedelta(days=days)


def batches_like(
    batches: QuerySet[Batch], *, overdue_after: int, institution: str, unusual: bool, overdue: bool
) -> QuerySet[Batch]:
    """Filter a reviewer's list: part of the institution's name, with flags, older than its target in days."""
    if institution:
        batches = batches.filter(institution__name__icontains=institution)
    if unusual:
        batches = batches.filter(problems__code__in=FLAGS).distinct()
    if overdue:
        batches = batches.filter(submitted_at__lt=overdue_before(overdue_after))
    return batches


def with_flags(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """Count what is unusual in each batch, as `flags`."""
    flags = (
        RowProblem.objects.filter(batch=OuterRef("pk"), code__in=FLAGS)
        .order_by()
        .values("batch")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return batches.annotate(flags=Coalesce(Subquery(flags), 0))


def marks_of(batch: Batch) -> list[dict[str, object]]:
    """Return how many rows have a mark in each ten out of a hundred, for bars; nothing where nobody has one."""
    rows = BatchRow.objects.filter(batch=batch, dropped=False, score__isnull=False)
    found = dict(rows.annotate(ten=F("score") / 100).values_list("ten").annotate(Count("pk")).order_by("ten"))
    most = max(found.values(), default=0)
    return [
        {"label": f"{ten * 10}–{min(ten * 10 + 9, 100)}" if ten < 10 else "100", "value": n, "maximum": most}
        for ten, n in found.items()
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """A batch beside others of its institution. Shares in per cent, hours a row in tenths."""

    batch: Batch
    rows: int
    hours: float
    failed_percent: int
    flagged: int


def earlier_batches(batch: Batch) -> list[Compared]:
    """Return this batch and up to five that the institution submitted before it, the latest first."""
    before = Batch.objects.filter(institution=batch.institution, submitted_at__isnull=False)
    if batch.submitted_at:
        before = before.filter(submitted_at__lte=batch.submitted_at)
    chosen = list(with_flags(before).select_related("institution").order_by("-submitted_at")[:6])
    figures = {
        found["batch"]: found
        for found in BatchRow.objects.filter(batch__in=chosen, dropped=False)
        .values("batch")
        .annotate(rows=Count("pk"), mean=Avg("hours"), failed=Count("pk", filter=Q(passed=False)))
    }
    return [_compared(other, dict(figures[other.pk])) for other in chosen if other.pk in figures]


def _compared(batch: Batch, found: dict[str, Any]) -> Compared:
    flags = int(getattr(batch, "flags", 0))
    return Compared(
        batch, found["rows"], float(found["mean"]) / 10, round(100 * found["failed"] / found["rows"]), flags
    )


def records_of(person: Person) -> QuerySet[CERecord]:
    """Return the hours of a person that count, the latest course first; what was reversed is left out."""
    return (
        CERecord.objects.filter(person=person, in_force=True)
        .select_related("institution")
        .order_by("-ended_on", "pk")
    )


@dataclass(frozen=True, slots=True)
class YearOfPost:
    """The credited hours of one post in one year, in tenths, and in hours for the bars."""

    year: int
    post_code: str
    hours: int
    professional_hours: int
    passed: bool

    @property
    def whole(self) -> float:
        return self.hours / 10

    @property
    def professional(self) -> float:
        return self.professional_hours / 10


def hours_by_year(person: Person) -> list[YearOfPost]:
    """Add up a person's hours by the year for which they count and by post, the latest year first."""
    totals = (
        CERecord.objects.filter(person=person, in_force=True)
        .annotate(year=Coalesce("makes_up_for", ExtractYear("ended_on"), output_field=IntegerField()))
        .values("year", "post_code")
        .annotate(total=Sum("hours"), professional=Sum("professional_hours"), any_passed=BoolOr("passed"))
        .order_by("-year", "post_code")
    )
    return [
        YearOfPost(t["year"], t["post_code"], t["total"], t["professional"], t["any_passed"]) for t in totals
    ]


def reported_rows(person: Person) -> QuerySet[BatchRow]:
    """Return what institutions have submitted for a person and nobody has decided yet."""
    return (
        BatchRow.objects.filter(
            id_number_hash=person.id_number_hash, batch__state=BatchState.SUBMITTED, dropped=False
        )
        .select_related("batch__institution")
        .order_by("-ended_on")
    )


def names_in_rows(batch: Batch, numbers: list[int]) -> dict[int, str]:
    """Return the names in some rows by row number."""
    return dict(BatchRow.objects.filter(batch=batch, number__in=numbers).values_list("number", "name"))


def figures_of(institution: Institution) -> dict[str, int]:
    """Count an institution's batches by what has to be done about them."""
    open_batch = Q(state=BatchState.CHECKED, correction__isnull=True)
    return Batch.objects.filter(institution=institution).aggregate(
        working=Count("pk", filter=Q(state__in=[BatchState.UPLOADED, BatchState.CHECKING])),
        to_correct=Count(
            "pk",
            filter=(open_batch & Q(errors__gt=0))
            | Q(state__in=[BatchState.RETURNED, BatchState.FAILED], correction__isnull=True),
        ),
        to_submit=Count("pk", filter=open_batch & Q(errors=0)),
        in_review=Count("pk", filter=Q(state=BatchState.SUBMITTED)),
    )


def summary_of(batch: Batch) -> dict[str, object]:
    """Return what a batch is about: people, courses, posts, span of days, hours."""
    rows = BatchRow.objects.filter(batch=batch, dropped=False)
    figures: dict[str, object] = rows.aggregate(
        people=Count("id_number_hash", distinct=True),
        first=Min("started_on"),
        last=Max("ended_on"),
        hours=Sum("hours"),
        failed=Count("pk", filter=Q(passed=False)),
        made_up=Count("pk", filter=Q(makes_up_for__isnull=False)),
    )
    courses = rows.values("course", "mode").annotate(people=Count("pk")).order_by("-people", "course")
    posts = rows.values("post_code").annotate(people=Count("pk")).order_by("-people", "post_code")
    return {**figures, "courses": list(courses[:8]), "course_count": courses.count(), "posts": list(posts)}
