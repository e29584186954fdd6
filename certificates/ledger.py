"""The rules of continuing education once more, as SQL over everybody at once.

What `education.rules.ce_standing` says of one certificate, `standings` says of all of them in one statement, which it
writes for the values in force: hours are tenths, a period is its place in an array. A test draws thousands of people and
compares the two field by field; whoever changes a rule changes both.

- `_by_year` adds up each person's records of a post by calendar year, in the order of a covering index, before it
  looks at any certificate: twice as fast for everybody, where a period is a year and no post lends hours to another.
- `_by_period` looks up the records of each certificate's holder, under any pack.
- `_stored` starts from the sums of the last settlement, where no record has come since.
"""

# ruff: noqa: S608 - statements are put together from policy values and column names, never from input

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from education.rules import Periods
from portal.policy import SHANGHAI, EducationParameters, Policy

Kind = Literal["electronic", "safety_officer"]

REFERENCES: dict[Kind, str] = {"electronic": "electronic_id", "safety_officer": "legacy_id"}
"""The column of a stored standing that names the certificate."""
COLUMNS = (
    "first_start",
    "hours",
    "professional_hours",
    "timely_hours",
    "engaged",
    "status",
    "lapsed_on",
    "needed_hours",
    "needed_professional_hours",
    "needed_by",
    "lapses_on",
    "changes_on",
    "recount_on",
)
"""What `standings` returns after `id`: the fields of the stored row, where they are described."""
_SUMS = ("hours", "professional_hours", "timely_hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose standing is asked for, on which day and under which policy."""

    kind: Kind
    policy: Policy
    as_of: date
    earliest_issue: date
    """No certificate of this kind was issued before it; the more years lie behind it, the wider the sums."""
    people: str | None = None
    """A subquery of person ids; None for everybody."""

    @property
    def rules(self) -> EducationParameters:
        return self.policy.education

    @property
    def by_calendar(self) -> bool:
        return self.rules.period_basis == "calendar"

    @property
    def most_periods(self) -> int:
        """How many periods the oldest certificate can have begun, at least one."""
        rows = (Periods.of(self.earliest_issue, way, self.rules) for way in ("exchange", "training"))
        return max(1, *(row.index_of(self.as_of) + 1 for row in rows))


def standings(question: Question) -> str:
    """Return the statement that works out every certificate's standing from the records."""
    by_year = question.by_calendar and not question.rules.shared_basics
    source = _by_year if by_year and question.kind == "electronic" and question.people is None else _by_period
    return _assembled(question, source(question))


def differing(question: Question) -> str:
    """Return the standings that the records give and that are not stored so, with `stored_id` and `old_status`.

    Stored sums may end early: a lapsed certificate is not written again for each period that begins.
    """

    def differs(column: str) -> str:
        if column not in _SUMS:
            return f"s.{column} IS DISTINCT FROM t.{column}"
        begun = f"array_fill(0, ARRAY[GREATEST(0, cardinality(t.{column}) - cardinality(s.{column}))])"
        return f"s.{column} <> t.{column} AND s.{column} || {begun} <> t.{column}"

    return f"""
SELECT t.*, s.id AS stored_id, s.status AS old_status
FROM ({standings(question)}) t LEFT JOIN certificates_certificatestanding s ON s.{REFERENCES[question.kind]} = t.id
WHERE s.id IS NULL OR s.pack <> '{question.policy.pack}' OR s.settled_on > {_day(question.as_of)}
   OR {" OR ".join(map(differs, COLUMNS))}"""


def standings_from_sums(question: Question) -> str:
    """Return the standings that the calendar has changed, from their stored sums, with `stored_id` and `old_status`.

    Each of them differs from the stored one: at least the day does on which it changes next.
    """
    return _assembled(question, _stored(question), also=", stored_id, old_status")


def unsettled(question: Question) -> str:
    """Return a query of the people of whom a certificate, or a record that has ended meanwhile, is not settled yet."""
    reference, as_of = REFERENCES[question.kind], _day(question.as_of)
    # The registry may correct a safety officer's entry. What an electronic certificate says never changes, so that one
    # without a standing is sought only where there are fewer standings than certificates.
    missing = f"s.{reference} IS NULL"
    if question.kind == "safety_officer":
        missing += " OR s.first_start <> c.first_start"
    else:
        missing += """ AND (SELECT count(*) FROM certificates_electroniccertificate)
            > (SELECT count(electronic_id) FROM certificates_certificatestanding WHERE electronic_id IS NOT NULL)"""
    return f"""
        SELECT c.person_id FROM ({certificates(question)}) c
        LEFT JOIN certificates_certificatestanding s ON s.{reference} = c.id
        WHERE {missing}
        UNION
        SELECT c.person_id FROM ({certificates(question)}) c
        JOIN certificates_certificatestanding s ON s.{reference} = c.id
        WHERE s.changes_on <= {as_of} AND s.recount_on <= {as_of}"""


def issued_on(kind: Kind) -> str:
    """Return the day of issue in Asia/Shanghai, as SQL."""
    return "c.issued_on" if kind == "safety_officer" else "(c.issued_at AT TIME ZONE 'Asia/Shanghai')::date"


def first_start(question: Question) -> str:
    """Return the first day of the first period, as SQL: `Periods.of`."""
    starts = {
        "year_after_issue": "make_date(date_part('year', {day})::int + 1, 1, 1)",
        "one_year_after_issue": "({day} + interval '1 year')::date",
        "day_after_issue": "{day} + 1",
    }
    day, rules = issued_on(question.kind), question.rules
    training = starts[rules.first_period_after_training].format(day=day)
    exchange = starts[rules.first_period_after_exchange].format(day=day)
    if question.kind == "safety_officer" or training == exchange:
        return training
    return f"CASE WHEN c.replaces_id IS NULL THEN {training} ELSE {exchange} END"


def certificates(question: Question) -> str:
    """Return the certificates under continuing education: `id, person_id, post_code, first_start, engaged`."""
    among = f"c.person_id IN ({question.people})" if question.people else "true"
    if question.kind == "safety_officer":
        table, engaged = "certificates_legacycertificate c", "true"
        among += " AND c.kind = 'safety_officer' AND c.status = 'active'"
    else:
        table, engaged = "certificates_electroniccertificate c", ENGAGED
    return f"""
        SELECT c.id, c.person_id, c.post_code, {first_start(question)} AS first_start, {engaged} AS engaged
        FROM {table} WHERE {among}"""


_APART = "OFFSET '0'"
"""Keeps a subquery from being merged into the one around it, which would work its columns out again and again.

As a text, for OFFSET 0 is a number still to be converted when the planner decides whether several processes may share.
"""

_NEVER = f"date '{date.max}'"
"""When the calendar changes a standing that a failed window has ended: only records can."""

ENGAGED = "c.void_reason <> 'not_engaged'"
"""Whether the holder of an electronic certificate works in its post, as far as anyone has found out (2.1)."""


def tenths(hours: Decimal) -> int:
    return int(hours * 10)


def _day(day: date) -> str:
    return f"date '{day.isoformat()}'"


def _start(question: Question, index: str, first_year: str = "date_part('year', first_start)::int") -> str:
    """Return the first day of the period with this index: `Periods.start`."""
    if question.by_calendar:
        return f"make_date({first_year} + {index}, 1, 1)"
    return f"(first_start + make_interval(years => {index}))::date"


def _next_start(question: Question) -> str:
    """Return the first day of the period after the current one, or of the first."""
    if question.by_calendar:
        return f"CASE WHEN current < 0 THEN first_start ELSE {_day(date(question.as_of.year + 1, 1, 1))} END"
    return _start(question, "GREATEST(current + 1, 0)")


def _current(question: Question) -> str:
    """Return the index of the period that holds the day: `Periods.index_of`."""
    if question.by_calendar:  # from one 1 January to another: leap days make no whole year
        return f"({_day(date(question.as_of.year, 1, 1))} - first_start) / 365"
    years = f"{question.as_of.year} - date_part('year', first_start)::int"
    return f"{years} - ({_start(question, years)} > {_day(question.as_of)})::int"


def _array(parts: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(parts)}]"


