"""The window closes (1.2). A job tidies up; whether a click is still in time never depends on it."""

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from certificates.events import Verb
from certificates.log.services import closing_log
from certificates.models import WindowClosing
from certificates.queues import open_services
from certificates.selectors import policy_on
from certificates.window import close_gate
from portal import clock
from portal.events.services import Actor, event_record
from portal.policy import Policy

_END_SERVICES = """
WITH ended AS (
    UPDATE certificates_legacyservicerequest SET state = 'ended', decided_at = %(at)s
    WHERE state = 'open' RETURNING certificate_id, kind
), told AS (
    SELECT l.id, l.person_id, l.number, ended.kind FROM ended JOIN certificates_legacycertificate l ON l.id = certificate_id
), notified AS (
    INSERT INTO notices_notice (person_id, code, facts, link, at)
    SELECT person_id, 'certificates.service_ended',
           jsonb_build_object('number', number, 'service', kind, 'closes', %(closes)s::text),
           '/me/certificates/' || id || '/', %(at)s
    FROM told
)
INSERT INTO events_event (at, verb, actor_role, means, subject_kind, subject_id, person_id, data)
SELECT %(at)s, %(verb)s, '', 'job', 'certificates.legacycertificate', id::text, person_id,
       jsonb_build_object('actor', %(actor)s::text, 'service', kind, 'clause', '3.2')
FROM told
"""

_END_ARCHIVE_CHECKS = """
WITH ended AS (
    UPDATE certificates_archivecheck SET ended_at = %(at)s
    WHERE outcome = 'pending' AND ended_at IS NULL RETURNING certificate_id
), told AS (
    SELECT l.id, l.person_id, l.number FROM ended JOIN certificates_legacycertificate l ON l.id = certificate_id
), notified AS (
    INSERT INTO notices_notice (person_id, code, facts, link, at)
    SELECT person_id, 'certificates.archive_ended',
           jsonb_build_object('number', number, 'closes', %(closes)s::text), '/me/certificates/' || id || '/', %(at)s
    FROM told
)
INSERT INTO events_event (at, verb, actor_role, means, subject_kind, subject_id, person_id, data)
SELECT %(at)s, %(verb)s, '', 'job', 'certificates.legacycertificate', id::text, person_id,
       jsonb_build_object('actor', %(actor)s::text, 'clause', '1.2')
FROM told
"""

_TELL_HOLDERS = """
INSERT INTO notices_notice (person_id, code, facts, link, at, once_key)
SELECT person_id, 'certificates.paper_stays_usable',
       jsonb_build_object('number', number, 'post_code', post_code, 'expires_on', expires_on, 'closes', %(closes)s::text),
       '/me/certificates/' || id || '/', %(at)s, 'window:' || %(closes)s || ':' || id
FROM certificates_legacycertificate
WHERE status = 'active' AND kind = 'post_training' AND post_code = ANY(%(posts)s)
  AND (expires_on IS NULL OR expires_on >= %(today)s)
ON CONFLICT (once_key) DO NOTHING
"""

_BY_AREA_AND_POST = """
SELECT area_code, post_code, count(*) FILTER (WHERE status = 'exchanged'), count(*) FILTER (WHERE status = 'active')
FROM certificates_legacycertificate
WHERE kind = 'post_training' AND issuer = %(issuer)s AND post_code = ANY(%(posts)s)
  AND extract(year FROM issued_on) = ANY(%(years)s)
GROUP BY area_code, post_code ORDER BY area_code, post_code
"""

_BY_INSTITUTION = """
SELECT i.code, i.name, count(DISTINCT e.id), count(DISTINCT r.person_id)
FROM institutions_institution i
JOIN education_cerecord r ON r.institution_id = i.id AND r.in_force
LEFT JOIN certificates_electroniccertificate e ON e.person_id = r.person_id AND e.post_code = r.post_code
GROUP BY i.code, i.name ORDER BY i.code
"""


def window_close_if_due(*, by: Actor) -> WindowClosing | None:
    """Close the window when its last day is over and nobody has; return the closing, or None while it is open.

    One transaction: ends what is still asked for, tells each person concerned, keeps the report, writes the event. A
    crash undoes it whole, and the next run does it; a second run finds it done.
    """
    with transaction.atomic():
        at = clock.now()
        policy = policy_on(at)
        closes_on = policy.exchange.window_end
        if at < clock.end_of_day(closes_on):
            return None
        done = WindowClosing.objects.filter(closes_on=closes_on, completed_at__isnull=False).first()
        return done or _close(closes_on, policy, by=by)


def legacy_services_end_if_due(*, by: Actor) -> None:
    """End the requests for services that are still open after the last day of 3.2, and tell who asked."""
    with transaction.atomic():
        ends = policy_on(clock.now()).legacy_services.end
        if clock.now() < clock.end_of_day(ends) or not open_services().exists():
            return
        close_gate()
        facts: dict[str, Any] = {
            "at": clock.now(),
            "closes": ends.isoformat(),
            "verb": Verb.SERVICE_ENDED.value,
            "actor": by.name,
        }
        with connection.cursor() as cursor:
            cursor.execute(_END_SERVICES, facts)


def _close(closes_on: date, policy: Policy, *, by: Actor) -> WindowClosing:
    close_gate()
    at = clock.now()
    closing, _ = WindowClosing.objects.get_or_create(closes_on=closes_on, defaults={"started_at": at})
    if closing.completed_at:
        return closing
    _tidy_up(closes_on, policy, at=at, by=by)
    closing.report, closing.completed_at = closing_report(policy), clock.now()
    closing.save(update_fields=["report", "completed_at"])
    closing_log(closing=closing, at=at)
    event_record(Verb.WINDOW_CLOSED, at=at, by=by, subject=closing, closes_on=closes_on.isoformat())
    return closing


def _tidy_up(closes_on: date, policy: Policy, *, at: datetime, by: Actor) -> None:
    facts: dict[str, Any] = {
        "at": at,
        "actor": by.name,
        "today": at.date(),
        "closes": closes_on.isoformat(),
        "posts": [post.code for post in policy.exchange.posts],
    }
    with connection.cursor() as cursor:
        cursor.execute(_END_ARCHIVE_CHECKS, {**facts, "verb": Verb.ARCHIVE_ENDED.value})
        cursor.execute(_TELL_HOLDERS, facts)


def closing_report(policy: Policy) -> dict[str, Any]:
    """Return how far the exchange came: counts by area and post, and by institution in the order of their codes (4.2)."""
    rules = policy.exchange
    facts: dict[str, Any] = {
        "issuer": rules.issuer.code,
        "posts": [post.code for post in rules.posts],
        "years": list(rules.issue_years),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BY_AREA_AND_POST, facts)
        areas = [
            {"area": area, "post": post, "exchanged": exchanged, "not_exchanged": left}
            for area, post, exchanged, left in cursor.fetchall()
        ]
        cursor.execute(_BY_INSTITUTION)
        institutions = [
            {"code": code, "name": name, "exchanged": exchanged, "taught": taught}
            for code, name, exchanged, taught in cursor.fetchall()
        ]
    return {"areas": areas, "institutions": institutions}
