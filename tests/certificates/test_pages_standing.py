"""What a holder sees of periods and windows (2.1, 3.1a), why a course does not count, and what more hours would do."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from django.urls import reverse

from certificates.standing_pages import needed_text, standing_views
from portal import clock
from tests import factories
from tests.certificates import lapsing
from tests.certificates.lapsing import stand_at
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
PAGE = "/me/education/"
MID_2022 = shanghai(2022, 6, 1, 10)


def shown(client, user, **query):
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client.get(PAGE, query)


def drawing(text):
    (svg,) = re.findall(r"<svg class=\"app-standing\".*?</svg>", text, re.DOTALL)[:1]
    return ET.fromstring(svg)


@pytest.fixture
def owner():
    """28 hours in 2021; the year is 2022."""
    stand_at(MID_2022)
    return lapsing.lapsed().person


class TestThePage:
    def test_draws_each_period_and_each_window_with_a_title_and_the_same_in_words(self, client, owner):
        svg = drawing(shown(client, owner.user).content.decode())
        assert svg.get("role") == "img"
        title, words = svg[0].text, svg[1].text
        assert title == "Periods from 2021 to 2022"
        assert "2021 and 2022 together: 28 of 64 hours, under way." in words
        ids = svg.get("aria-labelledby").split()
        assert [svg[0].get("id"), svg[1].get("id")] == ids
        assert len(svg.findall("./g/path")) == 1

    def test_holds_no_style_that_the_content_policy_refuses(self, client, owner):
        text = shown(client, owner.user).content.decode()
        assert " style=" not in text
        assert "<style" not in text

    def test_says_the_smallest_amount_that_puts_it_right(self, client, owner):
        text = shown(client, owner.user).content.decode()
        assert "36 hours, 22 of them professional, by 31 December 2022" in text.replace(
            "Dec. 31, 2022", "31 December 2022"
        )

    def test_names_every_reason_for_which_a_course_does_not_count(self, client, owner):
        days = {"started_on": date(2022, 3, 1), "ended_on": date(2022, 3, 5)}
        factories.record(owner, post_code="111", course="材料管理", **days)
        factories.record(owner, course="考前培训", started_on=date(2020, 12, 1), ended_on=date(2020, 12, 5))
        factories.record(owner, course="补学", makes_up_for=2019, **days)
        text = shown(client, owner.user).content.decode()
        for words in (
            "for post 111, this certificate is for post 101",
            "when the first period began",
            "made up for 2019",
        ):
            assert words in text

    def test_is_for_safety_officers_too_without_windows(self, client):
        stand_at(MID_2022)
        paper = factories.paper(
            factories.person(),
            kind="safety_officer",
            post_code="301",
            issued_on=date(2020, 5, 4),
            expires_on=None,
        )
        user = factories.worker(paper.person)
        svg = drawing(shown(client, user).content.decode())
        assert svg.findall("./g/path") == []
        assert len(svg.findall("./g/text")) == 4

    def test_of_somebody_without_certificates_asks_no_what_if(self, client):
        stand_at(MID_2022)
        text = shown(client, factories.worker()).content.decode()
        assert "what-if" not in text

    def test_shows_no_standing_of_a_void_certificate(self, client):
        stand_at(shanghai(2023, 3, 1))
        void = lapsing.voided(lapsing.electronic())
        assert "app-standing" not in shown(client, void.person.user).content.decode()

    def test_draws_no_more_rows_than_are_easily_read(self, client, owner):
        stand_at(shanghai(2035, 6, 1))
        assert len(drawing(shown(client, owner.user).content.decode()).findall("./g[rect]")) == 6


class TestWhatIf:
    def ask(self, client, owner, **query):
        (view,) = standing_views(owner, at=clock.now())
        asked = {"certificate": str(view.pk), "hours": "36", "professional": "22", "by": "2022-12-01"} | query
        return shown(client, owner.user, **asked)

    def test_shows_the_standing_that_the_hours_would_give(self, client, owner):
        text = self.ask(client, owner).content.decode()
        assert "36 more hours, 22 of them professional" in text
        assert "On track" in text.split('role="status"')[1]
        assert "64/64" in text

    def test_an_hour_too_few_leaves_it_open(self, client, owner):
        text = self.ask(client, owner, hours="35").content.decode()
        after = text.split('role="status"')[1]
        assert "Hours missing" in after
        assert "1 hours, 0 of them professional" in after

    def test_in_the_next_period_is_too_late_for_this_one_and_says_so(self, client, owner):
        after = self.ask(client, owner, by="2023-06-01").content.decode().split('role="status"')[1]
        assert "Too few hours" in after

    def test_keeps_nothing(self, client, owner, django_assert_max_num_queries):
        before = owner.ce_records.count()
        self.ask(client, owner)
        assert owner.ce_records.count() == before
        assert client.post(PAGE).status_code == 405

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"professional": "40"}, "enter no more than those"),
            ({"by": "2022-05-31"}, "Enter a day from"),
            ({"by": "2032-05-31"}, "Enter a day from"),
            ({"hours": "many"}, "one decimal at most"),
            ({"certificate": "00000000-0000-0000-0000-000000000000"}, "Select a valid choice"),
        ],
    )
    def test_that_makes_no_sense_is_answered_with_the_field(self, client, owner, query, words):
        answer = self.ask(client, owner, **query)
        assert answer.status_code == 422
        assert words in answer.content.decode()

    def test_never_speaks_of_somebody_elses_certificate(self, client, owner):
        other = lapsing.electronic()
        assert self.ask(client, owner, certificate=str(other.pk)).status_code == 422


def test_the_suggested_amount_is_the_smallest_that_works():
    """The page's own suggestion puts it right; half an hour less does not."""
    from decimal import Decimal

    from certificates.standing_pages import what_if
    from portal.policy import current_pack

    stand_at(MID_2022)
    owner = lapsing.lapsed().person
    (view,) = standing_views(owner, at=clock.now())
    needed, policy = view.standing.needed_next, current_pack().on(clock.today())
    enough = what_if(
        view, hours=needed.hours, professional_hours=needed.professional_hours, by=needed.by, policy=policy
    )
    short = what_if(
        view,
        hours=needed.hours - Decimal("0.5"),
        professional_hours=needed.professional_hours,
        by=needed.by,
        policy=policy,
    )
    assert (enough.status, short.status) == ("on_track", "at_risk")


def test_nothing_needed_is_said_in_words():
    assert needed_text(None) == ""
    assert reverse("my-education") == PAGE
