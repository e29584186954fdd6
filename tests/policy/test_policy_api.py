"""The calls that ask the rules: the worked examples, strict reading, and the limit. Without a database."""

import itertools
import json
from copy import deepcopy

import pytest
from django.test import Client

from certificates.api_policy import ELIGIBLE
from education.api_policy import AT_RISK
from portal.limits import Limit
from portal.policy import api, load_pack

ROOT = "/api/v1/policy/"
EXCHANGE, STANDING = f"{ROOT}exchange-decision", f"{ROOT}ce-standing"
EXAMPLES = {EXCHANGE: ELIGIBLE.value, STANDING: AT_RISK.value}
ADDRESSES = (f"10.0.{part}.{number}" for part, number in itertools.product(range(256), range(256)))


@pytest.fixture
def client():
    return Client(REMOTE_ADDR=next(ADDRESSES), HTTP_ACCEPT_LANGUAGE="en")


def ask(client, address, body):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(address, text, content_type="application/json")


def with_change(address, path, value):
    body = deepcopy(EXAMPLES[address])
    *parents, last = path.split("/")
    place = body
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return body


def test_the_worked_exchange(client):
    answer = ask(client, EXCHANGE, EXAMPLES[EXCHANGE])

    assert answer.status_code == 200
    said = answer.json()
    assert said["outcome"] == "eligible"
    assert said["policy"] == {"pack": "hainan-2020", "on": "2020-11-30"}
    assert len(said["checks"]) == 12
    assert said["checks"][0] == {
        "code": "window_open",
        "result": "pass",
        "clause": "1.2",
        "message": "The exchange is open until the end of 31 December 2020 (1.2).",
        "facts": {"closes": "2020-12-31"},
    }


def test_the_worked_standing(client):
    said = ask(client, STANDING, EXAMPLES[STANDING]).json()

    assert said["status"] == "at_risk"
    assert said["needed_next"] == {"hours": 36, "professional_hours": 22, "by": "2023-12-31"}
    assert [period["state"] for period in said["periods"]] == ["met", "open", "open"]
    assert all(check["message"] for check in said["checks"])


def test_the_policy_of_the_day_in_shanghai_decides(client):
    said = ask(client, EXCHANGE, with_change(EXCHANGE, "on", "2020-12-31T16:00:00Z")).json()

    assert said["policy"]["on"] == "2021-01-01"
    assert said["outcome"] == "ineligible"


def test_chinese_is_the_default_language():
    answer = ask(Client(REMOTE_ADDR=next(ADDRESSES)), EXCHANGE, EXAMPLES[EXCHANGE])

    assert answer.json()["checks"][7]["message"] == "个人信息已完善（1.3）。"


def test_half_hours_come_back_as_they_went_in(client):
    answer = ask(client, STANDING, with_change(STANDING, "education/1/hours", 28.5))

    assert '"hours":28.5' in answer.content.decode().replace(" ", "")
    assert '"hours":32,' in answer.content.decode().replace(" ", "")


@pytest.mark.parametrize(
    ("address", "path", "value"),
    [
        (EXCHANGE, "surprise", 1),
        (EXCHANGE, "certificate/surprise", None),
        (EXCHANGE, "education/0/surprise", "x"),
        (EXCHANGE, "on", "2020-11-30"),
        (EXCHANGE, "on", "2020-11-30T10:00:00"),
        (EXCHANGE, "on", "2020-11-31T10:00:00+08:00"),
        (EXCHANGE, "on", "2020-11-30T25:00:00+08:00"),
        (EXCHANGE, "on", "9999-12-31T23:59:59-08:00"),
        (EXCHANGE, "on", 1606701600),
        (EXCHANGE, "certificate", []),
        (EXCHANGE, "certificate/kind", "driving_licence"),
        (EXCHANGE, "certificate/kind", None),
        (EXCHANGE, "certificate/issuer", True),
        (EXCHANGE, "certificate/post_code", 101),
        (EXCHANGE, "certificate/issued_on", "2016-02-30"),
        (EXCHANGE, "certificate/issued_on", "2016-5-4"),
        (EXCHANGE, "certificate/issued_on", "20160504"),
        (EXCHANGE, "certificate/issued_on", "2016-05-04T00:00:00"),
        (EXCHANGE, "certificate/issued_on", "0001-01-01"),
        (EXCHANGE, "certificate/in_national_system", "true"),
        (EXCHANGE, "certificate/in_national_system", 1),
        (EXCHANGE, "profile/photo", "yes"),
        (EXCHANGE, "profile/complete", None),
        (EXCHANGE, "education", {}),
        (EXCHANGE, "education/0/hours", True),
        (EXCHANGE, "education/0/hours", "32"),
        (EXCHANGE, "education/0/hours", 32.25),
        (EXCHANGE, "education/0/hours", -1),
        (EXCHANGE, "education/0/hours", 1e300),
        (EXCHANGE, "education/0/hours", None),
        (EXCHANGE, "education/0/professional_hours", 32.5),
        (EXCHANGE, "education/0/assessment", "excellent"),
        (STANDING, "as_of", "2023-02-29"),
        (STANDING, "kind", "post_training"),
        (STANDING, "obtained_by", "gift"),
        (STANDING, "engaged_in_post", 0),
        (STANDING, "education/0/makes_up_for", 2021.0),
        (STANDING, "education/0/makes_up_for", "2021"),
        (STANDING, "education/0/makes_up_for", True),
        (STANDING, "education/1/professional_hours", 28.1),
        (STANDING, "education/0/ended_on", None),
    ],
)
def test_what_does_not_fit_is_a_problem_that_names_the_field(client, address, path, value):
    answer = ask(client, address, with_change(address, path, value))

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{path}"]


