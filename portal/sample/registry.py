"""The legacy registry as a workbook, with the mess that years of typing leave in one."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from portal.sample.numbers import fifteen, wrong_check_digit
from portal.sample.people import Paper, Resident
from portal.tables import OutColumn, OutSheet
from portal.tables.writer import Value

COLUMNS = [
    OutColumn("姓名*", 12),
    OutColumn("身份证号*", 22),
    OutColumn("证书编号*", 26),
    OutColumn("证书类型*", 22),
    OutColumn("岗位代码*", 10),
    OutColumn("发证机构*", 60),
    OutColumn("发证日期*", 12),
    OutColumn("有效期至", 12),
    OutColumn("工作单位", 34),
    OutColumn("统一社会信用代码", 22),
    OutColumn("所属市县", 18),
    OutColumn("全国系统可查*", 14),
]
_WIDE = {ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789X"}


def registry_sheet(people: Iterable[Resident]) -> OutSheet:
    return OutSheet("证书台账", COLUMNS, _rows(people))


def _rows(people: Iterable[Resident]) -> Iterator[list[Value]]:
    for person in people:
        for position, paper in enumerate(person.papers):
            yield from _entries(person, paper, person.mess if position == 0 else "")


def _entries(person: Resident, paper: Paper, mess: str) -> Iterator[list[Value]]:
    row: list[Value] = [
        "" if mess == "missing_name" else paper.holder,
        _id_number(person.id_number, mess),
        paper.number,
        paper.kind,
        paper.post,
        paper.issuer,
        _issued(paper.issued, mess),
        paper.expires,
        person.firm.name,
        wrong_check_digit(person.firm.code) if mess == "bad_code" else person.firm.code,
        "广东省" if mess == "bad_area" else person.area.zh,
        "是" if paper.in_national_system else "否",
    ]
    if mess != "gone":
        yield row
    if mess == "repeated":
        yield row
    if mess == "contradiction":
        yield [*row[:4], "106" if paper.post != "106" else "101", *row[5:]]


_WAYS_OF_WRITING: dict[str, Callable[[str], Value]] = {
    "cut": lambda number: float(f"{number[:15]}000"),
    "wrong_check_digit": wrong_check_digit,
    "fifteen": fifteen,
    "full_width": lambda number: number.translate(_WIDE),
    "spaces": lambda number: f" {number[:6]} {number[6:14]}\u00a0{number[14:]}",
    "lower_x": str.lower,
}


def _id_number(number: str, mess: str) -> Value:
    return _WAYS_OF_WRITING.get(mess, str)(number)


def _issued(day: date, mess: str) -> Value:
    if mess == "bad_date":
        return f"{day.year}-02-30"
    return f"{day.year}.{day.month}.{day.day}" if mess == "text_date" else day
