"""Where a holder stands, as they see it: periods and windows drawn, what is missing by when, what would change it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from certificates.models import ElectronicCertificate, Kind, LegacyCertificate
from certificates.numbers import grouped
from certificates.presentation import post_label, standing_word
from certificates.presentation_voiding import standing_list
from certificates.selectors import (
    ce_records_of,
    electronic_facts,
    electronics_of,
    papers_of,
    policy_on,
    safety_facts,
)
from education.models import CERecord
from education.rules import (
    HoursNeeded,
    PeriodStanding,
    Standing,
    StandingFacts,
    StandingRecord,
    UncountedReason,
    WindowStanding,
    ce_standing,
)
from portal.accounts.models import Person
from portal.policy import Policy, day_of, json_number

Certificate = ElectronicCertificate | LegacyCertificate

# The drawing, in its own units; it is as wide as the page lets it be.
WIDTH, ROW, TOP = 372, 62, 8
BAR_X, BAR_WIDTH, BAR_HEIGHT = 58, 184, 16
LANES = (262, 318)  # where the brackets of neighbouring windows stand
MOST_ROWS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One period in the drawing: how long its bars are, and what is written beside them."""

    label: str
    y: int
    width: int
    professional_width: int
    state: str
    figures: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A window in the drawing: it joins the middles of two rows."""

    x: int
    top: int
    bottom: int
    state: str
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The drawing; ``title`` and ``description`` say the same in words."""

    height: int
    bars: Sequence[Bar]
    brackets: Sequence[Bracket]
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """A course that was left out, and why."""

    course: str
    ended_on: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class StandingView:
    """One certificate under continuing education, on its holder's page."""

    pk: UUID
    name: str
    title: str
    number: str
    clause: str
    status: str
    word: str
    meaning: str
    needed: str
    timeline: Timeline | None
    rows: Sequence[Mapping[str, Any]]
    checks: Mapping[str, Any]
    uncounted: Sequence[Uncounted]
    facts: StandingFacts
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """The answer to “what if”: the standing that some more hours would give, and what would still be missing then."""

    said: str
    by: date
    status: str
    word: str
    needed: str
    timeline: Timeline | None
    changed: bool


def standing_views(person: Person, *, at: datetime) -> list[StandingView]:
    """Return a view for each electronic certificate in use and each safety-officer certificate of a person."""
    records = list(ce_records_of(person))
    policy = policy_on(at)
    held: list[tuple[Certificate, StandingFacts]] = [
        (electronic, electronic_facts(electronic, records))
        for electronic in electronics_of(person)
        if electronic.state != "void"
    ]
    officers = papers_of(person).filter(kind=Kind.SAFETY_OFFICER, status="active")
    held += [(paper, safety_facts(paper, records)) for paper in officers]
    return [_view(certificate, facts, records, policy, day_of(at)) for certificate, facts in held]


def _view(
    certificate: Certificate, facts: StandingFacts, records: Sequence[CERecord], policy: Policy, today: date
) -> StandingView:
    standing = ce_standing(facts, policy, today)
    return StandingView(
        pk=certificate.pk,
        name=certificate.pk.hex[:8],
        title=post_label(certificate),
        number=certificate.number
        if isinstance(certificate, LegacyCertificate)
        else grouped(certificate.number),
        clause="3.1a" if facts.kind == "safety_officer" else "2.1",
        status=standing.status.value,
        word=standing_word(standing.status.value),
        meaning=_meaning(standing, policy),
        needed=needed_text(standing.needed_next),
        timeline=timeline(standing, policy, today),
        rows=[_row(period, standing) for period in reversed(standing.periods)],
        checks=standing_list(standing),
        uncounted=[
            _uncounted(records[each.index], each.reason, facts, standing) for each in standing.uncounted
        ],
        facts=facts,
        standing=standing,
    )


def _meaning(standing: Standing, policy: Policy) -> str:
    rules = policy.education
    if standing.status == "not_due":
        return (
            _("Nothing is due yet. The first period is the year after the issue.")
            if (rules.period_basis == "calendar")
            else _("Nothing is due yet.")
        )
    if standing.status == "lapsed" and standing.lapsed_on:
        return _(
            "Two years in a row stayed below the hours required; this was decided on %(on)s. The certificate is void only "
            "when two reviewers decide so."
        ) % {"on": date_format(standing.lapsed_on)}
    if standing.status == "at_risk":
        return _(
            "The last period ended without its hours. Complete the two years together in the present period."
        )
    return ""


def needed_text(needed: HoursNeeded | None) -> str:
    """Return the smallest amount that puts it right, and by when; empty where nothing is due or can be cured."""
    if needed is None:
        return ""
    hours = max(needed.hours, needed.professional_hours)
    if not hours:
        return _("Nothing is missing for the period that ends on %(by)s.") % {"by": date_format(needed.by)}
    return _(
        "The smallest amount that puts it right: %(hours)s hours, %(professional)s of them professional, by %(by)s."
    ) % {
        "hours": json_number(hours),
        "professional": json_number(needed.professional_hours),
        "by": date_format(needed.by),
    }


def _row(period: PeriodStanding, standing: Standing) -> dict[str, Any]:
    """Return a period for the table, with the window that it ends."""
    ends = (window for window in standing.windows if window.labels[1] == period.label)
    return {"period": period, "state": _period_word(period), "window": next(ends, None)}