@pytest.mark.parametrize("address", [EXCHANGE, STANDING])
def test_a_missing_field_is_named(client, address):
    answer = ask(client, address, {})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        f"#/{name}" for name in EXAMPLES[address]
    }


def test_all_misfits_are_named_at_once(client):
    body = with_change(EXCHANGE, "certificate/issued_on", "2016-02-30")
    body |= {"surprise": 1}

    pointers = [error["pointer"] for error in ask(client, EXCHANGE, body).json()["errors"]]

    assert sorted(pointers) == ["#/certificate/issued_on", "#/surprise"]


@pytest.mark.parametrize("path", ["certificate/archive_check", "education/0/makes_up_for"])
def test_what_may_be_null_may_be_left_out(client, path):
    address = EXCHANGE if path.startswith("certificate") else STANDING
    body = with_change(address, path, None)
    plain = ask(client, address, body).json()
    place = body["certificate"] if address == EXCHANGE else body["education"][0]
    del place[path.split("/")[-1]]

    assert ask(client, address, body).json() == plain


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '{"on": NaN}',
        '{"on": 1, "on": 2}',
        "[" * 100_000,
        b"\xff\xfe",
        "9" * 5000,
    ],
)
@pytest.mark.parametrize("address", [EXCHANGE, STANDING])
def test_what_is_no_object_is_a_problem(client, address, body):
    answer = ask(client, address, body)

    assert answer.status_code == 400
    assert answer.json()["status"] == 400


@pytest.mark.parametrize("address", [EXCHANGE, STANDING])
@pytest.mark.parametrize(
    ("name", "pointer"),
    [("a/b~c", "#/a~1b~0c"), ("\ud800", "#/\\ud800")],
    ids=["escaped", "half a character"],
)
def test_a_strange_name_is_named_as_a_json_pointer(client, address, name, pointer):
    answer = ask(client, address, EXAMPLES[address] | {name: 1})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body",
    [with_change(STANDING, "kind", "\ud800"), r'{"\ud800": 1, "\ud800": 2}'],
    ids=["choice", "given twice"],
)
def test_half_a_character_is_a_problem_and_no_error(client, body):
    assert ask(client, STANDING, body).status_code == 400


def test_a_fraction_beyond_what_a_float_holds_is_still_seen(client):
    text = json.dumps(EXAMPLES[EXCHANGE]).replace(
        '"hours": 32', '"hours": 32.00000000000000000000000000000000001'
    )

    answer = ask(client, EXCHANGE, text)

    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/education/0/hours"]


def test_the_values_in_force_on_a_day(client):
    said = client.get(f"{ROOT}?on=2020-11-30").json()

    assert (said["pack"], said["on"]) == ("hainan-2020", "2020-11-30")
    assert len(said["values"]) == len(load_pack("hainan-2020").entries)
    [window] = [value for value in said["values"] if value["key"] == "exchange.window_end"]
    assert (window["value"], window["clause"], window["since"]) == ("2020-12-31", "1.2", "2020-07-02")


@pytest.mark.parametrize(
    ("query", "pointer"), [("on=2020-02-30", "#/on"), ("on=", "#/on"), ("day=2020-01-01", "#/day")]
)
def test_a_day_that_does_not_exist_is_named(client, query, pointer):
    answer = client.get(f"{ROOT}?{query}")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_another_pack_answers_by_its_own_values(client, settings):
    settings.POLICY_PACK = "hubei-2021"
    said = ask(client, STANDING, EXAMPLES[STANDING]).json()

    assert said["policy"]["pack"] == "hubei-2021"
    assert said["periods"][0]["start"] == "2020-11-21"


def test_the_limit_is_generous():
    assert api.POLICY_LIMIT.rate == "50/second"


def test_who_asks_too_often_is_told_to_wait(client, monkeypatch):
    # The same limit over a longer time, so that a slow machine cannot pass below it.
    monkeypatch.setattr(api, "POLICY_LIMIT", Limit(f"policy-{next(ADDRESSES)}", "50/day"))
    answers = [ask(client, STANDING, EXAMPLES[STANDING]) for _ in range(51)]

    assert [answer.status_code for answer in answers] == [200] * 50 + [429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1]["Retry-After"]) >= 1
