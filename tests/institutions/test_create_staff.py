"""The way in for the first staff account."""

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_first_reviewer_can_sign_in_with_the_printed_password(capsys):
    call_command("create_staff", "first", "reviewer")
    password = capsys.readouterr().out.splitlines()[0].removeprefix("first: ")
    assert User.objects.get(username="first").check_password(password)


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
