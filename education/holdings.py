"""What this room holds about a person (see `portal.mydata`)."""

from django.utils.translation import gettext_lazy as _

from education.selectors import records_of, reported_rows
from portal.accounts.models import Person
from portal.mydata import Holding, Row, register_holding


def _records(person: Person) -> list[Row]:
    return [
        {
            "post_code": record.post_code,
            "course": record.course,
            "institution": record.institution.name,
            "mode": record.mode,
            "started_on": record.started_on,
            "ended_on": record.ended_on,
            "hours": record.hours / 10,
            "professional_hours": record.professional_hours / 10,
            "passed": record.passed,
            "approved_at": record.approved_at,
        }
        for record in records_of(person)
    ]


def _reported(person: Person) -> list[Row]:
    return [
        {
            "post_code": row.post_code,
            "course": row.course,
            "institution": row.batch.institution.name,
            "ended_on": row.ended_on,
            "hours": (row.hours or 0) / 10,
            "submitted_at": row.batch.submitted_at,
        }
        for row in reported_rows(person)
    ]


def register() -> None:
    by_institution = _("Ask the institution that reported it: a corrected batch replaces what was wrong.")
    register_holding(
        Holding(
            code="education",
            label=_("Continuing education credited to you"),
            rows=_records,
            correction=by_institution,
            url_name="my-education",
        )
    )
    register_holding(
        Holding(
            code="education_reported",
            label=_("Courses reported for you and not decided yet"),
            rows=_reported,
            correction=by_institution,
            url_name="my-education",
        )
    )
