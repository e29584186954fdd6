"""The institution's desk: its own qualification, and whom it has taught, masked (2.2)."""

from datetime import date

import pytest

from institutions.models import Qualification
from tests import factories
from tests.desks.pages import ID_NUMBER, browser, text_of

TRAINEES = "/institution/trainees/"


@pytest.fixture
def school():
    return factories.institution()


@pytest.fixture
def clerk(school):
    return browser(factories.clerk(school))


def taught(school, name, **values):
    owner = factories.person(name)
    factories.record(owner, factories.approved_batch(school), **values)
    return owner


class TestTrainees:
    def test_stand_there_masked_with_their_hours_by_year(self, clerk, school):
        owner = taught(
            school,
            "欧阳海生",
            started_on=date(2020, 9, 28),
            ended_on=date(2020, 9, 30),
            hours=160,
            professional_hours=100,
        )
        factories.record(
            owner, factories.approved_batch(school), ended_on=date(2020, 10, 30), hours=125, professional_hours=60,
            course="第二期",
        )  # fmt: skip
        shown = text_of(clerk.get(TRAINEES))
        assert "28.5" in shown
        assert "16" in shown
        assert owner.masked_name in shown
        assert owner.masked_id_number in shown
        assert "欧阳海生" not in shown
        assert not ID_NUMBER.search(shown)

    def test_of_another_institution_are_not_shown(self, clerk):
        owner = taught(factories.institution("三亚样例培训中心"), "符亚妹")
        assert owner.masked_id_number not in text_of(clerk.get(TRAINEES))

    def test_can_be_seen_by_year(self, clerk, school):
        owner = taught(school, "王建国", ended_on=date(2019, 9, 30), started_on=date(2019, 9, 1))
        assert owner.masked_id_number in text_of(clerk.get(f"{TRAINEES}?year=2019"))
        taught(school, "符亚妹")
        assert owner.masked_id_number not in text_of(clerk.get(f"{TRAINEES}?year=2020"))
        assert owner.masked_id_number in text_of(clerk.get(f"{TRAINEES}?year=x"))


class TestTheOwnQualification:
    def test_shows_ground_and_end(self, clerk, school):
        Qualification.objects.filter(institution=school).update(valid_until=date(2021, 1, 7))
        shown = text_of(clerk.get("/institution/"))
        assert "2021-01-07" in shown
        assert "还剩 10 天" in shown

    @pytest.mark.parametrize(
        ("until", "in_force"), [(date(2020, 12, 27), False), (date(2020, 12, 28), True), (None, True)]
    )
    def test_that_has_ended_is_warned_of_from_the_day_after(self, clerk, school, until, in_force):
        Qualification.objects.filter(institution=school).update(valid_until=until)
        assert ("今日不在有效期内" in text_of(clerk.get("/institution/"))) is not in_force

    def test_that_never_was_is_said(self):
        school = factories.institution(qualified=False)
        assert "无备案" in text_of(browser(factories.clerk(school)).get("/institution/"))
