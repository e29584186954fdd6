"""What a submission would do once it is approved, before anybody submits it.

This room knows hours; whoever knows more (which certificates leave the risk of lapsing) registers here.
"""

from collections.abc import Callable
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import ngettext

from education.models import Batch
from portal import clock
from portal.policy import current_pack

Forecast = Callable[[Batch], str | None]
_further: list[Forecast] = []

LARGE = 2_000
"""Rows from which on reading the tables whole is cheaper than looking each row up."""

GOOD_ROWS = """
SELECT r.* FROM education_batchrow r
WHERE r.batch_id = %(batch)s AND NOT EXISTS (
    SELECT FROM education_rowproblem p WHERE p.batch_id = r.batch_id AND p."row" = r.number AND p.severity = 'error')
"""
"""The rows that a submission without the bad ones would report."""

_REACHING = f"""
WITH good AS ({GOOD_ROWS}), counted AS (
    SELECT id_number_hash, post_code, COALESCE(makes_up_for, extract(year FROM ended_on)::int) AS year,
           sum(hours) AS hours, sum(professional_hours) AS professional
    FROM good GROUP BY 1, 2, 3
), before AS (
    SELECT c.*, COALESCE(sum(e.hours), 0) AS had, COALESCE(sum(e.professional_hours), 0) AS had_professional
    FROM counted c
    LEFT JOIN accounts_person p ON p.id_number_hash = c.id_number_hash
    LEFT JOIN education_cerecord e ON e.person_id = p.id AND e.post_code = c.post_code
         AND COALESCE(e.makes_up_for, extract(year FROM e.ended_on)::int) = c.year
    GROUP BY c.id_number_hash, c.post_code, c.year, c.hours, c.professional
)
SELECT count(DISTINCT id_number_hash) FROM before
WHERE had + hours >= %(hours)s AND had_professional + professional >= %(professional)s
  AND NOT (had >= %(hours)s AND had_professional >= %(professional)s)
"""  # noqa: S608 - text of this module


def register_forecast(forecast: Forecast) -> None:
    """Say more about every checked batch: one sentence, or nothing."""
    _further.append(forecast)


def forecasts_of(batch: Batch) -> list[str]:
    """Return what the approval of the good rows of a checked batch would mean, in the active language."""
    # The planner may still take new rows for few, and would join each of many thousands by itself.
    nested = "off" if batch.rows_total > LARGE else "on"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_nestloop = {nested}")
        texts = [text for forecast in (_reaching, *_further) if (text := forecast(batch))]
        cursor.execute("SET LOCAL enable_nestloop = on")
    return texts


def _reaching(batch: Batch) -> str | None:
    rules = current_pack().on(clock.today()).education
    if rules.period_basis != "calendar":
        return None  # which period an hour belongs to depends on the certificate
    facts: dict[str, int | UUID] = {
        "batch": batch.pk,
        "hours": int(rules.annual_hours * 10),
        "professional": int(rules.annual_professional_hours * 10),
    }
    with connection.cursor() as cursor:
        cursor.execute(_REACHING, facts)
        people: int = cursor.fetchone()[0]
    text = ngettext(
        "%(people)s person reaches %(hours)s hours in a year.",
        "%(people)s people reach %(hours)s hours in a year.",
        people,
    )
    return text % {"people": people, "hours": f"{rules.annual_hours.normalize():f}"}
