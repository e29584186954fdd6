"""Reads a table that someone brings: any order of columns, every problem at once, each in the cell where it is."""

import contextlib
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from portal.identity import Problem
from portal.tables.archive import FileRefusedError, Limits, Workbook, file_kind, inspect_workbook
from portal.tables.csvtext import rows_of_text
from portal.tables.kinds import EPOCH_1900, Cell, Kind, Parser

Row = Sequence[Cell]

_HEADER_ROWS = 20  # a title and a few notes may stand above the headers
_SPACES = " \t\r\n\u00a0\u3000\u200b\ufeff\0"
_HINT = re.compile(r"\(.*\)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column: the header people write, the key of its values, what it holds."""

    header: str
    key: str
    kind: Kind
    required: bool = False
    aliases: tuple[str, ...] = ()


class CellProblem(NamedTuple):
    """A problem and its place: ``row`` as numbered in the sheet, ``column`` the declared header or empty for the row."""

    row: int
    column: str
    problem: Problem


@dataclass(slots=True)
class Chunk:
    """Rows read together. ``values[key][i]`` and ``cells[i]`` (as read, in file order) belong to row ``numbers[i]``.

    A value is `None` where the cell is empty or has a problem.
    """

    numbers: list[int] = field(default_factory=list)
    values: dict[str, list[object]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    cells: list[Row] = field(default_factory=list)

    def bad_rows(self) -> set[int]:
        return {problem.row for problem in self.problems}


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet as a stream of rows, and what is known about its cells."""

    rows: Iterator[Row]
    first_column: int = 1
    epoch: date = EPOCH_1900
    name: str = ""
    formulas: dict[int, set[int]] = field(default_factory=dict)
    merged: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    other_sheets: tuple[str, ...] = ()
    encoding: str = ""
    height: int = 0


class _Header(NamedTuple):
    row: int
    cells: list[str]
    positions: dict[str, int]
    missing: list[str]
    doubled: list[str]


class TableReader:
    """An opened table: header facts at once, rows in chunks. Use `open_table`."""

    def __init__(self, sheet: _Sheet, header: _Header, columns: Sequence[Column], limits: Limits) -> None:
        self.columns, self.limits, self._sheet = columns, limits, sheet
        self.sheet, self.encoding = sheet.name, sheet.encoding
        self.header_row, self.header, self.positions = header.row, header.cells, header.positions
        self.rows_read = 0
        self.expected_rows = max(0, sheet.height - header.row)  # blank rows included; for a progress bar
        self._parsers = {c.key: _Values(c, sheet.epoch) for c in columns if c.key in header.positions}

    @property
    def notes(self) -> list[Problem]:
        """What was left aside: columns that nobody declared, further sheets."""
        used = set(self.positions.values())
        unknown = [name for i, name in enumerate(self.header) if name and i not in used]
        notes = [Problem("columns_ignored", {"names": "、".join(unknown)})] if unknown else []
        if self._sheet.other_sheets:
            notes.append(Problem("sheets_ignored", {"names": "、".join(self._sheet.other_sheets)}))
        return notes

    def chunks(self, size: int = 5_000) -> Iterator[Chunk]:
        """Yield the filled rows, ``size`` at a time; raise `FileRefusedError` past the row limit or when none is."""
        row = self.header_row
        while rows := list(islice(self._sheet.rows, size)):
            chunk = self._chunk(rows, row + 1)
            row += len(rows)
            self.rows_read += len(chunk.numbers)
            if self.rows_read > self.limits.rows:
                raise FileRefusedError("too_many_rows", limit=self.limits.rows)
            if chunk.numbers:
                yield chunk
        if not self.rows_read:
            raise FileRefusedError("no_rows")

    def _chunk(self, rows: list[Row], first: int) -> Chunk:
        filled = [(number, row) for number, row in enumerate(rows, first) if not _is_blank(row)]
        if not filled:
            return Chunk()
        chunk = Chunk([number for number, _ in filled], {}, [], [row for _, row in filled])
        self._equalise(chunk)
        by_position: list[tuple[Cell, ...]] = list(zip(*chunk.cells, strict=True))
        for column in self.columns:
            position = self.positions.get(column.key)
            cells = by_position[position] if position is not None else ()
            chunk.values[column.key] = self._values(column, cells, chunk) if cells else [None] * len(filled)
        chunk.problems.sort(key=lambda problem: problem.row)
        return chunk

    def _equalise(self, chunk: Chunk) -> None:
        """Give rows of delimited text the width of the header; say so where text stands outside of it."""
        width = len(self.header)
        for i, row in enumerate(chunk.cells):
            if len(row) != width:
                if not _is_blank(row[width:]):
                    chunk.problems.append(
                        CellProblem(chunk.numbers[i], "", Problem("row_too_long", {"columns": width}))
                    )
                chunk.cells[i] = [*row[:width], *[""] * (width - len(row))]

    def _values(self, column: Column, cells: tuple[Cell, ...], chunk: Chunk) -> list[object]:
        values = self._parsers[column.key].read(cells)
        place = self._sheet.first_column + self.positions[column.key]
        if column.kind.identity and place in self._sheet.formulas:
            formulas = self._sheet.formulas[place]
            values = [_FORMULA if n in formulas else v for n, v in zip(chunk.numbers, values, strict=True)]
        for i, value in enumerate(values):
            if value.__class__ is Problem:
                number = chunk.numbers[i]
                problem = _MERGED if value is _MISSING and self._is_merged(place, number) else value
                chunk.problems.append(CellProblem(number, column.header, problem))
                values[i] = None
        return values

    def _is_merged(self, place: int, row: int) -> bool:
        starts, ends = self._sheet.merged.get(place, ([], []))
        at = bisect_right(starts, row) - 1
        return at >= 0 and row <= ends[at]


_MISSING = Problem("cell_missing")
_MERGED = Problem("cell_merged")
_FORMULA = Problem("cell_formula")


class _Values:
    """Parses the cells of one column, each distinct one once where they repeat."""

    def __init__(self, column: Column, epoch: date) -> None:
        self.empty = _MISSING if column.required else None
        self.parse: Parser = column.kind.parser(epoch)
        self.is_normal = column.kind.is_normal
        self.known = _Known(self) if column.kind.repeats else None

    def read(self, cells: tuple[Cell, ...]) -> list[object]:
        if self.known is None:
            normal, parse = self.is_normal, self.cell
            return [cell if cell.__class__ is str and normal(cell) else parse(cell) for cell in cells]
        if bool in set(map(type, cells)):  # True would be found under 1.0
            cells = tuple(str(cell).upper() if isinstance(cell, bool) else cell for cell in cells)
        return list(map(self.known.__getitem__, cells))

    def cell(self, cell: Cell) -> object:
        return self.empty if _is_empty(cell) else self.parse(cell)


class _Known(dict[Cell, object]):
    def __init__(self, values: _Values) -> None:
        super().__init__()
        self.values_of = values

    def __missing__(self, cell: Cell) -> object:
        value = self[cell] = self.values_of.cell(cell)
        return value


def _is_blank(row: Row) -> bool:
    if row and row[0].__class__ is str and row[0] > " ":
        return not row[0].strip(_SPACES) and all(map(_is_empty, row))
    return all(map(_is_empty, row))


def _is_empty(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip(_SPACES)


def header_key(text: Cell) -> str:
    """Return the form in which headers are compared: no spaces, star or bracketed hint, half-width, lower case."""
    if not isinstance(text, str):
        return ""
    plain = "".join(unicodedata.normalize("NFKC", text).translate(dict.fromkeys(map(ord, _SPACES))).split())
    return _HINT.sub("", plain.replace("*", "")).replace("*", "").casefold()


def _header(rows: list[Row], columns: Sequence[Column]) -> _Header:
    """Return the best header among the first rows."""
    found = [_header_in(row, number, columns) for number, row in enumerate(rows, 1)]
    return min(found, key=lambda header: (len(header.missing), -len(header.positions)))


def _header_in(row: Row, number: int, columns: Sequence[Column]) -> _Header:
    names = {header_key(name): column for column in columns for name in (column.header, *column.aliases)}
    positions: dict[str, int] = {}
    doubled: list[str] = []
    for position, cell in enumerate(row):
        column = names.get(header_key(cell))
        if column and column.key in positions:
            doubled.append(column.header)
        elif column:
            positions[column.key] = position
    missing = [column.header for column in columns if column.required and column.key not in positions]
    return _Header(number, [str(cell).strip() for cell in row], positions, missing, doubled)


def _check_header(header: _Header) -> None:
    if header.missing:
        raise FileRefusedError("columns_missing", names="、".join(header.missing), count=len(header.missing))
    if header.doubled:
        raise FileRefusedError("columns_doubled", names="、".join(header.doubled))


@contextlib.contextmanager
def open_table(
    source: BinaryIO | Path, columns: Sequence[Column], limits: Limits | None = None
) -> Iterator[TableReader]:
    """Open an XLSX or a delimited text, told apart by content, and find the declared columns.

    Raises `FileRefusedError` when the file as a whole is no table that can be read; single cells never raise.
    """
    limits = limits or Limits()
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        if file_kind(stream, limits) == "xlsx":
            facts = inspect_workbook(stream, limits)
            sheet, header = _choose_sheet(stack.enter_context(_calamine(stream)), facts, columns, limits)
        else:
            sheet, header = _text_table(stream, columns)
        _check_header(header)
        yield TableReader(sheet, header, columns, limits)


def _text_table(stream: BinaryIO, columns: Sequence[Column]) -> tuple[_Sheet, _Header]:
    rows, encoding, height = rows_of_text(stream)
    return _with_header(_Sheet(rows, encoding=encoding, height=height), columns)


@contextlib.contextmanager
def _calamine(stream: BinaryIO) -> Iterator[CalamineWorkbook]:
    try:
        with CalamineWorkbook.from_filelike(stream) as book:
            yield book
    except CalamineError as error:
        raise FileRefusedError("file_damaged") from error


def _choose_sheet(
    book: CalamineWorkbook, facts: Workbook, columns: Sequence[Column], limits: Limits
) -> tuple[_Sheet, _Header]:
    """Return the first visible sheet that has every required column, else the one that comes closest."""
    names = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    candidates: list[tuple[_Sheet, _Header]] = []
    for name in names:
        others = tuple(other for other in names if other != name)
        loaded = book.get_sheet_by_name(name)
        if loaded.end is not None:
            candidates.append(_with_header(_sheet(loaded, facts, others, limits), columns))
            if not candidates[-1][1].missing:
                return candidates[-1]
    if not candidates:
        raise FileRefusedError("no_rows")
    return min(candidates, key=lambda candidate: len(candidate[1].missing))


def _sheet(loaded: CalamineSheet, facts: Workbook, others: tuple[str, ...], limits: Limits) -> _Sheet:
    if loaded.width > limits.columns:
        raise FileRefusedError("too_many_columns", limit=limits.columns)
    found = facts.sheets.get(loaded.name)
    formulas = {column: set(rows) for column, rows in found.formulas.items()} if found else {}
    first_column = loaded.start[1] + 1 if loaded.start else 1
    merged = _merged_rows(loaded)
    return _Sheet(
        loaded.iter_rows(),
        first_column,
        facts.epoch,
        loaded.name,
        formulas,
        merged,
        others,
        height=loaded.total_height,
    )


def _merged_rows(loaded: CalamineSheet) -> dict[int, tuple[list[int], list[int]]]:
    """Return, by column, first and last row of each merged range, from 1 and in order."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (top, left), (bottom, right) in loaded.merged_cell_ranges or ():
        for column in range(left, min(right, left + 200) + 1):
            spans[column + 1].append((top + 1, bottom + 1))
    ordered = {column: sorted(set(ranges)) for column, ranges in spans.items()}
    return {column: ([a for a, _ in ranges], [b for _, b in ranges]) for column, ranges in ordered.items()}


def _with_header(sheet: _Sheet, columns: Sequence[Column]) -> tuple[_Sheet, _Header]:
    top: list[Row] = []
    for row in sheet.rows:
        top.append(row)
        if not _header_in(row, len(top), columns).missing or len(top) == _HEADER_ROWS:
            break
    if not any(not _is_blank(row) for row in top):
        raise FileRefusedError("no_rows")
    return sheet, _header(top, columns)
