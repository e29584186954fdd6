"""Tables that people bring and take: reads XLSX and delimited text with every problem in its cell, writes workbooks.

>>> with open_table(path, [Column("姓名", "name", Name(), required=True)]) as table:  # doctest: +SKIP
...     for chunk in table.chunks():
...         save(chunk.values["name"], chunk.problems)
"""

from portal.identity import Problem
from portal.tables.archive import FileRefusedError, Limits
from portal.tables.kinds import (
    Cell,
    CertificateNumber,
    Choice,
    Code,
    CreditCode,
    Date,
    Hours,
    IdNumber,
    Kind,
    Mobile,
    Name,
    Score,
    Text,
    Year,
    as_text,
)
from portal.tables.messages import Explanation, describe
from portal.tables.reader import CellProblem, Chunk, Column, Row, TableReader, open_table
from portal.tables.writer import Marked, OutColumn, OutSheet, safe_for_csv, write_workbook

__all__ = [
    "Cell",
    "CellProblem",
    "CertificateNumber",
    "Choice",
    "Chunk",
    "Code",
    "Column",
    "CreditCode",
    "Date",
    "Explanation",
    "FileRefusedError",
    "Hours",
    "IdNumber",
    "Kind",
    "Limits",
    "Marked",
    "Mobile",
    "Name",
    "OutColumn",
    "OutSheet",
    "Problem",
    "Row",
    "Score",
    "TableReader",
    "Text",
    "Year",
    "as_text",
    "describe",
    "open_table",
    "safe_for_csv",
    "write_workbook",
]
