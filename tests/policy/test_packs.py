"""Policy packs: what is refused and how it is said, what is in force when, and what follows a moved deadline."""

import tomllib
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from certificates.rules import ArchiveCheck, CertificateFacts, ExchangeFacts, ProfileFacts, decide_exchange
from portal.policy import Outcome, PolicyError, current_pack, day_of, load_pack, load_pack_file
from portal.policy.pack import CLAUSES, SHIPPED, shipped_packs

BAD = tomllib.loads((Path(__file__).parent / "bad_packs.toml").read_text("utf-8"))["case"]
GOOD = (SHIPPED / "hainan-2020.toml").read_text("utf-8")
MOVED = "{ since = 2020-07-02, value = 2020-12-31 }, { since = 2020-12-20, value = 2021-06-30 }"


def edited(text: str, case: dict) -> str:
    start = text.index(f"[{case['only_key']}]") if "only_key" in case else 0
    assert case["find"] in text[start:]
    return text[:start] + text[start:].replace(case["find"], case["put"], 1)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_a_bad_pack_is_refused_with_file_key_and_expected_form(case, tmp_path):
    path = tmp_path / "hainan-2020.toml"
    path.write_text(edited(GOOD, case), "utf-8")

    with pytest.raises(PolicyError) as refused:
        load_pack_file(path)

    assert any(
        problem.startswith("hainan-2020.toml: ") and case["says"] in problem
        for problem in refused.value.problems
    )


def test_every_problem_is_named_at_once(tmp_path):
    path = tmp_path / "hainan-2020.toml"
    path.write_text(GOOD.replace("value = 64 }", "value = -1 }").replace('"calendar"', '"lunar"'), "utf-8")

    with pytest.raises(PolicyError) as refused:
        load_pack_file(path)

    assert [problem.split(": ")[1] for problem in refused.value.problems] == [
        "education.two_year_hours.versions[0].value",
        "education.period_basis.versions[0].value",
    ]


def test_a_pack_that_does_not_exist():
    with pytest.raises(
        PolicyError, match=r'no policy pack "atlantis"\. Expected one of: hainan-2020, hubei-2021'
    ):
        load_pack("atlantis")


def test_a_name_never_leaves_the_folder_of_the_packs():
    with pytest.raises(PolicyError, match="no policy pack"):
        load_pack("../policy/hainan-2020")


def test_a_file_that_does_not_exist(tmp_path):
    with pytest.raises(PolicyError, match=r"nowhere\.toml: no such file"):
        load_pack_file(tmp_path / "nowhere.toml")


def test_the_setting_selects_a_shipped_pack_or_a_file(settings):
    settings.POLICY_PACK = "hubei-2021"
    assert current_pack().name == "hubei-2021"
    settings.POLICY_PACK = str(SHIPPED / "hainan-2020.toml")
    assert current_pack().name == "hainan-2020"


def test_hainan_says_what_the_notice_says():
    policy = load_pack("hainan-2020").on(date(2020, 7, 2))

    assert policy.exchange.window_end == date(2020, 12, 31)
    assert policy.exchange.archive_check_deadline == date(2020, 11, 10)
    assert policy.exchange.issue_years == (2015, 2016, 2017, 2018)
    assert [post.code for post in policy.exchange.posts] == (
        ["101", "102", "103", "104", "106", "107", "108", "109", "111", "112", "113", "114", "115"]
    )
    assert (policy.exchange.hours, policy.exchange.professional_hours) == (32, 22)
    education = policy.education
    assert (education.annual_hours, education.annual_professional_hours, education.two_year_hours) == (
        32,
        22,
        64,
    )
    assert (education.grace_days, education.make_up_allowed, education.shared_basics) == (31, True, False)
    assert policy.batches.per_month == 2
    assert policy.legacy_services.end == date(2020, 12, 31)
    assert policy.reminders.days == (60, 30, 7, 1)
    assert len(policy.province.areas) == 20


@pytest.mark.parametrize("name", shipped_packs())
def test_every_value_names_its_source_and_says_it_in_both_languages(name):
    values = load_pack(name).in_force(date(2021, 6, 1))

    assert len(values) == len({value.key for value in values})
    for value in values:
        assert (value.clause in CLAUSES) != (value.document is not None), value.key
        assert value.note.zh != value.note.en, value.key
        assert value.as_dict()["since"] <= "2021-06-01", value.key


