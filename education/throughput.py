"""How many batches came in and were decided, week by week (2.2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from education.models import Batch, BatchState
from portal.charts import ColumnChart
from portal.clock import end_of_day
from portal.policy import SHANGHAI, day_of

WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week from Monday on, in Asia/Shanghai: batches that came in, were approved, and were returned."""

    start: date
    submitted: int
    approved: int
    returned: int


def weeks_until(day: date, *, weeks: int = WEEKS) -> list[Week]:
    """Return the weeks up to the one that holds ``day``, the oldest first; those without a batch, too."""
    last = day - timedelta(days=day.weekday())
    starts = [last - timedelta(weeks=back) for back in reversed(range(weeks))]
    since = end_of_day(starts[0] - timedelta(days=1))
    submitted = _by_week("submitted_at", since)
    approved = _by_week("decided_at", since, state=BatchState.APPROVED)
    returned = _by_week("decided_at", since, state=BatchState.RETURNED)
    return [
        Week(start=start, submitted=submitted[start], approved=approved[start], returned=returned[start])
        for start in starts
    ]


def _by_week(moment: str, since: datetime, **only: str) -> Counter[date]:
    found = (
        Batch.objects.filter(**{f"{moment}__gte": since}, **only)
        .annotate(week=TruncWeek(moment, tzinfo=SHANGHAI))
        .values_list("week")
        .annotate(number=Count("pk"))
        .order_by()
    )
    return Counter({day_of(week): number for week, number in found})


def throughput_chart(weeks: Sequence[Week]) -> ColumnChart:
    decided = sum(week.approved + week.returned for week in weeks)
    return ColumnChart(
        name="throughput",
        title=_("Batches decided by week"),
        description=_("%(decided)s decided and %(submitted)s submitted since %(day)s.")
        % {
            "decided": decided,
            "submitted": sum(week.submitted for week in weeks),
            "day": date_format(weeks[0].start),
        },
        columns=[(week.start.strftime("%m-%d"), (week.approved, week.returned)) for week in weeks],
    )
