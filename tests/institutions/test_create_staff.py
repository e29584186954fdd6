"""The way in for the first staff account."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.accounts.access import NotTheirsError, access_approve, access_ask_lost
from portal.accounts.models import Role, User
from portal.events.services import Actor
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_first_reviewer_chooses_a_password_with_the_printed_code(capsys):
    call_command("create_staff", "first", "reviewer")
    code = capsys.readouterr().out.splitlines()[0].removeprefix("first: ")
    client = Client()
    said = {"identifier": "first", "code": code.upper(), "password": "harbour-lantern-9"}
    assert client.post("/activate/", said).url == "/home/"
    assert client.get("/review/").url == "/security/setup/"
    assert User.objects.get(username="first").check_password("harbour-lantern-9")
    assert Client().post("/activate/", said).status_code == 422


def test_a_clerk_belongs_to_the_institution_named():
    school = factories.institution()
    call_command("create_staff", "clerk-x", "clerk", institution=school.code)
    assert User.objects.get(username="clerk-x").membership.institution == school


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", "county"), "--area"),
        (("x", "reviewer", "--area", "460100"), "--area"),
        (("x", "clerk"), "--institution"),
        (("x", "clerk", "--institution", "91460000MA00000000"), "credit code"),
    ],
)
def test_what_does_not_fit_together_opens_no_account(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("create_staff", *arguments)
    assert not User.objects.filter(username="x").exists()


def test_a_name_taken_is_said_and_changes_nothing():
    call_command("create_staff", "twice", "auditor")
    with pytest.raises(CommandError, match="twice"):
        call_command("create_staff", "twice", "operator")


def test_when_everybody_lost_their_way_in_two_new_ones_let_them_in_again():
    """Whoever operates the machine opens accounts, but enters no other one."""
    lost = factories.staff(Role.CHIEF)
    for name in ("second", "third"):
        call_command("create_staff", name, "chief")
    second, third = (Actor("web", User.objects.get(username=name)) for name in ("second", "third"))
    grant = access_ask_lost(identifier=lost.username, reason="手机丢失", by=second)
    with pytest.raises(NotTheirsError):
        access_approve(grant=grant, by=second)
    code = access_approve(grant=grant, by=third)
    said = {"identifier": lost.username, "code": code, "password": "harbour-lantern-9"}
    assert Client().post("/activate/", said).url == "/home/"
