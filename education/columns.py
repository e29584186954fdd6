"""The columns of a CE batch, as people write their headers and as the rows keep them."""

from django.utils.translation import gettext_noop

from education.models import Mode
from portal.identity import Problem, visible
from portal.tables import (
    Cell,
    CertificateNumber,
    Choice,
    Code,
    Column,
    Date,
    Hours,
    IdNumber,
    Kind,
    Name,
    Score,
    Text,
    Year,
    as_text,
)

NAME, ID_NUMBER, CERTIFICATE, POST = "姓名", "身份证号", "证书编号", "岗位代码"
COURSE, MODE, STARTED, ENDED = "课程名称", "培训方式", "开始日期", "结束日期"
HOURS, PROFESSIONAL, SCORE, PASSED, MAKES_UP, REMARK = (
    "总学时",
    "专业学时",
    "考核成绩",
    "考核结果",
    "补学年度",
    "备注",
)

MODES = {"集中": Mode.FACE_TO_FACE.value, "网络": Mode.ONLINE.value}
RESULTS = {"合格": True, "不合格": False}


class RowNumber(Kind):
    """The number of a row in the table that is corrected: `int`."""

    repeats = False

    def parse(self, cell: Cell) -> object:
        text = visible(as_text(cell))
        return (
            int(text) if text.isascii() and text.isdigit() and len(text) < 8 else Problem("row_number_format")
        )


COLUMNS = (
    Column(NAME, "name", Name(), required=True),
    Column(ID_NUMBER, "id_number", IdNumber(), required=True),
    Column(CERTIFICATE, "certificate_number", CertificateNumber(), required=True),
    Column(POST, "post_code", Code(), required=True),
    Column(COURSE, "course", Text(200), required=True),
    Column(MODE, "mode", Choice(MODES), required=True),
    Column(STARTED, "started_on", Date(), required=True),
    Column(ENDED, "ended_on", Date(), required=True),
    Column(HOURS, "hours", Hours(), required=True),
    Column(PROFESSIONAL, "professional_hours", Hours(), required=True),
    Column(SCORE, "score", Score()),
    Column(PASSED, "passed", Choice(RESULTS), required=True),
    Column(MAKES_UP, "makes_up_for", Year()),
    Column(REMARK, "remark", Text(500)),
)

ROW_NUMBER = Column("行号", "row_number", RowNumber())
"""Stands in the table that the clerk gets back, so that corrected rows can be sent alone."""
NUMBERED_COLUMNS = (*COLUMNS, ROW_NUMBER)

GIVEN_BACK = (
    gettext_noop("Judgement"),
    gettext_noop("What is wrong"),
    gettext_noop("How to put it right"),
    gettext_noop("Overview"),
)
"""The portal's own columns in that table, and the name of its second sheet; msgids."""
