"""What each person, clerk and reviewer does until the demo begins, as moments in order.

A line of the plan is ``{"at", "do", …}``; ``refused`` where the portal is expected to refuse. Whoever plays it calls what real users call, with the clock at ``at``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.sample.batches import Report, Reports
from portal.sample.calendar import BEGINS, FIRST_DAY, HALF_MONTHS, moment
from portal.sample.people import (
    ENTERPRISE,
    POST_TRAINING,
    SAFETY,
    UNREADABLE,
    Lesson,
    Paper,
    Population,
    Resident,
    School,
)

ARCHIVE_DEADLINE = date(2020, 11, 10)
ARCHIVE_REJECTED = "省厅档案中没有查到该证书的考核记录。"
LOST = "证书原件在工地遗失，申请补办。"
RENAMED = "本人已更名，附户籍证明。"
EXTEND = "证书即将到期，申请延续。"
LEAVES = "本人已不从事该岗位，申请注销。"
RETURNED = "考勤记录与所报学时不一致，请核对后重新报送。"


@dataclass(slots=True)
class Plan:
    """The actions so far, and one person for each situation that visitors of the demo want to see."""

    population: Population
    reports: Reports
    actions: list[tuple[datetime, int, dict[str, Any]]] = field(default_factory=list)
    personas: dict[str, int] = field(default_factory=dict)

    def add(self, at: datetime, do: str, **facts: Any) -> None:
        if at < BEGINS:
            self.actions.append((at, len(self.actions), {"do": do, **facts}))

    def add_opening(self) -> None:
        start = moment(FIRST_DAY, 8)
        self.add(start, "import_registry", file="registry.xlsx")
        for school in self.population.schools:
            self.add(start, "register_institution", **_school(school))

    def add_person(self, person: Resident, photo: str) -> None:
        if person.registers is None:
            return
        at = person.registers
        self.add(at, "register", person=person.number)
        ready = at + timedelta(minutes=12)
        if person.profile:
            self.add(ready, "complete_profile", person=person.number)
        if photo:
            ready += timedelta(minutes=4)
            self.add(ready, "upload_photo", person=person.number, file=photo)
        for position, paper in enumerate(person.papers):
            if position or person.mess not in UNREADABLE:
                self._paper(person, paper, ready, complete=person.profile and bool(photo))

    def _paper(self, person: Resident, paper: Paper, ready: datetime, *, complete: bool) -> None:
        checked = self._archive(person, paper, ready)
        settled = self._services(person, paper, ready)
        learnt = self._hours_reached(person, paper)
        if not (complete and checked and settled and learnt and paper.exchangeable(self.population.policy)):
            self._remember(person, paper, "waiting" if complete else "incomplete")
            return
        click = max(ready, checked, settled, learnt) + timedelta(hours=2 + 300 * person.eager)
        if person.eager < 0.8 and click < BEGINS:
            self.add(click, "exchange", person=person.number, certificate=paper.number)
            self._remember(person, paper, "exchanged")
        else:
            self._remember(person, paper, "ready")

    def _archive(self, person: Resident, paper: Paper, ready: datetime) -> datetime | None:
        """Play the archive check; return when the way is free, or None while it is not."""
        if not paper.archive or paper.kind != POST_TRAINING or person.service == "cancellation":
            return ready if paper.in_national_system else None
        asked = max(ready + timedelta(hours=1), moment(date(2020, 8, 3), 9))
        seen = min(asked.date() + timedelta(days=6), ARCHIVE_DEADLINE)
        if paper.archive == "late":
            asked, seen = max(asked, moment(date(2020, 11, 6), 10)), date(2020, 11, 16)
        facts = {"certificate": paper.number}
        in_vain = asked.date() > ARCHIVE_DEADLINE or not paper.of_the_right_sort(self.population.policy)
        self.add(
            asked,
            "request_archive_check",
            person=person.number,
            **facts,
            **({"refused": True} if in_vain else {}),
        )
        if in_vain or paper.archive == "unseen":
            return None
        at = max(
            moment(max(seen, asked.date()), 20), asked + timedelta(minutes=1)
        )  # some ask late on that day
        self.add(at, "see_papers", seen_on=max(seen, asked.date()).isoformat(), **facts)
        if paper.archive == "pending":
            return None
        decided, good = at + timedelta(days=3, hours=14), paper.archive != "rejected"
        self.add(
            decided, "decide_archive_check", confirmed=good, reason="" if good else ARCHIVE_REJECTED, **facts
        )
        return decided if paper.archive == "confirmed" else None

    def _services(self, person: Resident, paper: Paper, ready: datetime) -> datetime | None:
        """Play services for the paper; return when nothing of them stands in the way, or None."""
        if person.former_name:
            return self._renaming(person, paper, ready)
        asked = ready + timedelta(days=2)
        wishes = {"replacement": LOST, "extension": EXTEND, "cancellation": LEAVES}
        if person.service not in wishes or paper.kind != POST_TRAINING:
            return ready
        facts = {"certificate": paper.number, "service": person.service}
        wish = {"new_expiry": "2023-12-31"} if person.service == "extension" else {}
        self.add(
            asked,
            "request_service",
            person=person.number,
            explanation=wishes[person.service],
            **facts,
            **wish,
        )
        if person.eager < 0.7:
            self.add(asked + timedelta(days=4), "decide_service", approved=True, reason="", **facts)
        return None if person.service == "cancellation" else asked + timedelta(days=5)

    def _renaming(self, person: Resident, paper: Paper, ready: datetime) -> datetime | None:
        if person.eager > 0.8 or paper.kind != POST_TRAINING:
            return None
        asked = ready + timedelta(days=1)
        facts = {"certificate": paper.number, "service": "change_of_information"}
        self.add(
            asked, "request_service", person=person.number, new_name=person.name, explanation=RENAMED, **facts
        )
        if person.eager > 0.6:
            return None
        self.add(asked + timedelta(days=3), "decide_service", approved=True, reason="", **facts)
        return asked + timedelta(days=3)

    def _hours_reached(self, person: Resident, paper: Paper) -> datetime | None:
        """Return when enough hours for the post are approved, or None."""
        reports = [
            (lesson, self.reports.of(person.school, lesson.half))
            for lesson in person.lessons
            if lesson.post == paper.post
        ]
        approved = [(lesson, report) for lesson, report in reports if report.is_approved]
        lessons: list[Lesson] = [lesson for lesson, _ in approved]
        hours = sum(lesson.hours for lesson in lessons)
        professional = sum(lesson.professional for lesson in lessons)
        if hours < 32 or professional < 22 or not any(lesson.passed for lesson in lessons):
            return None
        return max(report.reviewed_at for _, report in approved)

    def _remember(self, person: Resident, paper: Paper, state: str) -> None:
        if person.former_name and paper.kind == POST_TRAINING and state != "exchanged":
            state = "renamed"
        elif paper.kind == SAFETY:
            state = "safety_officer"
        elif paper.kind == ENTERPRISE:
            state = "enterprise_post"
        elif state == "waiting":
            state = _waiting(paper, self.population, learnt=bool(self._hours_reached(person, paper)))
        if len(person.papers) == 1 and (person.number not in self.personas.values()):
            self.personas.setdefault(state, person.number)

    def add_report(self, report: Report, file: str) -> None:
        facts = {"file": file, "institution": report.school.code}
        self.add(
            report.submitted_at,
            "upload_batch",
            half_month=HALF_MONTHS[report.half].label,
            submit=report.fate != "check",
            drop_bad_rows=report.messy,
            **facts,
        )
        if report.fate in {"approve", "return"}:
            reason = RETURNED if report.fate == "return" else ""
            self.add(
                report.reviewed_at, "review_batch", approve=report.fate == "approve", reason=reason, **facts
            )

    def write(self, path: Path, **head: Any) -> None:
        """Write the plan as one JSON document, one action a line."""
        first = {**head, "begins": BEGINS.isoformat(), "personas": self.personas}
        with path.open("w", encoding="utf-8") as stream:
            stream.write(f'{json.dumps(first, ensure_ascii=False)[:-1]}, "actions": [\n')
            stream.write(",\n".join(self._lines()))
            stream.write("\n]}\n")

    def _lines(self) -> Iterator[str]:
        for at, _, action in sorted(self.actions, key=lambda line: line[:2]):
            yield json.dumps({"at": at.isoformat(), **action}, ensure_ascii=False)


def _waiting(paper: Paper, population: Population, *, learnt: bool) -> str:
    if paper.issued.year not in population.policy.exchange.issue_years:
        return "wrong_year"
    if paper.issuer != population.policy.exchange.issuer.zh:
        return "other_issuer"
    if not paper.in_national_system and paper.archive != "confirmed":
        return f"archive_{paper.archive or 'not_asked'}"
    return "waiting" if learnt else "short_of_hours"


def _school(school: School) -> dict[str, Any]:
    return {
        "code": school.code,
        "name": school.name,
        "area_code": school.area.code,
        "ground": school.ground,
        "valid_from": school.since.isoformat(),
        "valid_until": school.until.isoformat() if school.until else None,
        "address": address(school),
        "phone": phone(school),
        "clerk": school.clerk,
    }


def address(school: School) -> str:
    return f"{school.area.zh}样例路{school.number * 7 + 3}号"


def phone(school: School) -> str:
    return f"0898-0000{school.number:04d}"
