"""The records of a half-month as a table, for whoever enters them by hand: streamed as text, or as a workbook."""

from functools import partial

from django.db.models import Count, Max
from django.http import HttpResponseBase
from django.urls import reverse

from education.models import CERecord, Mode
from education.national.outbox import HalfMonth, export_note, half_month_of_text
from portal.accounts.models import User
from portal.accounts.roles import Permission, may
from portal.downloads.models import Download
from portal.downloads.services import DownloadKind
from portal.downloads.tables import TableSource, table_file
from portal.events.services import Actor
from portal.exports import Value
from portal.tables import OutColumn

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


def half_month_file(form: str, half: HalfMonth, *, by: Actor) -> HttpResponseBase | Download:
    """Return the table of a half-month as ``csv`` or ``xlsx``, a large workbook as a download (see `table_file`)."""
    source = _table(half)
    found = table_file(form, source, kind=HALF_MONTH, subject=half.first.isoformat(), by=by)
    if not isinstance(found, Download):
        export_note(half, form, source.count(), by=by)
    return found


def _table(half: HalfMonth) -> TableSource:
    return TableSource(
        title=f"{half.first}_{half.last}",
        columns=_COLUMNS,
        count=half.records().count,
        rows=lambda: map(_row, half.records().iterator(chunk_size=2_000)),
        version_now=partial(_version, half),
    )


def _version(half: HalfMonth) -> str:
    """Records are only ever added."""
    found = half.records().order_by().aggregate(count=Count("pk"), last=Max("pk"))
    return f"{found['count']}-{found['last']}"


def _source(user: User, subject: str) -> TableSource | None:
    return _table(half_month_of_text(subject)) if may(user, Permission.NATIONAL_ENTER) else None


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
