"""A worker reads a batch and finds every problem in it, in the cell where it is.

Reading happens outside of any transaction; rows, problems and the new state are then written by one. A worker that is
killed leaves nothing half done: its advisory lock goes with its connection, and the batch is taken up again from its
file.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q

from education.checks import CheckContext, run_checks
from education.columns import COLUMNS
from education.events import Verb
from education.models import Batch, BatchRow, BatchState, RowProblem
from education.notices import CHECKED_NOTICE, FAILED_NOTICE
from education.services.copying import CopyBuffer
from education.services.moves import move
from portal import clock
from portal.accounts.models import User
from portal.events.services import Actor, event_record
from portal.identity import Problem
from portal.notices.services import notice_send
from portal.policy import current_pack
from portal.tables import FileRefusedError, Limits, open_table

MOST_ATTEMPTS = 3
OPENED, READ = 10, 60
"""Per cent of the way: the file is open; its last row was read. The rest are the checks."""


def batch_check(batch_id: uuid.UUID, *, by: Actor) -> None:
    """Check the batch whole; do nothing when it needs no check or another worker is at it."""
    with _claim(batch_id) as claimed:
        batch = _begin(batch_id) if claimed else None
        if batch is None:
            return
        try:
            buffer = _read(batch)
        except FileRefusedError as refused:
            _fail(batch, refused.problem, by=by)
        else:
            _write(batch, buffer, by=by)


@contextmanager
def _claim(batch_id: uuid.UUID) -> Iterator[bool]:
    """Hold the batch for this connection; say whether it was free."""
    key = batch_id.int >> 65  # 63 bits, so that it fits a bigint
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        claimed: bool = cursor.fetchone()[0]
    try:
        yield claimed
    finally:
        if claimed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@transaction.atomic
def _begin(batch_id: uuid.UUID) -> Batch | None:
    batch = Batch.objects.select_for_update(of=("self",)).select_related("institution").get(pk=batch_id)
    if batch.state not in {BatchState.UPLOADED, BatchState.CHECKING}:
        return None
    if batch.attempts >= MOST_ATTEMPTS:
        _fail(batch, Problem("check_gave_up", {"attempts": MOST_ATTEMPTS}), by=Actor.job("check_batch"))
        return None
    move(batch, BatchState.CHECKING)
    batch.checking_at, batch.attempts, batch.progress = clock.now(), batch.attempts + 1, 0
    batch.save(update_fields=["state", "checking_at", "attempts", "progress"])
    return batch


def _read(batch: Batch) -> CopyBuffer:
    """Read the file into what `COPY` takes; identifying numbers are encrypted on the way."""
    buffer = CopyBuffer(batch.pk)
    limits = Limits(bytes=settings.BATCH_MAX_BYTES, rows=settings.BATCH_MAX_ROWS)
    with batch.file.open("rb") as file, open_table(cast("BinaryIO", file), COLUMNS, limits) as table:
        _progress(batch, OPENED, 0)
        for note in table.notes:
            buffer.add_note(note)
        for chunk in table.chunks():
            buffer.add(chunk)
            _progress(batch, OPENED, table.rows_read)
    _progress(batch, READ, buffer.rows)
    return buffer


def _progress(batch: Batch, percent: int, rows: int) -> None:
    Batch.objects.filter(pk=batch.pk, state=BatchState.CHECKING).update(progress=percent, rows_total=rows)


@transaction.atomic
def _write(batch: Batch, buffer: CopyBuffer, *, by: Actor) -> None:
    batch = Batch.objects.select_for_update(of=("self",)).select_related("institution").get(pk=batch.pk)
    move(batch, BatchState.CHECKED)
    _clear(batch)
    now = clock.now()
    with connection.cursor() as cursor:
        buffer.write(cursor)
        run_checks(cursor, CheckContext(batch, current_pack().on(now.date()), now.date()))
    _count(batch)
    batch.checked_at, batch.progress, batch.attempts, batch.failure = now, 100, 0, None
    batch.save()
    event_record(Verb.CHECKED, at=now, by=by, subject=batch, rows=batch.rows_total, errors=batch.errors)
    facts = {"filename": batch.filename, "rows": batch.rows_total, "errors": batch.errors}
    _tell_uploader(batch, CHECKED_NOTICE, facts)


def _clear(batch: Batch) -> None:
    BatchRow.objects.filter(batch=batch).delete()
    RowProblem.objects.filter(batch=batch).delete()


def _count(batch: Batch) -> None:
    is_error = Q(severity=RowProblem.Severity.ERROR)
    found = RowProblem.objects.filter(batch=batch).aggregate(
        errors=Count("pk", filter=is_error),
        warnings=Count("pk", filter=~is_error),
        bad_rows=Count("row", filter=is_error, distinct=True),
    )
    batch.errors, batch.warnings = found["errors"], found["warnings"]
    batch.rows_total = BatchRow.objects.filter(batch=batch).count()
    batch.rows_valid = batch.rows_total - found["bad_rows"]


@transaction.atomic
def _fail(batch: Batch, problem: Problem, *, by: Actor) -> None:
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    move(batch, BatchState.FAILED)
    _clear(batch)
    batch.failure = {"code": problem.code, "params": dict(problem.params)}
    batch.checked_at, batch.rows_total = clock.now(), 0
    batch.save()
    event_record(Verb.FAILED, at=batch.checked_at, by=by, subject=batch, **batch.failure)
    _tell_uploader(batch, FAILED_NOTICE, {"filename": batch.filename})


def _tell_uploader(batch: Batch, code: str, facts: dict[str, object]) -> None:
    notice_send(
        code,
        to=User.objects.get(pk=batch.uploaded_by_id),
        at=batch.checked_at or clock.now(),
        facts=facts,
        link=f"/institution/batches/{batch.pk}/",
    )
