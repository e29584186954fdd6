"""Who is qualified when, who works where, in which order the public sees them, and what is reported."""

from datetime import date, timedelta

import pytest
from django.test import Client

from institutions.models import DesignationReport, Ground, Institution, Membership
from institutions.selectors import directory, institution_of, is_qualified, qualified_on, qualified_spans
from institutions.services import (
    AlreadyClosedError,
    Contact,
    CreditCodeError,
    NotAClerkError,
    QualificationOverlapError,
    QualificationSpanError,
    clerk_assign,
    designation_report,
    designation_report_close,
    institution_register,
    qualification_end,
    qualification_grant,
)
from portal import clock, desk
from portal.accounts.models import Role
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.factories import shanghai
from tests.parallel import in_threads

BY = Actor.command("test")
DAY = date(2020, 12, 28)


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def grant(institution, valid_from, valid_until=None, ground=Ground.NATIONAL_DIRECTORY):
    return qualification_grant(
        institution=institution, ground=ground, valid_from=valid_from, valid_until=valid_until, by=BY
    )


def plain():
    return factories.institution(qualified=False)


@pytest.mark.usefixtures("morning")
class TestAnInstitution:
    def register(self, code):
        return institution_register(
            code=code, name="海口样例培训中心", contact=Contact(area_code="460100"), by=BY
        )

    def test_is_known_by_its_credit_code_however_it_is_typed(self):
        first = self.register("91350100M000100Y43")
        again = self.register(" 91350100m000100y43 ")
        assert first == again
        assert Event.objects.filter(verb="institutions.institution.registered").count() == 1

    def test_with_a_wrong_check_digit_is_refused(self):
        with pytest.raises(CreditCodeError) as refused:
            self.register("91350100M000100Y44")
        assert refused.value.problem.code == "credit_code_check_digit"
        assert not Institution.objects.exists()


@pytest.mark.usefixtures("morning")
class TestAQualification:
    def test_counts_on_its_first_and_last_day_and_not_beside_them(self):
        institution = plain()
        grant(institution, date(2020, 3, 1), date(2020, 11, 30))
        for day, expected in [
            (date(2020, 2, 29), False), (date(2020, 3, 1), True), (date(2020, 11, 30), True), (date(2020, 12, 1), False),
        ]:  # fmt: skip
            assert is_qualified(institution, day, day) is expected
            assert qualified_on(day).exists() is expected

    def test_covers_a_course_across_two_grounds_without_a_gap(self):
        institution = plain()
        grant(institution, date(2020, 1, 1), date(2020, 6, 30))
        grant(institution, date(2020, 7, 1), ground=Ground.PROVINCIAL_COMMITMENT)
        assert is_qualified(institution, date(2020, 6, 20), date(2020, 7, 10))
        assert qualified_spans(institution) == [(date(2020, 1, 1), None)]

    def test_with_a_gap_of_one_day_covers_no_course_across_it(self):
        institution = plain()
        grant(institution, date(2020, 1, 1), date(2020, 6, 29))
        grant(institution, date(2020, 7, 1), date(2020, 12, 31))
        assert not is_qualified(institution, date(2020, 6, 20), date(2020, 7, 10))
        assert qualified_spans(institution) == [
            (date(2020, 1, 1), date(2020, 6, 29)), (date(2020, 7, 1), date(2020, 12, 31)),
        ]  # fmt: skip

    def test_of_another_institution_does_not_count(self):
        grant(plain(), date(2020, 1, 1))
        assert not is_qualified(plain(), DAY, DAY)

    def test_that_was_never_granted_covers_nothing(self):
        institution = plain()
        assert not is_qualified(institution, DAY, DAY)
        assert qualified_spans(institution) == []

    @pytest.mark.parametrize(
        ("valid_from", "valid_until"),
        [
            (date(2020, 6, 30), None),
            (date(2019, 1, 1), date(2020, 1, 1)),
            (date(2020, 2, 1), date(2020, 3, 1)),
            (date(2019, 1, 1), None),
        ],
    )
    def test_may_not_overlap_another_of_the_same_institution(self, valid_from, valid_until):
        institution = plain()
        existing = grant(institution, date(2020, 1, 1), date(2020, 6, 30))
        with pytest.raises(QualificationOverlapError) as refused:
            grant(institution, valid_from, valid_until)
        assert refused.value.existing == existing

    def test_may_not_end_before_it_begins(self):
        with pytest.raises(QualificationSpanError):
            grant(plain(), date(2020, 2, 1), date(2020, 1, 31))

    def test_ended_early_keeps_the_days_before(self):
        institution = plain()
        qualification = grant(institution, date(2020, 1, 1))
        qualification_end(qualification=qualification, last_day=date(2020, 6, 30), reason="检查不合格", by=BY)
        assert is_qualified(institution, date(2020, 1, 1), date(2020, 6, 30))
        assert not is_qualified(institution, date(2020, 7, 1), date(2020, 7, 1))
        event = Event.objects.get(verb="institutions.qualification.ended")
        assert (event.data["last_day"], event.data["reason"]) == ("2020-06-30", "检查不合格")

    @pytest.mark.parametrize("last_day", [date(2019, 12, 31), date(2020, 7, 1)])
    def test_cannot_be_ended_before_it_began_or_made_longer_by_ending_it(self, last_day):
        qualification = grant(plain(), date(2020, 1, 1), date(2020, 6, 30))
        with pytest.raises(QualificationSpanError):
            qualification_end(qualification=qualification, last_day=last_day, reason="", by=BY)


