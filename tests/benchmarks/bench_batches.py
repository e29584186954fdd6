"""A batch of 50,000 rows, against the bare limits of the same run: ``python -m tests.benchmarks.bench_batches``.

The limit of a check is reading the workbook with calamine (by polars where it is installed, else by its own binding) plus
a bare `COPY` of the same rows into the final table; that of an approval, a bare `INSERT … SELECT` of the same rows.
Everybody in the file is in the registry with the certificate that the row names. A ratio is the median of the rounds'
ratios; that of the processor's time, database included, says what is left of it where other work takes turns.
"""

import argparse
import hashlib
import io
import os
import resource
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.database import own_database

POSTS = ("101", "102", "103", "106", "114")


def people(count):
    from tests.factories import id_number

    for i in range(count):
        number = id_number(i, date(1960 + i // 1000 % 45, 1 + i // 45_000 % 12, 15))
        yield number, f"琼样培{i:010d}", POSTS[i % 5]


def write_workbook(path, count):
    from openpyxl import Workbook

    from tests.education.sheets import HEADERS

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADERS)
    for i, (number, certificate, post) in enumerate(people(count)):
        course = f"施工现场安全与质量{i % 40}"
        days = ("2020-10-12", "2020-10-20")
        sheet.append(
            [
                "王小海",
                number,
                certificate,
                post,
                course,
                "网络",
                *days,
                32,
                22,
                60 + i % 40,
                "合格",
                None,
                None,
            ]
        )
    book.save(path)


def enrol(count):
    from certificates.models import LegacyCertificate
    from portal import crypto
    from portal.accounts.models import Person
    from tests.factories import LONG_AGO

    made = [
        (
            Person(
                id_number=n,
                id_number_hash=crypto.blind_index("id_number", n),
                name="王小海",
                created_at=LONG_AGO,
            ),
            c,
            p,
        )
        for n, c, p in people(count)
    ]
    Person.objects.bulk_create([person for person, *_ in made], batch_size=5_000)
    LegacyCertificate.objects.bulk_create(
        [
            LegacyCertificate(
                person=person, holder_name=person.name, number=certificate, number_key=certificate, kind="post_training",
                post_code=post, issuer="hainan-assessment-office", issuer_name="x", issued_on=date(2016, 5, 4),
                in_national_system=True, imported_at=LONG_AGO,
            )
            for person, certificate, post in made
        ],
        batch_size=5_000,
    )  # fmt: skip


def read_bare(content):
    try:
        import polars as pl
    except ImportError:
        from python_calamine import CalamineWorkbook

        return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return pl.read_excel(io.BytesIO(content), engine="calamine")


class Cost(NamedTuple):
    """Seconds by the clock; and of the processor, by this process, its children and its connection to the database."""

    wall: float
    processor: float

    def __add__(self, other):
        return Cost(self.wall + other.wall, self.processor + other.processor)


def processor_seconds():
    from django.db import connection

    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + int(backend.split()[0]) / 1e9


def timed(work):
    processor, wall = processor_seconds(), time.perf_counter()
    result = work()
    return Cost(time.perf_counter() - wall, processor_seconds() - processor), result


def execute(sql, params=None):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def copied_text(batch):
    from django.db import connection

    out = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY (SELECT {COLUMNS} FROM education_batchrow WHERE batch_id = '{batch.pk}') TO STDOUT", out
        )
    return out.getvalue()


COLUMNS = (
    "batch_id, number, name, id_number, id_number_hash, certificate_number, certificate_key, post_code, course, mode,"
    " started_on, ended_on, hours, professional_hours, score, passed, makes_up_for, remark, dropped"
)
CREDITED = (
    "person_id, post_code, institution_id, batch_id, row_number, course, mode, started_on, ended_on, hours,"
    " professional_hours, passed, makes_up_for, approved_at"
)


def copy_bare(text, batch):
    """Copy the rows of a checked batch once more, with the same constraints and indexes, as another batch's."""
    from django.db import connection, transaction

    from education.models import Batch

    twin = Batch.objects.get(pk=batch.pk)
    twin.pk, twin.sha256, twin._state.adding = None, hashlib.sha256(os.urandom(8)).hexdigest(), True
    twin.idempotency_key = None
    twin.save(force_insert=True)
    lines = io.BytesIO(text.replace(str(batch.pk).encode(), str(twin.pk).encode()))

    def copy():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.copy_expert(f"COPY education_batchrow ({COLUMNS}) FROM STDIN", lines)

    cost, _ = timed(copy)
    twin.rows.all().delete()
    twin.delete()
    return cost


