"""`docs/security/asvs.md` leaves no requirement out, and everything that it leans on exists."""

import re

import pytest
from django.conf import settings

DOCUMENT = (settings.BASE_DIR / "docs" / "security" / "asvs.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([a-z ]+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = {number: (state, evidence) for number, state, _what, evidence in ROW.findall(DOCUMENT)}

REQUIREMENTS = """
1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.1-2
4.1.1-3 4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4
7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.5.1-5
11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1 12.1.1-3 12.2.1-2 12.3.1-4 13.1.1 13.2.1-5 13.3.1-2 13.4.1-5
14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-7 16.1.1 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-3
"""
"""Levels 1 and 2 of version 5.0.0, without chapter 17 and those parts of chapter 10 that are for providers."""


def numbers():
    for span in REQUIREMENTS.split():
        first, _dash, last = span.partition("-")
        section, start = first.rsplit(".", 1)
        yield from (f"{section}.{number}" for number in range(int(start), int(last or start) + 1))


def test_every_requirement_has_one_line_and_nothing_else_has():
    written = [number for number, *_rest in ROW.findall(DOCUMENT)]
    assert sorted(written) == sorted(numbers())


def test_the_count_at_the_top_is_true():
    states = [state for state, _evidence in ROWS.values()]
    counted = ", ".join(f"{states.count(state)} {state}" for state in ("held", "partly", "open", "not here"))
    assert f"{counted}." in DOCUMENT


@pytest.mark.parametrize("number", ROWS)
def test_what_a_line_leans_on_exists(number):
    state, evidence = ROWS[number]
    assert state in {"held", "partly", "open", "not here"}
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:toml|txt|md|json)|\.\w+)(?:::(\w+))?`", evidence)
    for path, name in named:
        found = settings.BASE_DIR / path
        assert found.exists(), path
        if name:
            assert re.search(rf"^\s*(?:class|def) {name}\b", found.read_text("utf-8"), re.MULTILINE), name
    assert named or state != "held" or evidence == "none" or "none in" in evidence
