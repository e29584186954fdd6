"""The sample province: nobody in it exists, yet every file is what a real one would bring."""

import csv
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from certificates.models import LegacyCertificate
from certificates.registry import registry_import
from education.columns import COLUMNS
from portal.accounts.photos import portrait
from portal.events.services import Actor
from portal.identity import is_id_number, normalise_credit_code, normalise_mobile
from portal.policy import current_pack
from portal.tables import Limits, open_table

POLICY = current_pack().on(date(2020, 12, 28))
PEOPLE = 600
TOLD = ("id_number", "course", "post_code", "ended_on", "hours")
UNREADABLE = {
    "wrong_check_digit": "id_check_digit",
    "cut": "id_cut_by_spreadsheet",
    "missing_name": "cell_missing",
    "bad_date": "date_unreal",
    "bad_area": "not_a_choice",
    "bad_code": "credit_code_check_digit",
    "contradiction": "number_twice_in_file",
}


def make(folder: Path, people: int = PEOPLE, seed: int = 3) -> Path:
    call_command("make_sample", people=people, seed=seed, out=folder)
    return folder


@pytest.fixture(scope="module")
def province(tmp_path_factory):
    return make(tmp_path_factory.mktemp("province"))


@pytest.fixture(scope="module")
def people(province):
    with (province / "people.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def plan(province):
    return json.loads((province / "plan.json").read_text("utf-8"))


def cells(path: Path) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).active.values)


def test_numbers_are_right_in_form_unique_and_of_no_real_place(people):
    assert all(
        is_id_number(person["id_number"]) and person["id_number"].startswith("469900") for person in people
    )
    assert all(normalise_mobile(person["mobile"]) == person["mobile"] for person in people)
    assert all(normalise_credit_code(person["employer_code"]) == person["employer_code"] for person in people)
    for key in ("id_number", "mobile"):
        assert len({person[key] for person in people}) == PEOPLE


def test_the_registry_holds_all_posts_kinds_and_areas(province):
    header, *rows = cells(province / "registry.xlsx")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    posts = {post.code for post in POLICY.exchange.posts}
    assert posts | {"C"} == set(columns["岗位代码*"])
    assert set(columns["证书类型*"]) == {"岗位培训考核合格证书", "专业管理人员岗位证书", "安全员"}
    assert {area.zh for area in POLICY.province.areas} <= set(columns["所属市县"])
    assert set(columns["全国系统可查*"]) == {"是", "否"}


def test_the_province_brings_the_ordinary_mess_and_education_for_every_post(province, plan):
    header, *rows = cells(province / "registry.xlsx")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    years = {str(number)[4:8] for number in columns["证书编号*"] if str(number).startswith("琼样建岗")}
    assert years > {"2014", "2015", "2018", "2019"}
    assert len(set(columns["发证机构*"])) > 1
    seen = [
        datetime.fromisoformat(action["at"]) for action in plan["actions"] if action["do"] == "see_papers"
    ]
    assert min(seen).date() <= date(2020, 11, 10) < max(seen).date(), "late archive checks"

    lessons = Counter()
    for action in plan["actions"]:
        if action["do"] == "upload_batch":
            with open_table(province / action["file"], COLUMNS, Limits()) as table:
                for chunk in table.chunks():
                    rows_read = list(zip(*(chunk.values[name] for name in TOLD), strict=True))
                    lessons.update(rows_read)
    posts = {post for _, _, post, *_ in lessons}
    assert posts >= {post.code for post in POLICY.exchange.posts} | {"C"}
    assert any(isinstance(hours, int) and hours < 320 for *_, hours in lessons), "short hours"
    assert max(lessons.values()) > 1, "duplicates"


