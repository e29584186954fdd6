"""What must go right when a clerk's table goes wrong: one file for each known fault, really made, and what comes of it.

Each case of `FAULTS` is a file that goes the whole way: uploaded, read by the child process, checked in the database. It is
named by the fault, and says which codes the clerk sees in which cells (row, column, code), that the file is refused as a
whole (`Refused`), or that it is read as if nothing were wrong (`GOOD`). Faults that need more than one file stand below.
The single kinds of cells and of hostile packages are varied further in tests/portal/test_tables.py and test_identity.py.
"""

import io
import zipfile
from dataclasses import dataclass
from datetime import date

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from education.models import BatchRow, CERecord, RowProblem
from education.services import batch_approve
from education.workbook import workbook_write
from portal import crypto
from portal.events.services import Actor
from tests.education.batches import approved, checked, submitted
from tests.education.sheets import GOOD as GOOD_ROW
from tests.education.sheets import HEADERS, certificate_of, csv, enrol, row, workbook
from tests.factories import clerk, fresh_id_number, id_number, institution
from tests.portal.test_tables import NAMESPACE, inline, packed

pytestmark = pytest.mark.django_db

GOOD: list[tuple[int, str, str]] = []
ID, NAME, COURSE, STARTED, ENDED, HOURS, PROFESSIONAL = (
    "身份证号", "姓名", "课程名称", "开始日期", "结束日期", "总学时", "专业学时",
)  # fmt: skip
OUR_NUMBER = id_number(701, date(1988, 4, 10))


@dataclass(frozen=True)
class Refused:
    """The file as a whole is not read; the batch has failed with this code."""

    code: str


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def changed(*rows, change):
    """A workbook to which `change` does what programs and people do to sheets."""
    enrol()
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in [HEADERS, *rows]:
        sheet.append(cells)
    change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(place, value, *, number_format=None):
    def change(_book, sheet):
        sheet[place] = value
        if number_format:
            sheet[place].number_format = number_format

    return lambda: changed(row(), change=change)


def by_hand(body, **options):
    """A sheet written as XML, with a good row of `OUR_NUMBER` first."""
    good = dict(zip(HEADERS, row(身份证号=OUR_NUMBER), strict=True))
    enrol()
    header = "".join(inline(f"{letter}1", name) for letter, name in zip(LETTERS, HEADERS, strict=True))
    cells = "".join(inline(f"{letter}2", good[name]) for letter, name in zip(LETTERS, HEADERS, strict=True))
    before = options.pop("before", "")
    after = options.pop("after", "")
    xml = (
        f'{options.pop("prolog", "")}<worksheet xmlns="{NAMESPACE}">{before}<sheetData><row r="1">{header}</row>'
        f'<row r="2">{cells}</row>{body}</sheetData>{after}</worksheet>'
    )
    return packed(xml, options.pop("shared", ""), **options).getvalue()


LETTERS = "ABCDEFGHIJKLMN"


def merge(book, sheet):
    sheet["E3"] = None
    sheet.merge_cells("E2:E3")


def epoch_1904(book, sheet):
    book.epoch = CALENDAR_MAC_1904
    sheet["G2"], sheet["H2"] = date(2020, 10, 12), date(2020, 10, 20)


def hide_column(book, sheet):
    sheet.column_dimensions["B"].hidden = True


def other_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return out.getvalue()


def with_header(**renamed):
    return lambda: workbook(row(), headers=[renamed.get(name, name) for name in HEADERS])


def without(name):
    kept = [i for i, header in enumerate(HEADERS) if header != name]

    def make():
        whole = row()
        return workbook([whole[i] for i in kept], headers=[HEADERS[i] for i in kept])

    return make


def moved():
    return workbook(row()[::-1], headers=HEADERS[::-1])


def same_person_twice(**second):
    number = fresh_id_number()
    return workbook(row(身份证号=number), row(身份证号=number, **second))


def wrong_check_digit():
    number = fresh_id_number()
    return workbook(
        row(身份证号=number[:-1] + ("1" if number[-1] != "1" else "2"), 证书编号="琼样培101000000000001")
    )


def bomb():
    return by_hand("", before="<!--" + "0" * 30_000_000 + "-->")


def lying_bomb():
    content = by_hand("", before="<!--" + "0" * 9_000_000 + "-->")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return content.replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))


