"""Looking for doors leaves traces: whoever is signed in and refused is on record, by name of the page and never by address."""

import uuid

import pytest
from django.test import Client

from portal.accounts.refusals import RECORDED
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import token_create
from portal.events.models import Event
from portal.events.services import Actor
from tests import factories
from tests.education import batches

pytestmark = pytest.mark.django_db
REFUSED = "accounts.access.refused"


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def refusals():
    return list(Event.objects.filter(verb=REFUSED).order_by("pk"))


def test_a_page_of_another_role():
    user = factories.worker()
    assert browser(user).get("/audit/?person=469900199001010039").status_code == 404
    (event,) = refusals()
    assert (event.actor_id, event.actor_role, event.person_id) == (user.pk, "worker", user.person_id)
    assert event.data == {"route": "GET audit", "permission": "history.read", "reason": "permission"}


def test_something_that_is_not_theirs_and_a_change_of_what_they_may_only_see():
    school = factories.institution()
    theirs = batches.checked(school, Actor(means="web", user=factories.clerk(school)))
    curious = browser(factories.clerk(factories.institution()))
    assert curious.get(f"/institution/batches/{theirs.pk}/").status_code == 404
    assert curious.post(f"/institution/batches/{theirs.pk}/submit/").status_code == 404
    assert [event.data["reason"] for event in refusals()] == ["object", "object"]
    assert str(theirs.pk) not in str([event.data for event in refusals()])


def test_a_call_beyond_the_scope_and_one_about_nothing():
    school = factories.institution()
    user = factories.clerk(school)
    _token, text = token_create(user=user, name="t", scopes=scopes_of("clerk"), by=Actor.command("test"))
    caller = Client(headers={"Authorization": f"Bearer {text}"})
    nothing = uuid.uuid4()
    assert caller.get(f"/api/v1/batches/{nothing}/").status_code == 404
    assert caller.post(f"/api/v1/batches/{nothing}/approve/").status_code == 403
    assert [(event.means, event.data["reason"]) for event in refusals()] == [
        ("api", "object"),
        ("api", "permission"),
    ]


def test_what_is_allowed_and_whoever_has_not_signed_in_leave_none():
    assert browser(factories.reviewer()).get("/review/batches/").status_code == 200
    assert Client().get("/review/batches/").status_code == 302
    assert Client().get("/api/v1/batches/").status_code == 401
    assert refusals() == []


def test_a_flood_fills_no_history():
    client = browser(factories.worker())
    most = int(RECORDED.rate.partition("/")[0])
    for _ in range(most + 5):
        client.get("/audit/")
    assert len(refusals()) == most