@pytest.fixture
def moved_pack(tmp_path):
    path = tmp_path / "hainan-2020.toml"
    path.write_text(GOOD.replace("{ since = 2020-07-02, value = 2020-12-31 }", MOVED, 1), "utf-8")
    return load_pack_file(path)


@pytest.mark.parametrize(
    ("day", "end", "since"),
    [
        (date(2019, 1, 1), "2020-12-31", "2020-07-02"),
        (date(2020, 12, 19), "2020-12-31", "2020-07-02"),
        (date(2020, 12, 20), "2021-06-30", "2020-12-20"),
        (date(2020, 12, 21), "2021-06-30", "2020-12-20"),
    ],
)
def test_a_moved_deadline_is_in_force_from_its_announcement(moved_pack, day, end, since):
    """Where an earlier rule differs, the later one prevails from the day of its announcement (clause 5)."""
    [value] = [value for value in moved_pack.in_force(day) if value.key == "exchange.window_end"]

    assert (value.value, str(value.since)) == (end, since)
    assert moved_pack.on(day).exchange.window_end.isoformat() == end


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        (datetime.fromisoformat("2021-01-01T00:00:00+08:00"), Outcome.NOT_YET),
        (datetime.fromisoformat("2021-06-30T23:59:59.999+08:00"), Outcome.NOT_YET),
        (datetime.fromisoformat("2021-07-01T00:00:00+08:00"), Outcome.INELIGIBLE),
    ],
)
def test_a_decision_follows_the_moved_deadline(moved_pack, moment, outcome):
    certificate = CertificateFacts(
        kind="post_training",
        issuer="hainan-assessment-office",
        post_code="101",
        issued_on=date(2016, 5, 4),
        status="active",
        in_national_system=False,
        archive_check=ArchiveCheck(
            requested_on=date(2020, 11, 1), papers_seen_on=date(2020, 11, 2), outcome="confirmed"
        ),
    )
    facts = ExchangeFacts(
        certificate=certificate, profile=ProfileFacts(complete=True, photo=True), education=()
    )

    decision = decide_exchange(facts, moved_pack.on(day_of(moment)), on=moment)

    assert decision.outcome is outcome
    assert decision.check("window_open").facts == {"closes": "2021-06-30"}


def test_hours_are_exact():
    policy = load_pack("hainan-2020").on(date(2020, 7, 2))

    assert isinstance(policy.education.annual_hours, Decimal)


def run(capsys, *words: str) -> str:
    call_command("policy", *words)
    return capsys.readouterr().out


def test_the_command_checks_all_shipped_packs(capsys):
    said = run(capsys, "check")

    assert said.splitlines() == [
        f"{name}: {len(load_pack(name).entries)} values, all as expected" for name in shipped_packs()
    ]


def test_the_command_names_the_problems_of_a_file(tmp_path):
    path = tmp_path / "hainan-2020.toml"
    path.write_text(GOOD.replace("value = 64 }", "value = -1 }"), "utf-8")

    with pytest.raises(CommandError, match=r"hainan-2020\.toml: education\.two_year_hours"):
        call_command("policy", "check", str(path))


def test_the_command_shows_what_is_in_force_on_a_day(capsys, monkeypatch, moved_pack, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    path = str(tmp_path / "hainan-2020.toml")
    before, after = (run(capsys, "show", path, "--on", day) for day in ("2020-12-19", "2020-12-20"))

    assert "2021-06-30" not in before
    assert "2021-06-30" in after


def test_the_command_lists_only_what_differs(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    said = run(capsys, "diff", "hainan-2020", "hubei-2021", "--on", "2021-06-01")

    assert "education.shared_basics" in said
    assert "education.annual_hours" not in said


def test_a_day_counts_in_shanghai():
    midnight = datetime.fromisoformat("2021-01-01T00:00:00+08:00")

    assert day_of(midnight) == date(2021, 1, 1)
    assert day_of(midnight - timedelta(microseconds=1)) == date(2020, 12, 31)
