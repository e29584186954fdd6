"""Everybody's standing with continuing education (2.1, 3.1a), worked out and kept in a few statements.

Settling takes a lock of its own, because two that overlap could each miss the other's records. An exchange need not:
nobody else knows its certificate yet, and it holds the person, whom a batch that credits hours refers to.
"""

# ruff: noqa: S608 - statements are put together from policy values and column names, never from input

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from certificates import ledger
from certificates.events import Verb
from certificates.ledger import COLUMNS, REFERENCES, Kind, Question
from certificates.models import ElectronicCertificate, SettlementRun
from certificates.standings import earliest_issue, safety_officers
from education.models import Batch, CERecord
from portal import clock
from portal.events.services import Actor
from portal.policy import Policy, current_pack, day_of

_LOCK = 0x7A_77_73_74  # an application-wide number for PostgreSQL's advisory locks

# Large sorts and hashes stay in memory, and an index is read in its own order. Safety officers are few, each is looked up
# by itself; for the others that is never right, however little the planner knows of tables that were filled a moment ago.
_TUNED = """
SET LOCAL work_mem = '512MB'; SET LOCAL hash_mem_multiplier = 2; SET LOCAL jit = off;
SET LOCAL random_page_cost = 1.1;
SET LOCAL enable_nestloop = {few}
"""
# Some people's rows lie anywhere in large tables: they are looked up, and not sought by reading everything.
_TUNED_FOR_PEOPLE = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1"

_UPDATE = """
UPDATE certificates_certificatestanding s SET ({columns}, settled_on, pack) = ({changed}, %(as_of)s, %(pack)s)
FROM standing_changed t WHERE s.id = t.stored_id
"""
# An exchange that happens meanwhile may write the first standing of another certificate of its holder.
_INSERT = """
INSERT INTO certificates_certificatestanding ({reference}, {columns}, settled_on, pack)
SELECT id, {columns}, %(as_of)s, %(pack)s FROM standing_changed WHERE stored_id IS NULL
ON CONFLICT ({reference}) DO UPDATE SET ({columns}, settled_on, pack) = ({excluded}, excluded.settled_on, excluded.pack)
"""

# A period that begins, or a first period, is no news: what is owed by when stands on the holder's page.
_TELL = """
WITH news AS (
    SELECT c.id, c.person_id, c.number, c.post_code, t.status, t.old_status, t.lapsed_on, t.needed_hours, t.needed_by
    FROM standing_changed t JOIN {table} c ON c.id = t.id
    WHERE t.old_status <> t.status AND t.status <> 'not_due' AND (t.old_status, t.status) <> ('not_due', 'on_track')
      AND {in_use}
), notified AS (
    INSERT INTO notices_notice (person_id, code, facts, link, at, goes_out)
    SELECT person_id, 'certificates.standing_' || status,
           jsonb_build_object('number', number, 'post_code', post_code, 'kind', %(kind)s::text, 'lapsed_on', lapsed_on,
                              'needed_hours', needed_hours / 10.0, 'needed_by', needed_by),
           '{link}' || id || '/', %(at)s, false
    FROM news WHERE {tells}
)
INSERT INTO events_event (at, verb, actor_id, actor_role, means, subject_kind, subject_id, person_id, data)
SELECT %(at)s, %(verb)s, %(actor_id)s, %(actor_role)s, %(means)s, '{subject}', id::text, person_id,
       jsonb_build_object('actor', %(actor)s::text, 'from', old_status, 'to', status, 'as_of', %(as_of)s::text,
                          'pack', %(pack)s::text, 'clause', %(clause)s::text)
FROM news
"""

_TABLES: dict[Kind, dict[str, str]] = {
    "electronic": {
        "table": "certificates_electroniccertificate",
        "in_use": "c.state <> 'void'",
        # Of a failed window the proposal tells, which rests on it and says until when to object.
        "tells": "(status <> 'lapsed' OR lapsed_on IS NULL)",
        "link": "/me/electronic/",
        "subject": "certificates.electroniccertificate",
    },
    "safety_officer": {
        "table": "certificates_legacycertificate",
        "in_use": "c.status = 'active'",
        "tells": "true",
        "link": "/me/certificates/",
        "subject": "certificates.legacycertificate",
    },
}
_CLAUSES: dict[Kind, str] = {"electronic": "2.1", "safety_officer": "3.1a"}

_FORGET_OFFICERS = """
DELETE FROM certificates_certificatestanding s
WHERE s.legacy_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM certificates_legacycertificate l
    WHERE l.id = s.legacy_id AND l.kind = 'safety_officer' AND l.status = 'active'
)
"""


@dataclass(frozen=True, slots=True)
class _Settling:
    """One act of settling: for which day, at which moment, under which values, by whom."""

    as_of: date
    at: datetime
    policy: Policy
    by: Actor

    def question(self, kind: Kind) -> Question:
        earliest = earliest_issue(kind) or self.as_of
        return Question(kind=kind, policy=self.policy, as_of=self.as_of, earliest_issue=earliest)


