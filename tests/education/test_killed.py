"""Whoever is killed in the middle of a check, an approval or a reversal loses nothing and doubles nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction

from education.models import Batch, BatchRow, CERecord, RowProblem
from education.reading import ReadingDiedError
from education.services import batch_check, reversal_propose
from portal.events.models import Event
from portal.events.services import Actor
from tests.education.batches import JOB, submitted, upload
from tests.education.sheets import row, workbook
from tests.environment import PATIENCE
from tests.factories import reviewer

ROWS = 1_500
CHILD = """
import sys, uuid
import django
django.setup()
from education import services
from education.models import Batch, Reversal
from portal.accounts.models import User
from portal.events.services import Actor
act, key, who = sys.argv[1:]
by = Actor("web", User.objects.get(pk=who)) if who else Actor.job("child")
print("ready", flush=True)
sys.stdin.readline()
if act == "check":
    services.batch_check(uuid.UUID(key), by=by)
elif act == "approve":
    services.batch_approve(batch=Batch.objects.get(pk=key), by=by)
else:
    services.reversal_confirm(reversal=Reversal.objects.get(pk=key), by=by)
print("done", flush=True)
"""


@pytest.fixture
def worker():
    """Start a process that does something to a batch when it is told to."""
    started = []

    def start(subject, act="check", by=None):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, act, str(subject.pk), str(by.user.pk) if by else ""],
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


KILLS = int(os.environ.get("KILLS", "8"))
"""How often somebody is killed at a random moment, half of them in a check; `make kill-workers` does it 200 times."""
LEAST_STRUCK = 0.25
"""So many of the kills must have struck while the work was under way; the others came before or after it."""


class Dice:
    """Draws when to kill: at any point of a piece of work that takes about as long as the last one that was left alone."""

    def __init__(self, seed):
        self.random, self.usual, self.struck = random.Random(seed), 0.3, Counter()

    def let_it_work(self, child):
        """Leave a process alone, and learn how long it takes."""
        began = _go(child)
        assert child.stdout.readline() == b"done\n"
        self.usual = time.monotonic() - began

    def kill(self, child):
        _go(child)
        time.sleep(self.random.uniform(0, self.usual))
        child.send_signal(signal.SIGKILL)
        child.wait()

    def has_struck(self, kills):
        sys.stdout.write(f"{kills} kills: {dict(self.struck)}\n")
        assert kills < 50 or self.struck["during"] >= kills * LEAST_STRUCK, self.struck


def _settled(batch):
    """Return a batch once whoever was killed holds it no more: a commit that was on its way has come through or not."""
    with transaction.atomic():
        return Batch.objects.select_for_update().get(pk=batch.pk)


def _go(child):
    child.stdin.write(b"go\n")
    child.stdin.flush()
    return time.monotonic()


@pytest.mark.django_db(transaction=True)
def test_a_check_killed_at_any_point_is_done_whole_by_the_next(school, by_clerk, worker, at):
    at(2020, 11, 2, 9)
    content = workbook(*[row() for _ in range(ROWS - 1)], row(姓名=""))
    dice, kills = Dice(KILLS), KILLS // 2
    batch = upload(school, by_clerk, content)
    dice.let_it_work(worker(batch))
    for _ in range(kills):
        if Batch.objects.get(pk=batch.pk).state == "checked":
            _is_whole(batch)
            Batch.objects.filter(pk=batch.pk).update(sha256=os.urandom(32).hex())
            batch = upload(school, by_clerk, content)
        Batch.objects.filter(pk=batch.pk).update(attempts=0)
        dice.kill(worker(batch))
        batch = _settled(batch)
        rows = BatchRow.objects.filter(batch=batch).count()
        assert (batch.state == "checked") == (rows == ROWS), (batch.state, rows)
        assert rows in {0, ROWS}
        begun = "during" if batch.attempts else "before"
        dice.struck["after" if batch.state == "checked" else begun] += 1
    _until_released(batch)
    _is_whole(batch)
    dice.has_struck(kills)


@pytest.mark.django_db(transaction=True)
def test_an_approval_or_reversal_killed_at_any_point_happens_whole_or_not_at_all(
    school, by_clerk, by_reviewer, worker, at
):
    """Told by what the database holds: every credit with its delivery and its event, or nothing of them."""
    at(2020, 11, 2, 9)
    second = Actor("web", reviewer())
    dice, kills = Dice(KILLS), KILLS - KILLS // 2
    rows = [row() for _ in range(ROWS // 3)]
    batch = submitted(school, by_clerk, *rows)
    dice.let_it_work(worker(batch, "approve", by_reviewer))
    for _ in range(kills):
        batch.refresh_from_db()
        if batch.state == "submitted":
            dice.kill(worker(batch, "approve", by_reviewer))
        else:
            reversal = batch.reversals.first() or reversal_propose(batch=batch, reason="误批", by=by_reviewer)
            dice.kill(worker(reversal, "reverse", second))
        dice.struck["after" if _moved_on(batch) else "during"] += 1
        batch.refresh_from_db()
        if batch.reversed_at:
            Batch.objects.filter(pk=batch.pk).update(
                quota_month="2019-01-01", quota_place=batch.pk.int % 32_000 + 1
            )
            batch = submitted(school, by_clerk, *rows)
    dice.has_struck(kills)


def _moved_on(batch):
    """Whether the batch was approved, or reversed, by whoever was killed; either way what belongs to it is all there."""
    before, now = batch.state, _settled(batch)
    expected = {"submitted": (0, 0, 0), "approved": (ROWS // 3, ROWS // 3, 1)}[now.state]
    if now.reversed_at:
        expected = (2 * (ROWS // 3), 0, 2)
    records = CERecord.objects.filter(batch=batch)
    told = Event.objects.filter(
        verb__in=["education.batch.approved", "education.batch.reversed"], subject_id=str(batch.pk)
    )
    found = (records.count(), records.filter(in_force=True).count(), told.count())
    assert (found, now.deliveries.count()) == (expected, expected[2])
    return now.state != before or now.reversed_at is not None


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
    end = time.monotonic() + PATIENCE
    while _state(child) != "Z" and time.monotonic() < end:
        time.sleep(0.01)
    assert _state(child) == "Z"


def _child_of(pid):
    end = time.monotonic() + PATIENCE
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
    end = time.monotonic() + PATIENCE
    while Batch.objects.get(pk=batch.pk).state != "checked" and time.monotonic() < end:
        batch_check(batch.pk, by=JOB)
