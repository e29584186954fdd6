"""How alike reviewers decide: what each approved and returned, what became of like rows, and how long it took.

For the reviewer in chief (2.2).
"""

# ruff: noqa: S608 - every piece of SQL is text of this portal, values go in as parameters

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from education.problem_texts import problem_title
from education.reasons import reasons_until
from education.selectors import FLAGS
from portal import clock
from portal.accounts.roles import Permission
from portal.charts import MatrixChart
from portal.clock import end_of_day
from portal.forms import DayField, Form
from portal.permissions import SignedInRequest, permission_required
from portal.policy import SHANGHAI

USUAL_SPAN = timedelta(days=90)

# Of people with the same name each is told apart by the user name.
_NAME = """
CASE WHEN u.display_name = '' THEN u.username
     WHEN EXISTS (SELECT FROM accounts_user o WHERE o.display_name = u.display_name AND o.id <> u.id)
     THEN u.display_name || ' (' || u.username || ')'
     ELSE u.display_name END
"""
_BY_REVIEWER = f"""
SELECT {_NAME} AS name, count(*) AS decided,
       count(*) FILTER (WHERE b.state = 'returned') AS returned,
       sum(b.rows_total)::int AS rows,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY b.decided_at - b.submitted_at) AS median_wait,
       max(b.decided_at - b.submitted_at) AS longest,
       count(*) FILTER (WHERE b.warnings > 0 AND b.state = 'approved') AS approved_with_warnings
FROM education_batch b JOIN accounts_user u ON u.id = b.decided_by_id
WHERE b.decided_at >= %(first)s AND b.decided_at < %(after)s
GROUP BY u.id ORDER BY u.username
"""


_LIKE_ROWS = f"""
SELECT p.code, {_NAME}, count(*),
       count(*) FILTER (WHERE b.state = 'returned' OR r.refusal <> '')
FROM education_rowproblem p
JOIN education_batch b ON b.id = p.batch_id
JOIN education_batchrow r ON r.batch_id = p.batch_id AND r.number = p."row" AND NOT r.dropped
JOIN accounts_user u ON u.id = b.decided_by_id
WHERE p.code = ANY(%(flags)s) AND b.decided_at >= %(first)s AND b.decided_at < %(after)s
GROUP BY p.code, u.id ORDER BY p.code, u.username
"""


class SinceForm(Form):
    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """One reviewer's decisions about batches within some days."""

    name: str
    decided: int
    returned: int
    rows: int
    median_wait: timedelta
    longest: timedelta
    approved_with_warnings: int

    @property
    def waited(self) -> str:
        """Within how long half of the batches were decided, in words."""
        return _in_words(self.median_wait)

    @property
    def waited_longest(self) -> str:
        return _in_words(self.longest)

    @property
    def returned_percent(self) -> int:
        return round(100 * self.returned / self.decided)


@dataclass(frozen=True, kw_only=True)
class LikeRows:
    """Rows with the same flag, by who decided them: how many there were, and of a hundred how many were not credited."""

    label: str
    rows: Mapping[str, int]
    refused_percent: Mapping[str, int]

    @property
    def spread(self) -> int:
        """How far apart the reviewers are, in hundredths."""
        return max(self.refused_percent.values()) - min(self.refused_percent.values())


def like_rows_between(first: date, last: date) -> list[LikeRows]:
    """Return what became of rows with the same flag, where outcomes differ most first."""
    facts: dict[str, Any] = {
        "flags": sorted(FLAGS),
        "first": end_of_day(first - timedelta(days=1)),
        "after": end_of_day(last),
    }
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    refused: dict[str, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_LIKE_ROWS, facts)
        for code, name, count, not_credited in cursor.fetchall():
            rows[code][name], refused[code][name] = count, round(100 * not_credited / count)
    found = [
        LikeRows(label=problem_title(code), rows=rows[code], refused_percent=refused[code]) for code in rows
    ]
    return sorted(found, key=lambda like: -like.spread)


def like_rows_chart(found: Sequence[LikeRows], reviewers: Sequence[str]) -> MatrixChart:
    widest = found[0]
    return MatrixChart(
        name="like-rows",
        title=gettext("Like rows: not credited of a hundred, by reviewer"),
        description=gettext("Outcomes differ most for “%(flag)s”: %(spread)s in a hundred.")
        % {"flag": widest.label, "spread": widest.spread},
        columns=reviewers,
        rows=[(like.label, [like.refused_percent.get(name) for name in reviewers]) for like in found],
        unit="%",
        top=100,
    )


def _in_words(span: timedelta) -> str:
    start = datetime(2020, 1, 1, tzinfo=SHANGHAI)
    return timesince(start, start + span)


def reviewers_between(first: date, last: date) -> list[Reviewer]:
    """Return who decided batches from ``first`` to ``last``, both included, by user name."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BY_REVIEWER, {"first": end_of_day(first - timedelta(days=1)), "after": end_of_day(last)}
        )
        columns = [column.name for column in cursor.description or ()]
        return [Reviewer(**dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]


def overall(reviewers: list[Reviewer]) -> int:
    """Return how many of a hundred batches were returned, over everybody."""
    decided = sum(each.decided for each in reviewers)
    return round(100 * sum(each.returned for each in reviewers) / decided) if decided else 0


@permission_required(Permission.PROVINCE_FOLLOW)
@require_GET
def consistency_page(request: SignedInRequest) -> HttpResponse:
    today = clock.today()
    form = SinceForm(request.GET)
    form.is_valid()
    first = form.cleaned_data.get("first") or today - USUAL_SPAN
    last = form.cleaned_data.get("last") or today
    found = reviewers_between(first, last)
    bars = [{"label": each.name, "value": each.returned_percent, "maximum": 100} for each in found]
    context = {
        "form": form,
        "first": first,
        "last": last,
        "reviewers": found,
        "bars": bars,
        "overall": overall(found),
        "reasons": reasons_until(last),
        **_like_rows(first, last),
    }
    return render(request, "chief/consistency.html", context)


def _like_rows(first: date, last: date) -> dict[str, object]:
    """Return the figures of like rows with their picture; in the table None stands where a reviewer had no such row."""
    found = like_rows_between(first, last)
    names = sorted({name for like in found for name in like.rows})
    table = [
        (like, [(like.rows.get(name), like.refused_percent.get(name)) for name in names]) for like in found
    ]
    return {
        "like_rows": table,
        "names": names,
        "like_chart": like_rows_chart(found, names) if found else None,
    }