def check_in_a_fresh_process(batch):
    """Return the cost of a check, and the largest resident memory in MB of the worker and of its reading child."""
    read, write = os.pipe()
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        from education.services import batch_check
        from portal.events.services import Actor

        cost, _ = timed(lambda: batch_check(batch.pk, by=Actor.job("bench")))
        own, reading = (
            resource.getrusage(who).ru_maxrss / 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        os.write(write, f"{cost.wall} {cost.processor} {own} {reading}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    wall, processor, own, reading = map(float, os.read(read, 200).split())
    return Cost(wall, processor), own, reading


def approve(batch, judge):
    """Approve as two reviewers would: the batch is large."""
    from education.services import batch_approve
    from portal.events.services import Actor
    from tests.factories import reviewer

    batch_approve(batch=batch, by=Actor("web", reviewer()))
    return timed(lambda: batch_approve(batch=batch, by=Actor("web", judge)))[0]


def insert_bare(batch):
    from django.db import transaction

    def insert():
        with transaction.atomic():
            execute(
                f"""INSERT INTO education_cerecord ({CREDITED})
                SELECT p.id, r.post_code, b.institution_id, b.id, r.number + 1000000, r.course || '.', r.mode, r.started_on,
                    r.ended_on, r.hours, r.professional_hours, r.passed, r.makes_up_for, now()
                FROM education_batchrow r JOIN education_batch b ON b.id = r.batch_id
                JOIN accounts_person p ON p.id_number_hash = r.id_number_hash WHERE r.batch_id = %s""",
                [batch.pk],
            )

    cost, _ = timed(insert)
    execute("DELETE FROM education_cerecord WHERE row_number > 1000000")
    return cost


def one_round(content, number):
    from django.core.files.base import ContentFile

    from education.models import Batch
    from education.services import batch_submit, batch_upload
    from portal import clock
    from portal.events.services import Actor
    from tests.factories import clerk, institution, reviewer, shanghai

    clock.move_to(shanghai(2020, 11, 2, 9), running=True)
    school = institution()
    by = Actor("web", clerk(school))
    upload, batch = timed(
        lambda: batch_upload(institution=school, file=ContentFile(content), filename="x.xlsx", by=by)
    )
    check, own, reading = check_in_a_fresh_process(batch)
    batch = Batch.objects.get(pk=batch.pk)
    if batch.errors or batch.state != "checked":
        sys.exit(f"The batch is {batch.state} with {batch.errors} errors.")
    read, _ = timed(lambda: read_bare(content))
    copy = copy_bare(copied_text(batch), batch)
    batch = batch_submit(batch=batch, by=by)
    execute("ANALYZE")
    approval = approve(batch, reviewer())
    insert = insert_bare(batch)
    execute("DELETE FROM education_cerecord")
    execute("UPDATE education_batchrow SET id_number_hash = NULL")
    execute("VACUUM ANALYZE")
    costs = {
        "upload + check": upload + check,
        "calamine": read,
        "COPY": copy,
        "approval": approval,
        "INSERT": insert,
    }
    return costs, max(own, reading)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with own_database(), tempfile.TemporaryDirectory() as folder:
        from django.conf import settings

        from certificates.documents.issuer import create_demo_issuer
        from education import tasks

        settings.ISSUER_KEY = create_demo_issuer()[0]
        tasks.check_batch.apply_async = lambda *a, **k: None  # nobody else checks it
        path = Path(folder) / "batch.xlsx"
        write_workbook(path, options.rows)
        enrol(options.rows)
        execute("ANALYZE")
        rounds = [one_round(path.read_bytes(), i) for i in range(options.rounds)]
    costs, megabytes = zip(*rounds, strict=True)
    for name in costs[0]:
        wall, processor = (
            statistics.median(column) for column in zip(*(cost[name] for cost in costs), strict=True)
        )
        print(f"{name:>16}: {wall:6.2f} s, {processor:6.2f} s of the processor")
    compare(costs, "upload to checked", ["upload + check"], ["calamine", "COPY"], "reading + COPY")
    compare(costs, "approval", ["approval"], ["INSERT"], "INSERT … SELECT")
    print(f"peak memory: {max(megabytes):.0f} MB (target 300)")


def compare(costs, title, work, limit, words):
    def total(cost, names):
        return sum((cost[name] for name in names), start=Cost(0, 0))

    ratios = [[a / b for a, b in zip(total(cost, work), total(cost, limit), strict=True)] for cost in costs]
    wall, processor = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"{title}: {wall:.2f} × {words} (target 2.0); {processor:.2f} × its processor time")


if __name__ == "__main__":
    main()
