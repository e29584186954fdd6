"""The clerk's own table given back: each row judged, bad cells coloured, what is wrong and how to put it right beside.

The number of each row stands in front, so that corrected rows can be sent back alone.
"""

import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.http import FileResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from education.columns import COLUMNS, ROW_NUMBER
from education.models import Batch, BatchState, RowProblem
from education.problem_texts import explain_problem
from education.reading import BatchTable, open_batch_table
from education.selectors import batches_visible_to, problems_of, remedies_of
from education.services.checking import batch_files
from portal.accounts.models import User
from portal.downloads.services import DownloadKind, Progress, noted
from portal.exports import workbook_response
from portal.tables import Limits, Row
from portal.tables.writer import Marked, OutColumn, OutSheet, Value, write_workbook

ERROR, WARNING = RowProblem.Severity.ERROR, RowProblem.Severity.WARNING
NOT_READ = frozenset({BatchState.UPLOADED, BatchState.CHECKING, BatchState.FAILED})
AS_TEXT = {"id_number", "certificate_number", "post_code"}


class Judgement(NamedTuple):
    """What is said about one row."""

    severity: str
    columns: dict[str, str]
    """Severity by header of the column."""
    message: str
    fix: str


def workbook_write(target: BinaryIO, batch: Batch, note: Progress = lambda done, of: None) -> None:
    """Write the checked table of ``batch`` with its problems, in the active language.

    The rows are judged a piece at a time, so that the problems of a large batch are never all in memory.
    """
    limits = Limits(bytes=settings.BATCH_MAX_BYTES, rows=settings.BATCH_MAX_ROWS)
    files: list[BinaryIO] = [io.BytesIO(content) for content in batch_files(batch)]
    with open_batch_table(files, limits) as table:
        judged = noted(_rows(batch, table), batch.rows_total, note)
        rows = OutSheet(table.sheet or _("Rows"), _columns(table), judged)
        write_workbook(target, [rows, _overview(batch)])


def batch_workbook_response(batch: Batch) -> FileResponse:
    """Return the workbook of a batch that is small enough as a download named after the clerk's own file."""
    return workbook_response(workbook_name(batch), partial(workbook_write, batch=batch))


def workbook_name(batch: Batch) -> str:
    return f"{Path(batch.filename).stem}-{batch.uploaded_at:%m%d}.xlsx"


@dataclass(frozen=True)
class WorkbookSource:
    """The table given back, as a file that a worker makes."""

    batch: Batch

    @property
    def version(self) -> str:
        """Of each check there is one table."""
        return self.batch.checked_at.isoformat() if self.batch.checked_at else ""

    @property
    def filename(self) -> str:
        return workbook_name(self.batch)

    def write(self, target: BinaryIO, note: Progress) -> None:
        workbook_write(target, self.batch, note)


def _source(user: User, subject: str) -> WorkbookSource | None:
    batch = batches_visible_to(user).filter(pk=subject).exclude(state__in=NOT_READ).exclude(file="").first()
    return WorkbookSource(batch) if batch else None


def _page(subject: str) -> str:
    return reverse("batch-detail", args=[subject])


WORKBOOK = DownloadKind("batch-workbook", _source, _page)


def _judgements(batch: Batch, numbers: Collection[int]) -> dict[int, Judgement]:
    by_row: dict[int, list[RowProblem]] = defaultdict(list)
    for problem in problems_of(batch).filter(row__in=numbers):
        by_row[problem.row or 0].append(problem)
    return {row: _judgement(problems) for row, problems in by_row.items()}


def _judgement(problems: list[RowProblem]) -> Judgement:
    words = [explain_problem(problem.code, problem.facts) for problem in problems]
    columns: dict[str, str] = {}
    for problem in problems:
        columns[problem.column] = min(problem.severity, columns.get(problem.column, WARNING))
    return Judgement(
        min(columns.values()),
        columns,
        "\n".join(
            _in_column(problem.column, word.message) for problem, word in zip(problems, words, strict=True)
        ),
        "\n".join(dict.fromkeys(word.fix for word in words)),
    )


def _in_column(column: str, message: str) -> str:
    return _("%(column)s: %(message)s") % {"column": column, "message": message} if column else message


def _columns(table: BatchTable) -> list[OutColumn]:
    texts = {table.positions[key] for key in AS_TEXT if key in table.positions}
    own = [
        OutColumn(header, 20 if i in texts else 14, text=i in texts) for i, header in enumerate(table.header)
    ]
    return [
        OutColumn(ROW_NUMBER.header, 8),
        *own,
        OutColumn(_("Judgement"), 10),
        OutColumn(_("What is wrong"), 48),
        OutColumn(_("How to put it right"), 48),
    ]


def _rows(batch: Batch, table: BatchTable) -> Iterator[list[Value | Marked]]:
    places = {column.header: table.positions.get(column.key) for column in COLUMNS}
    good = Marked(_("Good"), "good")
    for chunk in table.chunks():
        judgements = _judgements(batch, chunk.numbers)
        for number, cells in zip(chunk.numbers, chunk.cells, strict=True):
            judgement = judgements.get(number)
            judged = _judged(cells, judgement, places) if judgement else [*cells, good, None, None]
            yield [number, *judged]


def _judged(cells: Row, judgement: Judgement, places: dict[str, int | None]) -> list[Value | Marked]:
    row: list[Value | Marked] = list(cells)
    marks = {ERROR: "bad", WARNING: "note"}
    for column, severity in judgement.columns.items():
        place = places.get(column)
        if place is not None:
            row[place] = Marked(cells[place], marks[RowProblem.Severity(severity)])
    severity = RowProblem.Severity(judgement.severity)
    return [*row, Marked(str(severity.label), marks[severity]), judgement.message, judgement.fix]


def _overview(batch: Batch) -> OutSheet:
    columns = [
        OutColumn(_("Rows"), 8),
        OutColumn(_("Column"), 14),
        OutColumn(_("Severity"), 10),
        OutColumn(_("What is wrong"), 60),
        OutColumn(_("How to put it right"), 60),
        OutColumn(_("Clause"), 8),
    ]
    return OutSheet(_("Overview"), columns, _overview_rows(batch))


def _overview_rows(batch: Batch) -> Iterable[list[Value | Marked]]:
    for remedy in remedies_of(batch):
        words = explain_problem(remedy.code, remedy.facts)
        label = str(RowProblem.Severity(remedy.severity).label)
        yield [remedy.rows, remedy.column, label, words.message, words.fix, remedy.clause]