def entity(text):
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"b" * 1000}"><!ENTITY xxe SYSTEM "file:///etc/passwd">]>'
    return lambda: by_hand(f'<row r="3">{inline("A3", text)}</row>', prolog=doctype)


def password_on_a_part():
    content = bytearray(workbook(row()))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000
MERGES = "".join(f'<mergeCell ref="P{n}:Q{n}"/>' for n in range(2, 40_002))

FAULTS = {
    # Identity
    "an ID that became a number": (cell("B2", 460100199001011234), [(2, ID, "id_cut_by_spreadsheet")]),
    "an ID as 4.60E+17": (cell("B2", "4.60100199001011E+17"), [(2, ID, "id_cut_by_spreadsheet")]),
    "an ID in full-width digits": (
        lambda: workbook(row(身份证号=fresh_id_number().translate({48 + n: 0xFF10 + n for n in range(10)}))),
        GOOD,
    ),
    "an ID with spaces": (lambda: workbook(row(身份证号=f" {fresh_id_number()} ")), GOOD),
    "an ID with zero-width characters": (
        lambda: workbook(row(身份证号=f"\u200b{fresh_id_number()}\ufeff")),
        GOOD,
    ),
    "an ID with a lower-case x": (lambda: workbook(row(身份证号=x_number().lower())), GOOD),
    "an ID with a wrong check digit": (wrong_check_digit, [(2, ID, "id_check_digit")]),
    "an ID of fifteen digits": (lambda: workbook(row(身份证号=fifteen_digits())), GOOD),
    "a birth date in the summer-time years": (
        lambda: workbook(row(身份证号=id_number(702, date(1988, 4, 10)))),
        GOOD,
    ),
    "a formula in an identity column": (cell("B2", f'=TEXT({OUR_NUMBER},"0")'), [(2, ID, "cell_formula")]),
    # Days
    "a day as a serial number": (cell("G2", 44_116), GOOD),
    "days in the 1904 epoch": (lambda: changed(row(), change=epoch_1904), GOOD),
    "a day as 2020.1.5": (lambda: workbook(row(开始日期="2020.1.5", 结束日期="2020.1.12")), GOOD),
    "a day as 2020年1月5日": (lambda: workbook(row(开始日期="2020年1月5日", 结束日期="2020年1月12日")), GOOD),
    "a day that does not exist": (
        lambda: workbook(row(开始日期="2020-02-30")),
        [(2, STARTED, "date_unreal")],
    ),
    # Sheets
    "merged cells": (lambda: changed(row(), row(), change=merge), [(3, COURSE, "cell_merged")]),
    "a false dimension": (lambda: by_hand("", before='<dimension ref="A1:XFD1048576"/>'), GOOD),
    "tens of thousands of merged ranges": (
        lambda: by_hand("", after=f'<mergeCells count="40000">{MERGES}</mergeCells>'),
        GOOD,
    ),
    "trailing blank rows": (lambda: workbook(row(), [None] * 14, ["  "] * 14, [""] * 14), GOOD),
    "a stray cell in the last row of the sheet": (
        lambda: by_hand('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        Refused("too_many_rows"),
    ),
    # Packages
    "a zip bomb": (bomb, Refused("file_expands")),
    "a zip bomb that declares a small size": (lying_bomb, Refused("file_damaged")),
    "an external entity": (entity("&xxe;"), Refused("file_damaged")),
    "an entity bomb": (entity("&a;" * 100), Refused("file_damaged")),
    "a wrong magic number": (lambda: b"%PDF-1.7" + b"0" * 500, Refused("file_not_a_table")),
    "a web page called .xls": (lambda: b"<html><table><tr><td>1</td></tr></table>", Refused("file_web_page")),
    "another packed file": (other_zip, Refused("file_not_a_workbook")),
    "an .xls workbook": (lambda: OLD, Refused("file_xls")),
    "an .xlsm workbook": (
        lambda: by_hand("", **{"xl__vbaProject.bin": b"x"}),
        Refused("file_macros"),
    ),
    "a workbook with a password": (
        lambda: OLD + "EncryptedPackage".encode("utf-16-le"),
        Refused("file_encrypted"),
    ),
    "a part with a password": (password_on_a_part, Refused("file_encrypted")),
    "a workbook cut off": (lambda: workbook(*[row()] * 300)[:4_000], Refused("file_damaged")),
    "headers only": (workbook, Refused("no_rows")),
    "an empty workbook": (lambda: workbook(headers=[]), Refused("no_rows")),
    # Encodings
    "text in GBK": (lambda: csv(row(), encoding="gbk"), GOOD),
    "text in GB18030 with a rare character": (lambda: csv(row(姓名="王𠮷"), encoding="gb18030"), GOOD),
    "text in UTF-8 with a byte order mark": (lambda: csv(row(), encoding="utf-8-sig"), GOOD),
    "text in UTF-16": (lambda: csv(row(), encoding="utf-16"), GOOD),
    "text in no encoding": (lambda: csv(row()) + b"\xff\xfe\xff", Refused("encoding_unknown")),
    # Characters
    **{
        f"a text that starts with {start!r}": (lambda start=start: workbook(row(备注=f"{start}1+1")), GOOD)
        for start in ("+", "-", "@", "\t")
    },
    "a text that starts with '='": (lambda: csv(row(备注="=1+1")), GOOD),
    "a NUL in a text": (lambda: csv(row(备注="甲\0乙")), GOOD),
    "a name with a dot": (lambda: workbook(row(姓名="阿依古丽·买买提")), GOOD),
    "a name with rare characters": (lambda: workbook(row(姓名="王𠮷䶮")), GOOD),
    # Columns
    "moved columns": (moved, GOOD),
    "a column renamed beyond recognition": (with_header(身份证号="号码"), Refused("columns_missing")),
    "a column with star, hint and full-width letters": (with_header(培训方式="培训方式*（集中/网络）"), GOOD),
    "a missing column": (without("考核结果"), Refused("columns_missing")),
    "a missing column that may be missing": (without("补学年度"), GOOD),
    "a hidden column": (lambda: changed(row(), change=hide_column), GOOD),
    "a doubled column": (
        lambda: workbook([*row(), "王小海"], headers=[*HEADERS, "姓名"]),
        Refused("columns_doubled"),
    ),
    # Facts
    "more professional hours than hours": (
        lambda: workbook(row(总学时=32, 专业学时=33)),
        [(2, PROFESSIONAL, "professional_over_total")],
    ),
    "an end before the start": (
        lambda: workbook(row(开始日期="2020-10-20", 结束日期="2020-10-12")),
        [(2, ENDED, "ends_before_start")],
    ),
    "an end in the future": (lambda: workbook(row(结束日期="2020-11-03")), [(2, ENDED, "in_the_future")]),
    "a course before the institution was qualified": (
        lambda: workbook(row(开始日期="2018-12-28", 结束日期="2019-01-05")),
        [(2, STARTED, "institution_not_qualified")],
    ),
    "40 hours in one day": (
        lambda: workbook(row(开始日期="2020-10-12", 结束日期="2020-10-12", 总学时=40)),
        [(2, HOURS, "impossible_hours")],
    ),
    "duplicates in the file": (
        same_person_twice,
        [(2, ID, "duplicate_in_file"), (3, ID, "duplicate_in_file")],
    ),
    "two names for one number": (
        lambda: same_person_twice(姓名="符美兰", 课程名称="绿色施工"),
        [(2, NAME, "names_differ_in_file"), (3, NAME, "names_differ_in_file")],
    ),
}


def x_number():
    """A number whose check digit is X."""
    return next(number for number in (id_number(n) for n in range(900, 990)) if number.endswith("X"))


def fifteen_digits():
    whole = fresh_id_number()
    while whole[6:8] != "19":
        whole = fresh_id_number()
    return whole[:6] + whole[8:17]


def errors(batch):
    found = RowProblem.objects.filter(batch=batch, severity="error").order_by("row", "column", "code")
    return list(found.values_list("row", "column", "code"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_its_cell(fault, school, by_clerk):
    make, expected = FAULTS[fault]
    batch = checked(school, by_clerk, content=make())
    if isinstance(expected, Refused):
        assert (batch.state, batch.failure and batch.failure["code"]) == ("failed", expected.code)
        assert not batch.rows.exists()
    else:
        assert (batch.state, errors(batch)) == ("checked", expected), batch.failure
    assert not CERecord.objects.exists()


def test_one_bad_row_in_five_thousand_is_found_and_nothing_commits_by_itself(school, by_clerk):
    batch = checked(school, by_clerk, *[row() for _ in range(4_999)], row(姓名=""))
    assert errors(batch) == [(5_001, NAME, "cell_missing")]
    assert (batch.state, batch.rows_valid, CERecord.objects.count()) == ("checked", 4_999, 0)


def test_one_person_under_fifteen_and_eighteen_digits_is_a_duplicate(school, by_clerk):
    whole = id_number(703, date(1979, 1, 2))
    short = whole[:6] + whole[8:17]
    same = {"证书编号": certificate_of(whole)}
    batch = checked(school, by_clerk, row(身份证号=whole, **same), row(身份证号=short, **same))
    assert errors(batch) == [(2, ID, "duplicate_in_file"), (3, ID, "duplicate_in_file")]
    assert {bytes(kept.id_number_hash) for kept in batch.rows.all()} == {
        crypto.blind_index("id_number", whole)
    }


def test_a_duplicate_across_batches(school, by_clerk):
    again = row()
    submitted(school, by_clerk, again)
    assert errors(checked(school, by_clerk, again, row())) == [(2, ID, "already_submitted")]


def test_a_duplicate_across_institutions(school, by_clerk, by_reviewer):
    again, other = row(), institution("三亚样例培训学校")
    approved(school, by_clerk, by_reviewer, again)
    batch = checked(other, Actor("web", clerk(other)), again)
    assert errors(batch) == [(2, ID, "already_credited")]
    assert RowProblem.objects.get(batch=batch, code="already_credited").facts["institution"] == school.name


@pytest.mark.parametrize(
    ("area", "code"), [("460200", "two_cities_at_once"), ("460100", "another_course_at_once")]
)
@pytest.mark.parametrize("credited", [True, False])
def test_two_face_to_face_courses_at_the_same_time_in_two_cities(
    school, by_clerk, by_reviewer, area, code, credited
):
    number, there = (
        fresh_id_number(),
        {"培训方式": "集中", "开始日期": "2020-10-13", "结束日期": "2020-10-22"},
    )
    batch = submitted(school, by_clerk, row(身份证号=number, **{**there, "开始日期": "2020-10-12"}))
    if credited:
        batch_approve(batch=batch, by=by_reviewer)
    other = institution("三亚样例培训学校")
    other.area_code = area
    other.save(update_fields=["area_code"])
    met = checked(other, Actor("web", clerk(other)), row(身份证号=number, 课程名称="绿色施工", **there))
    (found,) = RowProblem.objects.filter(batch=met, code__in=["two_cities_at_once", "another_course_at_once"])
    assert (found.row, found.column, found.code, found.severity) == (2, STARTED, code, "warning")
    assert found.facts == {"institution": school.name, "first": "2020-10-12", "last": "2020-10-22"}
    online = {**there, "培训方式": "网络"}
    other_course = checked(
        other, Actor("web", clerk(other)), row(身份证号=number, 课程名称="法律法规", **online)
    )
    assert not other_course.problems.filter(code=code).exists()


@pytest.mark.parametrize("name", ["阿依古丽·买买提", "王𠮷䶮", "欧阳㛃"])
def test_a_name_survives_from_the_file_to_the_table_given_back(school, by_clerk, name):
    batch = checked(school, by_clerk, row(姓名=name))
    assert BatchRow.objects.get(batch=batch).name == name
    out = io.BytesIO()
    workbook_write(out, batch)
    assert openpyxl.load_workbook(out).worksheets[0]["B2"].value == name


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_text_is_executed_by_the_table_given_back(school, by_clerk, start):
    batch = checked(school, by_clerk, content=csv(row(备注=f"{start}HYPERLINK(1)")))
    assert GOOD_ROW["备注"] == ""
    out = io.BytesIO()
    workbook_write(out, batch)
    kept = openpyxl.load_workbook(out).worksheets[0]["O2"]
    assert (kept.data_type, kept.value.lstrip("\t")) == ("s", f"{start}HYPERLINK(1)".lstrip("\t"))


@pytest.mark.parametrize(("marks", "told"), [([88] * 10, True), ([88] * 9, False), ([88] * 9 + [87], False)])
def test_a_whole_batch_with_one_score_is_pointed_out(school, by_clerk, marks, told):
    batch = checked(school, by_clerk, *[row(考核成绩=mark) for mark in marks])
    found = batch.problems.filter(code="one_score_for_all")
    assert [(problem.row, problem.severity, problem.facts) for problem in found] == (
        [(None, "warning", {"rows": 10, "score": 88})] if told else []
    )
