"""The exchange against the exchange written a second time, on facts drawn at random, by the rule and by HTTP.

Facts are drawn with `random` from a seed that hypothesis chooses: ten times as many as it would draw piece by piece.
"""

import itertools
import json
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

import hypothesis
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from certificates.rules import decide_exchange
from portal.policy import day_of, load_pack
from tests.rules.plain_exchange import CHINA, CLOSED, OFFICE, plain_exchange
from tests.rules.reading import exchange_facts

ADDRESS = "/api/v1/policy/exchange-decision"
CLIENTS = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 99), range(256), range(1, 255)))
ISSUED = [date(2014, 12, 31), date(2015, 1, 1), date(2016, 2, 29), date(2018, 12, 31), date(2019, 1, 1)]
ZONES = [UTC, CHINA, timezone(timedelta(hours=-5)), timezone(timedelta(hours=14))]
ARCHIVE_CLOSED = datetime(2020, 11, 11, tzinfo=CHINA)
STEPS = [timedelta(microseconds=step) for step in (-86_400_000_000, -1_000, -1, 0, 1, 86_400_000_000)]
PACKS = ["hainan-2020", "hubei-2021"]
seeds = st.integers(0, 2**64)


def body(dice: Random) -> dict:
    on = _moment(dice)
    paper = {
        "kind": dice.choice(["post_training"] * 8 + ["enterprise_post", "safety_officer"]),
        "issuer": dice.choice([OFFICE] * 9 + ["other"]),
        "post_code": dice.choice(["101"] * 8 + ["102", "105", "110", "115", "116"]),
        "issued_on": dice.choice([_day(dice, date(2015, 1, 1), date(2018, 12, 31)), *ISSUED]),
        "status": dice.choice(["active"] * 8 + ["exchanged", "void"]),
        "in_national_system": dice.random() < 0.5,
        "archive_check": dice.choice([None, _archive_check(dice), _archive_check(dice)]),
    }
    edges = [paper["issued_on"], on.astimezone(CHINA).date()]
    return {
        "on": on,
        "certificate": paper,
        "profile": {"complete": dice.random() < 0.8, "photo": dice.random() < 0.8},
        "education": [_course(dice, edges) for _ in range(dice.randrange(5))],
    }


def _moment(dice):
    moment = datetime(2020, 6, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(270 * 86_400))
    if dice.random() < 0.5:
        moment = dice.choice([CLOSED, ARCHIVE_CLOSED]) + dice.choice(STEPS)
    return moment.astimezone(dice.choice(ZONES))


def _day(dice, first, last):
    return first + timedelta(days=dice.randrange((last - first).days + 1))


def _archive_check(dice):
    days = [_day(dice, date(2020, 11, 8), date(2020, 11, 13)) for _ in range(2)]
    return {
        "requested_on": days[0],
        "papers_seen_on": dice.choice([None, days[1], days[1]]),
        "outcome": dice.choice(["pending", "confirmed", "rejected"]),
    }


def _course(dice, edges):
    halves = dice.choice([0, 20, 31, 32, 43, 44, 63, 64, 65])
    on_an_edge = dice.choice(edges) + timedelta(days=dice.choice([-1, 0, 1]))
    return {
        "post_code": dice.choice(["101", "101", "101", "102"]),
        "ended_on": dice.choice([on_an_edge, _day(dice, date(2019, 1, 1), date(2020, 12, 31))]),
        "hours": halves / 2,
        "professional_hours": min(halves, dice.choice([0, 11, 22, 43, 44, 45])) / 2,
        "assessment": dice.choice(["passed", "passed", "failed", "none"]),
    }


@pytest.mark.parametrize("pack", PACKS)
def test_every_check_equals_the_one_worked_out_from_the_text(pack):
    rules, outcomes = load_pack(pack), set()

    @hypothesis.settings(max_examples=300)
    @given(seeds)
    def compare(seed):
        dice = Random(seed)
        for _ in range(10):
            facts = body(dice)
            decision = decide_exchange(
                exchange_facts(facts), rules.on(day_of(facts["on"])), on=facts["on"]
            ).as_dict()
            outcomes.add(decision["outcome"])
            _compare(decision, facts, pack)

    compare()
    assert outcomes == {"eligible", "not_yet", "ineligible"}, "the draw reaches every outcome"


@pytest.mark.parametrize("pack", PACKS)
def test_every_field_of_the_answer_equals_the_one_worked_out_from_the_text(pack, settings):
    settings.POLICY_PACK = pack

    @hypothesis.settings(max_examples=200)
    @given(seeds)
    def compare(seed):
        facts = body(Random(seed))
        text = json.dumps(facts, default=lambda value: value.isoformat())
        answer = Client(REMOTE_ADDR=next(CLIENTS)).post(ADDRESS, text, content_type="application/json")
        assert answer.status_code == 200, answer.content
        said = answer.json()
        assert all(check.pop("message") for check in said["checks"])
        _compare(said, facts, pack)

    compare()


def _compare(said, facts, pack):
    for check in said["checks"]:
        assert isinstance(check.pop("facts"), dict)
    assert said == plain_exchange(facts, pack)