def _period_word(period: PeriodStanding) -> str:
    return {
        "met": pgettext("period", "Complete"),
        "open": pgettext("period", "Under way"),
        "short": pgettext("period", "Too few"),
    }[period.state.value]


def _window_word(window: WindowStanding) -> str:
    return {
        "met": pgettext("window", "complete"),
        "open": pgettext("window", "under way"),
        "failed": pgettext("window", "too few"),
    }[window.state.value]


# Why a course does not count


def _uncounted(
    record: CERecord, reason: UncountedReason, facts: StandingFacts, standing: Standing
) -> Uncounted:
    return Uncounted(
        course=record.course, ended_on=record.ended_on, reason=_why(record, reason, facts, standing)
    )


def _why(record: CERecord, reason: UncountedReason, facts: StandingFacts, standing: Standing) -> str:
    match reason:
        case UncountedReason.IN_THE_FUTURE:
            return _("It ends on %(day)s; it counts from that day on.") % {
                "day": date_format(record.ended_on)
            }
        case UncountedReason.OTHER_POST:
            return _("It was taken for post %(post)s, this certificate is for post %(own)s.") % {
                "post": record.post_code,
                "own": facts.post_code,
            }
        case UncountedReason.BEFORE_FIRST_PERIOD:
            if not standing.periods:
                return _("It ended before the first period begins.")
            first = date_format(standing.periods[0].start)
            return _("It ended before %(first)s, when the first period began.") % {"first": first}
    return _(
        "It was reported as made up for %(year)s, but only the period right before its own can be made up for."
    ) % {"year": record.makes_up_for}


# The drawing


def timeline(standing: Standing, policy: Policy, today: date) -> Timeline | None:
    """Draw the last periods and their windows; None before the first period."""
    periods = standing.periods[-MOST_ROWS:]
    if not periods:
        return None
    place = {period.label: index for index, period in enumerate(periods)}
    windows = [window for window in standing.windows if window.labels[0] in place]
    bars = [
        _bar(period, index, policy, is_current=period.start <= today <= period.end)
        for index, period in enumerate(periods)
    ]
    return Timeline(
        height=TOP * 2 + ROW * len(periods),
        bars=bars,
        brackets=[_bracket(window, place) for window in windows],
        title=_("Periods from %(first)s to %(last)s")
        % {"first": periods[0].label, "last": periods[-1].label},
        description=_described(periods, windows),
    )


def _bar(period: PeriodStanding, index: int, policy: Policy, *, is_current: bool) -> Bar:
    annual, annual_professional = policy.education.annual_hours, policy.education.annual_professional_hours
    return Bar(
        label=str(period.label),
        y=TOP + ROW * index,
        width=_length(period.hours, annual),
        professional_width=_length(period.professional_hours, annual),
        state=period.state.value,
        figures=_(
            "%(hours)s / %(required)s hours · professional %(professional)s / %(required_professional)s"
        )
        % {
            "hours": json_number(period.hours),
            "required": json_number(annual),
            "professional": json_number(period.professional_hours),
            "required_professional": json_number(annual_professional),
        },
        is_current=is_current,
    )


def _length(hours: Decimal, whole: Decimal) -> int:
    return int(min(Decimal(BAR_WIDTH), hours / whole * BAR_WIDTH)) if whole else BAR_WIDTH


def _bracket(window: WindowStanding, place: Mapping[int, int]) -> Bracket:
    first = place[window.labels[0]]
    middle = TOP + ROW * first + BAR_HEIGHT
    return Bracket(
        x=LANES[first % 2],
        top=middle,
        bottom=middle + ROW,
        state=window.state.value,
        figures=f"{json_number(window.hours)}/{json_number(window.required)}",
    )


def _described(periods: Iterable[PeriodStanding], windows: Iterable[WindowStanding]) -> str:
    """Return the drawing in words."""
    said = [
        _("%(label)s: %(hours)s hours, %(professional)s professional, %(state)s.")
        % {
            "label": period.label,
            "hours": json_number(period.hours),
            "professional": json_number(period.professional_hours),
            "state": _period_word(period),
        }
        for period in periods
    ]
    said += [
        _("%(first)s and %(second)s together: %(hours)s of %(required)s hours, %(state)s.")
        % {
            "first": window.labels[0],
            "second": window.labels[1],
            "hours": json_number(window.hours),
            "required": json_number(window.required),
            "state": _window_word(window),
        }
        for window in windows
    ]
    return " ".join(said)


# What if


def what_if(
    view: StandingView, *, hours: Decimal, professional_hours: Decimal, by: date, policy: Policy
) -> WhatIf:
    """Return the standing on the day ``by`` if a course of that many hours ended on it, and nothing else came."""
    hoped = StandingRecord(
        ended_on=by, post_code=view.facts.post_code, hours=hours, professional_hours=professional_hours
    )
    facts = replace(view.facts, education=(*view.facts.education, hoped))
    standing = ce_standing(facts, policy, by)
    without = ce_standing(view.facts, policy, by)
    return WhatIf(
        said=_("%(hours)s more hours, %(professional)s of them professional, by %(by)s")
        % {
            "hours": json_number(hours),
            "professional": json_number(professional_hours),
            "by": date_format(by),
        },
        by=by,
        status=standing.status.value,
        word=standing_word(standing.status.value),
        needed=needed_text(standing.needed_next),
        timeline=timeline(standing, policy, by),
        changed=(standing.status, standing.needed_next) != (without.status, without.needed_next),
    )