@pytest.mark.django_db(transaction=True)
def test_two_overlapping_qualifications_granted_at_once_leave_one():
    institution = plain()
    answers = in_threads(
        4, lambda index: grant(institution, date(2020, 1 + index, 1)), may_raise=QualificationOverlapError
    )
    assert sum(isinstance(answer, QualificationOverlapError) for answer in answers) == 3
    assert institution.qualifications.count() == 1


@pytest.mark.usefixtures("morning")
class TestAClerk:
    def test_works_for_one_institution_and_moves_whole(self):
        user, first, second = factories.staff(Role.CLERK), plain(), plain()
        clerk_assign(user=user, institution=first, by=BY)
        clerk_assign(user=user, institution=second, by=BY)
        assert institution_of(user.pk) == second
        assert Membership.objects.count() == 1

    def test_assigned_again_to_the_same_records_nothing(self):
        user, institution = factories.staff(Role.CLERK), plain()
        for _ in range(2):
            clerk_assign(user=user, institution=institution, by=BY)
        assert Event.objects.filter(verb="institutions.clerk.assigned").count() == 1

    @pytest.mark.parametrize(
        "role", [role for role in Role if role not in {Role.CLERK, Role.WORKER, Role.COUNTY}]
    )
    def test_is_nobody_with_another_role(self, role):
        with pytest.raises(NotAClerkError):
            clerk_assign(user=factories.staff(role), institution=plain(), by=BY)


@pytest.mark.usefixtures("morning")
class TestTheDirectory:
    def names(self, day=DAY, **filters):
        return [qualification.institution.name for qualification in directory(day, **filters)]

    def fill(self, count=8):
        return [factories.institution(f"样例培训{index}") for index in range(count)]

    def test_is_in_one_order_on_one_day_and_in_another_on_other_days(self):
        """No institution is favoured, so the choice stays free (4.2)."""
        self.fill()
        assert self.names() == self.names()
        orders = {tuple(self.names(DAY + timedelta(days=days))) for days in range(7)}
        assert len(orders) == 7

    def test_gives_each_institution_its_turn_at_the_top(self):
        self.fill(4)
        first = [self.names(DAY + timedelta(days=days))[0] for days in range(400)]
        assert all(60 <= first.count(name) <= 140 for name in set(first))
        assert len(set(first)) == 4

    def test_does_not_depend_on_name_age_or_who_asks(self):
        made = self.fill()
        before = self.names()
        Institution.objects.filter(pk=made[0].pk).update(name="AAA 第一", created_at=shanghai(1999, 1, 1))
        after = self.names()
        assert after.index("AAA 第一") == before.index("样例培训0")

    def test_can_be_worked_out_again_from_code_and_date(self):
        from hashlib import sha256

        made = self.fill()
        expected = sorted(made, key=lambda one: sha256(f"{one.code} 2020-12-28".encode()).hexdigest())
        assert self.names() == [one.name for one in expected]

    def test_shows_only_who_is_qualified_that_day_each_once(self):
        institution = plain()
        grant(institution, date(2019, 1, 1), date(2020, 6, 30))
        grant(institution, date(2020, 7, 1), date(2020, 12, 28))
        plain()
        assert len(self.names()) == 1
        assert self.names(date(2020, 12, 29)) == []

    def test_is_found_by_area_and_words_of_the_name(self):
        factories.institution("海口 样例培训中心")
        Institution.objects.filter(pk=factories.institution("三亚样例学校").pk).update(area_code="460200")
        assert self.names(area_code="460200") == ["三亚样例学校"]
        assert self.names(words="培训 海口") == ["海口 样例培训中心"]
        assert self.names(words="%") == []

    def test_asks_the_database_once_however_long_it_is(self, django_assert_num_queries):
        self.fill(12)
        with django_assert_num_queries(1):
            assert len(self.names()) == 12


@pytest.mark.usefixtures("morning")
class TestAReportOfADesignation:
    said = {"area_code": "460100", "authority": "某镇规划所", "account": "要求大家只到一家机构学习。"}

    def report(self, user=None):
        return designation_report(**self.said, reported_by=user, by=BY)

    def test_waits_in_the_reviewers_inbox_until_it_is_closed(self):
        report = self.report()
        queue = next(queue for queue in desk.work_queues() if queue.code == "designation_reports")
        assert (queue.state().waiting, queue.state().oldest) == (1, report.reported_at)
        designation_report_close(
            report=report, finding="已核实并纠正。", by=Actor(Event.Means.WEB, factories.reviewer())
        )
        assert queue.state().waiting == 0

    def test_that_is_anonymous_names_nobody_even_for_somebody_signed_in(self):
        worker = factories.worker()
        client = Client()
        client.force_login(worker)
        client.post("/institutions/report/", self.said)
        report, event = (
            DesignationReport.objects.get(),
            Event.objects.get(verb="institutions.designation.reported"),
        )
        assert report.reported_by is None
        assert (event.actor_id, event.person_id) == (None, None)

    def test_with_a_name_is_answered_by_a_notice(self):
        worker = factories.worker()
        report = self.report(worker)
        designation_report_close(
            report=report, finding="已核实并纠正。", by=Actor(Event.Means.WEB, factories.reviewer())
        )
        notice = Notice.objects.get(user=worker)
        assert notice.facts == {"finding": "已核实并纠正。"}

    def test_is_closed_once(self):
        report, by = self.report(), Actor(Event.Means.WEB, factories.reviewer())
        designation_report_close(report=report, finding="一", by=by)
        with pytest.raises(AlreadyClosedError):
            designation_report_close(report=report, finding="二", by=by)
        report.refresh_from_db()
        assert report.finding == "一"
