"""What holds for all of the code at once: which way imports run, who reads a clock, what is translated."""

import ast
import re

import pytest
from django.conf import settings
from django.core.management import call_command

from portal.operations.jobs import job_label

ROOMS = ["portal", "institutions", "education", "certificates"]
"""From the kernel outwards: a room imports only itself and those before it."""

CLOCKS = re.compile(
    r"\b(?:timezone\.now|timezone\.localdate|datetime\.now|datetime\.today|date\.today|utcnow)\("
)


def sources(room):
    return sorted((settings.BASE_DIR / room).rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize("room", ROOMS[:-1])
def test_imports_run_towards_the_kernel(room):
    outer = tuple(ROOMS[ROOMS.index(room) + 1 :])
    wrong = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for path in sources(room)
        for name in imported(path)
        if name.split(".")[0] in outer
    }
    assert wrong == set()


def test_rules_import_neither_database_nor_clock_nor_settings():
    impure = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for path in (settings.BASE_DIR / room / "rules.py" for room in ROOMS[2:])
        for name in imported(path)
        if name.startswith("django") or name in {"portal.clock", "portal.models"} or name.endswith(".models")
    }
    assert impure == set()


def test_only_the_clock_reads_a_clock_so_a_web_server_ten_minutes_off_decides_nothing():
    readers = {
        path.relative_to(settings.BASE_DIR).as_posix()
        for room in ROOMS
        for path in sources(room)
        if CLOCKS.search(path.read_text("utf-8"))
    }
    assert readers <= {"portal/clock.py"}


def test_every_message_is_translated():
    call_command("messages", check=True, verbosity=0)


def test_every_job_that_acts_has_a_name_for_people():
    acting = {
        name
        for room in ROOMS
        for path in sources(room)
        for name in re.findall(r'Actor\.job\("(.+?)"\)', path.read_text())
    }
    assert acting
    assert {name for name in acting if job_label(name) == name} == set()
