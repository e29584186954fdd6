"""Delimited text: finds the encoding by content and yields rows as the spreadsheet would show them."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from portal.tables.archive import FileRefusedError

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HEAD = 4_096
_FIELD_LIMIT = 100_000


def decode(content: bytes) -> tuple[str, str]:
    """Return ``(text, encoding)``; raise `FileRefusedError` when no known encoding fits."""
    for encoding in _candidates(content):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise FileRefusedError("encoding_unknown")


def _candidates(content: bytes) -> list[str]:
    head = content[:_HEAD]
    marked = [encoding for bom, encoding in _BOMS if head.startswith(bom)]
    if marked:
        return marked
    little, big = _separators(head, 0), _separators(head, 1)
    if max(little, big) > 2:
        return ["utf-16-le" if little > big else "utf-16-be"]
    return ["utf-8", "gb18030"]


def _separators(head: bytes, place: int) -> int:
    """Count the 16-bit units of ``head`` that are a separator, its byte at ``place`` of the two and a zero beside it."""
    units = zip(head[place::2], head[1 - place :: 2], strict=False)
    return sum(zero == 0 and mark in b",\t\n" for mark, zero in units)


def rows_of_text(source: BinaryIO) -> tuple[Iterator[list[str]], str, int]:
    """Return ``(rows, encoding, lines)``. The delimiter is the one that the first lines use most."""
    text, encoding = decode(source.read())
    csv.field_size_limit(_FIELD_LIMIT)
    lines = text[:_HEAD].splitlines()[:20]
    delimiter = max(",\t;", key=lambda mark: max((line.count(mark) for line in lines), default=0))
    return (
        _rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)),
        encoding,
        text.count("\n"),
    )


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    row = 0
    while True:
        row += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileRefusedError("csv_quotes", row=row) from error
