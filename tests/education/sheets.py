"""Batches as files: real workbooks and CSV, with good rows to spoil."""

import io

from openpyxl import Workbook

from tests.factories import fresh_id_number

HEADERS = [
    "姓名", "身份证号", "证书编号", "岗位代码", "课程名称", "培训方式", "开始日期", "结束日期", "总学时", "专业学时",
    "考核成绩", "考核结果", "补学年度", "备注",
]  # fmt: skip
GOOD = {
    "姓名": "王小海",
    "证书编号": "琼样培2016000001",
    "岗位代码": "101",
    "课程名称": "施工现场安全与质量",
    "培训方式": "网络",
    "开始日期": "2020-10-12",
    "结束日期": "2020-10-20",
    "总学时": 32,
    "专业学时": 22,
    "考核成绩": 86,
    "考核结果": "合格",
    "补学年度": "",
    "备注": "",
}


def row(**cells):
    """A good row of a person of its own, with some cells replaced."""
    made = {"身份证号": fresh_id_number(), **GOOD, **cells}
    return [made[header] for header in HEADERS]


def workbook(*rows, headers=HEADERS):
    book = Workbook()
    sheet = book.active
    sheet.append(headers)
    for cells in rows:
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(*rows, encoding="utf-8"):
    lines = [HEADERS, *rows]
    return "\r\n".join(",".join(str(cell) for cell in line) for line in lines).encode(encoding)
