"""The records of a half-month as a table, for whoever enters them by hand: streamed as text, or as a workbook."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.db.models import Count, Max
from django.http import HttpResponseBase
from django.urls import reverse

from education.models import CERecord, Mode
from education.national.outbox import HalfMonth, export_note, half_month_of_text
from portal.accounts.models import Role, User
from portal.downloads.models import Download
from portal.downloads.services import AT_ONCE_ROWS, DownloadKind, Progress, download_ask, noted
from portal.events.services import Actor
from portal.exports import Value, table_response
from portal.tables import OutColumn, OutSheet, write_workbook

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


def half_month_file(kind: str, half: HalfMonth, *, by: Actor) -> HttpResponseBase | Download:
    """Return the table at once, as ``csv`` of any size or as ``xlsx`` of a small one; a large workbook as a download.

    Raises `DownloadNotFoundError` for an account that may not have it.
    """
    count = half.records().count()
    if kind == "xlsx" and count > AT_ONCE_ROWS:
        return download_ask(kind=HALF_MONTH.code, subject=half.first.isoformat(), by=by)
    export_note(half, kind, count, by=by)
    return table_response(kind, title=_title(half), columns=_COLUMNS, rows=_rows(half))


def _title(half: HalfMonth) -> str:
    return f"{half.first}_{half.last}"


def _rows(half: HalfMonth) -> Iterator[list[Value]]:
    return map(_row, half.records().iterator(chunk_size=2_000))


@dataclass(frozen=True)
class HalfMonthSource:
    """The workbook of a half-month, as a file that a worker makes."""

    half: HalfMonth

    @property
    def version(self) -> str:
        """Records are only ever added."""
        found = self.half.records().order_by().aggregate(count=Count("pk"), last=Max("pk"))
        return f"{found['count']}-{found['last']}"

    @property
    def filename(self) -> str:
        return f"{_title(self.half)}.xlsx"

    def write(self, target: BinaryIO, note: Progress) -> None:
        rows: Iterable[list[Value]] = noted(_rows(self.half), self.half.records().count(), note)
        write_workbook(target, [OutSheet(_title(self.half), _COLUMNS, rows)])


def _source(user: User, subject: str) -> HalfMonthSource | None:
    return HalfMonthSource(half_month_of_text(subject)) if user.role in (Role.REVIEWER, Role.CHIEF) else None


def _page(_subject: str) -> str:
    return reverse("review-national")


HALF_MONTH = DownloadKind("national-half-month", _source, _page)


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
