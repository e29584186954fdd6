"""The records of a half-month as a workbook or as delimited text, for whoever enters them by hand."""

import csv
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from django.utils.translation import gettext as _

from education.models import CERecord, Mode
from education.national.outbox import HalfMonth
from portal.tables import OutColumn, OutSheet, safe_for_csv, write_workbook
from portal.tables.writer import Value

_COLUMNS = (
    OutColumn("记录号", 10),
    OutColumn("姓名", 12),
    OutColumn("身份证号", 22, text=True),
    OutColumn("岗位代码", 10, text=True),
    OutColumn("培训机构", 30),
    OutColumn("统一社会信用代码", 22, text=True),
    OutColumn("课程名称", 32),
    OutColumn("培训方式", 10),
    OutColumn("开始日期", 12),
    OutColumn("结束日期", 12),
    OutColumn("总学时", 8),
    OutColumn("专业学时", 8),
    OutColumn("考核结果", 10),
    OutColumn("补学年度", 10),
    OutColumn("冲销记录号", 12),
)
_MODES = {Mode.FACE_TO_FACE.value: "集中", Mode.ONLINE.value: "网络"}


def half_month_workbook(target: BinaryIO, half: HalfMonth) -> None:
    write_workbook(target, [OutSheet(f"{half.first} {_('to')} {half.last}", _COLUMNS, _rows(half))])


def half_month_csv(target: TextIO, half: HalfMonth) -> None:
    """Write UTF-8 text with the headers of the workbook; what a spreadsheet would execute is escaped."""
    out = csv.writer(target)
    out.writerow([column.header for column in _COLUMNS])
    for row in _rows(half):
        out.writerow(["" if value is None else safe_for_csv(str(value)) for value in row])


def _rows(half: HalfMonth) -> Iterator[list[Value]]:
    return map(_row, half.records().iterator(chunk_size=2_000))


def _row(record: CERecord) -> list[Value]:
    return [
        record.pk,
        record.person.name,
        record.person.id_number,
        record.post_code,
        record.institution.name,
        record.institution.code,
        record.course,
        _MODES[record.mode],
        record.started_on,
        record.ended_on,
        record.hours / 10,
        record.professional_hours / 10,
        "合格" if record.passed else "不合格",
        record.makes_up_for,
        record.reversal_of_id,
    ]
