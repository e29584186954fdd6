"""Looks at a file before anything is inflated or parsed: what it is, how large it would become, what is hidden in it.

The workbook reader allocates a dense rectangle of cells, so one stray cell in the last corner, or one long shared text
used a million times, would take all memory. Every part is therefore inflated once as a stream here, counted against
what the directory declares, and searched. Workbooks as programs write them are searched with a few expressions at the
speed of the inflater; anything written in an unusual way goes through a real XML parser.
"""

import re
import zipfile
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import BinaryIO
from xml.parsers import expat

from portal.identity import Problem
from portal.tables.kinds import EPOCH_1900, EPOCH_1904

_CHUNK = 1 << 20
_HEAD = 4_096
_RATIO_FROM = 8 << 20  # bytes; a small file may well be one value repeated
_LONG_TEXT = 1_000  # bytes
_MOST_PARTS = 2_000
_ROWS_ABOVE = 100  # a title, notes and the header do not count as rows
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_UNUSUAL = (  # one expression each: the literal start is what makes them fast
    rb'<c(?! r="A?[A-Z]\d{1,%(digits)d}")[\s/>]',
    rb'<row(?! r="\d{1,%(digits)d}")[\s/>]',
    rb":(?:c|row|f)[\s/>]",
)
_FORMULA = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*><f[\s/>]')
_REFERENCE = re.compile(rb"<v>(\d+)</v>")
_CELL_NAME = re.compile(r"([A-Za-z]+)(\d+)", re.ASCII)
_SHEET_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. Sizes in bytes; ``ratio`` is unpacked to packed size of one part."""

    bytes: int = 20 << 20
    unpacked: int = 200 << 20
    ratio: int = 200
    rows: int = 50_000
    columns: int = 200


class FileRefusedError(Exception):
    """The file as a whole cannot be read; `problem` says why."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.problem = Problem(code, params)


@dataclass(slots=True)
class SheetPart:
    """What the search found in one sheet: formulas as row numbers by column (both from 1)."""

    formulas: "dict[int, array[int]]" = field(default_factory=dict)
    last_row: int = 0
    last_column: int = 0


@dataclass(slots=True)
class Workbook:
    """What is known of a workbook before it is read."""

    epoch: date = EPOCH_1900
    sheets: dict[str, SheetPart] = field(default_factory=dict)


def size_of(source: BinaryIO) -> int:
    size = source.seek(0, 2)
    source.seek(0)
    return size


def file_kind(source: BinaryIO, limits: Limits) -> str:
    """Return ``xlsx`` or ``text`` by what the file holds; raise `FileRefusedError` for anything else."""
    size = size_of(source)
    if size == 0:
        raise FileRefusedError("file_empty")
    if size > limits.bytes:
        raise FileRefusedError("file_too_large", size=_megabytes(size), limit=_megabytes(limits.bytes))
    head = source.read(_HEAD)
    source.seek(0)
    if head.startswith(_OLE):
        content = source.read()
        raise FileRefusedError("file_encrypted" if _OLE_PACKAGE in content else "file_xls")
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise FileRefusedError("file_not_a_table")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise FileRefusedError("file_web_page")
    return "text"


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"


def inspect_workbook(source: BinaryIO, limits: Limits) -> Workbook:
    """Check every part of an XLSX against the limits; raise `FileRefusedError` where one is exceeded."""
    try:
        with zipfile.ZipFile(source) as archive:
            _check_directory(archive, limits)
            return _Inspection(archive, limits).run()
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        expat.ExpatError,
        KeyError,
    ) as error:
        raise FileRefusedError("file_damaged") from error
    finally:
        source.seek(0)


