"""How alike reviewers decide: what each approved and returned, and how long it took. For the reviewer in chief (2.2)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from portal import clock
from portal.accounts.roles import Permission
from portal.clock import end_of_day
from portal.forms import DayField, Form
from portal.permissions import SignedInRequest, permission_required
from portal.policy import SHANGHAI

USUAL_SPAN = timedelta(days=90)

_BY_REVIEWER = """
SELECT u.display_name, u.username, count(*) AS decided,
       count(*) FILTER (WHERE b.state = 'returned') AS returned,
       sum(b.rows_total)::int AS rows,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY b.decided_at - b.submitted_at) AS median_wait,
       max(b.decided_at - b.submitted_at) AS longest,
       count(*) FILTER (WHERE b.warnings > 0 AND b.state = 'approved') AS approved_with_warnings
FROM education_batch b JOIN accounts_user u ON u.id = b.decided_by_id
WHERE b.decided_at >= %(first)s AND b.decided_at < %(after)s
GROUP BY u.id, u.display_name, u.username
ORDER BY u.username
"""


class SinceForm(Form):
    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """One reviewer's decisions about batches within some days."""

    name: str
    username: str
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


def _in_words(span: timedelta) -> str:
    start = datetime(2020, 1, 1, tzinfo=SHANGHAI)
    return timesince(start, start + span)


def reviewers_between(first: date, last: date) -> list[Reviewer]:
    """Return who decided batches from ``first`` to ``last``, both included, by user name."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BY_REVIEWER, {"first": end_of_day(first - timedelta(days=1)), "after": end_of_day(last)}
        )
        columns = ["name", *(column.name for column in (cursor.description or ())[1:])]
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
    bars = [
        {"label": each.name or each.username, "value": each.returned_percent, "maximum": 100}
        for each in found
    ]
    context = {
        "form": form,
        "first": first,
        "last": last,
        "reviewers": found,
        "bars": bars,
        "overall": overall(found),
    }
    return render(request, "chief/consistency.html", context)
