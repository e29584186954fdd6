"""The rules of continuing education (CE): what an hour counts for, and where a holder stands.

Pure: facts and policy in, an answer out. Hours are `Decimal`, whole or in tenths; days are days in Asia/Shanghai.
Every record given here has been approved by the department (2.2).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from portal.policy import Check, EducationParameters, Explain, Policy, Result, json_number

ZERO = Decimal(0)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRecord:
    """One approved course, as the exchange counts it."""

    post_code: str
    ended_on: date
    hours: Decimal
    professional_hours: Decimal
    assessment: Literal["passed", "failed", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursTotal:
    """The sum of some courses."""

    hours: Decimal
    professional_hours: Decimal
    assessment_passed: bool


def exchange_hours(
    records: Iterable[CourseRecord], *, post_code: str, since: date, until: date
) -> HoursTotal:
    """Add up the courses of one post that ended from `since` to `until`, both days included (1.3, 2.2).

    A course whose assessment was not passed still gives its hours; one passed assessment is asked for beside them.
    """
    counted = [r for r in records if r.post_code == post_code and since <= r.ended_on <= until]
    return HoursTotal(
        hours=sum((record.hours for record in counted), ZERO),
        professional_hours=sum((record.professional_hours for record in counted), ZERO),
        assessment_passed=any(record.assessment == "passed" for record in counted),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRecord:
    """One approved course, as a standing counts it; `makes_up_for` is the label of the period it was taken for."""

    ended_on: date
    post_code: str
    hours: Decimal
    professional_hours: Decimal
    makes_up_for: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFacts:
    """One certificate under CE, and its holder's courses in any order."""

    kind: Literal["electronic", "safety_officer"]
    issued_on: date
    obtained_by: Literal["exchange", "training"]
    engaged_in_post: bool
    post_code: str
    education: tuple[StandingRecord, ...]


class Status(StrEnum):
    """Where a holder stands."""

    NOT_DUE = "not_due"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    LAPSED = "lapsed"


class PeriodState(StrEnum):
    """Whether a period's own hours are there."""

    MET = "met"
    OPEN = "open"
    SHORT = "short"


class WindowState(StrEnum):
    """Whether the hours of two consecutive periods are there."""

    MET = "met"
    OPEN = "open"
    FAILED = "failed"


