"""Everybody's standing, worked out in SQL, against the pure rule: thousands of people drawn at random, under two packs."""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection

from certificates.models import (
    CertificateStanding,
    ElectronicCertificate,
    LegacyCertificate,
    SettlementRun,
    VoidingProposal,
)
from certificates.selectors import electronic_facts, safety_facts, stored_standing
from certificates.services.standing import standings_settle
from education.models import CERecord, Reversal
from education.rules import Standing, ce_standing
from portal import crypto
from portal.accounts.models import Person
from portal.events.services import Actor
from portal.policy import SHANGHAI, current_pack
from tests import factories

pytestmark = pytest.mark.django_db

JOB = Actor.job("test")
PEOPLE = 1000
POSTS = ["101", "101", "101", "102", "114"]
EDGES = [(1, 1), (1, 31), (2, 1), (2, 27), (2, 28), (3, 1), (3, 31), (4, 1), (12, 30), (12, 31)]


@pytest.fixture
def crowd(db):
    drawn = _draw(random.Random(20201231))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return drawn


def _day(draw: random.Random, first: int = 2019, last: int = 2025) -> date:
    day = date(draw.randint(first, last), *draw.choice(EDGES))
    if draw.random() < 0.6:
        day = date(first, 1, 1) + timedelta(days=draw.randrange(365 * (last - first + 1)))
    return date(2020, 2, 29) if draw.random() < 0.05 else day


