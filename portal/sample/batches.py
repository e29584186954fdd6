"""The half-monthly reports of the institutions: classes of one post, as workbooks or delimited text."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from portal.sample.calendar import BEGINS, HALF_MONTHS, moment
from portal.sample.numbers import wrong_check_digit
from portal.sample.people import Lesson, Population, Resident, School
from portal.tables import OutColumn, OutSheet, as_text, safe_for_csv, write_workbook
from portal.tables.writer import Value

HEADERS = [
    "姓名*",
    "身份证号*",
    "证书编号*",
    "岗位代码*",
    "课程名称*",
    "培训方式*",
    "开始日期*",
    "结束日期*",
    "总学时*",
    "专业学时*",
    "考核成绩",
    "考核结果*",
    "补学年度",
    "备注",
]
_WIDTHS = (12, 22, 26, 10, 36, 10, 12, 12, 8, 8, 8, 10, 10, 24)
_SUBJECTS = [
    "岗位管理实务与现行标准",
    "施工现场安全与质量管理",
    "新技术新材料应用",
    "绿色施工与扬尘治理",
    "法规与职业道德",
]
_ENCODINGS = ["utf-8-sig", "gb18030", "utf-8"]


@dataclass(slots=True)
class Report:
    """One batch: its rows, and what becomes of it. ``fate``: approve, return, wait (submitted), check (uploaded only)."""

    school: School
    half: int
    fate: str
    messy: bool
    as_csv: str = ""
    rows: list[list[Value]] = field(default_factory=list)

    @property
    def filename(self) -> str:
        return f"{self.school.code}_{HALF_MONTHS[self.half].label}.{'csv' if self.as_csv else 'xlsx'}"

    @property
    def submitted_at(self) -> datetime:
        return moment(HALF_MONTHS[self.half].submitted, 9 + self.school.number % 8, self.school.number % 60)

    @property
    def reviewed_at(self) -> datetime:
        return self.submitted_at + timedelta(days=1 + self.school.number % 3, hours=1)

    @property
    def is_approved(self) -> bool:
        """Whether the hours are credited when the demo begins."""
        return self.fate == "approve" and self.reviewed_at < BEGINS


class Reports:
    """Gathers the rows of everyone's lessons into batches."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self._reports: dict[tuple[int, int], Report] = {}

    def of(self, school: School, half: int) -> Report:
        key = (school.number, half)
        if key not in self._reports:
            self._reports[key] = self._new(school, half)
        return self._reports[key]

    def add(self, person: Resident) -> None:
        for lesson in person.lessons:
            paper = next(paper for paper in person.papers if paper.post == lesson.post)
            report = self.of(person.school, lesson.half)
            course, mode, start, end = self._held(person.school, lesson)
            report.rows.append(
                [
                    person.name,
                    person.id_number,
                    paper.number,
                    lesson.post,
                    course,
                    mode,
                    start,
                    end,
                    lesson.hours,
                    lesson.professional,
                    lesson.score,
                    "合格" if lesson.passed else "不合格",
                    None,
                    None,
                ]
            )

    def all(self) -> list[Report]:
        return [self._reports[key] for key in sorted(self._reports, key=lambda key: (key[1], key[0]))]

    def _new(self, school: School, half: int) -> Report:
        rng = self.population.dice("batch", school.number * 100 + half)
        last = half == len(HALF_MONTHS) - 1
        fate = rng.choices(["approve", "return", "wait"], [94, 3, 3] if not last else [40, 0, 60])[0]
        if last and school.number == 0:
            fate = "check"  # left to whoever tries the clerk's part
        messy = last or rng.random() < 0.2
        return Report(school, half, fate, messy, rng.choice(_ENCODINGS) if rng.random() < 0.4 else "")

    def _held(self, school: School, lesson: Lesson) -> tuple[str, str, date, date]:
        """Return the class of that school, half-month, post and length: course, mode, first and last day."""
        policy = self.population.policy
        posts = [*policy.exchange.posts, *policy.batches.safety_officer_posts]
        number, post = next((place, post) for place, post in enumerate(posts) if post.code == lesson.post)
        key = (school.number * 100 + lesson.half) * 10_000 + number * 10 + lesson.hours // 16
        rng = self.population.dice("class", key)
        half = HALF_MONTHS[lesson.half]
        days = {32: 6, 24: 5, 16: 3}[lesson.hours]
        start = half.first + timedelta(days=rng.randrange((half.last - half.first).days - days + 1))
        course = f"{post.zh}继续教育：{rng.choice(_SUBJECTS)}"
        return course, rng.choice(["集中", "网络"]), start, start + timedelta(days=days)


def spoil(report: Report, rng: random.Random) -> None:
    """Put the usual mistakes into a few rows, at the end so that the good ones stay as they are."""
    chosen = [list(row) for row in report.rows[:6]]
    for row, mistake in zip(chosen, rng.sample(sorted(_MISTAKES), min(len(chosen), 4)), strict=False):
        position, value = _MISTAKES[mistake]
        row[position] = wrong_check_digit(str(row[1])) if mistake == "check_digit" else value
        row[4] = f"{row[4]}(补报)"
        report.rows.append(row)
    twice = [*report.rows[0]]
    twice[4] = f"{twice[4]}(复训)"
    report.rows += [twice, twice]


_MISTAKES: dict[str, tuple[int, Value]] = {
    "check_digit": (1, None),
    "cut": (1, 4.69900199001011e17),
    "no_certificate": (2, None),
    "no_such_post": (3, "105"),
    "more_professional": (9, 40),
    "score": (10, 120),
    "result": (11, "及格"),
    "date": (7, "2020-09-31"),
}


def write_report(folder: Path, report: Report) -> Path:
    path = folder / report.filename
    if report.as_csv:
        with path.open("w", newline="", encoding=report.as_csv) as stream:
            csv.writer(stream).writerows([HEADERS, *map(_as_text_row, report.rows)])
    else:
        columns = [OutColumn(header, width) for header, width in zip(HEADERS, _WIDTHS, strict=True)]
        write_workbook(path, [OutSheet("继续教育名单", columns, report.rows)])
    return path


def _as_text_row(row: list[Value]) -> Iterator[str]:
    return (safe_for_csv(_cell(value)) for value in row)


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.14E}" if isinstance(value, float) else as_text(value)