def _by_year(question: Question) -> str:
    years = _years(question)

    def since_first_period(column: str) -> str:
        whole = f"COALESCE(s.{column}, '{{{','.join('0' for _ in years)}}}')"
        return (
            f"CASE WHEN first_year = {years[0]} THEN {whole} ELSE ({whole})[first_year - {years[0] - 1}:] END"
        )

    return f"""
        SELECT c.id, make_date(first_year, 1, 1) AS first_start, engaged, {question.as_of.year} - first_year AS current,
               {since_first_period("hours")} AS hours,
               {since_first_period("professional_hours")} AS professional_hours,
               {since_first_period("timely_hours")} AS timely_hours,
               s.recount_on
        FROM (SELECT c.id, c.person_id, c.post_code, {ENGAGED} AS engaged, {_first_year(years)} AS first_year
              FROM certificates_electroniccertificate c ORDER BY person_id, post_code OFFSET 0) c
        LEFT JOIN ({_sums_by_year(question, years)}) s
          ON s.person_id = c.person_id AND s.post_code = c.post_code"""


def _first_year(years: Sequence[int]) -> str:
    """Return the year after the issue, as SQL; for most certificates without a look into the calendar."""
    begins = ((year, datetime(year, 1, 1, tzinfo=SHANGHAI).isoformat()) for year in years)
    known = " ".join(f"WHEN c.issued_at < '{moment}' THEN {year}" for year, moment in begins)
    return f"CASE {known} ELSE date_part('year', {issued_on('electronic')})::int + 1 END"


