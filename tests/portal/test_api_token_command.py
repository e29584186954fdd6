"""A system changes its token without a moment in which it has none."""

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from tests.factories import clerk, worker

pytestmark = pytest.mark.django_db


def status(text):
    address = "/api/v1/batches/00000000-0000-4000-8000-000000000000/"
    return APIClient().get(address, headers={"Authorization": f"Bearer {text}"}).status_code


def test_a_second_token_takes_over_before_the_first_one_ends(capsys):
    owner = clerk()

    def created():
        call_command("api_token", "create", owner.username, "--name", "exchange")
        text, *_rest, number = capsys.readouterr().out.split()
        return text, number.rstrip(".")

    (first, first_id), (second, _second_id) = created(), created()
    assert (status(first), status(second)) == (404, 404)  # let in; there is no such batch
    call_command("api_token", "list", owner.username)
    assert "never" not in capsys.readouterr().out
    call_command("api_token", "revoke", first_id)
    assert (status(first), status(second)) == (401, 404)


@pytest.mark.parametrize("words", [("create", "nobody", "--name", "x"), ("revoke", "x"), ("list", "nobody")])
def test_what_does_not_exist_is_said(words):
    with pytest.raises(CommandError, match="There is no"):
        call_command("api_token", *words)


def test_a_worker_has_no_token(capsys):
    with pytest.raises(CommandError, match="no active account"):
        call_command("api_token", "create", str(worker().pk), "--name", "x")
