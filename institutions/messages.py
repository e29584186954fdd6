"""The wording of this room's notices."""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.notices.services import register_notice


def register_notices() -> None:
    def closed_title(_facts: Any) -> str:
        return _("Your report of a designation was looked into")

    def closed_body(facts: Any) -> str:
        return _("The department found: %(finding)s") % {"finding": facts["finding"]}

    register_notice("institutions.designation_closed", title=closed_title, body=closed_body)
    register_notice("institutions.qualification_ended", title=_ended_title, body=_ended_body)
    register_notice("institutions.qualification_suspended", title=_suspended_title, body=_suspended_body)


def _ended_title(facts: Any) -> str:
    return _("Your institution’s qualification ends with %(day)s") % {"day": _day(facts["last_day"])}


def _ended_body(facts: Any) -> str:
    return _("Courses count that are over by then (2.2). Reason: %(reason)s") % {"reason": facts["reason"]}


def _suspended_title(facts: Any) -> str:
    return _("Your institution’s qualification is suspended from %(first)s to %(last)s") % {
        "first": _day(facts["first_day"]),
        "last": _day(facts["last_day"]),
    }


def _suspended_body(facts: Any) -> str:
    return _("Courses with a day in that time do not count (2.2). Reason: %(reason)s") % {
        "reason": facts["reason"]
    }


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text))
