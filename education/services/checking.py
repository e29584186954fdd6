"""A worker reads a batch and finds every problem in it, in the cell where it is.

A child process reads and parses while its rows already flow into the database by `COPY`; rows, problems and the new state
are one transaction. A worker that is killed leaves nothing half done: its advisory lock goes with its connection, and the
batch is taken up again from its file.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Count, Q

from education.checks import CheckContext, run_checks
from education.events import Verb
from education.models import Batch, BatchRow, BatchState, RowProblem
from education.notices import CHECKED_NOTICE, FAILED_NOTICE
from education.progress import ABANDONED, progress_clear, progress_note
from education.reading import Reading
from education.reading.copytext import PROBLEM_COLUMNS, ROW_COLUMNS
from education.services.moves import locked, move
from portal import clock
from portal.accounts.models import User
from portal.events.services import Actor, event_record
from portal.identity import Problem
from portal.notices.services import notice_send
from portal.policy import current_pack
from portal.tables import FileRefusedError, Limits

MOST_ATTEMPTS = 3
OPENED, READ = 5, 75
"""Per cent of the way: the file is open; its last row was read. The rest are the checks."""


class CancelledError(Exception):
    """The clerk has called the check off."""


def batch_check(batch_id: uuid.UUID, *, by: Actor) -> None:
    """Check the batch whole; do nothing when it needs no check or another worker is at it."""
    with _claim(batch_id) as claimed:
        batch = _begin(batch_id) if claimed else None
        if batch is None:
            return
        try:
            _check(batch, by=by)
        except FileRefusedError as refused:
            _fail(batch, refused.problem, by=by)
        except CancelledError:
            pass  # its state says so already
        finally:
            progress_clear(batch.pk)


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
    batch = locked(batch_id)
    if batch.state not in {BatchState.UPLOADED, BatchState.CHECKING}:
        return None
    if batch.attempts >= MOST_ATTEMPTS:
        _fail(
            batch,
            Problem("check_gave_up", {"attempts": MOST_ATTEMPTS}),
            by=Actor.job("education.check_batch"),
        )
        return None
    move(batch, BatchState.CHECKING)
    batch.checking_at, batch.attempts, batch.progress = clock.now(), batch.attempts + 1, 0
    batch.save(update_fields=["state", "checking_at", "attempts", "progress"])
    return batch


@transaction.atomic
def _check(batch: Batch, *, by: Actor) -> None:
    """Read, check and keep a batch; raises `FileRefusedError` or `CancelledError`, and then nothing of it stays."""
    _clear(batch)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # would take longer than any of the checks
        _read(batch, cursor)
        batch = _lock(batch)
        run_checks(cursor, CheckContext(batch, current_pack().on(now.date()), now.date()), _checking(batch))
    move(batch, BatchState.CHECKED)
    _count(batch)
    batch.checked_at, batch.progress, batch.attempts, batch.failure = now, 100, 0, None
    batch.save()
    event_record(Verb.CHECKED, at=now, by=by, subject=batch, rows=batch.rows_total, errors=batch.errors)
    facts = {"filename": batch.filename, "rows": batch.rows_total, "errors": batch.errors}
    _tell_uploader(batch, CHECKED_NOTICE, facts)


def _read(batch: Batch, cursor: CursorWrapper) -> None:
    """Copy the rows while a child reads them, then the problems of single cells."""
    with Reading(
        str(batch.pk),
        batch_files(batch),
        limits=Limits(bytes=settings.BATCH_MAX_BYTES, rows=settings.BATCH_MAX_ROWS),
        memory=settings.BATCH_READING_MEMORY,
        seconds=settings.BATCH_READING_SECONDS,
        progress=lambda rows, expected: _reading(batch, rows, expected),
    ) as reading:
        try:
            _copy(cursor, "education_batchrow", ROW_COLUMNS, reading)
        except Exception as error:  # noqa: BLE001 - the driver has its own for what `read` raised
            raise reading.failure or error from None
        _copy(cursor, "education_rowproblem", PROBLEM_COLUMNS, reading.problems)


def batch_files(batch: Batch) -> list[bytes]:
    """Return the files that a batch consists of: the first one, then each file of corrected rows."""
    chain = [batch]
    while chain[0].merges and chain[0].corrects is not None:
        chain.insert(0, chain[0].corrects)
    return [_content(link) for link in chain]


def _content(batch: Batch) -> bytes:
    with batch.file.open("rb") as file:
        return bytes(file.read())


def _copy(cursor: CursorWrapper, table: str, columns: tuple[str, ...], lines: object) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", lines)


def _reading(batch: Batch, rows: int, expected: int) -> None:
    _note(batch, OPENED + (READ - OPENED) * rows // max(1, expected), rows)


def _checking(batch: Batch) -> Callable[[int, int], None]:
    def note(done: int, checks: int) -> None:
        _note(batch, READ + (100 - READ) * done // checks, batch.rows_total)

    return note


def _note(batch: Batch, percent: int, rows: int) -> None:
    batch.rows_total = rows
    if progress_note(batch.pk, percent, rows) is ABANDONED:
        raise CancelledError


def _lock(batch: Batch) -> Batch:
    """Lock the batch now that its rows are in; a clerk who called it off meanwhile was first."""
    rows = batch.rows_total
    batch = locked(batch.pk)
    if batch.state != BatchState.CHECKING:
        raise CancelledError
    batch.rows_total = rows
    return batch


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
    batch = locked(batch.pk)
    if batch.state == BatchState.FAILED:
        return  # called off in the last moment
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
