"""Rows and their problems as text for `COPY`: the fastest way into the database. Identifying numbers are encrypted."""

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from portal import crypto
from portal.identity import Problem, number_key
from portal.tables import Chunk

ROW_COLUMNS = (
    "batch_id", "number", "name", "id_number", "id_number_hash", "certificate_number", "certificate_key", "post_code",
    "course", "mode", "started_on", "ended_on", "hours", "professional_hours", "score", "passed", "makes_up_for", "remark",
    "dropped",
)  # fmt: skip
PROBLEM_COLUMNS = ("batch_id", "row", "column", "code", "severity", "clause", "facts")
NULL = "\\N"
CLAUSE_OF_A_CELL = "2.2"


def row_lines(batch: str, chunk: Chunk) -> str:
    """Return the rows of a chunk; `batch` is the id of theirs."""
    values, size = chunk.values, len(chunk.numbers)
    ids, certificates = values["id_number"], values["certificate_number"]
    columns: list[Iterable[str]] = [
        [batch] * size,
        map(str, chunk.numbers),
        _repeated(values["name"], _text),
        _column(ids, lambda number: _bytes(crypto.encrypt(number)), NULL),
        _column(ids, lambda number: _bytes(crypto.blind_index("id_number", number)), NULL),
        _column(certificates, _text),
        _column(certificates, lambda number: _text(number_key(number))),
        *(_repeated(values[key], _text) for key in ("post_code", "course", "mode")),
        *(_repeated(values[key], date.isoformat, NULL) for key in ("started_on", "ended_on")),
        *(_repeated(values[key], str, NULL) for key in ("hours", "professional_hours", "score")),
        _repeated(values["passed"], _boolean, NULL),
        _repeated(values["makes_up_for"], str, NULL),
        _repeated(values["remark"], _text),
        ["f"] * size,
    ]
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def problem_lines(batch: str, chunk: Chunk) -> str:
    """Return what is wrong with single cells of a chunk: errors."""
    return "".join(_problem(batch, str(row), column, found, "error") for row, column, found in chunk.problems)


def note_lines(batch: str, notes: Iterable[Problem]) -> str:
    """Return what concerns the file as a whole and hinders nothing."""
    return "".join(_problem(batch, NULL, "", note, "warning") for note in notes)


def _problem(batch: str, row: str, column: str, problem: Problem, severity: str) -> str:
    facts = _text(json.dumps(dict(problem.params), ensure_ascii=False))
    return f"{batch}\t{row}\t{column}\t{problem.code}\t{severity}\t{CLAUSE_OF_A_CELL}\t{facts}\n"


def _column(values: list[Any], write: Callable[[Any], str], empty: str = "") -> Iterable[str]:
    return (empty if value is None else write(value) for value in values)


def _repeated(values: list[Any], write: Callable[[Any], str], empty: str = "") -> Iterable[str]:
    """Write each distinct value once."""
    texts = {value: empty if value is None else write(value) for value in set(values)}
    return map(texts.__getitem__, values)


def _text(text: str) -> str:
    # The reader has taken out tabs, line breaks and control characters already; JSON writes them with a backslash.
    return text.replace("\\", "\\\\")


def _bytes(content: bytes) -> str:
    return f"\\\\x{content.hex()}"


def _boolean(value: bool) -> str:
    return "t" if value else "f"
