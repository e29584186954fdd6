"""The checks of a batch's rows, set-based: all of them run, whatever any of them finds.

What a row shows by itself is a `RowRule`, and one scan tries them all. What takes other rows or tables is a `Query` that
selects row, column, code, severity, clause and facts (JSON) of each problem; `%(batch)s` is the batch. Rooms further up
register their own by `register_check`, and the wording by `education.problem_texts.register_problem`.
"""

# ruff: noqa: S608 - every piece of SQL is text of this portal, values go in as parameters

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.backends.utils import CursorWrapper

from education.columns import ENDED, HOURS, ID_NUMBER, MAKES_UP, NAME, POST, PROFESSIONAL, STARTED
from education.models import Batch, Mode
from portal.policy import Policy


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The batch, the policy in force and the day of the check (Asia/Shanghai)."""

    batch: Batch
    policy: Policy
    today: date


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT of problems, and its parameters by name. ``within``: it compares rows of the batch with one another."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)
    within: bool = False


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition (SQL, `r` being the row) under which a row has a problem by itself; all rules share their parameters."""

    condition: str
    code: str
    column: str
    severity: str = "error"
    clause: str = "2.2"
    facts: str = "'{}'::jsonb"
    params: Mapping[str, Any] = field(default_factory=dict)

    def found(self) -> str:
        """Return the SELECT of the problem of one row `r`."""
        values = f"'{self.column}', '{self.code}', '{self.severity}', '{self.clause}', {self.facts}"
        return f"SELECT r.number, {values} WHERE {self.condition}"


BatchCheck = Callable[[CheckContext], Query | RowRule | None]
_checks: list[BatchCheck] = []
_former_names: list[str] = []
LEAST_MARKS = 10
"""So many people with the same mark are unusual; a small class may well have one."""


def register_check(check: BatchCheck) -> BatchCheck:
    """Run ``check`` with every batch from now on; one that returns None has nothing to ask of this batch."""
    _checks.append(check)
    return check


def register_former_names(sql: str) -> None:
    """Let names count as a person's own that stand on earlier documents: a SELECT of person id and name."""
    _former_names.append(sql)


