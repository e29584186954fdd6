"""The standing of everybody, against bare scans of the same run: ``python -m tests.benchmarks.bench_standing``.

Each person holds one certificate under continuing education (every twentieth a safety officer's) and three records.
The limit is a serial scan that adds up hours and professional hours of the records' table, and nothing else. "From the
records" and "from the sums" work every standing out and write none; what is written stands beside a bare UPDATE.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.benchmarks.database import own_database

ROUNDS = 3
CREDITED = 50_000
AS_OF, LATER, TURN = date(2023, 6, 15), date(2023, 6, 18), date(2024, 1, 1)
PHOTO = "00000000-0000-0000-0000-000000000001"
POSTS = "(ARRAY['101', '102', '103', '106', '114'])[1 + i % 5]"

# Rows refer to institutions and batches that nobody reads here, so that references are not checked while loading.
LOAD = (
    "SET session_replication_role = replica; SET synchronous_commit = off; SELECT setseed(0.5)",
    """
    INSERT INTO accounts_person (id, name, id_number, id_number_hash, created_at)
    SELECT gen_random_uuid(), '样例', 'x', sha256(i::text::bytea), '2020-07-02' FROM generate_series(1, {people}) i
    """,
    "CREATE TABLE bench_person AS SELECT id, row_number() OVER () AS i FROM accounts_person",
    "CREATE UNIQUE INDEX ON bench_person (i)",
    """
    INSERT INTO accounts_photo (id, person_id, file, width, height, sha256, uploaded_at)
    SELECT '{photo}', id, 'x', 300, 420, '', '2020-07-02' FROM bench_person WHERE i = 1
    """,
    """
    INSERT INTO certificates_legacycertificate (id, person_id, holder_name, number, number_key, kind, post_code, issuer,
        issuer_name, issued_on, employer_name, employer_code, area_code, in_national_system, status, status_changed_at,
        imported_at)
    SELECT gen_random_uuid(), id, '样例', 'P' || i, 'P' || i, CASE WHEN i % 20 = 0 THEN 'safety_officer' ELSE
        'post_training' END, {posts}, 'other', 'x', date '2018-01-01' + (random() * 1000)::int, '', '', '460100', true,
        CASE WHEN i % 20 = 0 THEN 'active' ELSE 'exchanged' END, '2020-11-01', '2020-07-02'
    FROM bench_person
    """,
    """
    INSERT INTO certificates_electroniccertificate (id, number, version, person_id, replaces_id, holder_name, post_code,
        photo_id, issued_at, state, void_reason)
    SELECT gen_random_uuid(), 'E' || number, 1, person_id, id, holder_name, post_code, '{photo}',
        timestamptz '2020-08-01 10:00+08' + random() * interval '150 days', 'valid', ''
    FROM certificates_legacycertificate WHERE status = 'exchanged'
    """,
    # Neighbours in the table are of different people, as batches bring them; one record in fifty makes a year up.
    """
    INSERT INTO education_cerecord (person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
        ended_on, hours, professional_hours, passed, makes_up_for, approved_at)
    SELECT p.id, {posts}, 1, '{photo}', n, '施工现场安全与质量' || n, 'online', d, d + 5, h, h * 7 / 10, true,
        CASE WHEN random() < 0.02 THEN date_part('year', d)::int - 1 END, d + 20
    FROM (SELECT n, 1 + (n * 7919::bigint) % {people} AS i, date '2021-01-05' + (random() * 880)::int AS d,
                 160 + (random() * 40)::int * 5 AS h FROM generate_series(1, 3 * {people}) n) drawn
    JOIN bench_person p USING (i)
    """,
    "CREATE TABLE bench_integers AS SELECT id::int, hours, professional_hours FROM education_cerecord",
    "RESET session_replication_role; RESET synchronous_commit",
    "VACUUM ANALYZE",
)
RECORDS = """
INSERT INTO education_cerecord (person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on,
    ended_on, hours, professional_hours, passed, makes_up_for, approved_at)