def _years(question: Question) -> list[int]:
    """Return every year in which a period can have begun; the coming one where none has."""
    year = question.as_of.year
    return [*range(year - question.most_periods + 1, year + 1)]


def _sums_by_year(question: Question, years: Sequence[int]) -> str:
    rules, as_of = question.rules, _day(question.as_of)
    home = " ".join(f"WHEN ended_on < {_day(date(year + 1, 1, 1))} THEN {year}" for year in years)
    made_up = (
        "WHEN makes_up_for = date_part('year', ended_on)::int - 1 THEN makes_up_for"
        if rules.make_up_allowed
        else ""
    )

    def total(column: str, year: int, also: str = "") -> str:
        return f"COALESCE(sum({column}) FILTER (WHERE {also}counts_for = {year}), 0)::int"

    def timely(year: int) -> str:
        late = total("hours", year, "late AND ")  # asked first: hardly any record is
        return f"{total('hours', year)} - {late}" if made_up else total("hours", year)

    return f"""
        SELECT person_id, post_code,
               {_array([total("hours", year) for year in years])} AS hours,
               {_array([total("professional_hours", year) for year in years])} AS professional_hours,
               {_array([timely(year) for year in years])} AS timely_hours,
               min(ended_on) FILTER (WHERE ended_on > {as_of}) AS recount_on
        FROM (SELECT person_id, post_code, ended_on, hours, professional_hours,
                     CASE WHEN ended_on > {as_of} OR ended_on < {_day(date(years[0], 1, 1))} THEN NULL
                          WHEN makes_up_for IS NULL THEN CASE {home} END
                          {made_up} END AS counts_for,
                     makes_up_for IS NOT NULL AND ended_on >= make_date(makes_up_for + 1, 1, 1) + {rules.grace_days} AS late
              FROM education_cerecord ORDER BY person_id, post_code OFFSET 0) r
        GROUP BY person_id, post_code"""


def _by_period(question: Question) -> str:
    # Each certificate looks its own records up, in the order of their index: no plan multiplies one by the other.
    def kept(column: str) -> str:
        # A certificate has the periods up to the current one: none before the first.
        return f"sums.{column}[1:current + 1] AS {column}"

    starts = _array([_start(question, str(k)) for k in range(question.most_periods)])
    sums = _sums_of_person(question) if question.rules.shared_basics else _sums_of_post(question)
    return f"""
        SELECT c.id, first_start, engaged, current, {kept("hours")}, {kept("professional_hours")}, {kept("timely_hours")},
               recount_on
        FROM (SELECT *, {_current(question)} AS current, {starts} AS starts
              FROM ({certificates(question)} ORDER BY person_id, post_code OFFSET 0) c OFFSET 0) c
        CROSS JOIN LATERAL ({sums}) sums"""


def _sums_of_post(question: Question) -> str:
    """Return the sums of a certificate's periods, where only records of its own post count."""

    def total(column: str, k: int, also: str = "") -> str:
        return f"COALESCE(sum({column}) FILTER (WHERE counts_for = {k}{also}), 0)::int"

    periods = range(question.most_periods)
    return f"""
        SELECT {_array([total("hours", k) for k in periods])} AS hours,
               {_array([total("professional_hours", k) for k in periods])} AS professional_hours,
               {_array([total("hours", k, " AND timely") for k in periods])} AS timely_hours,
               {_recount_on(question)} AS recount_on
        FROM ({_counted_records(question)}) r"""


def _sums_of_person(question: Question) -> str:
    """Return the sums of a certificate's periods, where the basics of another post may serve: the largest sum does."""

    def by_post(k: int) -> str:
        basics, counted = "hours - professional_hours", f"counts_for = {k}"
        return f"""
               sum(professional_hours) FILTER (WHERE own AND {counted}) AS professional_{k},
               sum({basics}) FILTER (WHERE {counted}) AS basics_{k},
               sum(professional_hours) FILTER (WHERE own AND timely AND {counted}) AS timely_professional_{k},
               sum({basics}) FILTER (WHERE timely AND {counted}) AS timely_basics_{k},"""

    def total(*columns: str) -> str:
        return f"({' + '.join(f'COALESCE(max({column}), 0)' for column in columns)})::int"

    periods = range(question.most_periods)
    return f"""
        SELECT {_array([total(f"professional_{k}", f"basics_{k}") for k in periods])} AS hours,
               {_array([total(f"professional_{k}") for k in periods])} AS professional_hours,
               {_array([total(f"timely_professional_{k}", f"timely_basics_{k}") for k in periods])} AS timely_hours,
               min(recount_on) AS recount_on
        FROM (SELECT {"".join(map(by_post, periods))} {_recount_on(question)} AS recount_on
              FROM ({_counted_records(question)}) r GROUP BY post_code) by_post"""


