"""A worker that is killed in the middle of a check loses nothing and doubles nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from education.models import Batch, BatchRow, RowProblem
from education.reading import ReadingDiedError
from education.services import batch_check
from portal.events.models import Event
from tests.education.batches import JOB, upload
from tests.education.sheets import row, workbook

ROWS = 1_500
CHILD = """
import os, sys, uuid
import django
django.setup()
from education.reading import ReadingDiedError
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


KILLS = int(os.environ.get("KILLS", "6"))
"""How often a worker is killed at a random moment; `make kill-workers` does it 200 times."""


@pytest.mark.django_db(transaction=True)
def test_a_check_killed_at_any_point_is_done_whole_by_the_next(school, by_clerk, worker, at):
    at(2020, 11, 2, 9)
    content = workbook(*[row() for _ in range(ROWS - 1)], row(姓名=""))
    dice = random.Random(KILLS)
    batch = upload(school, by_clerk, content)
    for _ in range(KILLS):
        if Batch.objects.get(pk=batch.pk).state == "checked":
            _is_whole(batch)
            Batch.objects.filter(pk=batch.pk).update(sha256=os.urandom(32).hex())
            batch = upload(school, by_clerk, content)
        Batch.objects.filter(pk=batch.pk).update(attempts=0)
        child = worker(batch)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        time.sleep(dice.uniform(0, 0.5))
        child.send_signal(signal.SIGKILL)
        child.wait()
        batch.refresh_from_db()
        rows = BatchRow.objects.filter(batch=batch).count()
        assert (batch.state == "checked") == (rows == ROWS), (batch.state, rows)
        assert rows in {0, ROWS}
    _until_released(batch)
    _is_whole(batch)


def _is_whole(batch):
    batch.refresh_from_db()
    assert (batch.state, batch.rows_total, batch.rows_valid, batch.errors) == ("checked", ROWS, ROWS - 1, 1)
    assert BatchRow.objects.filter(batch=batch).count() == ROWS
    assert RowProblem.objects.filter(batch=batch, severity="error").count() == 1
    assert Event.objects.filter(verb="education.batch.checked", subject_id=str(batch.pk)).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_reading_child_that_is_killed_costs_a_try_and_nothing_else(school, by_clerk, at, monkeypatch):
    at(2020, 11, 2, 9)
    batch = upload(school, by_clerk, workbook(row()))
    fork = os.fork

    def fork_and_kill():
        child = fork()
        if child:
            os.kill(child, signal.SIGKILL)
        return child

    monkeypatch.setattr(os, "fork", fork_and_kill)
    with pytest.raises(ReadingDiedError):
        batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    assert (batch.state, batch.attempts, batch.rows.count()) == ("checking", 1, 0)
    monkeypatch.undo()
    batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_total, batch.attempts) == ("checked", 1, 0)


@pytest.mark.django_db(transaction=True)
def test_no_reading_child_outlives_its_worker(school, by_clerk, worker, at):
    at(2020, 11, 2, 9)
    batch = upload(school, by_clerk, workbook(*[row() for _ in range(ROWS)]))
    parent = worker(batch)
    parent.stdin.write(b"go\n")
    parent.stdin.flush()
    child = _child_of(parent.pid)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while _state(child) != "Z" and time.monotonic() < end:
        time.sleep(0.01)
    assert _state(child) == "Z"


def _child_of(pid):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(found[0])
    pytest.fail("The worker started no child.")


def _state(pid):
    """The state of a process; one that is gone is as good as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def _until_released(batch):
    """Check as the sweep would: the server needs a moment to see that a killed worker's connection is gone."""
    end = time.monotonic() + 20
    while Batch.objects.get(pk=batch.pk).state != "checked" and time.monotonic() < end:
        batch_check(batch.pk, by=JOB)
