"""The people of the sample province: who they are, what they hold, what they do until the demo begins."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from portal.policy import Named, Policy
from portal.sample.calendar import FIRST_DAY, HALF_MONTHS, moment
from portal.sample.names import firm_name, person_name, school_name
from portal.sample.numbers import credit_code, id_number, mobile

SAFETY_POST = "C"
POST_TRAINING, ENTERPRISE, SAFETY = "岗位培训考核合格证书", "专业管理人员岗位证书", "安全员"
_OTHER_ISSUERS = ["海南省建筑业协会", "某省建设教育协会", "海南省住房和城乡建设厅人事教育处"]
_AREA_WEIGHTS = (38, 12, 1, 9, 2, 5, 5, 5, 4, 2, 2, 4, 3, 1, 2, 2, 3, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Firm:
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class School:
    """A training institution. ``until`` ends its qualification; courses are held only while it lasts."""

    number: int
    name: str
    code: str
    area: Named
    ground: str
    since: date
    until: date | None

    @property
    def clerk(self) -> str:
        return f"clerk{self.number + 1:02d}"

    def teaches(self, half: int) -> bool:
        span = HALF_MONTHS[half]
        return self.since <= span.first and (self.until is None or self.until >= span.last)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as the registry has it. ``archive``: how an archive check goes, where one is needed."""

    number: str
    kind: str
    post: str
    issuer: str
    issued: date
    expires: date | None
    holder: str
    in_national_system: bool
    archive: str

    def of_the_right_sort(self, policy: Policy) -> bool:
        """Whether kind, office and year are those of the exchange (1.1)."""
        office = policy.exchange.issuer.zh
        right = self.kind == POST_TRAINING and self.issuer == office
        return right and self.issued.year in policy.exchange.issue_years

    def exchangeable(self, policy: Policy) -> bool:
        return self.of_the_right_sort(policy) and (self.in_national_system or self.archive == "confirmed")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A course that the person takes in a half-month, for one post. Hours as reported."""

    half: int
    post: str
    hours: int
    professional: int
    score: int
    passed: bool


@dataclass(frozen=True)
class Resident:
    """One person. ``mess``: what is wrong with the own row in the registry, empty for most."""

    number: int
    name: str
    former_name: str
    id_number: str
    female: bool
    mobile: str
    area: Named
    firm: Firm
    school: School
    papers: tuple[Paper, ...]
    lessons: tuple[Lesson, ...]
    mess: str
    registers: datetime | None
    profile: bool
    photo: bool
    eager: float
    service: str


class Population:
    """Makes people, firms and institutions from the seed."""

    def __init__(self, size: int, seed: int, policy: Policy) -> None:
        self.size, self.seed, self.policy = size, seed, policy
        self.shift = self.dice("shift", 0).randrange(1_000_000)
        self.areas = policy.province.areas
        self.posts = [post.code for post in policy.exchange.posts]
        self.firm_count = max(12, size // 30)

    def dice(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self.seed}:{what}:{number}")  # noqa: S311 - a sample, no secret

    def area(self, rng: random.Random) -> Named:
        weights = [_AREA_WEIGHTS[i % len(_AREA_WEIGHTS)] for i in range(len(self.areas))]
        found: Named = rng.choices(self.areas, weights)[0]
        return found

    def firm(self, number: int) -> Firm:
        rng = self.dice("firm", number)
        return Firm(firm_name(rng, number, self.area(rng).zh), credit_code("91", number + self.shift % 1_000))

    @cached_property
    def schools(self) -> list[School]:
        return [self._school(number) for number in range(min(40, max(6, self.size // 250)))]

    def _school(self, number: int) -> School:
        rng = self.dice("school", number)
        area = self.areas[0] if number == 0 else self.area(rng)
        ground = "national_directory" if number % 3 == 0 else "provincial_commitment"
        since = date(2020, 10, 15) if number == 4 else date(2019 + number % 2, 1 + rng.randrange(6), 1)
        until = {3: date(2020, 9, 30), 5: date(2021, 12, 31)}.get(number)
        code = credit_code("52", 500_000 + number + self.shift % 1_000)
        return School(number, school_name(number, area.zh), code, area, ground, since, until)

    def resident(self, number: int) -> Resident:
        rng = self.dice("person", number)
        female = rng.random() < 0.22
        name = person_name(rng, female=female)
        former = person_name(rng, female=female) if rng.random() < 0.02 else ""
        school = rng.choice(self.schools)
        papers = self._papers(rng, number, former or name)
        registers = self._registers(rng)
        return Resident(
            number=number,
            name=name,
            former_name=former,
            id_number=id_number(number, self.shift, female=female),
            female=female,
            mobile=mobile(number, self.shift),
            area=self.area(rng),
            firm=self.firm(rng.randrange(self.firm_count)),
            school=school,
            papers=papers,
            lessons=self._lessons(rng, papers, school, registers is not None),
            mess=_mess(rng),
            registers=registers,
            profile=rng.random() < 0.94,
            photo=rng.random() < 0.94,
            eager=rng.random(),
            service=rng.choices(["", "replacement", "extension", "cancellation"], [96, 2, 1, 1])[0],
        )

    def _papers(self, rng: random.Random, number: int, holder: str) -> tuple[Paper, ...]:
        count = 2 if rng.random() < 0.1 else 1
        posts = rng.sample(self.posts, count)
        return tuple(
            self._paper(rng, f"{number:06d}{chr(65 + i)}", post, holder) for i, post in enumerate(posts)
        )

    def _paper(self, rng: random.Random, serial: str, post: str, holder: str) -> Paper:
        kind = rng.choices([POST_TRAINING, ENTERPRISE, SAFETY], [86, 6, 8])[0]
        year = rng.choices([2014, 2015, 2016, 2017, 2018, 2019], [3, 20, 26, 26, 22, 3])[0]
        if kind == ENTERPRISE:
            year = rng.randrange(2009, 2015)
        issued = date(year, 1, 1) + timedelta(days=rng.randrange(365))
        office = self.policy.exchange.issuer.zh
        issuer = rng.choice(_OTHER_ISSUERS) if kind == ENTERPRISE or rng.random() < 0.03 else office
        known = rng.random() < 0.91
        lasts = rng.choice([None, None, 6, 8])
        return Paper(
            number=f"琼样建岗{year}第{serial}号",
            kind=kind,
            post=SAFETY_POST if kind == SAFETY else post,
            issuer=issuer,
            issued=issued,
            expires=date(year + lasts, issued.month, min(issued.day, 28)) if lasts else None,
            holder=holder,
            in_national_system=known,
            archive="" if known else rng.choices(_ARCHIVE, [30, 30, 10, 10, 10, 10])[0],
        )

    def _registers(self, rng: random.Random) -> datetime | None:
        day = FIRST_DAY + timedelta(days=1 + rng.randrange(165))
        when = moment(day, rng.randrange(7, 22), rng.randrange(60))
        return when if rng.random() < 0.56 else None

    def _lessons(
        self, rng: random.Random, papers: tuple[Paper, ...], school: School, keen: bool
    ) -> tuple[Lesson, ...]:
        halves = [half for half in range(len(HALF_MONTHS)) if school.teaches(half)]
        if not halves or rng.random() > (0.86 if keen else 0.25):
            return ()
        posts = dict.fromkeys(paper.post for paper in papers)  # once for a post, however many papers
        return tuple(lesson for post in posts for lesson in _course(rng, post, halves))


_ARCHIVE = ["", "confirmed", "rejected", "pending", "unseen", "late"]


def _course(rng: random.Random, post: str, halves: list[int]) -> list[Lesson]:
    """Return a full course, two halves of one, too few hours, or a failed assessment."""
    kind = rng.choices(["full", "parts", "short", "failed"], [72, 14, 9, 5])[0]
    half = rng.choice(halves)
    score = rng.randrange(62, 100)
    later = [other for other in halves if other > half]
    if kind == "full" or (kind == "parts" and not later):
        return [Lesson(half, post, 32, rng.choice([22, 24, 26]), score, passed=True)]
    if kind == "short":
        return [Lesson(half, post, rng.choice([16, 24]), 12, score, passed=True)]
    if kind == "failed":
        return [Lesson(half, post, 32, 22, rng.randrange(20, 60), passed=False)]
    return [
        Lesson(half, post, 16, 12, score, passed=True),
        Lesson(rng.choice(later), post, 16, 12, min(99, score + 1), passed=True),
    ]


_MESSES = [
    "wrong_check_digit",
    "cut",
    "missing_name",
    "bad_date",
    "bad_area",
    "bad_code",
    "contradiction",
    "repeated",
    "fifteen",
    "full_width",
    "spaces",
    "lower_x",
    "text_date",
    "gone",
]


def _mess(rng: random.Random) -> str:
    return rng.choice(_MESSES) if rng.random() < 0.035 else ""


UNREADABLE = {
    "wrong_check_digit",
    "cut",
    "missing_name",
    "bad_date",
    "bad_area",
    "bad_code",
    "contradiction",
    "gone",
}
"""What keeps a person's first certificate out of the registry."""
