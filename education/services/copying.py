"""Rows on their way into the database by `COPY`: the fastest way in, and one statement."""

import io
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.db.backends.utils import CursorWrapper

from education.models import RowProblem
from portal import crypto
from portal.identity import Problem, number_key
from portal.tables import Chunk

ROW_COLUMNS = (
    "batch_id", "number", "name", "id_number", "id_number_hash", "certificate_number", "certificate_key", "post_code", "course",
    "mode", "started_on", "ended_on", "hours", "professional_hours", "score", "passed", "makes_up_for", "remark", "dropped",
)  # fmt: skip
PROBLEM_COLUMNS = ("batch_id", "row", "column", "code", "severity", "clause", "facts")
NULL = "\\N"
CLAUSE_OF_A_CELL = "2.2"


class CopyBuffer:
    """The rows and the cells' own problems of one batch, as text for `COPY`."""

    def __init__(self, batch_id: uuid.UUID) -> None:
        self.rows = 0
        self._batch = str(batch_id)
        self._rows, self._problems = io.StringIO(), io.StringIO()

    def add(self, chunk: Chunk) -> None:
        values = chunk.values
        batch, size = [self._batch], len(chunk.numbers)
        columns: list[Iterable[str]] = [
            batch * size,
            map(str, chunk.numbers),
            _column(values["name"], _text),
            _column(values["id_number"], lambda number: _bytes(crypto.encrypt(number)), NULL),
            _column(
                values["id_number"], lambda number: _bytes(crypto.blind_index("id_number", number)), NULL
            ),
            _column(values["certificate_number"], _text),
            _column(values["certificate_number"], lambda number: _text(number_key(number))),
            *(_column(values[key], _text) for key in ("post_code", "course", "mode")),
            *(_column(values[key], date.isoformat, NULL) for key in ("started_on", "ended_on")),
            *(_column(values[key], str, NULL) for key in ("hours", "professional_hours", "score")),
            _column(values["passed"], _boolean, NULL),
            _column(values["makes_up_for"], str, NULL),
            _column(values["remark"], _text),
            ["f"] * size,
        ]
        self._rows.writelines("\t".join(line) + "\n" for line in zip(*columns, strict=True))
        self.rows += size
        for row, column, problem in chunk.problems:
            self._problem(row, column, problem, RowProblem.Severity.ERROR)

    def add_note(self, problem: Problem) -> None:
        """Add what concerns the file as a whole and hinders nothing."""
        self._problem(None, "", problem, RowProblem.Severity.WARNING)

    def _problem(self, row: int | None, column: str, problem: Problem, severity: str) -> None:
        place = NULL if row is None else str(row)
        facts = json.dumps(dict(problem.params), ensure_ascii=False)
        line = (self._batch, place, column, problem.code, severity, CLAUSE_OF_A_CELL, _text(facts))
        self._problems.write("\t".join(line) + "\n")

    def write(self, cursor: CursorWrapper) -> None:
        """Copy everything into the tables, inside the caller's transaction."""
        _copy(cursor, "education_batchrow", ROW_COLUMNS, self._rows)
        _copy(cursor, "education_rowproblem", PROBLEM_COLUMNS, self._problems)


def _copy(cursor: CursorWrapper, table: str, columns: Sequence[str], lines: io.StringIO) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    lines.seek(0)
    cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", lines)


def _column(values: list[Any], write: Callable[[Any], str], empty: str = "") -> Iterable[str]:
    return (empty if value is None else write(value) for value in values)


def _text(text: str) -> str:
    # The reader has taken out tabs, line breaks and control characters already; JSON writes them with a backslash.
    return text.replace("\\", "\\\\")


def _bytes(content: bytes) -> str:
    return f"\\\\x{content.hex()}"


def _boolean(value: bool) -> str:
    return "t" if value else "f"
