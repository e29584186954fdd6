"""Reading happens in a child with limits; what a file costs, it costs there."""

import io
import os
import subprocess
import sys

import pytest
from openpyxl import Workbook

from education.models import BatchRow, BatchState
from education.progress import progress_abandon
from education.reading import Reading
from education.services import batch_cancel, batch_check
from portal.events.models import Event
from portal.tables import FileRefusedError, Limits
from tests.education.batches import JOB, checked, upload
from tests.education.sheets import HEADERS, row, workbook
from tests.environment import PATIENCE

pytestmark = pytest.mark.django_db
MANY = 20_000


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


@pytest.fixture(scope="module")
def large():
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADERS)
    for i in range(MANY):
        sheet.append([f"王小海{i}", *["x" * 40] * (len(HEADERS) - 1)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def reading(content, **limits):
    options = {"memory": 768 << 20, "seconds": PATIENCE, **limits}
    return Reading("b", [content], limits=Limits(), progress=lambda rows, expected: None, **options)


def drained(child):
    size = 0
    while piece := child.read(65_536):
        size += len(piece)
    return size


def test_rows_flow_while_the_child_goes_on_reading(large):
    with reading(large) as child:
        first = child.read(1_000)
        assert len(first) == 1_000
        assert child.rows < MANY
        drained(child)
        assert child.rows == MANY
        assert child.problems.getbuffer().nbytes > 0


def test_a_file_that_takes_too_long_is_refused(large):
    with reading(large, seconds=0) as child, pytest.raises(FileRefusedError) as refused:
        drained(child)
    assert refused.value.problem.code == "file_too_costly"


IN_A_FRESH_PROCESS = """
import sys, django
django.setup()
from education.reading import Reading
from portal.tables import FileRefusedError, Limits
content = open(sys.argv[1], "rb").read()
try:
    with Reading("b", [content], limits=Limits(), progress=print, memory=8 << 20, seconds=120) as child:
        while child.read(65_536):
            pass
except FileRefusedError as refused:
    sys.exit(refused.problem.code)
"""


def test_a_file_that_needs_too_much_memory_is_refused(large, tmp_path):
    """In a fresh process: one that has run many tests has freed memory to give before it asks for more."""
    path = tmp_path / "large.xlsx"
    path.write_bytes(large)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS, path],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr.split()[-1]) == (1, "file_too_costly")


def test_the_batch_says_so_and_the_worker_goes_on(school, by_clerk, large, settings):
    settings.BATCH_READING_SECONDS = 0
    batch = checked(school, by_clerk, content=large)
    assert (batch.state, batch.failure["code"]) == ("failed", "file_too_costly")
    settings.BATCH_READING_SECONDS = 60
    assert checked(school, by_clerk).state == "checked"


def test_a_child_is_ended_with_its_reader(large):
    with reading(large) as child:
        child.read(10)
    child.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        drained(child)


def test_a_check_that_waits_is_called_off(school, by_clerk):
    batch = batch_cancel(batch=upload(school, by_clerk), by=by_clerk)
    batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    assert (batch.state, batch.failure["code"]) == (BatchState.FAILED, "cancelled")
    assert upload(school, by_clerk, workbook(row()), corrects=batch).state == "uploaded"


def test_a_check_that_runs_stops_when_it_is_called_off(school, by_clerk):
    batch = upload(school, by_clerk)
    progress_abandon(batch.pk)
    batch_check(batch.pk, by=JOB)
    assert not BatchRow.objects.filter(batch=batch).exists()
    assert not Event.objects.filter(verb="education.batch.checked").exists()
