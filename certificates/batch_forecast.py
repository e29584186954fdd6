"""How many certificates would no longer be at risk once a batch is approved: told before it is submitted."""

from uuid import UUID

from django.db import connection
from django.utils.translation import ngettext

from education.forecast import GOOD_ROWS, register_forecast
from education.models import Batch
from portal import clock
from portal.policy import current_pack

# As `education.rules.ce_standing` has it: the period before is complete, or it and the current one are together. The
# hours that a settlement has added up stand in the last two places of the arrays.
_LEAVING = f"""
WITH good AS ({GOOD_ROWS}), at_risk AS (
    SELECT s.id, s.legacy_id, p.id_number_hash, COALESCE(e.post_code, l.post_code) AS post_code,
           (s.needed_by + 1 - interval '1 year')::date AS current_start,
           s.hours[cardinality(s.hours) - 1] AS before,
           s.professional_hours[cardinality(s.hours) - 1] AS professional_before,
           s.timely_hours[cardinality(s.hours)] AS now
    FROM certificates_certificatestanding s
    LEFT JOIN certificates_electroniccertificate e ON e.id = s.electronic_id
    LEFT JOIN certificates_legacycertificate l ON l.id = s.legacy_id
    JOIN accounts_person p ON p.id = COALESCE(e.person_id, l.person_id)
    WHERE s.status = 'at_risk' AND cardinality(s.hours) > 1
      AND p.id_number_hash IN (SELECT id_number_hash FROM good)
), sums AS (
    SELECT a.id, a.legacy_id, a.before, a.professional_before, a.now,
           COALESCE(sum(g.hours) FILTER (WHERE g.earlier), 0) AS for_before,
           COALESCE(sum(g.professional_hours) FILTER (WHERE g.earlier), 0) AS professional_for_before,
           COALESCE(sum(g.hours) FILTER (WHERE NOT g.earlier), 0) AS for_now
    FROM at_risk a JOIN LATERAL (
        SELECT good.*, COALESCE(makes_up_for < date_part('year', a.current_start), ended_on < a.current_start) AS earlier
        FROM good WHERE good.id_number_hash = a.id_number_hash AND good.post_code = a.post_code) g ON true
    GROUP BY a.id, a.legacy_id, a.before, a.professional_before, a.now
)
SELECT count(*) FROM sums
WHERE (before + for_before >= %(annual)s AND professional_before + professional_for_before >= %(professional)s)
   OR (legacy_id IS NULL AND before + for_before + now + for_now >= %(two_years)s)
"""  # noqa: S608 - text of this portal


def _leaving(batch: Batch) -> str | None:
    rules = current_pack().on(clock.today()).education
    facts: dict[str, int | UUID] = {
        "batch": batch.pk,
        "annual": int(rules.annual_hours * 10),
        "professional": int(rules.annual_professional_hours * 10),
        "two_years": int(rules.two_year_hours * 10),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEAVING, facts)
        certificates: int = cursor.fetchone()[0]
    if not certificates:
        return None
    text = ngettext(
        "%(certificates)s certificate is no longer at risk.",
        "%(certificates)s certificates are no longer at risk.",
        certificates,
    )
    return text % {"certificates": certificates}


def register() -> None:
    register_forecast(_leaving)
