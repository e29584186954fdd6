"""The workbook that says of every row that was not taken in why, and how to put it right."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from certificates.registry.columns import registry_columns
from certificates.registry.importing import LIMITS, Problems
from certificates.registry.texts import explain
from portal.policy import Policy
from portal.tables import Cell, Marked, OutColumn, OutSheet, TableReader, open_table, write_workbook

_Out = list[Cell | int | Marked | None]


def report_write(target: Path, *, source: BinaryIO, problems: Problems, policy: Policy) -> None:
    """Write the reported rows with their original cells, bad ones coloured, reason and remedy beside them.

    The rows are read from ``source`` a second time, so that an import holds none of them in memory.
    """
    source.seek(0)
    with open_table(source, registry_columns(policy), LIMITS) as table:
        columns = [
            OutColumn(pgettext("registry report", "Row"), 8),
            *(OutColumn(header, 20, text=True) for header in table.header),
            OutColumn(pgettext("registry report", "Reason"), 60),
            OutColumn(pgettext("registry report", "Remedy"), 60),
        ]
        write_workbook(target, [OutSheet(_("Rows not taken in"), columns, _rows(table, problems))])


def _rows(table: TableReader, problems: Problems) -> Iterator[_Out]:
    places = {column.header: table.positions.get(column.key) for column in table.columns}
    for chunk in table.chunks():
        for number, cells in zip(chunk.numbers, chunk.cells, strict=True):
            if number in problems:
                bad = {places.get(column) for column, _problem in problems[number]}
                words = [(column, explain(problem)) for column, problem in problems[number]]
                yield [
                    number,
                    *(Marked(cell, "bad") if i in bad else cell for i, cell in enumerate(cells)),
                    "\n".join(_labelled(column, text.message) for column, text in words),
                    "\n".join(_labelled(column, text.fix) for column, text in words),
                ]


def _labelled(column: str, text: str) -> str:
    return f"{column}: {text}" if column else text
