"""Tokens for other systems on the pages: made, seen, replaced without a gap, revoked, and told of before their end."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from institutions.models import Membership
from portal import clock
from portal.accounts.models import ApiToken, Role, UserSession
from portal.accounts.tasks import tell_of_tokens
from portal.accounts.tokens import (
    TokenLifetimeError,
    TokenOverError,
    token_create,
    token_open,
    token_revoke,
    token_rotate,
)
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.notices.services import wording
from tests import factories
from tests.desks.pages import browser, content_of, text_of
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
START = shanghai(2020, 11, 30, 10)
SAID = {"name": "教务系统", "scopes": ["batches:read"], "last_day": "2021-11-30"}


@pytest.fixture(autouse=True)
def _start(db):
    clock.move_to(START, running=False)


def days_later(days):
    clock.move_to(START + timedelta(days=days), running=False)


def status(text):
    address = "/api/v1/batches/00000000-0000-4000-8000-000000000000/"
    return APIClient().get(address, headers={"Authorization": f"Bearer {text}"}).status_code


USABLE, REFUSED = 404, 401  # let in: there is no such batch


def shown_text(answer):
    return re.search(r'id="token-text"[^>]*>(zt_[\w-]+)<', content_of(answer))[1]


def by(user):
    return Actor(Event.Means.WEB, user)


def token_of(user, **options):
    return token_create(user=user, name="教务系统", scopes=["batches:read"], by=by(user), **options)


class TestMaking:
    def test_shows_the_text_once_and_lets_the_system_in(self):
        user = factories.clerk()
        client = browser(user)
        answer = client.post("/tokens/new/", SAID)
        text = shown_text(answer)
        assert answer["Cache-Control"] == "no-store, private"
        assert status(text) == USABLE
        assert text not in content_of(client.get("/tokens/"))

    def test_lists_what_it_may_when_it_was_used_and_who_made_it(self):
        user = factories.clerk()
        client = browser(user)
        text = shown_text(client.post("/tokens/new/", SAID))
        assert "–" in text_of(client.get("/tokens/"))
        days_later(2)
        status(text)
        shown = text_of(client.get("/tokens/"))
        for words in (
            "教务系统",
            "查看批次",
            "2020-12-02 10:00",
            "2020-11-30",
            "2021-12-01 00:00",
            user.username,
        ):
            assert words in shown, words

    def test_offers_the_scopes_of_the_role_alone(self):
        client = browser(factories.clerk())
        assert "batches:review" not in content_of(client.get("/tokens/new/"))
        assert client.post("/tokens/new/", SAID | {"scopes": ["batches:review"]}).status_code == 422
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize(
        ("last_day", "answer"),
        [("2020-11-30", 422), ("2020-12-01", 200), ("2021-11-30", 200), ("2021-12-01", 422)],
    )
    def test_takes_a_last_day_after_today_and_within_the_longest_time(self, last_day, answer):
        client = browser(factories.clerk())
        assert client.post("/tokens/new/", SAID | {"last_day": last_day}).status_code == answer

    def test_is_held_to_that_time_by_the_service_too(self):
        user = factories.clerk()
        with pytest.raises(TokenLifetimeError):
            token_open(
                name="x", scopes=["batches:read"], last_day=START.date() + timedelta(days=366), by=by(user)
            )

    def test_is_good_to_the_last_moment_of_its_last_day(self):
        text = shown_text(browser(factories.clerk()).post("/tokens/new/", SAID | {"last_day": "2020-12-01"}))
        clock.move_to(shanghai(2020, 12, 1, 23, 59, 59), running=False)
        assert status(text) == USABLE
        clock.move_to(shanghai(2020, 12, 2), running=False)
        assert status(text) == REFUSED

    @pytest.mark.parametrize("what", ["new", "rotate", "revoke"])
    def test_and_everything_else_asks_again_who_somebody_is(self, what):
        user = factories.clerk()
        token, text = token_of(user)
        client = browser(user)
        UserSession.objects.update(confirmed_at=clock.real_now() - timedelta(hours=1))
        address = "/tokens/new/" if what == "new" else f"/tokens/{token.pk}/{what}/"
        assert 'name="proof-' in content_of(client.post(address, SAID))
        assert ApiToken.objects.count() == 1
        assert status(text) == USABLE

    def test_records_who_made_what_and_never_the_text(self):
        user = factories.clerk()
        text = shown_text(browser(user).post("/tokens/new/", SAID))
        event = Event.objects.get(verb="accounts.token.created")
        assert (event.actor_id, event.data["scopes"]) == (user.pk, ["batches:read"])
        assert text not in str(event.data)


class TestSight:
    def test_ends_at_the_own_institution(self):
        mine, theirs = factories.clerk(), factories.clerk()
        token, text = token_of(theirs)
        client = browser(mine)
        assert "教务系统" not in text_of(client.get("/tokens/"))
        for what in ("rotate", "revoke"):
            assert client.get(f"/tokens/{token.pk}/{what}/").status_code == 404
            assert client.post(f"/tokens/{token.pk}/{what}/").status_code == 404
        assert status(text) == USABLE

    def test_reaches_the_tokens_of_colleagues(self):
        user = factories.clerk()
        colleague = factories.clerk(Membership.objects.get(user=user).institution)
        token, text = token_of(colleague)
        client = browser(user)
        assert colleague.username in text_of(client.get("/tokens/"))
        client.post(f"/tokens/{token.pk}/revoke/")
        assert status(text) == REFUSED

    def test_of_a_reviewer_is_the_own_alone(self):
        one, other = factories.reviewer(), factories.reviewer()
        token, _text = token_of(other)
        assert "教务系统" not in text_of(browser(one).get("/tokens/"))
        assert browser(one).post(f"/tokens/{token.pk}/revoke/").status_code == 404
        assert "教务系统" in text_of(browser(other).get("/tokens/"))

    def test_of_a_clerk_without_an_institution_is_empty(self):
        token_of(factories.reviewer())
        stray = factories.staff(Role.CLERK)
        assert "教务系统" not in text_of(browser(stray).get("/tokens/"))

    @pytest.mark.parametrize("role", ["county", "employer", "operator", "auditor"])
    def test_is_nothing_for_roles_without_scopes(self, role):
        user = factories.staff(Role(role), **({"area_code": "460100"} if role == "county" else {}))
        assert browser(user).get("/tokens/").status_code == 404


class TestReplacing:
    def test_leaves_no_moment_without_a_usable_token(self):
        user = factories.clerk()
        token, old = token_of(user)
        new = shown_text(browser(user).post(f"/tokens/{token.pk}/rotate/"))
        assert (status(old), status(new)) == (USABLE, USABLE)
        days_later(settings.API_TOKEN_OVERLAP_DAYS - 1)
        assert (status(old), status(new)) == (USABLE, USABLE)
        days_later(settings.API_TOKEN_OVERLAP_DAYS)
        assert (status(old), status(new)) == (REFUSED, USABLE)

    def test_says_on_the_list_until_when_the_old_one_goes_on(self):
        user = factories.clerk()
        token, _text = token_of(user)
        client = browser(user)
        client.post(f"/tokens/{token.pk}/rotate/")
        shown = text_of(client.get("/tokens/"))
        assert "已替换，仍可用" in shown
        assert "2020-12-07 10:00" in shown

    def test_never_makes_the_old_one_last_longer(self):
        token, _text = token_of(user := factories.clerk(), lifetime=timedelta(days=2))
        token_rotate(token=token, by=by(user))
        token.refresh_from_db()
        assert token.expires_at == START + timedelta(days=2)

    def test_gives_the_new_one_the_same_rights_and_as_long_a_time(self):
        token, _text = token_of(user := factories.clerk(), lifetime=timedelta(days=30))
        days_later(20)
        made, _new = token_rotate(token=token, by=by(user))
        assert (made.name, made.scopes) == (token.name, token.scopes)
        assert made.expires_at == START + timedelta(days=50)

    def test_by_a_colleague_makes_a_token_of_the_colleague(self):
        user = factories.clerk()
        colleague = factories.clerk(Membership.objects.get(user=user).institution)
        token, _text = token_of(user)
        browser(colleague).post(f"/tokens/{token.pk}/rotate/")
        assert ApiToken.objects.exclude(pk=token.pk).get().user == colleague

    def test_is_done_once(self):
        token, _text = token_of(user := factories.clerk())
        token_rotate(token=token, by=by(user))
        with pytest.raises(TokenOverError):
            token_rotate(token=token, by=by(user))
        assert Event.objects.filter(verb="accounts.token.rotated").count() == 1

    def test_of_one_that_was_revoked_is_refused(self):
        token, _text = token_of(user := factories.clerk())
        token_revoke(token=token, by=by(user))
        with pytest.raises(TokenOverError):
            token_rotate(token=token, by=by(user))
        assert browser(user).get(f"/tokens/{token.pk}/rotate/").status_code == 404


class TestRevoking:
    def test_asks_first_and_ends_it_with_the_next_call(self):
        token, text = token_of(user := factories.clerk())
        client = browser(user)
        assert "撤销" in text_of(client.get(f"/tokens/{token.pk}/revoke/"))
        assert status(text) == USABLE
        assert "已撤销" in text_of(client.post(f"/tokens/{token.pk}/revoke/", follow=True))
        assert status(text) == REFUSED
        assert Event.objects.get(verb="accounts.token.revoked").actor_id == user.pk


class TestNotices:
    def told(self):
        return list(Notice.objects.filter(code="accounts.token.ending").order_by("pk"))

    def test_come_14_and_3_days_before_the_end_once_each_however_often_the_job_runs(self):
        _token, _text = token_of(user := factories.clerk(), lifetime=timedelta(days=60))
        counts = {}
        for day in (45.9, 46, 46.5, 50, 56.9, 57, 58, 59.9, 60, 61):
            days_later(day)
            tell_of_tokens()
            tell_of_tokens()
            counts[day] = len(self.told())
        assert counts == {45.9: 0, 46: 1, 46.5: 1, 50: 1, 56.9: 1, 57: 2, 58: 2, 59.9: 2, 60: 2, 61: 2}
        assert {notice.user for notice in self.told()} == {user}
        title, body = wording(self.told()[0])
        assert "2021-01-29" in title
        assert body

    def test_come_only_for_the_nearer_step_when_the_job_was_away(self):
        token_of(factories.clerk(), lifetime=timedelta(days=60))
        days_later(58)
        tell_of_tokens()
        assert len(self.told()) == 1

    def test_do_not_come_for_what_is_over_replaced_or_was_made_for_no_longer(self):
        user, gone = factories.clerk(), factories.clerk()
        revoked, _text = token_of(user, lifetime=timedelta(days=20))
        token_revoke(token=revoked, by=by(user))
        token_rotate(token=token_of(user, lifetime=timedelta(days=365))[0], by=by(user))
        token_of(user, lifetime=timedelta(days=14))
        token_of(gone, lifetime=timedelta(days=20))
        type(gone).objects.filter(pk=gone.pk).update(is_active=False)
        days_later(6)
        tell_of_tokens()
        assert self.told() == []

    def test_take_as_many_queries_for_thirty_tokens_as_for_one(self, django_assert_max_num_queries):
        user = factories.clerk()
        for _number in range(30):
            token_of(user, lifetime=timedelta(days=20))
        days_later(10)
        with django_assert_max_num_queries(10):
            tell_of_tokens()
        assert len(self.told()) == 30


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_replace_one_token_at_once_make_one_new_token():
    user = factories.clerk()
    token, _text = token_of(user)
    answers = in_threads(2, lambda _index: token_rotate(token=token, by=by(user)), may_raise=TokenOverError)
    assert sum(isinstance(answer, TokenOverError) for answer in answers) == 1
    assert ApiToken.objects.count() == 2
