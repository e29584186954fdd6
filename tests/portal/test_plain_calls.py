"""Calls by plain HTTP in production: refused, and the token that came with them is over."""

import pytest
from django.test import Client

from portal import clock
from portal.accounts.models import ApiToken
from portal.accounts.tokens import token_create, token_revoke
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.factories import shanghai

PLACE = "/api/v1/batches/00000000-0000-0000-0000-000000000000/"


@pytest.fixture(autouse=True)
def _production(db, settings):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^api/"]


@pytest.fixture
def made():
    return token_create(
        user=factories.clerk(), name="培训系统", scopes=["batches:read"], by=Actor.command("tests")
    )


def call(text, *, secure, language="en"):
    headers = {"Authorization": f"Bearer {text}", "Accept-Language": language}
    return Client().get(PLACE, secure=secure, headers=headers)


def test_a_token_that_was_sent_in_clear_is_over_and_its_account_is_told(made):
    token, text = made
    assert call(text, secure=True).status_code == 404
    refused = call(text, secure=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "https_needed")
    assert refused["Content-Type"] == "application/problem+json"
    assert "Location" not in refused
    assert call(text, secure=True).status_code == 401
    token.refresh_from_db()
    assert token.revoked_at == clock.now()
    assert Event.objects.filter(verb="accounts.token.exposed", subject_id=str(token.pk)).count() == 1
    assert Notice.objects.get(user=token.user).code == "accounts.token.exposed"
    assert text not in str(list(Event.objects.values())) + str(list(Notice.objects.values()))


def test_it_is_told_once_however_often_it_comes_and_nothing_of_one_that_is_over(made):
    token, text = made
    other, spent = token_create(
        user=token.user, name="旧", scopes=["batches:read"], by=Actor.command("tests")
    )
    token_revoke(token=other, by=Actor.command("tests"))
    assert [call(each, secure=False).status_code for each in (text, text, spent)] == [403, 403, 403]
    assert Event.objects.filter(verb="accounts.token.exposed").count() == 1
    assert Notice.objects.filter(user=token.user).count() == 1


@pytest.mark.parametrize("sent", ["zt_unknown", "", "x" * 5000])
def test_without_a_token_that_is_known_it_is_refused_alike(made, sent):
    assert call(sent, secure=False).status_code == 403
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_it_says_so_in_the_language_of_the_caller():
    assert "HTTPS" in call("", secure=False).json()["detail"]
    assert "令牌" in call("", secure=False, language="zh-CN").json()["detail"]


def test_pages_lead_on_as_before():
    assert Client().get("/rules/").status_code == 301