@pytest.mark.django_db
def test_the_registry_comes_in_except_for_its_mess(province, people):
    with (province / "registry.xlsx").open("rb") as stream:
        counts = registry_import(source=stream, by=Actor.command("import_registry"))
    assert counts.new == LegacyCertificate.objects.count() > PEOPLE
    assert counts.repeated == Counter(person["mess"] for person in people)["repeated"]
    mess = Counter(person["mess"] for person in people)
    reasons = {problem.code for problems in counts.problems.values() for _, problem in problems}
    assert reasons == {UNREADABLE[kind] for kind in mess if kind in UNREADABLE}
    assert counts.reported == sum(mess[kind] for kind in UNREADABLE) + mess["contradiction"]


def test_an_institution_reports_at_most_twice_a_month_and_before_the_demo_begins(plan):
    submissions = Counter(
        (action["institution"], action["at"][:7])
        for action in plan["actions"]
        if action["do"] == "upload_batch"
    )
    assert max(submissions.values()) == 2
    moments = [datetime.fromisoformat(action["at"]) for action in plan["actions"]]
    assert moments == sorted(moments)
    assert moments[-1] < datetime.fromisoformat(plan["begins"])


def test_the_plan_names_only_files_and_people_that_exist_and_uses_every_part_of_the_portal(province, plan):
    actions = plan["actions"]
    assert all((province / action["file"]).is_file() for action in actions if "file" in action)
    assert all(action["person"] < PEOPLE for action in actions if "person" in action)
    assert {action["do"] for action in actions} == {
        "import_registry",
        "register_institution",
        "register",
        "complete_profile",
        "upload_photo",
        "request_archive_check",
        "see_papers",
        "decide_archive_check",
        "request_service",
        "decide_service",
        "upload_batch",
        "review_batch",
        "exchange",
    }
    assert {"ready", "exchanged", "short_of_hours", "safety_officer"} <= plan["personas"].keys()


def test_whoever_exchanges_did_everything_before(plan):
    done: dict[int, list[str]] = {}
    for action in plan["actions"]:
        if "person" in action:
            done.setdefault(action["person"], []).append(action["do"])
    for deeds in done.values():
        if "exchange" in deeds:
            assert deeds[:3] == ["register", "complete_profile", "upload_photo"]


def test_batches_are_read_and_only_the_messy_ones_have_problems(province, plan):
    uploads = [action for action in plan["actions"] if action["do"] == "upload_batch"]
    assert {Path(action["file"]).suffix for action in uploads} == {".xlsx", ".csv"}
    for action in uploads:
        with open_table(province / action["file"], COLUMNS, Limits()) as table:
            problems = [problem for chunk in table.chunks() for problem in chunk.problems]
        assert bool(problems) == action["drop_bad_rows"], action["file"]


def test_courses_end_before_their_batch_is_submitted_and_hold_possible_hours(province, plan):
    for action in plan["actions"]:
        if action["do"] == "upload_batch" and not action["drop_bad_rows"]:
            with open_table(province / action["file"], COLUMNS, Limits()) as table:
                for chunk in table.chunks():
                    spans = zip(
                        chunk.values["started_on"],
                        chunk.values["ended_on"],
                        chunk.values["hours"],
                        strict=True,
                    )
                    for start, end, hours in spans:
                        assert end < datetime.fromisoformat(action["at"]).date()
                        assert hours / 10 / ((end - start).days + 1) <= 8


def test_photos_pass_as_portraits(province):
    photos = sorted((province / "photos").iterdir())
    assert len(photos) > 100
    for photo in photos[:5]:
        assert not portrait(photo.read_bytes(), POLICY).cut
        assert photo.stat().st_size < 40_000


def test_the_same_seed_gives_the_same_province_and_another_seed_another(tmp_path):
    one, two, other = (make(tmp_path / name, 40, seed) for name, seed in (("a", 5), ("b", 5), ("c", 6)))
    assert cells(one / "registry.xlsx") == cells(two / "registry.xlsx") != cells(other / "registry.xlsx")
    for name in ("people.csv", "plan.json", "institutions.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes() != (other / name).read_bytes()


def test_a_number_of_people_that_is_none_is_refused(tmp_path):
    with pytest.raises(CommandError):
        call_command("make_sample", "--people", "0", "--out", str(tmp_path))
