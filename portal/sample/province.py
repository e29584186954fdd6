"""Writes the files of the sample province."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.policy import Policy
from portal.sample.batches import Reports, spoil, write_report
from portal.sample.people import Population, Resident
from portal.sample.photos import draw_portrait
from portal.sample.plan import Plan, address, phone
from portal.sample.registry import registry_sheet
from portal.tables import write_workbook

FACES = 1_000  # different portraits of women, and of men; a larger province uses them again
_GROUNDS = {"national_directory": "列入全国信息系统目录", "provincial_commitment": "在省政务服务窗口备案承诺"}
_PEOPLE = "person name former_name id_number mobile area_code employer_name employer_code institution certificates mess"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """How much was written."""

    people: int
    certificates: int
    institutions: int
    batches: int
    photos: int
    actions: int


def write_province(folder: Path, *, people: int, seed: int, policy: Policy, progress: Progress) -> Written:
    """Write registry, institutions, batches, photos, people and plan into ``folder``; the same seed, the same files."""
    for name in ("batches", "photos"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    population = Population(people, seed, policy)
    reports = Reports(population)
    plan = Plan(population, reports)
    plan.add_opening()
    gathering = _Gathering(folder, population, reports, plan, progress)
    write_workbook(folder / "registry.xlsx", [registry_sheet(gathering.residents())])
    _write_institutions(folder / "institutions.csv", population)
    written = _write_batches(folder, reports, plan, progress)
    plan.write(folder / "plan.json", seed=seed, people=people)
    return Written(
        people, gathering.certificates, len(population.schools), written, gathering.photos, len(plan.actions)
    )


class _Gathering:
    """Passes each resident on to the registry while everything else is made of them, so that each is made once."""

    def __init__(
        self, folder: Path, population: Population, reports: Reports, plan: Plan, progress: Progress
    ) -> None:
        self.folder, self.population, self.reports, self.plan = folder, population, reports, plan
        self.progress = progress
        self.certificates = self.photos = 0
        self.faces = {True: 0, False: 0}

    def residents(self) -> Iterator[Resident]:
        with (self.folder / "people.csv").open("w", newline="", encoding="utf-8") as stream:
            people = csv.writer(stream)
            people.writerow(_PEOPLE.split())
            for number in range(self.population.size):
                person = self.population.resident(number)
                people.writerow(_people_row(person))
                self.reports.add(person)
                self.plan.add_person(person, self._photo(person))
                self.certificates += len(person.papers)
                self.progress("people", number + 1, self.population.size)
                yield person

    def _photo(self, person: Resident) -> str:
        """Return the file of the person's portrait, drawn now where it is missing; empty for those without."""
        if not person.photo or person.registers is None:
            return ""
        self.photos += 1
        face = self.faces[person.female] % FACES
        self.faces[person.female] += 1
        name = f"photos/{'f' if person.female else 'm'}{face:05d}.jpg"
        if self.faces[person.female] <= FACES:
            draw_portrait(self.folder / name, f"{self.population.seed}:{name}", female=person.female)
        return name


def _people_row(person: Resident) -> Iterable[str | int]:
    return (
        person.number,
        person.name,
        person.former_name,
        person.id_number,
        person.mobile,
        person.area.code,
        person.firm.name,
        person.firm.code,
        person.school.code,
        ";".join(paper.number for paper in person.papers),
        person.mess,
    )


def _write_institutions(path: Path, population: Population) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        table = csv.writer(stream)
        table.writerow(
            [
                "机构名称",
                "统一社会信用代码",
                "所属市县",
                "认定依据",
                "有效期自",
                "有效期至",
                "地址",
                "联系电话",
                "经办人账号",
            ]
        )
        for school in population.schools:
            table.writerow(
                [
                    school.name,
                    school.code,
                    school.area.zh,
                    _GROUNDS[school.ground],
                    school.since,
                    school.until or "",
                    address(school),
                    phone(school),
                    school.clerk,
                ]
            )


def _write_batches(folder: Path, reports: Reports, plan: Plan, progress: Progress) -> int:
    every = reports.all()
    for done, report in enumerate(every, 1):
        if report.messy:
            spoil(report, reports.population.dice("spoil", report.school.number * 100 + report.half))
        write_report(folder / "batches", report)
        plan.add_report(report, f"batches/{report.filename}")
        progress("batches", done, len(every))
    return len(every)
