import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from education.models import Batch, CERecord
from education.receipts import receipt_verify
from education.services import batch_check
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import token_create
from portal.events.models import Event
from portal.events.services import Actor
from portal.exports import XLSX
from tests.education.batches import JOB, submitted
from tests.education.sheets import csv, row, workbook
from tests.factories import clerk, fresh_id_number, institution, reviewer

pytestmark = pytest.mark.django_db


def caller(user, language="en"):
    _, text = token_create(user=user, name="t", scopes=scopes_of(user.role), by=Actor.command("test"))
    client = APIClient(headers={"Accept-Language": language})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


@pytest.fixture
def api(school):
    return caller(clerk(school))


@pytest.fixture
def judge():
    return caller(reviewer())


def post(api, content=None, *, key=None, **fields):
    content = workbook(row()) if content is None else content
    headers = {"Idempotency-Key": key} if key else {}
    file = SimpleUploadedFile("十月.xlsx", content)
    return api.post("/api/v1/batches/", {"file": file, **fields}, format="multipart", headers=headers)


def uploaded(api, content=None, **options):
    answer = post(api, content, **options)
    assert answer.status_code == 202, answer.content
    batch_check(uuid.UUID(answer.json()["id"]), by=JOB)
    return f"/api/v1/batches/{answer.json()['id']}/"


def test_from_upload_to_credited_hours(api, judge):
    answer = post(api)
    assert answer.status_code == 202
    assert answer.json() == {"id": answer.json()["id"], "state": "uploaded"}
    address = answer.headers["Location"]
    batch_check(Batch.objects.get().pk, by=JOB)
    found = api.get(address).json()
    assert {key: found[key] for key in ("state", "rows", "valid", "warnings", "errors", "progress", "receipt")} == {
        "state": "checked", "rows": 1, "valid": 1, "warnings": 0, "errors": 0, "progress": 100, "receipt": None,
    }  # fmt: skip
    submitted = api.post(f"{address}submit/").json()
    assert submitted["state"] == "submitted"
    assert receipt_verify(submitted["receipt"])["batch"] == found["id"]
    assert judge.post(f"{address}approve/").json()["state"] == "approved"
    assert Batch.objects.get().records.count() == 1
    assert set(Event.objects.filter(subject_kind="education.batch").values_list("means", flat=True)) == {
        "api",
        "job",
    }


def test_every_problem_says_where_what_and_how_to_put_it_right(api):
    address = uploaded(
        api, workbook(row(), row(身份证号=4.6e17, 结束日期="2020-12-01"), row(总学时=16, 专业学时=8))
    )
    answer = api.get(f"{address}problems/?page=1")
    assert [(p["row"], p["column"], p["code"], p["severity"], p["clause"]) for p in answer.json()] == [
        (3, "身份证号", "id_cut_by_spreadsheet", "error", "2.2"),
        (3, "结束日期", "in_the_future", "error", "2.2"),
        (4, "总学时", "partial_course", "warning", "2.2"),
    ]
    assert all(p["message"] and p["fix"] for p in answer.json())
    assert answer.headers["X-Total-Count"] == "3"
    assert api.get(f"{address}problems/?page=2").json() == []
    assert api.get(f"{address}problems/?page=0").status_code == 400


def test_pages_of_problems_are_linked(api, monkeypatch):
    monkeypatch.setattr("education.api.PAGE_SIZE", 2)
    address = uploaded(api, workbook(*[row(姓名="") for _ in range(3)]))
    answer = api.get(f"{address}problems/")
    assert len(answer.json()) == 2
    assert answer.headers["Link"].endswith('problems/?page=2>; rel="next"')


def test_problems_come_in_the_language_of_the_request(school, api):
    address = uploaded(api, workbook(row(姓名="")))
    chinese = caller(clerk(school), language="zh-CN").get(f"{address}problems/").json()[0]
    english = api.get(f"{address}problems/").json()[0]
    assert english["message"] == "The cell is empty, but the column must be filled."
    assert chinese["message"] != english["message"]


def test_the_same_key_gives_the_same_batch_and_with_another_file_a_refusal(api):
    content = workbook(row())
    first, again = post(api, content, key="k"), post(api, content, key="k")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    refused = post(api, workbook(row()), key="k")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert refused.json()["batch"] == first.json()["id"]


