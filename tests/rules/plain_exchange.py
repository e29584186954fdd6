"""The exchange once more, written from the text of the rules alone, to be compared with them.

It shares no code and no policy data with them: numbers and dates stand here as the notice and the contract name them.
"""

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

CHINA = timezone(timedelta(hours=8))
LAST_ARCHIVE_DAY = date(2020, 11, 10)
CLOSED = datetime(2021, 1, 1, tzinfo=CHINA)
POSTS = ["101", "102", "103", "104", "106", "107", "108", "109", "111", "112", "113", "114", "115"]
OFFICE = "hainan-assessment-office"


def plain_exchange(data: dict[str, Any], pack: str) -> dict[str, Any]:
    """Return outcome, the twelve checks (code, result, clause) and policy for a body of ``policy/exchange-decision``."""
    paper, profile = data["certificate"], data["profile"]
    today = data["on"].astimezone(CHINA).date()
    courses = [
        course
        for course in data["education"]
        if course["post_code"] == paper["post_code"] and paper["issued_on"] <= course["ended_on"] <= today
    ]
    hours = sum(Fraction(course["hours"]) for course in courses)
    professional = sum(Fraction(course["professional_hours"]) for course in courses)
    passed = [course for course in courses if course["assessment"] == "passed"]
    safety = paper["kind"] == "safety_officer"

    def fails_unless(condition: bool) -> str:
        return "pass" if condition else "fail"

    def todo_unless(condition: bool) -> str:
        return "pass" if condition else "todo"

    lines = [
        ("window_open", "1.2", fails_unless(data["on"] < CLOSED)),
        ("certificate_kind", "3.1a" if safety else "1.1", fails_unless(paper["kind"] == "post_training")),
        ("issuer", "1.1", fails_unless(paper["issuer"] == OFFICE)),
        ("issue_year", "1.1", fails_unless(2015 <= paper["issued_on"].year <= 2018)),
        ("post_code", "1.1", fails_unless(paper["post_code"] in POSTS)),
        ("certificate_active", "1.3", fails_unless(paper["status"] == "active")),
        ("registry_record", "1.1", _registry_record(paper, today, pack)),
        ("profile_complete", "1.3", todo_unless(profile["complete"])),
        ("photo", "1.3", todo_unless(profile["photo"])),
        ("ce_hours", "1.3, 2.2", todo_unless(hours >= 32)),
        ("ce_professional_hours", "1.3, 2.2", todo_unless(professional >= 22)),
        ("ce_assessment", "1.3", todo_unless(bool(passed))),
    ]
    results = [result for _, _, result in lines]
    outcome = "ineligible" if "fail" in results else "not_yet" if "todo" in results else "eligible"
    return {
        "outcome": outcome,
        "checks": [{"code": code, "result": result, "clause": clause} for code, clause, result in lines],
        "policy": {"pack": pack, "on": today.isoformat()},
    }


def _registry_record(paper: dict[str, Any], today: date, pack: str) -> str:
    if paper["in_national_system"]:
        return "pass"
    if pack == "hubei-2021":  # no archive check there
        return "fail"
    check = paper["archive_check"]
    if check is None:
        return "todo" if today <= LAST_ARCHIVE_DAY else "fail"
    dates = [day for day in (check["requested_on"], check["papers_seen_on"]) if day is not None]
    if check["outcome"] == "rejected" or any(day > LAST_ARCHIVE_DAY for day in dates):
        return "fail"
    if len(dates) == 2:
        return "pass" if check["outcome"] == "confirmed" else "todo"
    return "todo" if today <= LAST_ARCHIVE_DAY else "fail"
