"""Anyone types a number, old or new, and gets a truthful answer."""

from datetime import date

import pytest

from certificates.models import LegacyCertificate
from certificates.services.exchange import certificate_exchange
from certificates.verification import verify
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.certificates import lapsing, measures
from tests.factories import shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_window():
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def test_an_exchanged_paper_says_when_and_by_which_electronic_certificate_it_was_replaced():
    paper = factories.ready_to_exchange(name="陈海生")
    electronic = certificate_exchange(certificate=paper, by=Actor.command("test"))
    answer = verify(paper.number, at=clock.now())
    assert (answer.state, answer.reason, answer.replaced_by) == ("void", "exchanged", electronic.number)
    assert answer.replaced_on == date(2020, 12, 28)
    assert answer.holder == "陈**"


def test_an_electronic_certificate_is_valid_and_says_where_its_holder_stands():
    electronic = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))
    assert (
        verify(electronic.number, at=clock.now()).state,
        verify(electronic.number, at=clock.now()).education,
    ) == (
        "valid",
        "not_due",
    )
    assert verify(electronic.number, at=shanghai(2024, 6, 1)).education == "lapsed"


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ({}, "valid", None),
        ({"expires_on": date(2020, 12, 28)}, "valid", None),
        ({"expires_on": date(2020, 12, 27)}, "expired", None),
        ({"expires_on": None}, "valid", None),
        ({"status": "void", "status_changed_at": factories.LONG_AGO}, "void", "cancelled"),
    ],
)
def test_a_paper_that_was_not_exchanged_is_worth_what_the_registry_says(values, state, reason):
    paper = factories.paper(factories.person(), **values)
    answer = verify(paper.number, at=clock.now())
    assert (answer.state, answer.reason) == (state, reason)


@pytest.mark.parametrize(
    "typed", ["琼样培 00770077", "琼样培00770077", "琼样培－0077 0077", "　琼样培００７７００７７"]
)
def test_a_number_is_found_however_it_is_spelled(typed):
    factories.paper(factories.person(), number="琼样培-00770077")
    assert verify(typed, at=clock.now()).state == "valid"


@pytest.mark.parametrize("typed", ["4620201010000017", "", "'; DROP TABLE", "９" * 500, "\x00"])
def test_a_number_nobody_has_is_unknown(typed):
    assert verify(typed, at=clock.now()).state == "unknown"


@pytest.mark.parametrize("reason", ["hours", "not_engaged", "revoked"])
def test_a_voided_electronic_certificate_says_why(reason):
    electronic = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))
    _void(electronic, reason)
    answer = verify(electronic.number, at=clock.now())
    assert (answer.state, answer.reason) == ("void", reason)
    assert LegacyCertificate.objects.count() == 1


def _void(electronic, reason):
    if reason == "revoked":
        measures.revoked(electronic)
    else:
        lapsing.voided(electronic, reason)
