"""The wording of this room's notices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.notices.services import register_notice

CHECKED_NOTICE = "education.batch_checked"
FAILED_NOTICE = "education.batch_failed"
APPROVED_NOTICE = "education.batch_approved"
RETURNED_NOTICE = "education.batch_returned"
CREDITED_NOTICE = "education.hours_credited"
REVERSED_NOTICE = "education.batch_reversed"
REVERSED_PERSON_NOTICE = "education.hours_taken_back"

Facts = Mapping[str, Any]
ROWS_NAMED = 20


def _checked_body(facts: Facts) -> str:
    if facts["errors"]:
        return (
            ngettext(
                "%(filename)s: %(errors)s error in %(rows)s rows. Correct it and upload the file again.",
                "%(filename)s: %(errors)s errors in %(rows)s rows. Correct them and upload the file again.",
                facts["errors"],
            )
            % facts
        )
    return _("%(filename)s: all %(rows)s rows are good. The batch can be submitted.") % facts


def _approved_body(facts: Facts) -> str:
    text = _("%(filename)s: the hours of %(rows)s rows are credited (2.2).") % facts
    if not facts.get("refused"):
        return text
    return text + _(" %(refused)s rows were refused; see on the batch's page why.") % facts


def _reversed_body(facts: Facts) -> str:
    if numbers := facts.get("numbers"):
        told = {**facts, "numbers": ", ".join(map(str, numbers[:ROWS_NAMED]))}
        return (
            _("%(filename)s: the hours of %(rows)s rows no longer count (rows %(numbers)s). %(reason)s")
            % told
        )
    return _("%(filename)s: the hours of %(rows)s rows no longer count. %(reason)s") % facts


def register() -> None:
    register_notice(CHECKED_NOTICE, title=lambda facts: _("Your batch has been checked"), body=_checked_body)
    register_notice(
        FAILED_NOTICE,
        title=lambda facts: _("Your file could not be read"),
        body=lambda facts: _("%(filename)s: see on the batch's page why, and what to do.") % facts,
    )
    register_notice(
        APPROVED_NOTICE,
        title=lambda facts: _("Your batch has been approved"),
        body=_approved_body,
    )
    register_notice(
        RETURNED_NOTICE,
        title=lambda facts: _("Your batch has been returned"),
        body=lambda facts: (
            _(
                "%(filename)s: %(reason)s. Correct the file and upload it on the batch's page; it keeps its place."
            )
            % facts
        ),
    )
    register_notice(
        CREDITED_NOTICE,
        title=lambda facts: _("Hours were credited to you"),
        body=lambda facts: (
            _(
                "The department approved hours that %(institution)s reported for you (2.2). See them under continuing education."
            )
            % facts
        ),
    )
    register_notice(
        REVERSED_NOTICE,
        title=lambda facts: (
            _("Rows of your batch were taken back")
            if facts.get("numbers")
            else _("The approval of your batch was reversed")
        ),
        body=_reversed_body,
    )
    register_notice(
        REVERSED_PERSON_NOTICE,
        title=lambda facts: _("Hours no longer count"),
        body=lambda facts: (
            _(
                "The department took back its approval of hours that %(institution)s reported for you. %(reason)s "
                "See what counts under continuing education, and ask the institution if you do not agree."
            )
            % facts
        ),
    )
