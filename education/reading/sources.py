"""A batch's table, from one file or from several: a file of corrected rows takes the place of those rows in the one before.

A row keeps the number that it has in the first file. A corrected row names it under 行号, as the table does that the clerk
got back; a row without a number is new, and gets the next one. What no later file names stays as it was: nothing is lost
because somebody forgot to send it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext, override

from education.columns import COLUMNS, GIVEN_BACK, NUMBERED_COLUMNS, ROW_NUMBER
from portal.identity import Problem
from portal.tables import Cell, CellProblem, Chunk, FileRefusedError, Limits, Row, TableReader, open_table

_KEY = ROW_NUMBER.key


class BatchTable:
    """What the files of a batch say together. `header`, `positions` and `sheet` are those of the first."""

    def __init__(self, tables: Sequence[TableReader], limits: Limits) -> None:
        self._first, self._corrections, self._limits = tables[0], tables[1:], limits
        self.header, self.positions, self.sheet = self._first.header, self._first.positions, self._first.sheet
        self.expected_rows = sum(table.expected_rows for table in tables)
        self.rows_read = 0

    @property
    def notes(self) -> list[Problem]:
        found = [*self._first.notes, *(note for table in self._corrections for note in table.notes)]
        return [kept for note in found if (kept := _without_ours(note))]

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows as they stand after all corrections; raises `FileRefusedError` as a single table does."""
        corrections = [list(table.chunks()) for table in self._corrections]
        named = [_named_rows(chunks) for chunks in corrections]
        last = 0
        for chunk in self._first.chunks():
            last = chunk.numbers[-1]
            yield from self._counted(_without(chunk, set[int]().union(*named)))
        for position, chunks in enumerate(corrections):
            later = set[int]().union(*named[position + 1 :])
            for chunk in chunks:
                numbered, last = _numbered(chunk, last)
                yield from self._counted(_without(self._relaid(numbered, position), later))

    def _counted(self, chunk: Chunk) -> Iterator[Chunk]:
        self.rows_read += len(chunk.numbers)
        if self.rows_read > self._limits.rows:
            raise FileRefusedError("too_many_rows", limit=self._limits.rows)
        if chunk.numbers:
            yield chunk

    def _relaid(self, chunk: Chunk, position: int) -> Chunk:
        """Lay the cells of a correction out under the first file's header."""
        places = self._corrections[position].positions
        moves = [(self.positions[key], place) for key, place in places.items() if key in self.positions]
        return replace(chunk, cells=[_moved(cells, moves, len(self.header)) for cells in chunk.cells])


@lru_cache(maxsize=1)
def _ours() -> frozenset[str]:
    """Return what the table given back has beside the clerk's own columns, in every language."""
    names = {ROW_NUMBER.header}
    for language, _name in settings.LANGUAGES:
        with override(language):
            names |= {gettext(name) for name in GIVEN_BACK}
    return frozenset(names)


def _without_ours(note: Problem) -> Problem | None:
    """Nobody needs to hear that what the portal itself wrote beside the table is passed over."""
    left = [name for name in str(note.params["names"]).split("、") if name not in _ours()]
    return Problem(note.code, {"names": "、".join(left)}) if left else None


def _moved(cells: Row, moves: list[tuple[int, int]], width: int) -> Row:
    laid: list[Cell] = [""] * width
    for to, place in moves:
        laid[to] = cells[place]
    return laid


def _named_rows(chunks: list[Chunk]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks:
        for value in chunk.values[_KEY]:
            if isinstance(value, int) and value in found:
                raise FileRefusedError("row_named_twice", row=value)
            if isinstance(value, int):
                found.add(value)
    return found


def _numbered(chunk: Chunk, last: int) -> tuple[Chunk, int]:
    """Give the rows of a correction their numbers in the batch; return the highest one, too."""
    numbers: dict[int, int] = {}
    unread = {row for row, column, _ in chunk.problems if column == ROW_NUMBER.header}
    for sheet_row, value in zip(chunk.numbers, chunk.values[_KEY], strict=True):
        if sheet_row in unread or (isinstance(value, int) and value > last):
            raise FileRefusedError("row_unknown", row=sheet_row)
        last += value is None
        numbers[sheet_row] = value if isinstance(value, int) else last
    problems = [CellProblem(numbers[row], column, problem) for row, column, problem in chunk.problems]
    return replace(chunk, numbers=list(numbers.values()), problems=problems), last


def _without(chunk: Chunk, rows: set[int]) -> Chunk:
    if rows.isdisjoint(chunk.numbers):
        return chunk
    kept = [i for i, number in enumerate(chunk.numbers) if number not in rows]
    return Chunk(
        [chunk.numbers[i] for i in kept],
        {key: [values[i] for i in kept] for key, values in chunk.values.items()},
        [problem for problem in chunk.problems if problem.row not in rows],
        [chunk.cells[i] for i in kept],
    )


@contextmanager
def open_batch_table(files: Sequence[BinaryIO], limits: Limits) -> Iterator[BatchTable]:
    """Open the files of a batch, the first one and then its corrections; raises `FileRefusedError` as `open_table` does."""
    with ExitStack() as stack:
        tables = [
            stack.enter_context(open_table(file, NUMBERED_COLUMNS if position else COLUMNS, limits))
            for position, file in enumerate(files)
        ]
        if any(_KEY not in table.positions for table in tables[1:]):
            raise FileRefusedError("rows_not_numbered")
        yield BatchTable(tables, limits)
