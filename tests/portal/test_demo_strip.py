"""The strip of the demo: it shows the simulated time and moves it, forward only."""

from datetime import datetime

import pytest

from portal import clock
from portal.events.models import Event

BEGINS = datetime.fromisoformat("2020-12-28T09:00:00+08:00")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.PORTAL_NOW = BEGINS
    clock.move_to(BEGINS, running=False)


def moved(client, to):
    return client.post("/demo/clock/", {"to": to, "next": "/rules/"})


def test_it_moves_the_time_and_that_is_history(client):
    assert "2020-12-28 09:00" in client.get("/").content.decode()
    assert moved(client, "2021-01-01T00:05:00+08:00").url == "/rules/"
    assert "2021-01-01 00:05" in client.get("/").content.decode()
    assert Event.objects.filter(verb="portal.clock.moved").count() == 1


@pytest.mark.parametrize("to", ["2020-12-01T00:00:00+08:00", "2021-01-01T00:00:00"])
def test_it_never_goes_back_nor_guesses_an_offset(client, to):
    assert moved(client, to).status_code == 302
    assert clock.now() == BEGINS


@pytest.mark.parametrize("to", ["", "soon", "9999-12-31T00:00:00+08:00"])
def test_it_refuses_what_is_no_time_or_would_break_the_calendar(client, to):
    assert moved(client, to).status_code == 400
    assert clock.now() == BEGINS


def test_there_is_none_where_time_is_real(client, settings):
    settings.PORTAL_NOW = None
    assert moved(client, "2021-01-01T00:05:00+08:00").status_code == 404
