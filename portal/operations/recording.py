"""Keeps what Celery runs: connected to its signals, so that no task has to think of it."""

import logging
import time
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from celery.signals import task_failure, task_prerun, task_success
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from portal import clock
from portal.operations.models import JobFailure

log = logging.getLogger(__name__)
_begun: dict[str, float] = {}

_START = """
INSERT INTO operations_job (name, started_at, outcome, runs, failures) VALUES (%(name)s, %(at)s, '', 1, 0)
ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at, runs = operations_job.runs + 1
"""
_END = """
UPDATE operations_job
SET ended_at = %(at)s, outcome = %(outcome)s, seconds = %(seconds)s,
    failures = failures + (%(outcome)s = 'failed')::int
WHERE name = %(name)s
"""


@task_prerun.connect
def job_started(task_id: str, task: Any, **_kwargs: Any) -> None:
    _begun[task_id] = time.monotonic()
    _write(_START, name=task.name)


@task_success.connect
def job_done(sender: Any, **_kwargs: Any) -> None:
    _write(_END, name=sender.name, outcome="done", seconds=_seconds(sender.request.id))


@task_failure.connect
def job_failed(
    task_id: str, exception: BaseException, traceback: TracebackType | None, sender: Any, **_kwargs: Any
) -> None:
    _write(
        _END,
        name=sender.name,
        outcome="failed",
        seconds=_seconds(task_id),
        failure=JobFailure(job_id=sender.name, error=error_kind(exception), place=error_place(traceback)),
    )


def _seconds(task_id: str | None) -> float:
    """Return how long a run took. One whose process died with it has no beginning here."""
    begun = _begun.pop(task_id or "", None)
    return round(time.monotonic() - begun, 3) if begun is not None else 0.0


def _write(statement: str, *, failure: JobFailure | None = None, **facts: Any) -> None:
    """Keep it where that can be done: a database that is away is no reason for a job to fail once more."""
    try:
        with transaction.atomic():
            at = clock.now()
            with connection.cursor() as cursor:
                cursor.execute(statement, facts | {"at": at})
            if failure:
                failure.at = at
                failure.save()
    except DatabaseError as error:
        log.warning("The run of %s could not be recorded (%s).", facts["name"], type(error).__name__)


def error_kind(exception: BaseException) -> str:
    """Return the kind of an error and of what it came from, without their words: those may hold personal data."""
    cause = exception.__cause__
    return " ← ".join(type(each).__name__ for each in (exception, cause) if each)[:200]


def error_place(traceback: TracebackType | None) -> str:
    """Return file and line of the innermost piece of this portal's own code."""
    own = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for frame, line in walk_tb(traceback)
        if (path := Path(frame.f_code.co_filename)).is_relative_to(settings.BASE_DIR)
        and ".venv" not in path.parts
    ]
    return own[-1][:200] if own else ""
