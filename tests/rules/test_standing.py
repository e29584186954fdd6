"""The standing of a holder (2.1, 3.1a), case by case."""

import pytest

from education.rules import ce_standing
from portal.policy import load_pack
from tests.rules.reading import changed, read_cases, standing_facts

BASE, CASES = read_cases("standing.toml")


def answer(data: dict) -> dict:
    policy = load_pack(data["pack"]).on(data["as_of"])
    return ce_standing(standing_facts(data), policy, data["as_of"]).as_dict()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_standing_case(case):
    given = answer(changed(BASE, case.get("change", {})))
    columns = {f"{name}s": [period[name] for period in given["periods"]] for name in ("start", "end")}
    columns |= {
        name: [period[name] for period in given["periods"]] for name in ("hours", "professional_hours")
    }

    for field, expected in case["expect"].items():
        assert (given | columns)[field] == (None if expected == "null" else expected), field
    if "periods" in case:
        assert {str(period["label"]): period["state"] for period in given["periods"]} == case["periods"]
    if "windows" in case:
        states = {"+".join(map(str, window["labels"])): window["state"] for window in given["windows"]}
        assert states == case["windows"]


def test_the_worked_example_field_by_field():
    given = answer(BASE)

    assert given["periods"][0] == {
        "label": 2021,
        "start": "2021-01-01",
        "end": "2021-12-31",
        "hours": 32,
        "professional_hours": 22,
        "state": "met",
        "missing_hours": 0,
        "missing_professional_hours": 0,
    }
    assert (given["periods"][1]["state"], given["periods"][1]["missing_hours"]) == ("open", 4)
    assert given["windows"] == [
        {"labels": [2021, 2022], "hours": 60, "required": 64, "state": "open", "decided_after": "2023-01-31"},
        {"labels": [2022, 2023], "hours": 28, "required": 64, "state": "open", "decided_after": "2024-01-31"},
    ]
    assert given["needed_next"] == {"hours": 36, "professional_hours": 22, "by": "2023-12-31"}
    assert (given["status"], given["uncounted"], given["lapsed_on"]) == ("at_risk", [], None)
    assert given["policy"] == {"pack": "hainan-2020", "on": "2023-01-15"}
    assert [check["result"] for check in given["checks"]] == ["pass", "todo", "todo", "todo", "todo"]


def test_the_check_list_names_the_clause_of_each_kind():
    assert {check["clause"] for check in answer(BASE)["checks"]} == {"2.1"}
    safety = answer(changed(BASE, {"kind": "safety_officer"}))
    assert {check["clause"] for check in safety["checks"]} == {"3.1a"}
    assert len(safety["checks"]) == len(safety["periods"])


def test_a_short_period_can_be_made_up_only_in_the_next_one():
    checks = answer(changed(BASE, {"as_of": BASE["as_of"].replace(year=2024, month=6), "education": []}))[
        "checks"
    ]
    results = {check["facts"]["label"]: check["result"] for check in checks if check["code"] == "ce_period"}

    assert results == {2021: "fail", 2022: "fail", 2023: "todo", 2024: "todo"}


def test_no_hour_leaves_the_rules_as_a_long_fraction():
    tenths = [
        {"ended_on": BASE["as_of"], "post_code": "101", "hours": h, "professional_hours": h}
        for h in ("0.1", "0.2")
    ]

    assert answer(changed(BASE, {"education": tenths}))["periods"][-1]["hours"] == 0.3