def test_a_file_that_is_empty_or_too_large_is_refused_with_the_way_out(api, settings):
    assert post(api, b"").status_code == 400
    settings.BATCH_MAX_BYTES = 100
    answer = post(api, b"x" * 101)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    settings.BATCH_MAX_BYTES = 1 - (1 << 20)
    assert post(api, b"x" * 101).status_code == 413


def test_a_batch_with_errors_is_refused_with_the_decision(api):
    address = uploaded(api, workbook(row(姓名=""), row()))
    answer = api.post(f"{address}submit/")
    body = answer.json()
    assert (answer.status_code, body["code"], body["outcome"]) == (409, "submission_refused", "not_yet")
    assert [(check["code"], check["result"]) for check in body["checks"]] == [
        ("batch_checked", "pass"), ("no_errors", "todo"), ("institution_qualified", "pass"), ("quota", "pass"),
    ]  # fmt: skip
    assert all(check["message"] for check in body["checks"])
    assert body["policy"] == {"pack": "hainan-2020", "on": "2020-11-02"}
    answer = api.post(f"{address}submit/", {"drop_bad_rows": True}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted")


def test_the_third_of_a_month_is_refused_with_the_clause(api):
    for _ in range(2):
        assert api.post(f"{uploaded(api)}submit/").status_code == 200
    answer = api.post(f"{uploaded(api)}submit/")
    quota = answer.json()["checks"][-1]
    assert (answer.status_code, quota["code"], quota["result"], quota["clause"]) == (
        409,
        "quota",
        "todo",
        "2.2",
    )


def test_a_foreign_batch_does_not_exist(api):
    address = uploaded(api)
    stranger = caller(clerk(institution("三亚样例培训学校")))
    for method, tail in (("get", ""), ("get", "problems/"), ("post", "submit/")):
        assert getattr(stranger, method)(address + tail).status_code == 404
    assert post(stranger, corrects=address.split("/")[-2]).status_code == 404


def test_a_clerk_cannot_decide_and_a_reviewer_cannot_submit(api, judge):
    address = uploaded(api)
    assert api.post(f"{address}approve/").status_code == 403
    assert judge.post(f"{address}submit/").status_code == 403


def test_a_decision_that_comes_too_late_or_too_early_says_the_state(api, judge):
    address = uploaded(api)
    early = judge.post(f"{address}approve/")
    assert (early.status_code, early.json()["state"]) == (409, "checked")
    api.post(f"{address}submit/")
    returned = judge.post(f"{address}return/", {"reason": "签到表缺页"}, format="json")
    assert (returned.json()["state"], returned.json()["return_reason"]) == ("returned", "签到表缺页")
    late = judge.post(f"{address}approve/")
    assert (late.status_code, late.json()["state"]) == (409, "returned")


def test_a_return_without_a_reason_is_refused(api, judge):
    address = uploaded(api)
    api.post(f"{address}submit/")
    answer = judge.post(f"{address}return/", {"reason": " "}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/reason"


def test_a_correction_keeps_the_place(api, judge):
    address = uploaded(api)
    api.post(f"{address}submit/")
    judge.post(f"{address}return/", {"reason": "签到表缺页"}, format="json")
    correction = uploaded(api, corrects=address.split("/")[-2])
    receipt = api.post(f"{correction}submit/").json()["receipt"]
    assert receipt_verify(receipt)["place"] == 1
    assert post(api, corrects=correction.split("/")[-2]).status_code == 409


def test_a_file_that_cannot_be_read_says_why(api):
    address = uploaded(api, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    body = api.get(address).json()
    assert (body["state"], body["failure"]["code"]) == ("failed", "file_xls")
    assert body["failure"]["fix"]


def test_csv_in_gb18030_is_read_too(api):
    address = uploaded(api, csv(row(身份证号=fresh_id_number()), encoding="gb18030"))
    assert api.get(address).json()["valid"] == 1


def test_a_caller_who_accepts_workbooks_alone_is_told_the_problem_all_the_same(db):
    """It used to end in a server error."""
    answer = APIClient(headers={"Accept": XLSX}).get(f"/api/v1/batches/{uuid.uuid4()}/workbook/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "token_needed"


class TestTakingAnApprovalBack:
    @pytest.fixture
    def second(self):
        return caller(reviewer())

    @pytest.fixture
    def credited(self, school, judge):
        by = Actor("web", clerk(school))
        batch = submitted(school, by, row(), row(), row())
        address = f"/api/v1/batches/{batch.pk}/"
        assert judge.post(f"{address}approve/").status_code == 200
        return f"{address}reversals/"

    def test_one_proposes_and_another_confirms(self, judge, second, credited):
        proposed = judge.post(credited, {"reason": "机构承认代签", "rows": [4, 2]}, format="json")
        found = proposed.json()
        assert (proposed.status_code, found["state"], found["rows"]) == (201, "proposed", [2, 4])
        assert CERecord.objects.filter(in_force=True).count() == 3
        own = judge.post(f"{credited}{found['id']}/confirm/")
        assert (own.status_code, own.json()["code"]) == (409, "second_reviewer_needed")
        confirmed = second.post(f"{credited}{found['id']}/confirm/")
        assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
        assert list(CERecord.objects.filter(in_force=True).values_list("row_number", flat=True)) == [3]
        assert [each["state"] for each in judge.get(credited).json()] == ["confirmed"]

    def test_the_whole_of_it_leaves_without_rows_and_the_batch_says_so(self, judge, second, credited):
        found = judge.post(credited, {"reason": "误批"}, format="json").json()
        second.post(f"{credited}{found['id']}/confirm/")
        assert judge.get(credited.removesuffix("reversals/")).json()["reversed"] is True
        again = judge.post(credited, {"reason": "误批"}, format="json").json()
        assert (again["code"], again["state"], again["reversal"]) == (
            "wrong_reversal_state",
            "confirmed",
            found["id"],
        )

    def test_dismissed_by_either_the_approval_stands(self, judge, second, credited):
        found = judge.post(credited, {"reason": "误批"}, format="json").json()
        twice = second.post(credited, {"reason": "误批"}, format="json")
        assert (twice.status_code, twice.json()["state"]) == (409, "proposed")
        assert judge.post(f"{credited}{found['id']}/dismiss/").json()["state"] == "dismissed"
        late = second.post(f"{credited}{found['id']}/confirm/")
        assert (late.status_code, late.json()["state"]) == (409, "dismissed")
        assert CERecord.objects.filter(in_force=True).count() == 3

    @pytest.mark.parametrize(
        ("said", "status", "code"),
        [
            ({}, 400, "invalid"),
            ({"reason": "  "}, 400, "invalid"),
            ({"reason": "误批", "rows": []}, 400, "invalid"),
            ({"reason": "误批", "rows": [0]}, 400, "invalid"),
            ({"reason": "误批", "rows": [2**31]}, 400, "invalid"),
            ({"reason": "误批", "rows": list(range(1, 1002))}, 400, "invalid"),
            ({"reason": "误批", "rows": [2, 9]}, 422, "rows_not_credited"),
        ],
    )
    def test_what_is_asked_for_wrongly_changes_nothing(self, judge, credited, said, status, code):
        answer = judge.post(credited, said, format="json")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert judge.get(credited).json() == []

    def test_only_an_approved_batch_can_be_taken_back(self, school, judge):
        batch = submitted(school, Actor("web", clerk(school)))
        answer = judge.post(f"/api/v1/batches/{batch.pk}/reversals/", {"reason": "误批"}, format="json")
        assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (
            409,
            "wrong_state",
            "submitted",
        )

    def test_a_reversal_of_another_batch_is_not_found_under_this_one(self, school, judge, second, credited):
        found = judge.post(credited, {"reason": "误批"}, format="json").json()
        other = submitted(school, Actor("web", clerk(school)))
        assert second.post(f"/api/v1/batches/{other.pk}/reversals/{found['id']}/confirm/").status_code == 404

    def test_an_institution_sees_and_does_nothing_of_it(self, api, credited):
        assert {api.get(credited).status_code, api.post(credited, {"reason": "x"}).status_code} == {403}