def _draw(draw: random.Random) -> list[Person]:
    people = Person.objects.bulk_create(
        Person(
            name="样例",
            id_number="x",
            id_number_hash=crypto.blind_index("id_number", f"crowd {serial}"),
            created_at=factories.LONG_AGO,
        )
        for serial in range(PEOPLE)
    )
    photo = factories.photo_of(people[0])
    papers = LegacyCertificate.objects.bulk_create(
        _paper(draw, person, serial) for serial, person in enumerate(people)
    )
    made = [
        _electronic(draw, paper, photo, n) for n, paper in enumerate(papers) if paper.status == "exchanged"
    ]
    made += [
        _electronic(draw, paper, photo, PEOPLE + n, also=True)
        for n, paper in enumerate(papers)
        if draw.random() < 0.3
    ]
    ElectronicCertificate.objects.bulk_create(made)
    _found_not_engaged(made[::40])
    batch = factories.approved_batch()
    CERecord.objects.bulk_create(
        _record(draw, person, batch, 100 * serial + place)
        for serial, person in enumerate(people)
        for place in range(draw.choice([0, 1, 2, 3, 5, 9]))
    )
    _reverse(batch, draw.sample(list(CERecord.objects.all()), PEOPLE // 10))
    return people


def _paper(draw, person, serial):
    officer = draw.random() < 0.3
    return LegacyCertificate(
        person=person,
        holder_name="样例",
        number=f"群 {serial}",
        number_key=f"crowd{serial}",
        kind="safety_officer" if officer else "post_training",
        post_code=draw.choice(POSTS),
        issuer="other",
        issuer_name="样例",
        issued_on=_day(draw, 2018, 2023),
        in_national_system=True,
        status="exchanged" if not officer else draw.choice(["active"] * 5 + ["void"]),
        status_changed_at=factories.LONG_AGO,
        imported_at=factories.LONG_AGO,
    )


def _electronic(draw, paper, photo, serial, *, also=False):
    moment = datetime.combine(
        _day(draw), draw.choice([time(0, 0), time(7, 59), time(8), time(23, 59, 59)]), SHANGHAI
    )
    return ElectronicCertificate(
        number=f"E{serial}",
        person_id=paper.person_id,
        replaces=None if also else paper,
        holder_name="样例",
        post_code=draw.choice(POSTS),
        photo=photo,
        issued_at=moment,
    )


def _found_not_engaged(certificates):
    first, second = factories.reviewer(), factories.reviewer()
    for certificate in certificates:
        at = factories.LONG_AGO
        proposal = VoidingProposal.objects.create(
            certificate=certificate, ground="not_engaged", finding="x", found_by=first, opened_at=at,
            objection_until=at.date(), state="approved", confirmed_at=at, confirmed_by=first, approved_at=at,
            approved_by=second,
        )  # fmt: skip
        ElectronicCertificate.objects.filter(pk=certificate.pk).update(
            state="void", void_reason="not_engaged", state_changed_at=at, voided_by=proposal
        )


def _reverse(batch, records):
    """Take hours back by counter-entries."""
    at = factories.LONG_AGO
    reversal = Reversal.objects.create(
        batch=batch, state="confirmed", reason="x", proposed_at=at, proposed_by=factories.reviewer(),
        decided_at=at, decided_by=factories.reviewer(),
    )  # fmt: skip
    CERecord.objects.filter(pk__in=[record.pk for record in records]).update(in_force=False)
    for record in records:
        record.reversal_of_id, record.pk = record.pk, None
        record.hours, record.professional_hours = -record.hours, -record.professional_hours
        record.in_force, record.reversal = False, reversal
    CERecord.objects.bulk_create(records)


def _record(draw, person, batch, serial):
    ended_on = _day(draw, 2019, 2026)
    hours = draw.choice([40, 80, 105, 160, 215, 220, 320, 320, 325, 640])
    makes_up_for = draw.choice(
        [None, None, None, ended_on.year - 1, ended_on.year - 1, ended_on.year, ended_on.year - 2]
    )
    return CERecord(
        person=person,
        post_code=draw.choice(POSTS),
        institution_id=batch.institution_id,
        batch=batch,
        row_number=serial,
        course=f"课 {serial}",
        mode="online",
        started_on=ended_on,
        ended_on=ended_on,
        hours=hours,
        professional_hours=draw.choice([hours, hours * 7 // 10, 0]),
        passed=True,
        makes_up_for=makes_up_for,
        approved_at=factories.LONG_AGO,
    )


class Answers:
    """What the pure rule says of everybody on a day, from facts that are read once."""

    def __init__(self) -> None:
        self.records = {}
        for record in CERecord.objects.filter(in_force=True):
            self.records.setdefault(record.person_id, []).append(record)
        self.electronics = list(ElectronicCertificate.objects.all())
        self.officers = list(LegacyCertificate.objects.filter(kind="safety_officer", status="active"))

    def on(self, day: date) -> dict[object, Standing]:
        policy = current_pack().on(day)
        found = {}
        for certificates, facts_of in ((self.electronics, electronic_facts), (self.officers, safety_facts)):
            for certificate in certificates:
                facts = facts_of(certificate, self.records.get(certificate.person_id, ()))
                standing = ce_standing(facts, policy, day)
                found[certificate.pk] = replace(standing, uncounted=())
        return found


def stored():
    return {row.electronic_id or row.legacy_id: row for row in CertificateStanding.objects.all()}


def assert_equal_to_the_rule(answers: Answers, day: date) -> None:
    policy, rows, expected = current_pack().on(day), stored(), answers.on(day)
    assert rows.keys() == expected.keys()
    for pk, standing in expected.items():
        row = rows[pk]
        assert stored_standing(row, policy, as_of=day) == standing, (pk, day)
        assert row.status == standing.status, (pk, day)
        assert (row.lapsed_on or (None if row.engaged else day)) == standing.lapsed_on
        need = standing.needed_next
        kept = (row.needed_hours, row.needed_professional_hours, row.needed_by)
        assert kept == ((need.hours * 10, need.professional_hours * 10, need.by) if need else (None,) * 3), (
            pk,
            day,
        )
        assert row.pack == policy.pack


# A year's turn, the end of grace and the days around them; 29 February; and far ahead, where nearly all have lapsed.
DAYS = [date(2019, 12, 31), date(2022, 1, 31), date(2022, 2, 1), date(2024, 2, 29), date(2027, 3, 1)]
NIGHTS = [date(2023, 1, 1), date(2023, 1, 2), date(2023, 1, 31), date(2023, 2, 1), date(2024, 3, 1)]
PACKS = pytest.mark.parametrize("pack", ["hainan-2020", "hubei-2021"])


@PACKS
def test_thousands_of_people_stand_as_the_rule_says_of_each(pack, crowd, settings):
    """From all records, night after night from the stored sums, and for people settled by themselves."""
    settings.POLICY_PACK = pack
    answers = Answers()
    for day in DAYS:
        standings_settle(as_of=day, by=JOB)
        assert_equal_to_the_rule(answers, day)

    SettlementRun.objects.all().delete()
    for day in NIGHTS:
        standings_settle(as_of=day, by=JOB, recount=False)
        assert_equal_to_the_rule(answers, day)
    assert SettlementRun.objects.filter(recounted=True).count() == 1

    CertificateStanding.objects.all().delete()
    standings_settle(as_of=DAYS[2], by=JOB, people=Person.objects.values("pk"))
    assert_equal_to_the_rule(answers, DAYS[2])


YEARS = range(2020, 2025)


@pytest.mark.parametrize(
    ("pack", "starts"),
    [
        ("hainan-2020", [date(year, 1, 1) for year in YEARS]),
        ("hubei-2021", [date(year, 2, 29 if year % 4 == 0 else 28) for year in YEARS]),
    ],
)
def test_each_day_before_of_and_after_a_boundary(pack, starts, db, settings):
    """Under hubei-2021 the first period begins on 29 February 2020, the day after the exchange."""
    settings.POLICY_PACK = pack
    owner = factories.person()
    factories.record(owner, ended_on=date(2021, 2, 27), started_on=date(2021, 2, 27))
    factories.record(
        owner, ended_on=date(2022, 3, 29), started_on=date(2022, 3, 1), makes_up_for=2021, course="late"
    )
    ElectronicCertificate.objects.create(
        number="E1", person=owner, replaces=factories.paper(owner), holder_name=owner.name, post_code="101",
        photo=owner.photo, issued_at=factories.shanghai(2020, 2, 28, 23, 59),
    )  # fmt: skip
    factories.paper(owner, kind="safety_officer", issued_on=date(2019, 2, 28))
    answers = Answers()
    boundaries = [start + timedelta(days=grace) for start in starts for grace in (0, 31)]
    for day in sorted({at + timedelta(days=shift) for at in boundaries for shift in (-1, 0, 1)}):
        standings_settle(as_of=day, by=JOB, recount=False)
        assert_equal_to_the_rule(answers, day)


def test_only_rows_that_change_are_written(crowd):
    whole = len(stored_rows(day=date(2023, 3, 1)))
    for day, recount in [(date(2023, 3, 2), True), (date(2023, 3, 3), False), (date(2024, 1, 1), False)]:
        before = stored_rows()
        written = standings_settle(as_of=day, by=JOB, recount=recount)
        after = stored_rows()
        assert written == sum(after[pk] != before[pk] for pk in after)
        assert all(after[pk]["settled_on"] == day for pk in after if after[pk] != before[pk])
        assert standings_settle(as_of=day, by=JOB) == 0
    assert {run.rows_seen for run in SettlementRun.objects.all()} == {whole}


@PACKS
def test_a_lapsed_certificate_is_written_again_when_a_record_comes_and_not_before(pack, db, settings):
    settings.POLICY_PACK = pack
    owner = factories.person()
    ElectronicCertificate.objects.create(
        number="E1", person=owner, replaces=factories.paper(owner), holder_name=owner.name, post_code="101",
        photo=owner.photo, issued_at=factories.shanghai(2020, 8, 3),
    )  # fmt: skip
    standings_settle(as_of=date(2023, 12, 1), by=JOB)
    assert CertificateStanding.objects.get().status == "lapsed"
    for day in (date(2024, 1, 1), date(2024, 9, 1), date(2026, 2, 1)):
        for recount in (False, True):
            assert standings_settle(as_of=day, by=JOB, recount=recount) == 0
        assert_equal_to_the_rule(Answers(), day)

    factories.record(owner, ended_on=day, started_on=day)
    assert standings_settle(as_of=day, by=JOB, people=Person.objects.values("pk")) == 1
    assert_equal_to_the_rule(Answers(), day)
    assert CertificateStanding.objects.get().hours[-1] > 0


def stored_rows(day=None):
    if day:
        standings_settle(as_of=day, by=JOB)
    return {row["id"]: row for row in CertificateStanding.objects.values()}