def run_checks(
    cursor: CursorWrapper, context: CheckContext, note: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Write the problems that the checks find, inside the caller's transaction; ``note`` is told how many are done."""
    asked = [check(context) for check in _checks]
    queries = [_any_of([rule for rule in asked if isinstance(rule, RowRule)])]
    queries += [query for query in asked if isinstance(query, Query)]
    for done, query in enumerate(queries):
        note(done, len(queries))
        # The planner knows nothing yet of rows that came a moment ago, and takes them for few.
        cursor.execute(f"SET LOCAL enable_nestloop = {'off' if query.within else 'on'}")
        cursor.execute(_INSERT.replace("<query>", query.sql), {"batch": context.batch.pk, **query.params})


def _any_of(rules: Sequence[RowRule]) -> Query:
    """Return one query for all rules: hardly any row meets one of them, so each row is read once and mostly left."""
    found = " UNION ALL ".join(rule.found() for rule in rules)
    conditions = " OR ".join(f"({rule.condition})" for rule in rules)
    params = {name: value for rule in rules for name, value in rule.params.items()}
    return Query(
        f"""
        SELECT found.* FROM education_batchrow r CROSS JOIN LATERAL ({found}) found
        WHERE r.batch_id = %(batch)s AND ({conditions})""",
        params,
    )


_INSERT = """
INSERT INTO education_rowproblem (batch_id, "row", "column", code, severity, clause, facts)
SELECT %(batch)s, found."row", found."column", found.code, found.severity, found.clause, found.facts
FROM (<query>) AS found ("row", "column", code, severity, clause, facts)
"""


@register_check
def ends_before_start(context: CheckContext) -> RowRule:
    return RowRule("r.ended_on < r.started_on", "ends_before_start", ENDED)


@register_check
def ends_in_the_future(context: CheckContext) -> RowRule:
    return RowRule("r.ended_on > %(today)s", "in_the_future", ENDED, params={"today": context.today})


@register_check
def institution_was_qualified(context: CheckContext) -> RowRule:
    """Spans may adjoin: what counts is that together they hold every day of the course."""
    return RowRule(
        """r.started_on <= r.ended_on AND NOT COALESCE((
            SELECT range_agg(daterange(q.valid_from, q.valid_until, '[]'))
            FROM institutions_qualification q WHERE q.institution_id = %(institution)s
        ) @> daterange(r.started_on, r.ended_on, '[]'), false)""",
        "institution_not_qualified",
        STARTED,
        params={"institution": context.batch.institution_id},
    )


@register_check
def hours_are_positive(context: CheckContext) -> RowRule:
    return RowRule("r.hours = 0", "hours_zero", HOURS)


@register_check
def professional_within_total(context: CheckContext) -> RowRule:
    return RowRule("r.professional_hours > r.hours", "professional_over_total", PROFESSIONAL)


@register_check
def course_is_partial(context: CheckContext) -> RowRule:
    rules = context.policy.education
    return RowRule(
        "r.hours > 0 AND r.professional_hours <= r.hours"
        " AND (r.hours < %(annual)s OR r.professional_hours < %(annual_professional)s)",
        "partial_course",
        HOURS,
        severity="warning",
        facts="jsonb_build_object('hours', trim_scale(%(annual)s / 10.0),"
        " 'professional_hours', trim_scale(%(annual_professional)s / 10.0))",
        params={
            "annual": int(rules.annual_hours * 10),
            "annual_professional": int(rules.annual_professional_hours * 10),
        },
    )


_DAYS = "(r.ended_on - r.started_on + 1)"


@register_check
def more_hours_than_a_day_has(context: CheckContext) -> RowRule:
    return RowRule(
        f"r.ended_on >= r.started_on AND r.hours > %(possible)s * {_DAYS}",
        "impossible_hours",
        HOURS,
        facts=_hours_a_day("%(possible)s"),
        params={"possible": int(context.policy.review.impossible_daily_hours * 10)},
    )


@register_check
def many_hours_a_day(context: CheckContext) -> RowRule:
    review = context.policy.review
    return RowRule(
        f"r.ended_on >= r.started_on AND r.hours > %(usual)s * {_DAYS} AND r.hours <= %(possible)s * {_DAYS}",
        "unusual_hours",
        HOURS,
        severity="warning",
        facts=_hours_a_day("%(usual)s"),
        params={
            "usual": int(review.unusual_daily_hours * 10),
            "possible": int(review.impossible_daily_hours * 10),
        },
    )


def _hours_a_day(limit: str) -> str:
    return f"""jsonb_build_object('hours', trim_scale(r.hours / 10.0), 'days', {_DAYS},
        'limit', trim_scale({limit} / 10.0))"""


@register_check
def post_is_known(context: CheckContext) -> RowRule:
    posts = (*context.policy.exchange.posts, *context.policy.batches.safety_officer_posts)
    return RowRule(
        "r.post_code <> '' AND NOT r.post_code = ANY(%(posts)s)",
        "post_unknown",
        POST,
        clause="1.1",
        facts="jsonb_build_object('post_code', r.post_code)",
        params={"posts": sorted({post.code for post in posts})},
    )


@register_check
def make_up_is_allowed(context: CheckContext) -> RowRule:
    """By calendar years the period before is the year before; by anniversaries it may also be labelled one earlier."""
    rules = context.policy.education
    if not rules.make_up_allowed:
        return RowRule("r.makes_up_for IS NOT NULL", "make_up_not_allowed", MAKES_UP, clause="2.1")
    return RowRule(
        "extract(year FROM r.ended_on)::int - r.makes_up_for <> ALL(%(distances)s)",
        "make_up_year",
        MAKES_UP,
        clause="2.1",
        facts="jsonb_build_object('year', r.makes_up_for, 'expected', extract(year FROM r.ended_on)::int - 1)",
        params={"distances": [1] if rules.period_basis == "calendar" else [1, 2]},
    )


def _same_course(table: str) -> str:
    return " AND ".join(
        f"{table}.{name} = r.{name}" for name in ("post_code", "course", "started_on", "ended_on")
    )


_REPEATED = """
SELECT id_number_hash FROM education_batchrow WHERE batch_id = %(batch)s AND id_number_hash IS NOT NULL
GROUP BY id_number_hash HAVING count(*) > 1"""
"""The people who stand in a batch more than once, which most do not."""


@register_check
def twice_in_the_file(context: CheckContext) -> Query:
    """Both rows are named: nobody here can know which of them is meant."""
    key = "id_number_hash, post_code, course, started_on, ended_on"
    return Query(
        f"""
        SELECT r.number, '{ID_NUMBER}', 'duplicate_in_file', 'error', '2.2',
               jsonb_build_object('rows', to_jsonb(same.numbers))
        FROM education_batchrow r JOIN (
            SELECT {key}, (array_agg(number ORDER BY number))[1:10] AS numbers FROM education_batchrow
            WHERE batch_id = %(batch)s AND id_number_hash IN ({_REPEATED})
            GROUP BY {key} HAVING count(*) > 1) same USING ({key})
        WHERE r.batch_id = %(batch)s""",
        within=True,
    )


@register_check
def in_two_places_at_once(context: CheckContext) -> Query:
    """Two face-to-face courses of one person that overlap; the later row is named, beside the one that it meets.

    Windows instead of a join: a file of one person alone must not cost the square of its rows.
    """
    return Query(
        f"""
        SELECT met.number, '{STARTED}', 'two_courses_at_once', 'warning', '2.2',
               jsonb_build_object('row', met.earlier)
        FROM (
            SELECT number, started_on, lag(number) OVER person AS earlier,
                   max(ended_on) OVER (person ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
            FROM education_batchrow
            WHERE batch_id = %(batch)s AND mode = %(mode)s AND id_number_hash IS NOT NULL AND started_on IS NOT NULL
            WINDOW person AS (PARTITION BY id_number_hash ORDER BY started_on, number)) met
        WHERE met.busy_until >= met.started_on""",
        {"mode": Mode.FACE_TO_FACE.value},
    )


@register_check
def one_number_two_names(context: CheckContext) -> Query:
    return Query(
        f"""
        SELECT r.number, '{NAME}', 'names_differ_in_file', 'error', '2.2',
               jsonb_build_object('rows', to_jsonb(same.numbers))
        FROM education_batchrow r JOIN (
            SELECT id_number_hash, (array_agg(number ORDER BY number))[1:10] AS numbers FROM education_batchrow
            WHERE batch_id = %(batch)s AND id_number_hash IN ({_REPEATED}) AND name <> ''
            GROUP BY id_number_hash HAVING count(DISTINCT name) > 1) same USING (id_number_hash)
        WHERE r.batch_id = %(batch)s""",
        within=True,
    )


@register_check
def name_belongs_to_number(context: CheckContext) -> Query:
    """An error where the person has given the name; the registry alone may itself be wrong, so there a warning.

    A former name, under which a document of the person was issued, is a warning of its own.
    """
    former = " UNION ALL ".join(_former_names) or "SELECT NULL::uuid, NULL::text WHERE false"
    return Query(
        f"""
        SELECT r.number, '{NAME}', CASE WHEN f.known THEN 'former_name' ELSE 'name_not_of_id' END,
               CASE WHEN f.known OR p.profile_completed_at IS NULL THEN 'warning' ELSE 'error' END, '2.2', '{{}}'::jsonb
        FROM education_batchrow r JOIN accounts_person p ON p.id_number_hash = r.id_number_hash
        CROSS JOIN LATERAL (SELECT EXISTS (
            SELECT FROM ({former}) n (person_id, name)
            WHERE n.person_id = p.id AND {_same_name("n.name", "r.name")}) AS known) f
        WHERE r.batch_id = %(batch)s AND r.name <> '' AND p.name <> r.name AND NOT {_same_name("p.name", "r.name")}"""
    )


def _same_name(one: str, other: str) -> str:
    return f"lower(normalize({one}, NFKC)) = lower(normalize({other}, NFKC))"


@register_check
def in_another_course_at_once(context: CheckContext) -> Query:
    """Face-to-face courses of one person on the same days, beside those in this file: credited, or waiting for review."""
    return Query(
        f"""
        SELECT DISTINCT ON (r.number) r.number, '{STARTED}',
               CASE WHEN i.area_code = own.area_code THEN 'another_course_at_once' ELSE 'two_cities_at_once' END,
               'warning', '2.2',
               jsonb_build_object('institution', i.name, 'first', met.started_on, 'last', met.ended_on)
        FROM education_batchrow r
        JOIN institutions_institution own ON own.id = %(institution)s
        CROSS JOIN LATERAL (
            SELECT c.institution_id, c.started_on, c.ended_on, c.course, c.post_code
            FROM accounts_person p JOIN education_cerecord c ON c.person_id = p.id
            WHERE p.id_number_hash = r.id_number_hash AND c.in_force AND c.mode = %(mode)s
            UNION ALL
            SELECT b.institution_id, o.started_on, o.ended_on, o.course, o.post_code
            FROM education_batchrow o JOIN education_batch b ON b.id = o.batch_id
            WHERE o.id_number_hash = r.id_number_hash AND b.state = 'submitted' AND b.id <> %(batch)s
              AND o.mode = %(mode)s AND NOT o.dropped AND o.refusal = '') met
        JOIN institutions_institution i ON i.id = met.institution_id
        WHERE r.batch_id = %(batch)s AND r.mode = %(mode)s AND r.started_on <= met.ended_on
          AND met.started_on <= r.ended_on AND NOT ({_same_course("met")})
        ORDER BY r.number, i.area_code = own.area_code""",
        {"mode": Mode.FACE_TO_FACE.value, "institution": context.batch.institution_id},
    )


@register_check
def one_score_for_all(context: CheckContext) -> Query:
    """Nobody is named: each single mark may well be right."""
    return Query(
        """
        SELECT NULL::integer, '', 'one_score_for_all', 'warning', '2.2',
               jsonb_build_object('rows', count(score), 'score', trim_scale(min(score) / 10.0))
        FROM education_batchrow WHERE batch_id = %(batch)s
        HAVING count(score) >= %(least)s AND min(score) = max(score)""",
        {"least": LEAST_MARKS},
    )


@register_check
def already_credited(context: CheckContext) -> Query:
    return Query(
        f"""
        SELECT r.number, '{ID_NUMBER}', 'already_credited', 'error', '2.2', jsonb_build_object(
            'institution', i.name, 'on', (c.approved_at AT TIME ZONE 'Asia/Shanghai')::date)
        {CREDITED_ROWS}"""
    )


@register_check
def already_submitted(context: CheckContext) -> Query:
    return Query(
        f"""
        SELECT DISTINCT ON (r.number) r.number, '{ID_NUMBER}', 'already_submitted', 'error', '2.2',
               jsonb_build_object('institution', i.name)
        {SUBMITTED_ROWS}
        ORDER BY r.number"""
    )


@register_check
def in_another_open_batch(context: CheckContext) -> Query:
    """Only batches of the same institution: what others prepare is theirs."""
    return Query(
        f"""
        SELECT DISTINCT ON (r.number) r.number, '{ID_NUMBER}', 'in_another_batch', 'warning', '2.2',
               jsonb_build_object('filename', b.filename, 'row', o.number)
        FROM education_batchrow r
        JOIN education_batchrow o ON o.id_number_hash = r.id_number_hash AND {_same_course("o")}
        JOIN education_batch b ON b.id = o.batch_id
        WHERE r.batch_id = %(batch)s AND b.id <> %(batch)s AND b.state = 'checked'
          AND b.institution_id = %(institution)s AND b.id IS DISTINCT FROM %(corrects)s
          AND NOT EXISTS (SELECT FROM education_batch newer WHERE newer.corrects_id = b.id)
        ORDER BY r.number, b.uploaded_at""",
        {"institution": context.batch.institution_id, "corrects": context.batch.corrects_id},
    )


CREDITED_ROWS = f"""
FROM education_batchrow r
JOIN accounts_person p ON p.id_number_hash = r.id_number_hash
JOIN education_cerecord c ON c.person_id = p.id AND c.in_force AND {_same_course("c")}
JOIN institutions_institution i ON i.id = c.institution_id
WHERE r.batch_id = %(batch)s AND NOT r.dropped AND r.refusal = ''"""
"""Rows of a batch whose course is credited already."""

SUBMITTED_ROWS = f"""
FROM education_batchrow r
JOIN education_batchrow o ON o.id_number_hash = r.id_number_hash AND {_same_course("o")}
JOIN education_batch b ON b.id = o.batch_id
JOIN institutions_institution i ON i.id = b.institution_id
WHERE r.batch_id = %(batch)s AND NOT r.dropped AND NOT o.dropped AND o.refusal = ''
  AND b.id <> %(batch)s AND b.state = 'submitted'"""
"""Rows of a batch whose course stands in another batch that waits for its review."""
