"""Writes workbooks and delimited text that are safe to open.

A text that starts with one of ``= + - @`` or a control character is executed as a formula by some programs. In a
workbook every text is stored as text, marked with the quote prefix, so that it stays one when it is edited. Delimited
text has no types: there an apostrophe is put in front.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from portal.policy import SHANGHAI
from portal.tables.kinds import Cell

Value = Cell | int | None

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_CHARACTERS = 32_767
_FILLS = {"bad": "F9D5CF", "good": "DCEFDC", "note": "FFF3C4", "header": "1D5A7A"}
_HEADER_FONT = Font(bold=True, color="FFFFFF")


@dataclass(frozen=True, slots=True)
class Marked:
    """A cell to be coloured: ``bad``, ``good`` or ``note``."""

    value: Value
    mark: str


@dataclass(frozen=True, slots=True)
class OutColumn:
    """A column to write. ``text``: formatted as text, so that a number typed there keeps all its digits."""

    header: str
    width: int = 14
    text: bool = False


@dataclass(frozen=True, slots=True)
class OutSheet:
    title: str
    columns: Sequence[OutColumn]
    rows: Iterable[Sequence[Value | Marked]]


def is_risky(text: str) -> bool:
    """Tell whether a spreadsheet might take ``text`` for a formula."""
    return text.startswith(_STARTS_FORMULA)


def safe_for_csv(text: str) -> str:
    """Return ``text`` so that no spreadsheet executes it when it opens the delimited file."""
    return f"'{text}" if is_risky(text) else text


def printable(text: str) -> str:
    """Return ``text`` without what XML cannot hold, cut to what a cell can."""
    return _NOT_IN_XML.sub("", text)[:_MOST_CHARACTERS]


def write_workbook(target: Path | BinaryIO, sheets: Iterable[OutSheet]) -> None:
    """Write ``sheets`` row by row: the rows may be a generator, and are never all in memory.

    A path is replaced only when the whole workbook has been written.
    """
    book = Workbook(write_only=True)
    try:
        for sheet in sheets:
            _write_sheet(book.create_sheet(_title(sheet.title)), sheet)
    except BaseException:
        for unfinished in book.worksheets:
            unfinished.close()  # its temporary file is open
        raise
    if not isinstance(target, Path):
        book.save(target)
        return
    part = target.with_name(f".{target.name}.part")
    with contextlib.ExitStack() as undo:
        undo.callback(part.unlink, missing_ok=True)
        book.save(part)
        part.replace(target)


def _title(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", printable(title))[:31]


def _write_sheet(sheet: Any, content: OutSheet) -> None:
    sheet.freeze_panes = "A2"
    for position, column in enumerate(content.columns, 1):
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.append([_header_cell(sheet, column.header) for column in content.columns])
    texts = [column.text for column in content.columns]
    rows = 1
    for row in content.rows:
        sheet.append([_cell(sheet, value, texts[i]) for i, value in enumerate(row)])
        rows += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(texts))}{rows}"


def _header_cell(sheet: Any, text: str) -> Any:
    cell = _cell(sheet, Marked(text, "header"), as_text=True)
    cell.font = _HEADER_FONT
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _cell(sheet: Any, value: Value | Marked, as_text: bool) -> Any:
    """Return what ``append`` takes: the bare value where nothing about it needs care, which is much faster."""
    mark = value.mark if isinstance(value, Marked) else ""
    value = value.value if isinstance(value, Marked) else value
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(SHANGHAI).replace(tzinfo=None)
    value = printable(value) if isinstance(value, str) else value
    risky = isinstance(value, str) and is_risky(value)
    if not (mark or risky or as_text or isinstance(value, date)):
        return value
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type, cell.quotePrefix = "s", risky
    if as_text:
        cell.number_format = "@"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd hh:mm" if isinstance(value, datetime) else "yyyy-mm-dd"
    if mark:
        cell.fill = PatternFill("solid", fgColor=_FILLS[mark])
    return cell
