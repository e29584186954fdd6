"""The standing once more, written day by day and list by list, to be compared with the rules.

It shares no code with them: periods are a list of starts found by walking, every sum runs over all records.
"""

import calendar
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

DAY = timedelta(days=1)


def number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def same_day(first: date, year: int) -> date:
    if (first.month, first.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return date(year, first.month, first.day)


def plain_standing(data: dict[str, Any], pack: str) -> dict[str, Any]:  # noqa: C901, PLR0912 - plain on purpose
    as_of, issued = data["as_of"], data["issued_on"]
    anniversary = pack == "hubei-2021"
    if not anniversary:
        first = date(issued.year + 1, 1, 1)
    elif data["obtained_by"] == "exchange":
        first = issued + DAY
    else:
        first = same_day(issued, issued.year + 1)

    spans = []
    year = first.year
    while same_day(first, year) <= as_of:
        spans.append((year, same_day(first, year), same_day(first, year + 1) - DAY))
        year += 1

    uncounted, counted = [], []
    for index, record in enumerate(data["education"]):
        reason, goes_to = None, None
        home = next(
            (place for place, (_, start, end) in enumerate(spans) if start <= record["ended_on"] <= end), None
        )
        if record["ended_on"] > as_of:
            reason = "in_the_future"
        elif record["post_code"] != data["post_code"] and not anniversary:
            reason = "other_post"
        elif home is None:
            reason = "before_first_period"
        elif record["makes_up_for"] is None:
            goes_to = spans[home][0]
        elif home > 0 and spans[home - 1][0] == record["makes_up_for"]:
            goes_to = record["makes_up_for"]
        else:
            reason = "make_up_not_allowed"
        if reason:
            uncounted.append({"index": index, "reason": reason})
        else:
            counted.append((goes_to, record))

    def total(label: int, until: date) -> tuple[Fraction, Fraction]:
        mine = [r for goes_to, r in counted if goes_to == label and r["ended_on"] <= until]
        professional = sum(
            (Fraction(r["professional_hours"]) for r in mine if r["post_code"] == data["post_code"]),
            Fraction(0),
        )
        basics = Fraction(0)
        for post in {r["post_code"] for r in mine}:
            of_post = [r for r in mine if r["post_code"] == post]
            basics = max(
                basics, sum(Fraction(r["hours"]) - Fraction(r["professional_hours"]) for r in of_post)
            )
        return professional + basics, professional

    periods, sums = [], {}
    for label, start, end in spans:
        hours, professional = sums[label] = total(label, as_of)
        met = hours >= 32 and professional >= 22
        periods.append(
            {
                "label": label,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "hours": number(hours),
                "professional_hours": number(professional),
                "state": "met" if met else "short" if (as_of - end).days > 31 else "open",
                "missing_hours": number(max(Fraction(0), 32 - hours)),
                "missing_professional_hours": number(max(Fraction(0), 22 - professional)),
            }
        )

    windows = []
    lapsed_on = None
    if data["kind"] == "electronic":
        for (label, _, _), (following, _, end) in pairwise(spans):
            last = end + 31 * DAY
            hours = total(label, last)[0] + total(following, last)[0]
            state = "met" if hours >= 64 else "failed" if as_of > last else "open"
            windows.append(
                {
                    "labels": [label, following],
                    "hours": number(hours),
                    "required": 64,
                    "state": state,
                    "decided_after": last.isoformat(),
                }
            )
            if state == "failed" and lapsed_on is None:
                lapsed_on = last + DAY
    if lapsed_on is None and not data["engaged_in_post"]:
        lapsed_on = as_of

    if lapsed_on is not None:
        status = "lapsed"
    elif not spans:
        status = "not_due"
    else:
        ended = [period for period in periods if date.fromisoformat(period["end"]) < as_of]
        status = "on_track"
        if ended and ended[-1]["state"] != "met":
            saved = [w for w in windows if w["labels"][0] == ended[-1]["label"] and w["state"] == "met"]
            status = "on_track" if saved else "at_risk"

    needed = None
    if status in ("on_track", "at_risk"):
        label, _, end = spans[-1]
        hours, professional = sums[label]
        wanted = [Fraction(0), 32 - hours]
        if len(spans) > 1 and data["kind"] == "electronic":
            wanted.append(64 - sums[spans[-2][0]][0] - hours)
        needed = {
            "hours": number(max(wanted)),
            "professional_hours": number(max(Fraction(0), 22 - professional)),
            "by": end.isoformat(),
        }
    return {
        "status": status,
        "periods": periods,
        "windows": windows,
        "uncounted": uncounted,
        "lapsed_on": lapsed_on and lapsed_on.isoformat(),
        "needed_next": needed,
        "policy": {"pack": pack, "on": as_of.isoformat()},
    }
