"""Why rows were not credited, month by month: found at a check, by a reviewer, or by the national system (2.2)."""

# ruff: noqa: S608 - every piece of SQL is text of this portal, values go in as parameters

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from education.problem_texts import problem_title
from institutions.models import Institution
from portal.charts import MatrixChart
from portal.clock import end_of_day

MONTHS = 6
MOST_CODES = 6
"""So many of the errors that a check finds are named, the most frequent ones."""

_MONTH = "date_trunc('month', {} AT TIME ZONE 'Asia/Shanghai')::date"
_FOUND = f"""
SELECT {_MONTH.format("b.checked_at")}, p.code, count(*)
FROM education_rowproblem p JOIN education_batch b ON b.id = p.batch_id
WHERE p.severity = 'error' AND b.checked_at >= %(since)s AND (%(institution)s IS NULL OR b.institution_id = %(institution)s)
GROUP BY 1, 2
"""
_DECIDED = f"""
SELECT {_MONTH.format("b.decided_at")}, CASE WHEN b.state = 'returned' THEN 'returned' ELSE 'refused' END, count(*)
FROM education_batch b JOIN education_batchrow r ON r.batch_id = b.id AND NOT r.dropped
WHERE b.decided_at >= %(since)s AND (b.state = 'returned' OR r.refusal <> '')
  AND (%(institution)s IS NULL OR b.institution_id = %(institution)s)
GROUP BY 1, 2
"""
_NOT_TAKEN = f"""
SELECT {_MONTH.format("c.approved_at")}, 'not_taken', count(*)
FROM education_cerecord c
WHERE c.entry_refusal <> '' AND c.approved_at >= %(since)s
  AND (%(institution)s IS NULL OR c.institution_id = %(institution)s)
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why rows were not credited, and how many in each month."""

    label: str
    rows: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonsByMonth:
    """Reasons over the months up to one, the oldest first; what reviewers and the national system said comes first."""

    months: Sequence[date]
    reasons: Sequence[Reason]

    def chart(self) -> MatrixChart:
        total = sum(reason.total for reason in self.reasons)
        return MatrixChart(
            name="reasons",
            title=_("Why rows were not credited, by month"),
            description=_("%(rows)s rows in %(months)s months; the table below has the figures.")
            % {"rows": total, "months": len(self.months)},
            columns=[f"{month:%Y-%m}" for month in self.months],
            rows=[(reason.label, reason.rows) for reason in self.reasons],
        )


def reasons_until(day: date, *, institution: Institution | None = None) -> ReasonsByMonth:
    """Return the reasons of one institution, or of all, over `MONTHS` months up to the one that holds ``day``."""
    months = [_months_before(day, back) for back in reversed(range(MONTHS))]
    facts = {
        "since": end_of_day(months[0] - timedelta(days=1)),
        "institution": institution.pk if institution else None,
    }
    found = _select(_FOUND, facts)
    decided = [*_select(_DECIDED, facts), *_select(_NOT_TAKEN, facts)]
    told = {
        "refused": _("A reviewer refused the row"),
        "returned": _("A reviewer returned the batch"),
        "not_taken": _("The national system does not take it"),
    }
    reasons = [_reason(label, code, decided, months) for code, label in told.items()]
    return ReasonsByMonth(
        months=months, reasons=[*(reason for reason in reasons if reason.total), *_errors(found, months)]
    )


def _errors(found: Sequence[Sequence[Any]], months: Sequence[date]) -> list[Reason]:
    totals: Counter[str] = Counter()
    for _month, code, rows in found:
        totals[code] += rows
    codes = sorted(totals, key=lambda code: (-totals[code], code))[:MOST_CODES]
    return [_reason(problem_title(code), code, found, months) for code in codes]


def _reason(label: str, code: str, found: Sequence[Sequence[Any]], months: Sequence[date]) -> Reason:
    by_month = {month: rows for month, other, rows in found if other == code}
    return Reason(label=label, rows=[by_month.get(month, 0) for month in months])


def _select(sql: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        return list(cursor.fetchall())


def _months_before(day: date, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)
