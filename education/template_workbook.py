"""The template that clerks fill in: identifying columns as text, drop-downs, an example above the headers."""

from typing import BinaryIO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from education.columns import (
    CERTIFICATE,
    COLUMNS,
    COURSE,
    ENDED,
    HOURS,
    ID_NUMBER,
    MODE,
    MODES,
    PASSED,
    POST,
    PROFESSIONAL,
    RESULTS,
    STARTED,
)
from institutions.models import Institution
from portal.policy import Policy

HEADER_ROW = 3
TEXT, DAY, HALF_HOURS = "@", "yyyy-mm-dd", "0.0"
FORMATS = {
    ID_NUMBER: TEXT,
    CERTIFICATE: TEXT,
    POST: TEXT,
    STARTED: DAY,
    ENDED: DAY,
    HOURS: HALF_HOURS,
    PROFESSIONAL: HALF_HOURS,
}
WIDTHS = {ID_NUMBER: 22, CERTIFICATE: 22, COURSE: 32}
EXAMPLE = (
    "张三", "469900199001011234", "琼建培2016000001", "101", "施工现场安全与质量", "集中", "2020-10-12", "2020-10-16", "32", "22",
    "86", "合格", "", "",
)  # fmt: skip
_GREY = Font(italic=True, color="707070")


def template_write(target: BinaryIO, *, institution: Institution, policy: Policy, most_rows: int) -> None:
    """Write the template of an institution for the posts of ``policy``.

    The example stands above the headers, so that it is never read as a row.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "学员名单"
    sheet["A1"] = _(
        "%(institution)s: batch of continuing education. Row 2 is an example; fill in from row 4 on."
    ) % {"institution": institution.name}
    sheet["A1"].font = Font(bold=True, size=13)
    _header(sheet)
    _choices(sheet, policy, last=HEADER_ROW + most_rows)
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    book.save(target)


def _header(sheet: Worksheet) -> None:
    for position, column in enumerate(COLUMNS, 1):
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].width = WIDTHS.get(column.header, 13)
        sheet.column_dimensions[letter].number_format = FORMATS.get(column.header, "General")
        example = sheet.cell(HEADER_ROW - 1, position, EXAMPLE[position - 1])
        example.font, example.number_format = _GREY, TEXT
        header = sheet.cell(HEADER_ROW, position, column.header + ("*" if column.required else ""))
        header.font, header.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="0B4653")
        header.alignment = Alignment(vertical="center", wrap_text=True)
        header.number_format = TEXT


def _choices(sheet: Worksheet, policy: Policy, last: int) -> None:
    posts = (*policy.exchange.posts, *policy.batches.safety_officer_posts)
    names = " ".join(f"{post.code}{post.zh}" for post in posts)
    lists = {POST: [post.code for post in posts], MODE: list(MODES), PASSED: list(RESULTS)}
    for position, column in enumerate(COLUMNS, 1):
        if column.header in lists:
            choice = DataValidation(
                type="list", formula1=f'"{",".join(lists[column.header])}"', allow_blank=True
            )
            choice.promptTitle, choice.prompt = column.header, names[:250] if column.header == POST else None
            choice.showInputMessage = column.header == POST
            letter = get_column_letter(position)
            choice.add(f"{letter}{HEADER_ROW + 1}:{letter}{last}")
            sheet.add_data_validation(choice)