def _check_directory(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefusedError("file_encrypted")
    if len(parts) > _MOST_PARTS or len(names) < len(parts):
        raise FileRefusedError("file_damaged")
    if sum(part.file_size for part in parts) > limits.unpacked:
        raise FileRefusedError("file_expands", limit=_megabytes(limits.unpacked))
    if any(p.file_size > _RATIO_FROM and p.file_size > limits.ratio * p.compress_size for p in parts):
        raise FileRefusedError("file_expands", limit=_megabytes(limits.unpacked))
    if any(name.endswith("vbaproject.bin") for name in names):
        raise FileRefusedError("file_macros")
    if not {"[content_types].xml", "xl/workbook.xml"} <= names:
        raise FileRefusedError("file_not_a_workbook")
    content_types = next(part for part in parts if part.filename.lower() == "[content_types].xml")
    if b"macroEnabled" in b"".join(_inflate(archive, content_types)):
        raise FileRefusedError("file_macros")


def _inflate(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part in pieces, and stop where it turns out larger than the directory says."""
    honest = copy(part)
    honest.file_size = part.file_size + _CHUNK  # the reader would else stop quietly at the declared size
    seen = 0
    with archive.open(honest) as stream:
        while piece := stream.read(_CHUNK):
            seen += len(piece)
            if seen > part.file_size:
                raise FileRefusedError("file_damaged")
            yield piece


class _Inspection:
    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self.archive, self.limits = archive, limits
        self.parts = {part.filename: part for part in archive.infolist()}
        self.sheets: dict[str, SheetPart] = {}
        self.long_texts: dict[int, int] = {}
        digits = {b"digits": len(str(limits.rows + _ROWS_ABOVE))}
        self.unusual = [re.compile(pattern % digits if b"%" in pattern else pattern) for pattern in _UNUSUAL]

    def run(self) -> Workbook:
        for part in self.parts.values():
            self._inspect(part)
        if self.long_texts:
            self._check_repeated_texts()
        return self._workbook()

    def _inspect(self, part: zipfile.ZipInfo) -> None:
        pieces = _inflate(self.archive, part)
        head = next(pieces, b"")
        if b"<!DOCTYPE" in head[:_HEAD] or b"<\0!\0D\0" in head[:_HEAD]:
            raise FileRefusedError("file_damaged")
        if b"sst" in head[:_HEAD]:
            self._measure_texts(chain([head], pieces))
        elif b"<sheetData" in head or b":sheetData" in head or part.filename.startswith("xl/worksheets/"):
            self.sheets[part.filename] = self._search_sheet(part, chain([head], pieces))
        else:
            for _ in pieces:  # counted, nothing else
                pass

    def _measure_texts(self, pieces: Iterator[bytes]) -> None:
        tail, index = b"", 0
        for piece in pieces:
            *texts, tail = (tail + piece).split(b"</si>")
            for text in texts:
                if len(text) > _LONG_TEXT:
                    self.long_texts[index] = len(text)
                index += 1

    def _search_sheet(self, part: zipfile.ZipInfo, pieces: Iterator[bytes]) -> SheetPart:
        found, tail = SheetPart(), b""
        for piece in chain(pieces, [b""]):
            text = tail + piece
            if not tail and piece and not _plain_root(piece):
                return self._parse_sheet(part)
            cut = _whole_until(text) if piece else len(text)
            text, tail = (text[:cut], text[cut:]) if cut > 0 else (b"", text)
            if any(pattern.search(text) for pattern in self.unusual):
                return self._parse_sheet(part)
            _note_formulas(text, found)
        return found

    def _parse_sheet(self, part: zipfile.ZipInfo) -> SheetPart:
        """Read a sheet written in an unusual way, cell by cell."""
        parser = _SheetParser()
        for piece in _inflate(self.archive, part):
            parser.feed(piece)
        found = parser.found
        if found.last_row > self.limits.rows + _ROWS_ABOVE:
            raise FileRefusedError("too_many_rows", limit=self.limits.rows)
        if found.last_column > self.limits.columns:
            raise FileRefusedError("too_many_columns", limit=self.limits.columns)
        return found

    def _check_repeated_texts(self) -> None:
        """Refuse a long shared text that so many cells repeat that the sheet would outgrow the limit."""
        total = 0
        for name in self.sheets:
            uses = Counter(map(int, _REFERENCE.findall(self.archive.read(name))))
            total += sum(size * uses[index] for index, size in self.long_texts.items())
        if total > self.limits.unpacked:
            raise FileRefusedError("file_expands", limit=_megabytes(self.limits.unpacked))

    def _workbook(self) -> Workbook:
        book, relations = _Elements(self.archive.read("xl/workbook.xml")), _Elements(b"<r/>")
        if "xl/_rels/workbook.xml.rels" in self.parts:
            relations = _Elements(self.archive.read("xl/_rels/workbook.xml.rels"))
        targets = {
            a.get("Id", ""): a.get("Target", "") for tag, a in relations.found if tag == "Relationship"
        }
        sheets = {}
        for tag, attributes in book.found:
            if tag == "sheet":
                path = targets.get(attributes.get(f"{_SHEET_RELATION} id", ""), "")
                path = path.lstrip("/") if path.startswith("/") else f"xl/{path}"
                sheets[attributes.get("name", "")] = self.sheets.get(path, SheetPart())
        is_1904 = any(tag == "workbookPr" and a.get("date1904") in {"1", "true"} for tag, a in book.found)
        return Workbook(EPOCH_1904 if is_1904 else EPOCH_1900, sheets)


def _whole_until(text: bytes) -> int:
    """Return where the last cell starts, which may go on in the next piece; long after the cells, the last element."""
    cut = text.rfind(b"<c ")
    return cut if cut > 0 or len(text) < 4 * _CHUNK else text.rfind(b"<")


def _plain_root(text: bytes) -> bool:
    body = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    if body.startswith(b"<?xml"):
        declaration, _, body = body.partition(b"?>")
        if b"encoding" in declaration and not re.search(
            rb"""encoding=["'](?:utf-8|us-ascii)["']""", declaration, re.IGNORECASE
        ):
            return False
    return body.lstrip().startswith(b"<worksheet")


def _note_formulas(text: bytes, found: SheetPart) -> None:
    if b"<f" not in text:
        return
    for match in _FORMULA.finditer(text):
        found.formulas.setdefault(_column(match[1].decode()), array("l")).append(int(match[2]))


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


class _SheetParser:
    """Positions of filled cells and formulas, by a full parse."""

    def __init__(self) -> None:
        self.found = SheetPart()
        self.row, self.column = 0, 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = _refuse_doctype

    def feed(self, piece: bytes) -> None:
        self.parser.Parse(piece, False)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "row":
            self.row, self.column = int(attributes.get("r") or self.row + 1), 0
        elif name == "c":
            self._cell(attributes.get("r", ""))
        elif name in {"v", "t"} and self.column:
            self.found.last_row = max(self.found.last_row, self.row)
            self.found.last_column = max(self.found.last_column, self.column)
        elif name == "f":
            self.found.formulas.setdefault(self.column, array("l")).append(self.row)

    def _cell(self, reference: str) -> None:
        match = _CELL_NAME.fullmatch(reference.strip())
        self.row = int(match[2]) if match else self.row
        self.column = _column(match[1]) if match else self.column + 1


def _refuse_doctype(*_: object) -> None:
    raise FileRefusedError("file_damaged")


class _Elements:
    """Tags with their attributes of a small part."""

    def __init__(self, content: bytes) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda tag, a: self.found.append((tag.rpartition(" ")[2], a))
        parser.Parse(content, True)