SELECT id, {posts}, {institution}, '{batch}', i, 'credited', 'online', '2023-06-01', '2023-06-10', 160, 110, true, NULL, '2023-06-15'
FROM bench_person WHERE i <= {credited}
"""


@dataclass(frozen=True)
class Line:
    """One line of the result: seconds, and the ratio to the limit; ``rows`` were written."""

    name: str
    seconds: float
    ratio: float | None = None
    target: str = ""
    rows: int | None = None


def execute(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(
    limit: Callable[[], object], works: dict[str, Callable[[], object]], targets: dict[str, str]
) -> list[Line]:
    """Measure by rounds in which the limit and the works take turns, so that all meet the same machine; medians."""
    rounds = [[timed(limit), *map(timed, works.values())] for _ in range(ROUNDS)]
    columns = list(zip(*rounds, strict=True))
    return [
        Line(name, statistics.median(column), _ratio(column, columns[0]), targets.get(name, ""))
        for name, column in zip(["bare serial scan of the records", *works], columns, strict=True)
    ]


def _ratio(column: tuple[float, ...], limit: tuple[float, ...]) -> float:
    return statistics.median(seconds / bare for seconds, bare in zip(column, limit, strict=True))


def scan(table: str) -> None:
    execute(
        f"SET max_parallel_workers_per_gather = 0; SELECT sum(hours), sum(professional_hours) FROM {table}"
    )
    execute("RESET max_parallel_workers_per_gather")


def group_by() -> None:
    execute(
        "SELECT count(*) FROM (SELECT person_id, post_code, sum(hours) FROM education_cerecord GROUP BY 1, 2) x"
    )


def compute(statement: Callable, pack: str, as_of: date, kinds=("electronic", "safety_officer")) -> None:
    """Work every standing out and look at each column, writing nothing."""
    from django.db import transaction

    from certificates.services import standing
    from portal.policy import load_pack

    settling = standing._Settling(as_of, None, load_pack(pack).on(as_of), None)
    looked_at = f"count(*) FILTER (WHERE num_nulls({', '.join(standing.COLUMNS)}) = 0)"
    with transaction.atomic():
        for kind in kinds:
            standing._tune(kind)
            execute(f"SELECT {looked_at} FROM ({statement(settling.question(kind))}) x")


def settle(as_of: date, **options: object) -> Callable[[], int]:
    from certificates.services.standing import standings_settle
    from portal.events.services import Actor

    return lambda: standings_settle(as_of=as_of, by=Actor.job("bench"), **options)


def once(name: str, work: Callable[[], int]) -> Line:
    started = time.perf_counter()
    rows = work()
    return Line(name, time.perf_counter() - started, rows=rows)


def credit(people: int, *, settled: bool) -> float:
    """Credit a batch of rows in a transaction that is undone; return its seconds."""
    from django.db import transaction

    from education.models import CERecord
    from tests.factories import approved_batch

    with transaction.atomic():
        batch = approved_batch()
        rows = RECORDS.format(
            posts=POSTS, institution=batch.institution_id, batch=batch.pk, credited=min(people, CREDITED)
        )
        started = time.perf_counter()
        execute(rows)
        if settled:
            settle(LATER, people=CERecord.objects.filter(batch=batch).values("person_id"))()
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    execute("VACUUM education_cerecord, certificates_certificatestanding")
    return seconds


def due(day: date) -> int:
    """Return how many standings the calendar changes by a day."""
    from certificates.models import CertificateStanding

    return CertificateStanding.objects.filter(changes_on__lte=day).count()


def undone(work: Callable[[], object]) -> float:
    """Do some work on the standings in a transaction that is undone; return its seconds."""
    from django.db import transaction

    with transaction.atomic():
        seconds = timed(work)
        transaction.set_rollback(True)
    execute("VACUUM education_cerecord, certificates_certificatestanding")
    return seconds


def beside(name: str, bare: Callable[[], float], more: str, whole: Callable[[], float]) -> list[Line]:
    """Let a bare statement and what holds more take turns; return the medians, and that of the rounds' ratios."""
    columns = list(zip(*((bare(), whole()) for _ in range(ROUNDS)), strict=True))
    ratio = f"{_ratio(columns[1], columns[0]):.2f} × the line above"
    return [
        Line(name, statistics.median(columns[0])),
        Line(more, statistics.median(columns[1]), target=ratio),
    ]


def from_records(pack: str) -> Callable[[], None]:
    from certificates.ledger import standings

    return lambda: compute(standings, pack, AS_OF)


def measure(people: int) -> Iterator[Line]:
    from certificates.ledger import standings_from_sums

    def limit() -> None:
        scan("education_cerecord")

    yield from in_turn(
        limit,
        {
            "bare serial scan of the integers alone": lambda: scan("bench_integers"),
            "bare GROUP BY person and post": group_by,
            "all from the records, hainan-2020": from_records("hainan-2020"),
            "all from the records, hubei-2021": from_records("hubei-2021"),
        },
        {"all from the records, hainan-2020": "≤ 8"},
    )
    yield once("first settlement, everything written", settle(AS_OF))
    execute("VACUUM ANALYZE certificates_certificatestanding")
    night, turn = (
        "an ordinary night, from the sums",
        f"{due(TURN):,} due at the turn of a year, from the sums",
    )
    yield from in_turn(
        limit,
        {
            "everybody again from the records": settle(LATER),
            night: settle(LATER, recount=False),
            turn: lambda: compute(standings_from_sums, "hainan-2020", TURN),
        },
        {night: "≤ 1.5", turn: "≤ 1.5"},
    )
    yield from beside(
        f"{min(people, CREDITED)} rows credited, bare INSERT … SELECT",
        lambda: credit(people, settled=False),
        "the same, and the standings of those people",
        lambda: credit(people, settled=True),
    )
    rewrite = f"""
        UPDATE certificates_certificatestanding SET changes_on = changes_on + 1, settled_on = '{TURN}'
        WHERE changes_on <= '{TURN}'"""
    yield from beside(
        "those due at the turn, bare UPDATE",
        lambda: undone(lambda: execute(rewrite)),
        "the turn of a year, worked out and written",
        lambda: undone(settle(TURN, recount=False)),
    )


def shown(line: Line) -> str:
    rows = "" if line.rows is None else f"{line.rows:,} rows written"
    ratio = f"{line.ratio:7.2f} ×" if line.ratio else " " * 9
    return f"{line.name:48} {line.seconds:8.3f} s {ratio}  {line.target:6} {rows}".rstrip()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=1_000_000)
    people = options.parse_args().people
    with own_database():
        for statement in LOAD:
            execute(statement.format(people=people, posts=POSTS, photo=PHOTO))
        print(f"{people:,} certificates, {3 * people:,} records", flush=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for line in measure(people):
            print(shown(line), flush=True)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"memory of the Python process grew by {grown // 1024} MiB")


if __name__ == "__main__":
    main()
