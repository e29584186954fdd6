"""A worker that is killed in the middle of a check loses nothing and doubles nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

from education.models import Batch, BatchRow, RowProblem
from education.services import batch_check
from portal.events.models import Event
from tests.education.batches import JOB, upload
from tests.education.sheets import row, workbook

ROWS = 1_500
CHILD = """
import os, sys, uuid
import django
django.setup()
from education.services import batch_check
from portal.events.services import Actor
print("ready", flush=True)
sys.stdin.readline()
batch_check(uuid.UUID(sys.argv[1]), by=Actor.job("child"))
"""


@pytest.fixture
def worker():
    """Start a process that checks a batch when it is told to."""
    started = []

    def start(batch):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(batch.pk)],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(child)
        assert child.stdout.readline() == b"ready\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.mark.django_db(transaction=True)
def test_a_check_killed_at_any_point_is_done_whole_by_the_next(school, by_clerk, worker, at):
    at(2020, 11, 2, 9)
    batch = upload(school, by_clerk, workbook(*[row() for _ in range(ROWS - 1)], row(姓名="")))
    for delay in (0.02, 0.08, 0.15, 0.25, 0.35):
        Batch.objects.filter(pk=batch.pk).update(attempts=0)
        child = worker(batch)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        batch.refresh_from_db()
        rows = BatchRow.objects.filter(batch=batch).count()
        assert (batch.state == "checked") == (rows == ROWS), (batch.state, rows)
        assert rows in {0, ROWS}
    _until_released(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_total, batch.rows_valid, batch.errors) == ("checked", ROWS, ROWS - 1, 1)
    assert BatchRow.objects.filter(batch=batch).count() == ROWS
    assert RowProblem.objects.filter(batch=batch).count() == 1
    assert Event.objects.filter(verb="education.batch.checked").count() == 1


def _until_released(batch):
    """Check as the sweep would: the server needs a moment to see that a killed worker's connection is gone."""
    end = time.monotonic() + 20
    while Batch.objects.get(pk=batch.pk).state != "checked" and time.monotonic() < end:
        batch_check(batch.pk, by=JOB)
