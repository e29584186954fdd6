"""Before the exchange closes (1.2) and a period ends (2.1, 3.1a): the right people, once a step, however often it runs."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from certificates.models import ArchiveCheck, LegacyCertificate
from certificates.selectors import certificate_facts, exchange_decision, policy_on
from certificates.services.exchange import certificate_exchange
from certificates.services.reminders import reminders_send, reminders_send_if_due
from certificates.services.standing import standings_settle_if_due
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.notices.services import wording
from portal.policy import Outcome
from portal.policy.pack import SHIPPED
from tests import factories
from tests.behind import no_triggers
from tests.certificates import lapsing
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
JOB = Actor.job("remind")
CLOSES = shanghai(2020, 12, 31, 10)


def at_noon(day: date):
    return shanghai(day.year, day.month, day.day, 12)


def remind(moment, *, often=1):
    clock.move_to(moment, running=False)
    standings_settle_if_due(by=JOB)
    return [reminders_send_if_due(by=JOB) for _ in range(often)]


def told(owner=None, code="certificates.exchange_reminder"):
    found = Notice.objects.filter(code=code)
    return list(
        (found.filter(person=owner) if owner else found).order_by("at").values_list("facts", flat=True)
    )


class TestTheExchange:
    def test_is_reminded_of_60_30_7_and_1_days_before_and_on_no_other_day(self):
        owner = factories.paper(factories.person()).person
        for left in range(70, -2, -1):
            remind(CLOSES - timedelta(days=left), often=2)
        assert [facts["days_left"] for facts in told(owner)] == [60, 30, 7, 1]

    def test_that_a_sleeping_job_missed_is_made_good_for_the_step_that_holds_alone(self):
        owner = factories.paper(factories.person()).person
        remind(CLOSES - timedelta(days=28))
        assert [facts["days_left"] for facts in told(owner)] == [28]
        remind(CLOSES - timedelta(days=27))
        assert len(told(owner)) == 1

    def test_begins_at_nine_in_the_morning(self):
        factories.paper(factories.person())
        assert remind(shanghai(2020, 12, 24, 8, 59)) == [None]
        assert remind(shanghai(2020, 12, 24, 9)) == [1]

    def test_is_no_concern_of_those_who_have_exchanged_or_never_can(self):
        clock.move_to(CLOSES - timedelta(days=7), running=False)
        certificate_exchange(certificate=factories.ready_to_exchange(), by=JOB)
        owner = factories.person()
        factories.paper(owner, kind="enterprise_post")
        factories.paper(owner, kind="safety_officer")
        factories.paper(owner, issuer="other")
        factories.paper(owner, post_code="105")
        factories.paper(owner, issued_on=date(2014, 12, 31))
        factories.paper(owner, status="void", status_changed_at=factories.LONG_AGO)
        factories.paper(owner, in_national_system=False)
        remind(CLOSES - timedelta(days=7))
        assert told() == []

    def test_concerns_those_whose_files_are_being_checked(self):
        paper = factories.paper(factories.person(), in_national_system=False)
        ArchiveCheck.objects.create(
            certificate=paper,
            requested_at=shanghai(2020, 11, 1),
            papers_seen_on=date(2020, 11, 10),
            papers_seen_by=factories.reviewer(),
        )
        remind(CLOSES - timedelta(days=7))
        assert len(told(paper.person)) == 1

    def test_with_a_moved_deadline_moves_by_itself(self, settings, tmp_path):
        """Announced on 20 December 2020: the exchange goes on until 30 June 2021."""
        text = (SHIPPED / "hainan-2020.toml").read_text("utf-8")
        old = "versions = [{ since = 2020-07-02, value = 2020-12-31 }]"
        new = "versions = [{ since = 2020-07-02, value = 2020-12-31 }, { since = 2020-12-20, value = 2021-06-30 }]"
        section = text.index("[exchange.window_end]")
        moved = text[:section] + text[section:].replace(old, new, 1)
        pack = tmp_path / "moved.toml"
        pack.write_text(moved.replace('name = "hainan-2020"', 'name = "moved"', 1), "utf-8")
        settings.POLICY_PACK = str(pack)
        owner = factories.paper(factories.person()).person
        for day in (
            date(2020, 12, 1),
            date(2020, 12, 24),
            date(2020, 12, 30),
            date(2021, 5, 1),
            date(2021, 6, 29),
        ):
            remind(at_noon(day))
        assert [(facts["by"], facts["days_left"]) for facts in told(owner)] == [
            ("2020-12-31", 30),
            ("2021-06-30", 60),
            ("2021-06-30", 1),
        ]

    def test_two_schedulers_remind_once(self, transactional_db):
        owner = factories.paper(factories.person()).person
        clock.move_to(CLOSES - timedelta(days=7), running=False)
        standings_settle_if_due(by=JOB)
        in_threads(2, lambda _: reminders_send(at=clock.now(), by=JOB))
        assert len(told(owner)) == 1

    def test_leaves_one_event_with_the_counts(self):
        factories.paper(factories.person())
        remind(CLOSES - timedelta(days=7), often=3)
        event = Event.objects.get(verb="certificates.reminders.sent")
        assert (event.data["exchange"], event.data["period"]) == (1, 0)


@hypothesis_settings(max_examples=40)
@given(data=st.data())
def test_the_statement_reminds_exactly_those_whom_the_rule_does_not_refuse(data):
    """Whoever the rule calls ineligible is not reminded; everybody else is."""
    draw = data.draw
    with no_triggers():
        for model in (Notice, ArchiveCheck, LegacyCertificate):
            model.objects.all().delete()
    today = draw(st.dates(date(2020, 11, 5), date(2020, 12, 31)))
    kinds = ["post_training", "enterprise_post", "safety_officer"]
    papers = []
    for _ in range(draw(st.integers(1, 5))):
        paper = factories.paper(
            factories.person(photo=False),
            kind=draw(st.sampled_from(kinds)),
            issuer=draw(st.sampled_from(["hainan-assessment-office", "other"])),
            post_code=draw(st.sampled_from(["101", "105", "115"])),
            issued_on=draw(st.dates(date(2014, 12, 30), date(2019, 1, 2))),
            expires_on=None,
            in_national_system=draw(st.booleans()),
        )
        papers.append(paper)
        if not paper.in_national_system and draw(st.booleans()):
            seen = draw(
                st.none() | st.dates(date(2020, 11, 8), date(2020, 11, 12)).filter(lambda day: day <= today)
            )
            decided = draw(st.sampled_from(["pending", "confirmed", "rejected"])) if seen else "pending"
            by = factories.reviewer()
            ArchiveCheck.objects.create(
                certificate=paper,
                requested_at=at_noon(min(today, draw(st.dates(date(2020, 11, 5), date(2020, 11, 12))))),
                papers_seen_on=seen,
                papers_seen_by=by if seen else None,
                outcome=decided,
                reason="无档案" if decided == "rejected" else "",
                decided_at=at_noon(today) if decided != "pending" else None,
                decided_by=by if decided != "pending" else None,
            )
    reminders_send(at=at_noon(today), by=JOB)
    expected = {
        paper.number
        for paper in LegacyCertificate.objects.select_related("archive_check", "person")
        if exchange_decision(paper, paper.person, [], at=at_noon(today)).outcome is not Outcome.INELIGIBLE
    }
    assert {facts["number"] for facts in told()} == expected


class TestAPeriod:
    def test_that_lacks_hours_is_reminded_of_60_30_7_and_1_days_before_its_end(self):
        owner = lapsing.electronic().person
        factories.record(
            owner, hours=120, professional_hours=20, started_on=date(2021, 3, 1), ended_on=date(2021, 3, 5)
        )
        for left in range(70, -3, -1):
            remind(shanghai(2021, 12, 31, 10) - timedelta(days=left), often=2)
        reminded = told(owner, "certificates.period_reminder")
        assert [facts["days_left"] for facts in reminded] == [60, 30, 7, 1]
        assert {(facts["hours"], facts["professional_hours"], facts["by"]) for facts in reminded} == {
            (20, 20, "2021-12-31")
        }

    def test_that_is_complete_reminds_nobody(self):
        owner = lapsing.electronic().person
        factories.record(owner, started_on=date(2021, 3, 1), ended_on=date(2021, 3, 5))
        remind(shanghai(2021, 12, 24, 10))
        assert told(owner, "certificates.period_reminder") == []

    def test_that_lacks_hours_for_the_two_years_together_says_how_many(self):
        owner = lapsing.lapsed().person
        remind(shanghai(2022, 12, 24, 10))
        (facts,) = told(owner, "certificates.period_reminder")
        assert (facts["hours"], facts["professional_hours"], facts["clause"]) == (36, 22, "2.1")

    def test_of_a_safety_officer_is_reminded_of_too(self):
        owner = factories.paper(
            factories.person(),
            kind="safety_officer",
            post_code="301",
            issued_on=date(2018, 5, 4),
            expires_on=None,
        ).person
        remind(shanghai(2021, 12, 24, 10))
        (facts,) = told(owner, "certificates.period_reminder")
        assert (facts["hours"], facts["clause"]) == (32, "3.1a")

    def test_of_a_void_certificate_reminds_nobody(self):
        certificate = lapsing.voided(lapsing.electronic())
        remind(shanghai(2021, 12, 24, 10))
        assert told(certificate.person, "certificates.period_reminder") == []

    def test_waits_for_the_settlement_of_the_day(self):
        lapsing.electronic()
        clock.move_to(shanghai(2021, 12, 24, 10), running=False)
        assert reminders_send_if_due(by=JOB) is None


def test_every_reminder_reads_well():
    owner = lapsing.electronic().person
    factories.paper(owner)
    remind(shanghai(2020, 12, 24, 10))
    remind(shanghai(2021, 12, 31, 10))
    for notice in Notice.objects.filter(code__contains="reminder"):
        title, body = wording(notice)
        assert notice.facts["number"] in body
        assert "%(" not in title + body


def test_the_steps_come_from_the_policy():
    assert policy_on(CLOSES).reminders.days == (60, 30, 7, 1)
    assert certificate_facts(factories.paper(factories.person())).kind == "post_training"
