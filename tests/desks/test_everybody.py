"""What anyone meets: “can I exchange?”, announcements, large text, and a menu that fits on a phone."""

import pytest
from django.test import Client

from portal import clock
from portal.accounts.models import Role
from portal.events.models import Event
from portal.models import Announcement, Preference
from tests import factories
from tests.desks.pages import browser, content_of, staff_browser, text_of
from tests.factories import shanghai

GOOD = {"kind": "post_training", "issuer": "hainan-assessment-office", "year": "2016", "post": "101"}
TEXTS = {
    "title_zh": "换证提醒",
    "text_zh": "请尽早办理。",
    "title_en": "A reminder",
    "text_en": "Exchange early.",
}


class TestCanIExchange:
    """1.1, 1.2: the questions that anybody can answer from the paper in their hand."""

    def ask(self, **said):
        return Client().get("/can-i-exchange/", GOOD | said)

    def test_says_yes_as_far_as_it_goes_and_what_else_is_needed(self):
        shown = text_of(self.ask())
        assert "能，目前看都符合" in shown
        assert shown.count(" 符合 ") == 5
        assert "32 学时" in shown

    @pytest.mark.parametrize(
        ("said", "clause"),
        [
            ({"kind": "enterprise_post"}, "1.1"),
            ({"kind": "safety_officer"}, "3.1a"),
            ({"issuer": "other"}, "1.1"),
            ({"year": "2014"}, "1.1"),
            ({"year": "2019"}, "1.1"),
            ({"post": "other"}, "1.1"),
        ],
    )
    def test_says_no_with_the_clause(self, said, clause):
        shown = text_of(self.ask(**said))
        assert "不能，这本证书不在换证范围内" in shown
        assert f"§ {clause}" in shown

    @pytest.mark.parametrize(
        ("moment", "answer"), [((2020, 12, 31, 23, 59), "能，"), ((2021, 1, 1), "不能，")]
    )
    def test_knows_the_last_day(self, moment, answer):
        clock.move_to(shanghai(*moment), running=False)
        assert answer in text_of(self.ask())

    @pytest.mark.parametrize(
        "said", [{"year": ""}, {"year": "2044"}, {"year": "x"}, {"post": "105"}, {"kind": "?"}]
    )
    def test_tells_what_is_missing_or_cannot_be(self, said):
        answer = self.ask(**said)
        assert answer.status_code == 422
        assert 'class="govuk-error-summary' in content_of(answer)

    def test_keeps_nothing(self):
        before = Event.objects.count()
        answer = self.ask()
        assert Event.objects.count() == before
        assert not answer.cookies.get("sessionid")


class TestAnnouncements:
    def publish(self, chief):
        chief.post("/chief/announcements/", TEXTS)
        return Announcement.objects.get()

    def test_stand_on_the_start_page_in_the_readers_language(self, chief):
        announcement = self.publish(chief)
        assert "换证提醒" in text_of(Client().get("/"))
        reader = Client()
        reader.post("/language/", {"language": "en"})
        assert "A reminder" in text_of(reader.get("/"))
        assert "Exchange early." in text_of(reader.get(f"/announcements/{announcement.pk}/"))
        assert "Exchange early." not in text_of(Client().get(f"/announcements/{announcement.pk}/"))

    def test_can_be_withdrawn_and_shown_again_and_the_history_has_it_all(self, chief):
        announcement = self.publish(chief)
        address = f"/chief/announcements/{announcement.pk}/"
        chief.post(address)
        chief.post(address)  # a second press changes nothing
        assert "换证提醒" not in text_of(Client().get("/announcements/"))
        assert Client().get(f"/announcements/{announcement.pk}/").status_code == 404
        chief.post(address, {"restore": "1"})
        assert "换证提醒" in text_of(Client().get("/announcements/"))
        verbs = Event.objects.filter(verb__startswith="portal.announcement").order_by("pk")
        assert [event.verb.rpartition(".")[2] for event in verbs] == ["published", "withdrawn", "restored"]

    def test_are_written_in_both_languages_or_not_at_all(self, chief):
        assert chief.post("/chief/announcements/", TEXTS | {"text_en": "\u200b"}).status_code == 422
        assert not Announcement.objects.exists()

    def test_show_text_as_text(self, chief):
        chief.post("/chief/announcements/", TEXTS | {"text_zh": "<script>alert(1)</script>"})
        page = content_of(Client().get(f"/announcements/{Announcement.objects.get().pk}/"))
        assert "<script>alert" not in page


class TestLargeText:
    LARGE = 'class="govuk-template app-large"'

    def test_is_remembered_with_the_account_for_the_next_sign_in_on_any_device(self):
        user = factories.worker()
        browser(user).post("/display/", {"display": "large"})
        assert Preference.objects.get(user=user).large_display
        assert self.LARGE in content_of(browser(user).get("/me/"))

    def test_of_one_account_is_not_the_next_ones_on_the_same_device(self):
        first, second = browser(factories.worker()), factories.worker()
        Preference.objects.create(user=second, large_display=False)
        first.post("/display/", {"display": "large"})
        first.force_login(second)
        assert self.LARGE not in content_of(first.get("/me/"))

    def test_chosen_before_signing_in_holds_for_who_never_chose(self):
        client = Client()
        client.post("/display/", {"display": "large"})
        assert self.LARGE in content_of(client.get("/"))
        client.force_login(factories.worker())
        assert self.LARGE in content_of(client.get("/me/"))

    def test_can_be_turned_off_again(self):
        user = factories.worker()
        client = browser(user)
        client.post("/display/", {"display": "large"})
        client.post("/display/", {"display": "standard"})
        assert self.LARGE not in content_of(client.get("/me/"))
        assert self.LARGE not in content_of(browser(user).get("/me/"))


class TestTheMenu:
    @pytest.mark.parametrize("role", list(Role))
    def test_has_few_entries_in_its_first_row_and_every_page_of_a_group_in_its_second(self, role):
        client = (
            browser(factories.worker())
            if role == Role.WORKER
            else browser(factories.clerk())
            if role == Role.CLERK
            else staff_browser(role, **({"area_code": "460100"} if role == Role.COUNTY else {}))
        )
        page = content_of(client.get("/notices/"))
        first_row = page.split('id="navigation"')[1].split("</ul>")[0]
        assert first_row.count("<li") <= 8

    def test_marks_the_group_and_the_page(self):
        page = content_of(staff_browser("reviewer").get("/review/archive-checks/"))
        assert page.count("aria-current=") >= 2
        below = page.split("app-subnav__list")[1].split("</ul>")[0]
        assert 'href="/review/archive-checks/" aria-current="page"' in below
