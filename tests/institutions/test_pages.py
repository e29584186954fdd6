"""The public directory and the report of a designation, as people meet them."""

import re

import pytest
from django.test import Client

from institutions.models import DesignationReport, Institution
from institutions.services import designation_report
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

pytestmark = pytest.mark.usefixtures("morning")
SAID = {"area_code": "460100", "authority": "某镇规划所", "account": "要求大家只到一家机构学习。"}


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def page(address, client=None):
    answer = (client or Client()).get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def reviewer():
    client = Client()
    client.force_login(factories.reviewer())
    return client


class TestTheDirectory:
    def test_shows_area_ground_dates_and_telephone(self):
        made = factories.institution("海口样例培训中心")
        Institution.objects.filter(pk=made.pk).update(phone="0898-00000000", address="样例路1号")
        shown = page("/institutions/")
        for fact in (
            "海口样例培训中心",
            "海口市",
            "列入全国系统机构名录",
            "2019年1月1日",
            "长期",
            "0898-00000000",
            "样例路1号",
        ):
            assert fact in shown

    def test_says_in_words_how_the_order_comes_about(self):
        factories.institution()
        assert "按当天抽签的顺序排列" in page("/institutions/")
        assert "不能购买、指定或保留" in page("/institutions/")

    def test_is_the_same_for_a_stranger_a_clerk_of_one_of_them_and_a_reviewer(self):
        made = [factories.institution(f"样例培训{index}") for index in range(6)]
        clerk = Client()
        clerk.force_login(factories.clerk(made[3]))
        orders = [
            re.findall(r"样例培训\d", page("/institutions/", client))
            for client in (Client(), clerk, reviewer())
        ]
        assert orders[0] == orders[1] == orders[2]

    @pytest.mark.parametrize(
        "query",
        [
            "?area=999999",
            "?page=-1",
            "?page=x",
            "?page=9999",
            "?name=" + "x" * 500,
            "?area=%00",
            "?name=%00",
            "?name=%27%22%3Cscript%3E",
        ],
    )
    def test_bears_any_address_typed_by_hand(self, query):
        factories.institution()
        assert "<script>'" not in page(f"/institutions/{query}")

    def test_takes_a_few_queries_however_many_institutions_it_shows(self, django_assert_max_num_queries):
        for index in range(25):
            factories.institution(f"样例培训{index}")
        with django_assert_max_num_queries(6):
            page("/institutions/")


class TestAReport:
    def test_is_received_from_anybody(self):
        answer = Client().post("/institutions/report/", SAID, follow=True)
        assert "已收到" in answer.content.decode()
        assert DesignationReport.objects.count() == 1

    @pytest.mark.parametrize(
        ("field", "typed"),
        [("area_code", "999999"), ("authority", "\u200b "), ("account", ""), ("account", "字" * 2001)],
    )
    def test_with_a_field_wrong_is_not_kept(self, field, typed):
        assert Client().post("/institutions/report/", SAID | {field: typed}).status_code == 422
        assert not DesignationReport.objects.exists()

    def test_cannot_flood_the_reviewers(self):
        answers = [Client().post("/institutions/report/", SAID).status_code for _ in range(7)]
        assert answers == [302] * 5 + [429] * 2

    def test_is_shown_to_reviewers_with_its_words_as_text(self):
        report = designation_report(
            **SAID | {"account": "<img src=x onerror=alert(1)>"},
            reported_by=factories.worker(),
            by=Actor.command("test"),
        )
        shown = page(f"/review/designation-reports/{report.pk}/", reviewer())
        assert "<img src=x" not in shown
        assert "陈**" in shown
        assert "陈海生" not in shown

    def test_is_closed_only_with_a_finding(self):
        report, client = designation_report(**SAID, reported_by=None, by=Actor.command("test")), reviewer()
        address = f"/review/designation-reports/{report.pk}/"
        assert client.post(address, {"finding": " "}).status_code == 422
        assert client.post(address, {"finding": "已核实并纠正。"}).status_code == 302
        assert "已核实并纠正。" in page(address, client)
        assert Event.objects.filter(verb="institutions.designation.closed").count() == 1

    def test_closed_by_somebody_else_meanwhile_stays_as_it_was_closed(self):
        report = designation_report(**SAID, reported_by=None, by=Actor.command("test"))
        address = f"/review/designation-reports/{report.pk}/"
        reviewer().post(address, {"finding": "一"})
        answer = reviewer().post(address, {"finding": "二"}, follow=True)
        assert "已由他人办结" in answer.content.decode()
        report.refresh_from_db()
        assert report.finding == "一"