def settling_enter() -> None:
    """Take the lock of settling. Whoever settles after locking certificates takes it before them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@transaction.atomic
def standings_settle(
    *, as_of: date, by: Actor, people: "QuerySet[Any] | None" = None, recount: bool = True
) -> int:
    """Work out the standing of everybody, or of `people` (a query of person ids), on a day; return the rows written.

    A row is written only when anything in it changes. Whoever becomes at risk, lapsed, or is on track again is told when
    the day is today. Without `recount` only those are looked at whom the calendar, or a new certificate, can have
    changed since the last settlement: the others' sums are kept up to date by whoever credits records.
    """
    settling_enter()
    settling = _Settling(as_of, clock.now(), current_pack().on(as_of), by)
    if people is not None:
        return _settle_people(settling, people)
    return _settle_everybody(settling, recount=recount)


@transaction.atomic
def standings_settle_if_due(*, by: Actor) -> SettlementRun | None:
    """Settle everybody once a day in Asia/Shanghai; return the run, or None where today's is done."""
    if SettlementRun.objects.filter(as_of=clock.today()).exists():
        return None
    settling_enter()
    today = clock.today()
    if SettlementRun.objects.filter(as_of=today).exists():  # by who held the lock meanwhile
        return None
    standings_settle(as_of=today, by=by, recount=False)
    return SettlementRun.objects.filter(as_of=today).latest("pk")


def standing_begin(*, certificate: ElectronicCertificate, at: datetime, by: Actor) -> None:
    """Give a certificate that comes to be in this transaction its first standing; the person's row is locked."""
    as_of = day_of(at)
    settling = _Settling(as_of, at, current_pack().on(as_of), by)
    _settle_people(settling, ElectronicCertificate.objects.filter(pk=certificate.pk).values("person_id"))


def standings_of_batch_settle(batch: Batch, at: datetime, by: Actor) -> None:
    """Settle the people whom a batch has credited, in the transaction that does."""
    people = CERecord.objects.filter(batch=batch).values("person_id")
    standings_settle(as_of=day_of(at), by=by, people=people)


def _settle_people(settling: _Settling, people: "QuerySet[Any]") -> int:
    sql, parameters = people.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_TUNED_FOR_PEOPLE)
    _collect_people(f"SELECT DISTINCT person_id FROM ({sql}) p (person_id)", parameters)
    return sum(_settle_collected(settling, settling.question(kind)) for kind in REFERENCES)


def _settle_everybody(settling: _Settling, *, recount: bool) -> int:
    started_at = clock.now()
    last = SettlementRun.objects.order_by("-pk").first()
    rules = fingerprint(settling.policy)
    recount = recount or last is None or (last.pack, last.rules) != (settling.policy.pack, rules)
    recount = recount or last is None or last.as_of > settling.as_of
    _tune("safety_officer")
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_OFFICERS)
    written = sum(_settle_kind(settling, kind, recount=recount) for kind in REFERENCES)
    SettlementRun.objects.create(
        as_of=settling.as_of,
        pack=settling.policy.pack,
        rules=rules,
        recounted=recount,
        started_at=started_at,
        finished_at=clock.now(),
        rows_seen=_certificates(),
        rows_written=written,
    )
    return written


def _settle_kind(settling: _Settling, kind: Kind, *, recount: bool) -> int:
    question = settling.question(kind)
    _tune(kind)
    if recount:
        return _write(settling, question, ledger.differing(question))
    written = 0
    if _collect_people(ledger.unsettled(question)):
        written = _settle_collected(settling, question)
    return written + _write(settling, question, ledger.standings_from_sums(question))


def _tune(kind: Kind) -> None:
    """Set the planner up for everybody of a kind, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_TUNED.format(few="on" if kind == "safety_officer" else "off"))


def _collect_people(sql: str, parameters: tuple[Any, ...] = ()) -> int:
    """Keep the people of a query for `_settle_collected`; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS standing_people")
        cursor.execute(f"CREATE TEMPORARY TABLE standing_people ON COMMIT DROP AS {sql}", parameters)
        people: int = cursor.rowcount
        cursor.execute("ANALYZE standing_people")
    return people


def _settle_collected(settling: _Settling, question: Question) -> int:
    question = replace(question, people="SELECT person_id FROM standing_people")
    return _write(settling, question, ledger.differing(question))


def _write(settling: _Settling, question: Question, statement: str) -> int:
    """Keep the changed standings that a statement of `ledger` finds, and tell whom they concern."""
    facts = _facts(settling, question.kind)
    names = {
        "reference": REFERENCES[question.kind],
        "columns": ", ".join(COLUMNS),
        "changed": ", ".join(f"t.{column}" for column in COLUMNS),
        "excluded": ", ".join(f"excluded.{column}" for column in COLUMNS),
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS standing_changed")
        cursor.execute(f"CREATE TEMPORARY TABLE standing_changed ON COMMIT DROP AS {statement}")
        written: int = cursor.rowcount
        if written:
            cursor.execute(_UPDATE.format(**names), facts)
            cursor.execute(_INSERT.format(**names), facts)
        if written and settling.as_of == day_of(settling.at):
            cursor.execute(_TELL.format(**_TABLES[question.kind]), facts)
    return written


def _facts(settling: _Settling, kind: Kind) -> dict[str, Any]:
    by = settling.by
    return {
        "as_of": settling.as_of,
        "pack": settling.policy.pack,
        "at": settling.at,
        "kind": kind,
        "clause": _CLAUSES[kind],
        "verb": Verb.STANDING_CHANGED.value,
        "actor": by.name,
        "actor_id": by.user.pk if by.user else None,
        "actor_role": by.user.role if by.user else "",
        "means": by.means,
    }


def fingerprint(policy: Policy) -> str:
    """Return a name for the values that a standing depends on; it changes when any of them does."""
    return hashlib.sha256(repr(policy.education).encode()).hexdigest()


def _certificates() -> int:
    return ElectronicCertificate.objects.count() + safety_officers().count()
