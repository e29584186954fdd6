"""What holds for all facts, drawn at random."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from certificates.messages import explain as explain_exchange
from certificates.rules import ArchiveCheck, CertificateFacts, ExchangeFacts, ProfileFacts, decide_exchange
from education.messages import explain as explain_standing
from education.rules import CourseRecord, ce_standing
from portal.policy import SHANGHAI, Decision, Outcome, Result, day_of, load_pack
from tests.rules.plain_standing import plain_standing
from tests.rules.reading import standing_facts
from tests.rules.test_exchange import CODES

PACKS = st.sampled_from(["hainan-2020", "hubei-2021"])
# Few years, and days that crowd around the dates that matter, so that random facts meet at the edges.
EDGES = [(1, 1), (1, 31), (2, 1), (2, 27), (2, 28), (3, 1), (3, 31), (4, 1), (11, 10), (12, 30), (12, 31)]
edge_days = st.builds(lambda year, day: date(year, *day), st.integers(2019, 2026), st.sampled_from(EDGES))
days = (
    edge_days
    | st.dates(date(2019, 6, 1), date(2026, 12, 31))
    | st.just(date(2020, 2, 29))
    | st.just(date(2024, 2, 29))
)
posts = st.sampled_from(["101", "101", "101", "102", "115"])
half_hours = st.integers(0, 80).map(lambda halves: Decimal(halves) / 2)
RANK = {"lapsed": 0, "at_risk": 1, "on_track": 2, "not_due": 3}


@st.composite
def amounts(draw):
    hours = draw(half_hours)
    return {"hours": hours, "professional_hours": draw(half_hours.map(lambda drawn: min(drawn, hours)))}


@st.composite
def standing_records(draw):
    makes_up_for = draw(st.none() | st.integers(2019, 2026))
    ended_on = draw(days)
    if makes_up_for is not None and draw(st.booleans()):
        makes_up_for = ended_on.year - 1
    return {"ended_on": ended_on, "post_code": draw(posts), "makes_up_for": makes_up_for} | draw(amounts())


standings = st.fixed_dictionaries(
    {
        "as_of": days,
        "kind": st.sampled_from(["electronic", "electronic", "safety_officer"]),
        "issued_on": days,
        "obtained_by": st.sampled_from(["exchange", "training"]),
        "engaged_in_post": st.sampled_from([True, True, True, False]),
        "post_code": st.just("101"),
        "education": st.lists(standing_records(), max_size=12),
    }
)


def stand(data, pack):
    return ce_standing(standing_facts(data), load_pack(pack).on(data["as_of"]), data["as_of"])


@given(standings, PACKS)
def test_a_standing_equals_the_one_worked_out_step_by_step(data, pack):
    answer = stand(data, pack).as_dict()
    checks = answer.pop("checks")

    assert answer == plain_standing(data, pack)
    assert len(checks) == len(answer["periods"]) + len(answer["windows"])
    json.dumps(checks)


@given(standings, PACKS, st.randoms())
def test_the_order_of_records_never_matters(data, pack, random):
    shuffled = data | {"education": random.sample(data["education"], len(data["education"]))}
    one, other = stand(data, pack), stand(shuffled, pack)

    assert replace(one, uncounted=()) == replace(other, uncounted=())
    reasons = [sorted(record.reason for record in standing.uncounted) for standing in (one, other)]
    assert reasons[0] == reasons[1]


@given(standings, PACKS, standing_records())
def test_more_approved_hours_never_worsen_a_standing(data, pack, more):
    before, after = stand(data, pack), stand(data | {"education": [*data["education"], more]}, pack)

    assert RANK[after.status.value] >= RANK[before.status.value]
    if before.needed_next and after.needed_next:
        assert after.needed_next.hours <= before.needed_next.hours
    if after.lapsed_on:
        assert before.lapsed_on
        assert after.lapsed_on >= before.lapsed_on


@given(standings, PACKS)
def test_what_is_needed_next_puts_the_holder_on_track(data, pack):
    before = stand(data, pack)
    if before.needed_next is None:
        return
    need = before.needed_next
    hours = max(need.hours, need.professional_hours)
    cure = {
        "ended_on": data["as_of"],
        "post_code": "101",
        "hours": hours,
        "professional_hours": hours,
        "makes_up_for": None,
    }
    after = stand(data | {"education": [*data["education"], cure]}, pack)

    assert after.status.value == "on_track" or data["kind"] == "safety_officer"
    assert after.periods[-1].state.value == "met"
    assert after.needed_next.hours == 0


@given(standings, PACKS)
def test_a_failed_window_is_never_revived(data, pack):
    before = stand(data, pack)
    later = data | {"as_of": data["as_of"] + timedelta(days=400)}
    after = stand(later, pack)

    failed = [window for window in before.windows if window.state.value == "failed"]
    assert [window for window in after.windows if window in failed] == failed
    if failed:
        assert after.lapsed_on == before.lapsed_on


archive_days = st.dates(date(2020, 11, 8), date(2020, 11, 13))
certificates = st.builds(
    CertificateFacts,
    kind=st.sampled_from(["post_training", "post_training", "enterprise_post", "safety_officer"]),
    issuer=st.sampled_from(["hainan-assessment-office", "hainan-assessment-office", "other"]),
    post_code=st.sampled_from(["101", "102", "105", "110", "115"]),
    issued_on=st.dates(date(2014, 12, 1), date(2019, 1, 31)),
    status=st.sampled_from(["active", "active", "exchanged", "void"]),
    in_national_system=st.booleans(),
    archive_check=st.none()
    | st.builds(
        ArchiveCheck,
        requested_on=archive_days,
        papers_seen_on=st.none() | archive_days,
        outcome=st.sampled_from(["pending", "confirmed", "rejected"]),
    ),
)
courses = st.builds(
    lambda amount, **fields: CourseRecord(**fields, **amount),
    amounts(),
    post_code=posts,
    ended_on=st.dates(date(2014, 1, 1), date(2021, 2, 1)),
    assessment=st.sampled_from(["passed", "failed", "none"]),
)
exchanges = st.builds(
    ExchangeFacts,
    certificate=certificates,
    profile=st.builds(ProfileFacts, complete=st.booleans(), photo=st.booleans()),
    education=st.lists(courses, max_size=5).map(tuple),
)
moments = st.datetimes(datetime(2020, 11, 8), datetime(2021, 1, 3), timezones=st.just(SHANGHAI))  # noqa: DTZ001


def exchange(facts, moment):
    return decide_exchange(facts, load_pack("hainan-2020").on(day_of(moment)), on=moment)


@given(exchanges, moments)
def test_twelve_checks_in_order_and_an_outcome_that_follows_from_them(facts, moment):
    decision = exchange(facts, moment)
    results = [check.result for check in decision.checks]

    assert [check.code for check in decision.checks] == CODES
    expected = (
        Outcome.INELIGIBLE if Result.FAIL in results else Outcome.NOT_YET if Result.TODO in results else None
    )
    assert decision.outcome is (expected or Outcome.ELIGIBLE)


@given(exchanges, moments)
def test_a_decision_survives_being_stored(facts, moment):
    decision = exchange(facts, moment)

    assert Decision.from_dict(json.loads(json.dumps(decision.as_dict()))) == decision


@given(exchanges, moments, st.randoms())
def test_the_order_of_courses_never_matters(facts, moment, random):
    shuffled = replace(facts, education=tuple(random.sample(facts.education, len(facts.education))))

    assert exchange(shuffled, moment) == exchange(facts, moment)


@given(exchanges, moments, courses)
def test_one_more_course_never_worsens_an_exchange(facts, moment, more):
    rank = {Result.FAIL: 0, Result.TODO: 1, Result.PASS: 2}
    before = exchange(facts, moment)
    after = exchange(replace(facts, education=(*facts.education, more)), moment)

    for old, new in zip(before.checks, after.checks, strict=True):
        assert rank[new.result] >= rank[old.result]


@given(exchanges, moments)
def test_waiting_never_makes_a_certain_refusal_right(facts, moment):
    now, later = exchange(facts, moment), exchange(facts, moment + timedelta(days=1))
    if now.outcome is Outcome.INELIGIBLE:
        assert later.outcome is Outcome.INELIGIBLE


@given(exchanges, moments)
def test_every_check_of_an_exchange_is_explained(facts, moment):
    decision = exchange(facts, moment)

    with override("en"):
        sentences = [check["message"] for check in decision.as_dict(explain_exchange)["checks"]]
    assert len(set(sentences)) == 12
    assert not any("None" in sentence for sentence in sentences)


@given(standings, PACKS)
def test_every_check_of_a_standing_is_explained(data, pack):
    with override("en"):
        checks = stand(data, pack).as_dict(explain_standing)["checks"]
    assert not any("None" in check["message"] for check in checks)
