"""The wording of what holders are told when their standing with continuing education changes (2.1, 3.1a)."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.notices.services import register_notice
from portal.policy import json_number

Facts = Mapping[str, Any]


def _is_electronic(facts: Facts) -> bool:
    return bool(facts["kind"] == "electronic")


def _needed(facts: Facts) -> str:
    return _("Still needed: %(hours)s hours by %(by)s.") % {
        "hours": json_number(facts["needed_hours"]),
        "by": date_format(date.fromisoformat(facts["needed_by"])),
    }


def _at_risk(facts: Facts) -> str:
    if _is_electronic(facts):
        text = _(
            "Hours are missing for certificate %(number)s. If the hours of two consecutive periods are not reached, the "
            "certificate becomes void (2.1)."
        )
    else:
        text = _("Hours of the last year are missing for safety-officer certificate %(number)s (3.1a).")
    return f"{text % facts} {_needed(facts)}"


def _lapsed(facts: Facts) -> str:
    if facts["lapsed_on"] is None:
        return _("It was found that you no longer work in the post of certificate %(number)s (2.1).") % facts
    return (
        _(
            "The hours of two consecutive periods were not reached for certificate %(number)s by the time they were decided "
            "(2.1). The certificate is not void by that alone: two people of the department would have to decide it, after "
            "you could object."
        )
        % facts
    )


def _on_track(facts: Facts) -> str:
    return _("Nothing is missing any more from past periods for certificate %(number)s.") % facts


def register() -> None:
    wordings: dict[str, tuple[Callable[[Facts], str], Callable[[Facts], str]]] = {
        "at_risk": (lambda facts: _("Continuing education: your certificate is at risk"), _at_risk),
        "lapsed": (lambda facts: _("Continuing education: the two-year duty was not met"), _lapsed),
        "on_track": (lambda facts: _("Continuing education: you are on track again"), _on_track),
    }
    for status, (title, body) in wordings.items():
        register_notice(f"certificates.standing_{status}", title=title, body=body)
