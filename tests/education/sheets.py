"""Batches as files: real workbooks and CSV, with good rows to spoil. Whoever is in one holds the certificate it names."""

import io
import itertools
from datetime import date

from openpyxl import Workbook

from certificates.models import LegacyCertificate
from portal import crypto
from portal.accounts.models import Person
from portal.identity import normalise_certificate_number, normalise_id_number, number_key
from tests.factories import LONG_AGO, fresh_id_number

HEADERS = [
    "姓名", "身份证号", "证书编号", "岗位代码", "课程名称", "培训方式", "开始日期", "结束日期", "总学时", "专业学时",
    "考核成绩", "考核结果", "补学年度", "备注",
]  # fmt: skip
GOOD = {
    "姓名": "王小海",
    "岗位代码": "101",
    "课程名称": "施工现场安全与质量",
    "培训方式": "网络",
    "开始日期": "2020-10-12",
    "结束日期": "2020-10-20",
    "总学时": 32,
    "专业学时": 22,
    "考核结果": "合格",
    "补学年度": "",
    "备注": "",
}


_marks = itertools.count()
drawn = []
"""Good rows whose people are not in the registry yet."""


def certificate_of(number, post="101"):
    """The number of the paper certificate that the person with this ID number holds for a post."""
    return f"琼样培{post}{abs(hash((number, post))) % 10**12:012d}"


def row(**cells):
    """A good row of a person of its own, with some cells replaced."""
    made = {"身份证号": fresh_id_number(), "考核成绩": 60 + next(_marks) % 40, **GOOD, **cells}
    made.setdefault("证书编号", certificate_of(made["身份证号"], made["岗位代码"]))
    drawn.append(made)
    return [made[header] for header in HEADERS]


def enrol():
    """Enter the people of the rows made so far in the registry, each with the certificate that the row names."""
    people, papers = {}, []
    for made in drawn:
        id_number = normalise_id_number(str(made["身份证号"]))
        number = normalise_certificate_number(str(made["证书编号"]))
        if isinstance(id_number, str) and isinstance(number, str):
            key = crypto.blind_index("id_number", id_number)
            person = Person(
                id_number_hash=key, id_number=id_number, name=made["姓名"] or "王小海", created_at=LONG_AGO
            )
            people.setdefault(key, person)
            papers.append((key, number, str(made["岗位代码"])))
    Person.objects.bulk_create(people.values(), ignore_conflicts=True)
    known = {
        bytes(person.id_number_hash): person for person in Person.objects.filter(id_number_hash__in=people)
    }
    LegacyCertificate.objects.bulk_create(
        [_paper(known[key], number, post) for key, number, post in papers], ignore_conflicts=True
    )
    drawn.clear()


def _paper(person, number, post):
    return LegacyCertificate(
        person=person,
        holder_name=person.name,
        number=number,
        number_key=number_key(number),
        kind="safety_officer" if post == "C" else "post_training",
        post_code=post[:10],
        issuer="hainan-assessment-office",
        issuer_name="样例",
        issued_on=date(2016, 5, 4),
        in_national_system=True,
        imported_at=LONG_AGO,
    )


def workbook(*rows, headers=HEADERS):
    enrol()
    book = Workbook()
    sheet = book.active
    sheet.append(headers)
    for cells in rows:
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(*rows, encoding="utf-8"):
    enrol()
    lines = [HEADERS, *rows]
    return "\r\n".join(",".join(str(cell) for cell in line) for line in lines).encode(encoding)
