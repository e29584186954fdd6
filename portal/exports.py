"""Tables to take along, as delimited text or as a workbook; what looks like a formula stays text."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override

from portal.policy import SHANGHAI
from portal.tables import OutColumn, OutSheet, safe_for_csv, write_workbook

Value = str | int | float | date | None
IN_MEMORY = 4 << 20
"""Bytes of a workbook that are kept in memory; a larger one goes to disk on its way."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_response(
    kind: str, *, title: str, columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]]
) -> HttpResponseBase:
    """Return the table as a download named after ``title``; ``kind`` is ``csv`` or ``xlsx``, anything else is a 404."""
    if kind == "csv":
        return _delimited(title, columns, rows)
    if kind == "xlsx":
        write = partial(table_write, title=title, columns=columns, rows=rows)
        return workbook_response(f"{title}.xlsx", write)
    raise Http404


def _delimited(
    title: str, columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]]
) -> StreamingHttpResponse:
    """Stream UTF-8 with a byte order mark, without which a spreadsheet takes Chinese for something else."""
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{title}.csv")
    return response


class _Echo:
    """What `csv.writer` writes to; it hands every line back."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    writer, language = csv.writer(_Echo()), get_language() or "zh-hans"
    yield "\ufeff" + str(writer.writerow([column.header for column in columns]))
    for row in rows:
        with override(language):  # the rows are made after the request, and its language, are over
            yield str(writer.writerow([_text(value) for value in row]))


def _text(value: Value) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return "" if value is None else safe_for_csv(str(value))


def table_write(
    target: BinaryIO, *, title: str, columns: Sequence[OutColumn], rows: Iterable[Sequence[Value]]
) -> None:
    """Write the table as a workbook of one sheet."""
    write_workbook(target, [OutSheet(title, columns, cast("Iterable[Sequence[Any]]", rows))])


def workbook_response(filename: str, write: Callable[[BinaryIO], None]) -> FileResponse:
    """Return the workbook that ``write`` writes as a download; where that fails, nothing of it is left open."""
    with ExitStack() as opened:
        file = cast("BinaryIO", opened.enter_context(SpooledTemporaryFile(IN_MEMORY)))
        write(file)
        file.seek(0)
        opened.pop_all()  # from here on the response closes it
    return FileResponse(file, as_attachment=True, filename=filename, content_type=XLSX)
