"""The exchange (1.1, 1.2, 1.3, 2.2), case by case."""

from datetime import date, datetime, timedelta

import pytest

from certificates.rules import decide_archive_request, decide_exchange, decide_legacy_service
from portal.policy import Decision, day_of, load_pack
from tests.rules.reading import changed, exchange_facts, read_cases

BASE, CASES = read_cases("exchange.toml")
HAINAN = load_pack("hainan-2020")
CODES = [
    "window_open",
    "certificate_kind",
    "issuer",
    "issue_year",
    "post_code",
    "certificate_active",
    "registry_record",
    "profile_complete",
    "photo",
    "ce_hours",
    "ce_professional_hours",
    "ce_assessment",
]
CLAUSES = ["1.2", "1.1", "1.1", "1.1", "1.1", "1.3", "1.1", "1.3", "1.3", "1.3, 2.2", "1.3, 2.2", "1.3"]


def decide(data: dict) -> Decision:
    return decide_exchange(exchange_facts(data), HAINAN.on(day_of(data["on"])), on=data["on"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_exchange_case(case):
    decision = decide(changed(BASE, case.get("change", {})))

    assert decision.outcome == case["outcome"]
    assert {check.code: check.result.value for check in decision.unmet} == case.get("expect", {})
    assert [check.code for check in decision.checks] == CODES
    for code, reason in case.get("reason", {}).items():
        assert decision.check(code).facts["reason"] == reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_clauses_of_the_twelve_checks(case):
    decision = decide(changed(BASE, case.get("change", {})))
    expected = dict(zip(CODES, CLAUSES, strict=True)) | case.get("clauses", {})

    assert {check.code: check.clause for check in decision.checks} == expected


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        decide(changed(BASE, {"on": datetime(2020, 11, 30, 10)}))  # noqa: DTZ001 - the point of the test


def test_missing_hours_are_stated_exactly():
    decision = decide(changed(BASE, {"education.0.hours": 28, "education.0.professional_hours": 0}))

    assert decision.check("ce_hours").facts == {"required": 32, "have": 28, "missing": 4, "by": "2020-12-31"}
    assert decision.check("ce_professional_hours").facts["missing"] == 22


def test_where_a_province_has_no_archive_check_only_the_national_system_counts():
    policy = load_pack("hubei-2021").on(date(2020, 11, 1))
    data = changed(BASE, {"certificate.in_national_system": False})

    decision = decide_exchange(
        exchange_facts(data), policy, on=datetime.fromisoformat("2020-11-01T10:00:00+08:00")
    )

    assert [check.code for check in decision.unmet] == ["registry_record"]
    assert decision.check("registry_record").facts["reason"] == "no_archive_check"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("change", "moment", "unmet"),
    [
        ({}, "2020-11-10T23:59:59+08:00", []),
        ({}, "2020-11-11T00:00:00+08:00", ["archive_window_open"]),
        ({"certificate.in_national_system": True}, "2020-11-01T00:00:00+08:00", ["archive_needed"]),
        ({"certificate.issued_on": date(2019, 1, 1)}, "2020-11-01T00:00:00+08:00", ["issue_year"]),
        ({"certificate.status": "exchanged"}, "2020-11-01T00:00:00+08:00", ["certificate_active"]),
        (
            {"certificate.archive_check": {"requested_on": date(2020, 10, 1), "outcome": "pending"}},
            "2020-11-01T00:00:00+08:00",
            ["archive_not_requested"],
        ),
    ],
)
def test_archive_request(change, moment, unmet):
    """1.1: asked for by the deadline, and only where it can still help."""
    facts = exchange_facts(changed(BASE, {"certificate.in_national_system": False} | change))

    decision = decide_archive_request(facts.certificate, HAINAN.on(day_of(at(moment))), on=at(moment))

    assert [check.code for check in decision.unmet] == unmet
    assert decision.eligible == (not unmet)


@pytest.mark.parametrize("service", ["replacement", "change_of_information", "extension", "cancellation"])
@pytest.mark.parametrize(("late", "open_"), [(timedelta(microseconds=-1), True), (timedelta(0), False)])
def test_legacy_services_end_with_the_year(service, late, open_):
    """3.2: each service, on either side of midnight in Shanghai."""
    moment = at("2021-01-01T00:00:00+08:00") + late
    certificate = exchange_facts(BASE).certificate

    decision = decide_legacy_service(certificate, HAINAN.on(day_of(moment)), service=service, on=moment)

    assert decision.eligible is open_
    assert all(check.clause == "3.2" for check in decision.checks)


@pytest.mark.parametrize(
    ("change", "service", "unmet"),
    [
        ({"certificate.status": "exchanged"}, "extension", "service_certificate_active"),
        ({"certificate.kind": "enterprise_post"}, "extension", "service_certificate_kind"),
        ({}, "translation", "service_offered"),
    ],
)
def test_legacy_service_refused(change, service, unmet):
    certificate = exchange_facts(changed(BASE, change)).certificate
    moment = at("2020-12-01T00:00:00+08:00")

    decision = decide_legacy_service(certificate, HAINAN.on(day_of(moment)), service=service, on=moment)

    assert [check.code for check in decision.unmet] == [unmet]