class UncountedReason(StrEnum):
    """Why a record is left out, in the order in which the reasons are asked."""

    IN_THE_FUTURE = "in_the_future"
    OTHER_POST = "other_post"
    BEFORE_FIRST_PERIOD = "before_first_period"
    MAKE_UP_NOT_ALLOWED = "make_up_not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStanding:
    """One period: its hours against the annual duty (2.1)."""

    label: int
    start: date
    end: date
    hours: Decimal
    professional_hours: Decimal
    state: PeriodState
    missing_hours: Decimal
    missing_professional_hours: Decimal

    def as_dict(self) -> dict[str, Any]:
        """Return the period for JSON."""
        return {
            "label": self.label,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "hours": json_number(self.hours),
            "professional_hours": json_number(self.professional_hours),
            "state": self.state.value,
            "missing_hours": json_number(self.missing_hours),
            "missing_professional_hours": json_number(self.missing_professional_hours),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStanding:
    """Two consecutive periods: their hours against the two-year duty (2.1)."""

    labels: tuple[int, int]
    hours: Decimal
    required: Decimal
    state: WindowState
    decided_after: date
    """The last day whose records count for the window; it is decided from the day after."""

    def as_dict(self) -> dict[str, Any]:
        """Return the window for JSON."""
        return {
            "labels": list(self.labels),
            "hours": json_number(self.hours),
            "required": json_number(self.required),
            "state": self.state.value,
            "decided_after": self.decided_after.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedRecord:
    """A record that counts for nothing: its place among the facts, and why."""

    index: int
    reason: UncountedReason

    def as_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {"index": self.index, "reason": self.reason.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursNeeded:
    """The smallest amount that puts the current period, and the window it ends, right."""

    hours: Decimal
    professional_hours: Decimal
    by: date

    def as_dict(self) -> dict[str, Any]:
        """Return the need for JSON."""
        return {
            "hours": json_number(self.hours),
            "professional_hours": json_number(self.professional_hours),
            "by": self.by.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one certificate stands on a day, with everything that led to it."""

    status: Status
    periods: tuple[PeriodStanding, ...]
    windows: tuple[WindowStanding, ...]
    uncounted: tuple[UncountedRecord, ...]
    lapsed_on: date | None
    needed_next: HoursNeeded | None
    checks: tuple[Check, ...]
    pack: str
    on: date

    def as_dict(self, explain: Explain | None = None) -> dict[str, Any]:
        """Return the standing for JSON, its checks with sentences when `explain` is given."""
        return {
            "status": self.status.value,
            "periods": [period.as_dict() for period in self.periods],
            "windows": [window.as_dict() for window in self.windows],
            "uncounted": [record.as_dict() for record in self.uncounted],
            "lapsed_on": self.lapsed_on and self.lapsed_on.isoformat(),
            "needed_next": self.needed_next and self.needed_next.as_dict(),
            "checks": [check.as_dict(explain) for check in self.checks],
            "policy": {"pack": self.pack, "on": self.on.isoformat()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The unbroken row of periods of one certificate; period 0 is the first.

    Each start is counted from the first start, so that a first start on 29 February comes back in every leap year.
    """

    first_start: date

    @classmethod
    def of(cls, issued_on: date, obtained_by: str, rules: EducationParameters) -> "Periods":
        """Return the periods of a certificate under the pack's reading of when the first one starts (2.1)."""
        first = {"exchange": rules.first_period_after_exchange, "training": rules.first_period_after_training}
        return cls(first_start=_first_start(issued_on, first[obtained_by]))

    def start(self, index: int) -> date:
        """Return the first day of a period."""
        return years_after(self.first_start, index)

    def end(self, index: int) -> date:
        """Return the last day of a period: the day before the next one starts."""
        return self.start(index + 1) - ONE_DAY

    def label(self, index: int) -> int:
        """Return the year in which a period starts, by which it is called."""
        return self.first_start.year + index

    def decided_after(self, index: int, rules: EducationParameters) -> date:
        """Return the last day, grace included, on which the period and the window that it ends are undecided."""
        return self.end(index) + timedelta(days=rules.grace_days)

    def index_of(self, day: date) -> int:
        """Return the period that holds a day; negative before the first one."""
        index = day.year - self.first_start.year
        return index if self.start(index) <= day else index - 1


def years_after(day: date, years: int) -> date:
    """Return the anniversary of a day; that of 29 February is 28 February in common years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _first_start(issued_on: date, reading: str) -> date:
    match reading:
        case "year_after_issue":
            return date(issued_on.year + 1, 1, 1)
        case "one_year_after_issue":
            return years_after(issued_on, 1)
        case "day_after_issue":
            return issued_on + ONE_DAY
    raise ValueError(f"No rule starts a first period by {reading!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSums:
    """The hours counted for one period, added up: all that a standing needs to know of the records."""

    hours: Decimal = ZERO
    professional_hours: Decimal = ZERO
    timely_hours: Decimal = ZERO
    """`hours` without the make-up records that ended after the window which this period ends was decided."""


NO_SUMS = PeriodSums()


class _Ledger:
    """The records of one certificate, each in the period it counts for, or left out with the reason."""

    def __init__(
        self, facts: StandingFacts, rules: EducationParameters, periods: Periods, as_of: date
    ) -> None:
        self.facts, self.rules, self.periods, self.as_of = facts, rules, periods, as_of
        self.uncounted: list[UncountedRecord] = []
        self._by_period: dict[int, list[StandingRecord]] = defaultdict(list)
        for index, record in enumerate(facts.education):
            if reason := self._reason_against(record):
                self.uncounted.append(UncountedRecord(index=index, reason=reason))
            else:
                self._by_period[self._period_of(record)].append(record)

    def _reason_against(self, record: StandingRecord) -> UncountedReason | None:
        if record.ended_on > self.as_of:
            return UncountedReason.IN_THE_FUTURE
        if record.post_code != self.facts.post_code and not self.rules.shared_basics:
            return UncountedReason.OTHER_POST
        if record.ended_on < self.periods.first_start:
            return UncountedReason.BEFORE_FIRST_PERIOD
        if record.makes_up_for is not None and not self._may_make_up(record):
            return UncountedReason.MAKE_UP_NOT_ALLOWED
        return None

    def _may_make_up(self, record: StandingRecord) -> bool:
        before = self.periods.index_of(record.ended_on) - 1
        return (
            self.rules.make_up_allowed and before >= 0 and record.makes_up_for == self.periods.label(before)
        )

    def _period_of(self, record: StandingRecord) -> int:
        return self.periods.index_of(record.ended_on) - (record.makes_up_for is not None)

    def sums(self) -> dict[int, PeriodSums]:
        """Return the sums of every period for which a record counts."""
        return {index: self._sums(index, records) for index, records in self._by_period.items()}

    def _sums(self, index: int, records: Sequence[StandingRecord]) -> PeriodSums:
        decided_after = self.periods.decided_after(index, self.rules)
        return PeriodSums(
            hours=self._hours(records),
            professional_hours=self._professional(records),
            timely_hours=self._hours([record for record in records if record.ended_on <= decided_after]),
        )

    def _hours(self, records: Sequence[StandingRecord]) -> Decimal:
        basics: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for record in records:
            basics[record.post_code] += record.hours - record.professional_hours
        # Without shared basics only the certificate's own post is left here, so the largest is its own.
        return self._professional(records) + max(basics.values(), default=ZERO)

    def _professional(self, records: Sequence[StandingRecord]) -> Decimal:
        return sum((r.professional_hours for r in records if r.post_code == self.facts.post_code), ZERO)


def ce_standing(facts: StandingFacts, policy: Policy, as_of: date) -> Standing:
    """Return where a certificate stands at the end of the day `as_of` (2.1, 3.1a).

    Readings taken where the rules are silent:

    - Before the first period a holder who has left the post is `lapsed` already, without periods or windows.
    - A record that ended before the first period is left out for that reason, whatever it was meant to make up for.
    - A make-up record that ended in the very period it names, or more than one period later, is left out.
    - Shared public basics of a make-up record, of whatever post, belong to the period that the record names.
    - `hours` of a window leave out make-up records that ended after the window's `decided_after`; the period that
      they make up for counts them all the same.
    - A safety officer's first period follows the reading for `obtained_by`, like everybody's.
    """
    spans = Periods.of(facts.issued_on, facts.obtained_by, policy.education)
    ledger = _Ledger(facts, policy.education, spans, as_of)
    return standing_from_sums(
        ledger.sums(),
        kind=facts.kind,
        periods=spans,
        engaged_in_post=facts.engaged_in_post,
        policy=policy,
        as_of=as_of,
        uncounted=ledger.uncounted,
    )


def standing_from_sums(
    sums: Mapping[int, PeriodSums],
    *,
    kind: Literal["electronic", "safety_officer"],
    periods: Periods,
    engaged_in_post: bool,
    policy: Policy,
    as_of: date,
    uncounted: Iterable[UncountedRecord] = (),
) -> Standing:
    """Return the standing that the sums of the records give; `sums` are keyed by period, those without hours left out.

    The sums hold the records that ended by `as_of`.
    """
    two_year_duty = kind == "electronic"
    spans = _Spans(periods, sums, policy.education, as_of)
    current = periods.index_of(as_of)
    found = tuple(_period(spans, index) for index in range(current + 1))
    windows = tuple(_window(spans, index) for index in range(1, current + 1) if two_year_duty)
    lapsed_on = _lapsed_on(windows, engaged=engaged_in_post, as_of=as_of)
    status = _status(found, windows, lapsed=lapsed_on is not None, two_year_duty=two_year_duty)
    due = status in (Status.ON_TRACK, Status.AT_RISK)
    return Standing(
        status=status,
        periods=found,
        windows=windows,
        uncounted=tuple(uncounted),
        lapsed_on=lapsed_on,
        needed_next=_needed_next(found, policy.education, two_year_duty=two_year_duty) if due else None,
        checks=_checks(found, windows, policy.education, two_year_duty=two_year_duty),
        pack=policy.pack,
        on=policy.date,
    )


@dataclass(frozen=True, slots=True)
class _Spans:
    """What periods and windows are worked out from."""

    periods: Periods
    sums: Mapping[int, PeriodSums]
    rules: EducationParameters
    as_of: date


def _missing(required: Decimal, have: Decimal) -> Decimal:
    return max(ZERO, required - have)


def _period(spans: _Spans, index: int) -> PeriodStanding:
    rules, periods, sums = spans.rules, spans.periods, spans.sums.get(index, NO_SUMS)
    missing = _missing(rules.annual_hours, sums.hours)
    missing_professional = _missing(rules.annual_professional_hours, sums.professional_hours)
    undecided = spans.as_of <= periods.decided_after(index, rules)
    state = PeriodState.OPEN if undecided else PeriodState.SHORT
    return PeriodStanding(
        label=periods.label(index),
        start=periods.start(index),
        end=periods.end(index),
        hours=sums.hours,
        professional_hours=sums.professional_hours,
        state=state if missing or missing_professional else PeriodState.MET,
        missing_hours=missing,
        missing_professional_hours=missing_professional,
    )


def _window(spans: _Spans, second: int) -> WindowStanding:
    rules, periods, sums = spans.rules, spans.periods, spans.sums
    decided_after = periods.decided_after(second, rules)
    # What makes up for the first period ended in the second one, so none of it can be late.
    hours = sums.get(second - 1, NO_SUMS).hours + sums.get(second, NO_SUMS).timely_hours
    state = WindowState.OPEN if spans.as_of <= decided_after else WindowState.FAILED
    return WindowStanding(
        labels=(periods.label(second - 1), periods.label(second)),
        hours=hours,
        required=rules.two_year_hours,
        state=WindowState.MET if hours >= rules.two_year_hours else state,
        decided_after=decided_after,
    )


def _lapsed_on(windows: Iterable[WindowStanding], *, engaged: bool, as_of: date) -> date | None:
    failed = next((window for window in windows if window.state is WindowState.FAILED), None)
    if failed is not None:
        return failed.decided_after + ONE_DAY
    return None if engaged else as_of


def _status(
    periods: Sequence[PeriodStanding], windows: Sequence[WindowStanding], *, lapsed: bool, two_year_duty: bool
) -> Status:
    if lapsed:
        return Status.LAPSED
    if not periods:
        return Status.NOT_DUE
    last_ended_met = len(periods) == 1 or periods[-2].state is PeriodState.MET
    # The last window joins the last ended period with the current one.
    saved_by_window = two_year_duty and len(windows) > 0 and windows[-1].state is WindowState.MET
    return Status.ON_TRACK if last_ended_met or saved_by_window else Status.AT_RISK


def _needed_next(
    periods: Sequence[PeriodStanding], rules: EducationParameters, *, two_year_duty: bool
) -> HoursNeeded:
    current = periods[-1]
    hours = current.missing_hours
    if two_year_duty and len(periods) > 1:
        hours = max(hours, rules.two_year_hours - periods[-2].hours - current.hours)
    return HoursNeeded(hours=hours, professional_hours=current.missing_professional_hours, by=current.end)


def _checks(
    periods: Sequence[PeriodStanding],
    windows: Sequence[WindowStanding],
    rules: EducationParameters,
    *,
    two_year_duty: bool,
) -> tuple[Check, ...]:
    clause = "2.1" if two_year_duty else "3.1a"
    curable = periods[-2:-1] if rules.make_up_allowed else ()
    return (
        *(_period_check(period, rules, clause, may_be_made_up=period in curable) for period in periods),
        *(_window_check(window) for window in windows),
    )


def _period_check(
    period: PeriodStanding, rules: EducationParameters, clause: str, *, may_be_made_up: bool
) -> Check:
    curable = period.state is PeriodState.OPEN or may_be_made_up
    result = Result.TODO if curable else Result.FAIL
    facts = {
        **period.as_dict(),
        "reason": period.state.value,
        "required": json_number(rules.annual_hours),
        "required_professional": json_number(rules.annual_professional_hours),
        "decided_after": (period.end + timedelta(days=rules.grace_days)).isoformat(),
    }
    return Check("ce_period", Result.PASS if period.state is PeriodState.MET else result, clause, facts)


def _window_check(window: WindowStanding) -> Check:
    results = {WindowState.MET: Result.PASS, WindowState.OPEN: Result.TODO, WindowState.FAILED: Result.FAIL}
    facts = {
        **window.as_dict(),
        "first": window.labels[0],
        "second": window.labels[1],
        "missing": json_number(_missing(window.required, window.hours)),
    }
    return Check("ce_window", results[window.state], "2.1", facts)
