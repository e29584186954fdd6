"""Reminders before the exchange closes (1.2) and before a CE period ends (2.1, 3.1a), once each, set-based.

`reminders.days` of the policy are steps: on a day, whoever has `n` days left is on the smallest step that is at least `n`.
A job that missed a day therefore still reminds of the step that holds, and of that one alone.
"""

from datetime import datetime, time
from typing import Any

from django.db import connection, transaction

from certificates.events import Verb
from certificates.models import DailyRun, SettlementRun
from certificates.selectors import policy_on
from portal import clock
from portal.events.services import Actor, event_record
from portal.policy import Policy, day_of

REMIND = "remind"
NOT_BEFORE = time(9)
"""Nobody is woken up by a reminder: the day's turn begins at this hour in Asia/Shanghai."""

_EXCHANGE = """
WITH step AS (SELECT min(d) AS days FROM unnest(%(days)s) d WHERE d >= %(closes)s::date - %(today)s::date)
INSERT INTO notices_notice (person_id, code, facts, link, at, goes_out, once_key)
SELECT l.person_id, 'certificates.exchange_reminder',
       jsonb_build_object('number', l.number, 'post_code', l.post_code, 'by', %(closes)s::text,
                          'days_left', %(closes)s::date - %(today)s::date),
       '/me/certificates/' || l.id || '/', %(at)s, true,
       'reminder:exchange:' || %(closes)s || ':' || step.days || ':' || l.id
FROM certificates_legacycertificate l
LEFT JOIN certificates_archivecheck a ON a.certificate_id = l.id
CROSS JOIN step
WHERE step.days IS NOT NULL AND %(closes)s::date >= %(today)s::date
  AND l.status = 'active' AND l.kind = ANY(%(kinds)s) AND l.issuer = %(issuer)s AND l.post_code = ANY(%(posts)s)
  AND extract(year FROM l.issued_on) = ANY(%(years)s)
  AND (l.in_national_system OR (a.outcome IS DISTINCT FROM 'rejected' AND (
       %(today)s::date <= %(archive_deadline)s::date
       OR (a.papers_seen_on <= %(archive_deadline)s::date
           AND (a.requested_at AT TIME ZONE 'Asia/Shanghai')::date <= %(archive_deadline)s::date))))
ON CONFLICT (once_key) DO NOTHING
"""

_PERIOD = """
INSERT INTO notices_notice (person_id, code, facts, link, at, goes_out, once_key)
SELECT held.person_id, 'certificates.period_reminder',
       jsonb_build_object('number', held.number, 'post_code', held.post_code, 'by', s.needed_by, 'clause', held.clause,
                          'days_left', s.needed_by - %(today)s::date,
                          'hours', trim_scale(greatest(s.needed_hours, s.needed_professional_hours) / 10.0),
                          'professional_hours', trim_scale(s.needed_professional_hours / 10.0)),
       '/me/education/', %(at)s, true,
       'reminder:period:' || s.needed_by || ':' || step.days || ':' || held.id
FROM certificates_certificatestanding s
JOIN LATERAL (
    SELECT c.id, c.person_id, c.number, c.post_code, '2.1' AS clause
    FROM certificates_electroniccertificate c WHERE c.id = s.electronic_id AND c.state <> 'void'
    UNION ALL
    SELECT l.id, l.person_id, l.number, l.post_code, '3.1a'
    FROM certificates_legacycertificate l WHERE l.id = s.legacy_id AND l.status = 'active'
) held ON true
JOIN LATERAL (SELECT min(d) AS days FROM unnest(%(days)s) d WHERE d >= s.needed_by - %(today)s::date) step ON true
WHERE s.needed_by >= %(today)s AND step.days IS NOT NULL AND (s.needed_hours > 0 OR s.needed_professional_hours > 0)
ON CONFLICT (once_key) DO NOTHING
"""


def reminders_send_if_due(*, by: Actor) -> int | None:
    """Remind whom it concerns, once a day from nine o'clock; return how many reminders were new.

    None before that hour, when today's are sent already, or while today's standings are not settled.
    """
    at = clock.now()
    today = day_of(at)
    is_settled = SettlementRun.objects.filter(as_of=today).exists()
    is_done = DailyRun.objects.filter(name=REMIND, day=today).exists()
    return None if at.time() < NOT_BEFORE or is_done or not is_settled else reminders_send(at=at, by=by)


@transaction.atomic
def reminders_send(*, at: datetime, by: Actor) -> int:
    """Remind everybody whom a step of the day of ``at`` concerns; a reminder that was sent is not sent again."""
    facts = _facts(policy_on(at), at=at)
    with connection.cursor() as cursor:
        cursor.execute(_EXCHANGE, facts)
        exchange = int(cursor.rowcount)
        cursor.execute(_PERIOD, facts)
        period = int(cursor.rowcount)
    run, is_first = DailyRun.objects.get_or_create(
        name=REMIND, day=day_of(at), defaults={"completed_at": clock.now()}
    )
    if is_first or exchange or period:
        event_record(Verb.REMINDED, at=at, by=by, subject=run, exchange=exchange, period=period)
    return exchange + period


def _facts(policy: Policy, *, at: datetime) -> dict[str, Any]:
    rules = policy.exchange
    return {
        "at": at,
        "today": day_of(at).isoformat(),
        "days": list(policy.reminders.days),
        "closes": rules.window_end.isoformat(),
        "archive_deadline": rules.archive_check_deadline and rules.archive_check_deadline.isoformat(),
        "kinds": list(rules.certificate_kinds),
        "issuer": rules.issuer.code,
        "posts": [post.code for post in rules.posts],
        "years": list(rules.issue_years),
    }