def _recount_on(question: Question) -> str:
    return f"min(ended_on) FILTER (WHERE ended_on > {_day(question.as_of)})"


def _counted_records(question: Question) -> str:
    """Return the records that may count for the certificate `c`, with the period they count for or null."""
    rules = question.rules
    same_post = "" if rules.shared_basics else "AND post_code = c.post_code"
    made_up = (
        "WHEN home > 0 AND makes_up_for = date_part('year', first_start)::int + home - 1 THEN home - 1"
        if rules.make_up_allowed
        else ""
    )
    # What makes up for a period ended in the next one, which began on starts[home + 1].
    return f"""
        SELECT *, CASE WHEN home < 0 THEN NULL WHEN makes_up_for IS NULL THEN home {made_up} END AS counts_for,
               makes_up_for IS NULL OR ended_on < starts[home + 1] + {rules.grace_days} AS timely
        FROM (SELECT post_code, post_code = c.post_code AS own, ended_on, hours, professional_hours, makes_up_for,
                     CASE WHEN ended_on > {_day(question.as_of)} THEN -1 ELSE width_bucket(ended_on, starts) - 1 END AS home
              FROM education_cerecord WHERE person_id = c.person_id {same_post} OFFSET 0) r OFFSET 0"""


def _stored(question: Question) -> str:
    reference, current = REFERENCES[question.kind], _current(question)
    return f"""
        SELECT {reference} AS id, first_start, engaged, current, hours || begun AS hours,
               professional_hours || begun AS professional_hours, timely_hours || begun AS timely_hours, recount_on,
               id AS stored_id, status AS old_status
        FROM (SELECT *, {current} AS current,
                     CASE {current} + 1 - cardinality(hours) WHEN 0 THEN '{{}}' WHEN 1 THEN '{{0}}'
                          ELSE array_fill(0, ARRAY[{current} + 1 - cardinality(hours)]) END AS begun
              FROM certificates_certificatestanding
              WHERE {reference} IS NOT NULL AND changes_on <= {_day(question.as_of)} {_APART}) s"""


def _assembled(question: Question, source: str, *, also: str = "") -> str:
    """Return the standings that the sums give: `standing_from_sums`; and columns of the source `also`."""
    rules, as_of = question.rules, _day(question.as_of)
    annual, professional = tenths(rules.annual_hours), tenths(rules.annual_professional_hours)
    two_years = tenths(rules.two_year_hours)
    electronic = question.kind == "electronic"
    saved_by_window = f"before + timely_now >= {two_years}" if electronic else "false"
    two_year_need = f"{two_years} - before - now" if electronic else "NULL"
    lapsed = f"(lapses_on <= {as_of} OR NOT engaged)"
    due = f"current >= 0 AND {lapsed} IS NOT TRUE"
    return f"""
SELECT id, first_start, hours, professional_hours, timely_hours, engaged,
       CASE WHEN {lapsed} THEN 'lapsed'
            WHEN current < 0 THEN 'not_due'
            WHEN current = 0 OR (before >= {annual} AND professional_before >= {professional})
                 OR {saved_by_window} THEN 'on_track'
            ELSE 'at_risk' END AS status,
       CASE WHEN lapses_on <= {as_of} THEN lapses_on END AS lapsed_on,
       CASE WHEN {due} THEN GREATEST(0, {annual} - now, {two_year_need}) END AS needed_hours,
       CASE WHEN {due} THEN GREATEST(0, {professional} - professional_now) END AS needed_professional_hours,
       CASE WHEN {due} THEN next_start - 1 END AS needed_by,
       lapses_on,
       CASE WHEN lapses_on <= {as_of} THEN COALESCE(recount_on, {_NEVER})
            ELSE LEAST(next_start, lapses_on, recount_on) END AS changes_on,
       recount_on{also}
FROM (SELECT *, hours[current + 1] AS now, professional_hours[current + 1] AS professional_now,
             timely_hours[current + 1] AS timely_now,
             hours[current] AS before, professional_hours[current] AS professional_before,
             {_next_start(question)} AS next_start,
             {_lapses_on(question)} AS lapses_on
      FROM ({source} {_APART}) sums {_APART}) told"""


def _lapses_on(question: Question) -> str:
    """Return the day after the first window that is short, by what is known now, is decided."""
    rules = question.rules
    branches = [
        f"WHEN hours[{second}] + timely_hours[{second + 1}] < {tenths(rules.two_year_hours)}"
        f" THEN {_start(question, str(second + 1), f'{question.as_of.year} - current')} + {rules.grace_days}"
        for second in range(1, question.most_periods)
    ]
    if question.kind == "safety_officer" or not branches:
        return "NULL::date"
    return f"CASE {' '.join(branches)} END"
