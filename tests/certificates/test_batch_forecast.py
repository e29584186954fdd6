"""What a submission would do, told before it: who reaches the hours, which certificates leave the risk."""

from datetime import date

import pytest
from django.utils import translation

from certificates.models import CertificateStanding, ElectronicCertificate
from certificates.services.standing import standings_settle
from education.forecast import forecasts_of
from portal.events.services import Actor
from tests.education.batches import checked
from tests.education.conftest import _issuer, at, by_clerk, issuer_key, school  # noqa: F401 - fixtures
from tests.education.sheets import drawn, row
from tests.factories import paper, person, record, shanghai

pytestmark = pytest.mark.django_db
DAYS = {"开始日期": "2022-02-07", "结束日期": "2022-02-18"}


@pytest.fixture
def holder(at):  # noqa: F811
    """Somebody without an hour in 2021: at risk in 2022."""
    at(2022, 3, 1, 9)
    held = person("陈海生")
    old = paper(held, status="exchanged", status_changed_at=shanghai(2020, 8, 3, 10))
    ElectronicCertificate.objects.create(
        number="4620201010000017", person=held, replaces=old, holder_name=held.name, post_code="101",
        photo=held.photo, issued_at=shanghai(2020, 8, 3, 10),
    )  # fmt: skip
    standings_settle(as_of=date(2022, 3, 1), by=Actor.job("test"))
    assert CertificateStanding.objects.get().status == "at_risk"
    return held


def told(school, by_clerk, *rows):  # noqa: F811
    made = [row(姓名="陈海生", 证书编号="4620201010000017", **cells) for cells in rows]
    drawn.clear()
    with translation.override("en"):
        return forecasts_of(checked(school, by_clerk, *made))


def test_thirty_two_hours_in_the_year_do_not_end_the_risk(school, by_clerk, holder):  # noqa: F811
    found = told(school, by_clerk, {"身份证号": holder.id_number, **DAYS})
    assert found == ["1 person reaches 32 hours in a year."]


def test_sixty_four_hours_over_both_years_do(school, by_clerk, holder):  # noqa: F811
    found = told(school, by_clerk, {"身份证号": holder.id_number, **DAYS, "总学时": 64, "专业学时": 44})
    assert found[-1] == "1 certificate is no longer at risk."


def test_so_do_hours_that_make_up_for_the_year_before(school, by_clerk, holder):  # noqa: F811
    found = told(school, by_clerk, {"身份证号": holder.id_number, **DAYS, "补学年度": "2021"})
    assert found[-1] == "1 certificate is no longer at risk."


def test_who_has_the_hours_already_does_not_reach_them_again(school, by_clerk, holder):  # noqa: F811
    record(holder, ended_on=date(2022, 1, 20), started_on=date(2022, 1, 10))
    found = told(school, by_clerk, {"身份证号": holder.id_number, **DAYS})
    assert found == ["0 people reach 32 hours in a year."]


def test_a_bad_row_counts_for_nobody(school, by_clerk, holder):  # noqa: F811
    bad = {"身份证号": holder.id_number, **DAYS, "专业学时": 99}
    assert told(school, by_clerk, bad) == ["0 people reach 32 hours in a year."]
