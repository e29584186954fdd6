import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from education.models import Batch
from education.receipts import receipt_verify
from education.services import batch_check
from education.template_workbook import EXAMPLE, HEADER_ROW
from portal.events.services import Actor
from tests.education.batches import JOB, approved, checked, submitted, upload
from tests.education.sheets import HEADERS, enrol, row, workbook
from tests.factories import clerk, fresh_id_number, institution, person, reviewer, worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


@pytest.fixture
def browser(client):
    """Open pages as somebody, in English."""

    def as_user(user):
        client.force_login(user, backend="portal.accounts.backends.IdentityBackend")
        client.cookies["django_language"] = "en"
        return client

    return as_user


def page(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_clerk_uploads_sees_the_problems_corrects_and_submits(browser, school, by_clerk):
    client = browser(by_clerk.user)
    sent = client.post(
        reverse("batch-upload"), {"file": SimpleUploadedFile("十月.xlsx", workbook(row(姓名=""), row()))}
    )
    batch = Batch.objects.get()
    assert sent.headers["Location"] == reverse("batch-detail", args=[batch.pk])
    waiting = page(client, "batch-detail", batch.pk)
    assert 'hx-trigger="every 1s"' in waiting
    assert 'http-equiv="refresh"' in waiting
    batch_check(batch.pk, by=JOB)
    shown = page(client, "batch-detail", batch.pk)
    assert "hx-trigger" not in shown
    assert "The cell is empty" in shown
    assert "Submit the 1 good row alone" in shown
    problems = page(client, "batch-problems", batch.pk)
    assert "Fill in the cell." in problems
    again = client.post(
        f"{reverse('batch-upload')}?corrects={batch.pk}",
        {"file": SimpleUploadedFile("x.xlsx", workbook(row(), row()))},
    )
    corrected = Batch.objects.get(corrects=batch)
    assert again.headers["Location"] == reverse("batch-detail", args=[corrected.pk])
    batch_check(corrected.pk, by=JOB)
    assert "Submit 2 rows" in page(client, "batch-detail", corrected.pk)
    client.post(reverse("batch-submit", args=[corrected.pk]))
    assert "Download the signed receipt" in page(client, "batch-detail", corrected.pk)
    receipt = client.get(reverse("batch-receipt", args=[corrected.pk]))
    assert receipt_verify(receipt.content.decode())["rows"] == 2
    assert "corrected file has taken the place" in page(client, "batch-detail", batch.pk)


def test_the_good_rows_alone_are_submitted_only_on_purpose(browser, school, by_clerk):
    client, batch = browser(by_clerk.user), checked(school, by_clerk, row(姓名=""), row())
    answer = client.post(reverse("batch-submit", args=[batch.pk]), follow=True)
    assert "1 of 2 rows have errors" in answer.content.decode()
    client.post(reverse("batch-submit", args=[batch.pk]), {"good_rows": "1"})
    batch.refresh_from_db()
    assert (batch.state, batch.rows_dropped) == ("submitted", 1)


def test_a_refused_file_is_said_at_its_field(browser, by_clerk, settings):
    settings.BATCH_MAX_BYTES = 10
    client = browser(by_clerk.user)
    for content, text in ((b"", "The file is empty."), (b"x" * 11, "at most")):
        answer = client.post(reverse("batch-upload"), {"file": SimpleUploadedFile("x.csv", content)})
        assert answer.status_code == 422
        assert text in answer.content.decode()


def test_the_home_page_tells_what_is_left_and_what_to_do(browser, school, by_clerk):
    submitted(school, by_clerk)
    checked(school, by_clerk, row(姓名=""))
    shown = page(browser(by_clerk.user), "institution-home")
    assert "of 2 in 2020-11" in shown
    assert "to correct" in shown


def test_the_template_keeps_numbers_as_text_and_its_example_is_not_read(browser, school, by_clerk):
    answer = browser(by_clerk.user).get(reverse("batch-template"))
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    sheet = book.active
    assert school.name in sheet["A1"].value
    assert [cell.value.removesuffix("*") for cell in sheet[HEADER_ROW]] == HEADERS
    assert tuple(cell.value or "" for cell in sheet[HEADER_ROW - 1]) == EXAMPLE
    assert sheet.column_dimensions["B"].number_format == "@"
    assert {choice.formula1 for choice in sheet.data_validations.dataValidation} >= {
        '"集中,网络"',
        '"合格,不合格"',
    }
    for cells in ([*row()], [*row()]):
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    enrol()
    batch = checked(school, by_clerk, content=out.getvalue())
    assert (batch.rows_total, batch.errors, batch.warnings) == (2, 0, 0)


def test_what_others_reported_meanwhile_is_found_by_checking_again(browser, school, by_clerk, asked):
    number = fresh_id_number()
    batch = checked(school, by_clerk, row(身份证号=number), row())
    submitted(school, by_clerk, row(身份证号=number))
    client = browser(by_clerk.user)
    assert "1 rows were credited or submitted in another batch" in page(client, "batch-detail", batch.pk)
    client.post(reverse("batch-recheck", args=[batch.pk]))
    batch_check(batch.pk, by=JOB)
    shown = page(client, "batch-detail", batch.pk)
    assert "waits for its review" in shown
    assert "Check again" not in shown


def test_a_foreign_batch_does_not_exist(browser, school, by_clerk):
    batch = submitted(school, by_clerk)
    client = browser(clerk(institution("三亚样例培训学校")))
    for name in ("batch-detail", "batch-problems", "batch-receipt"):
        assert client.get(reverse(name, args=[batch.pk])).status_code == 404
    assert client.post(reverse("batch-submit", args=[batch.pk])).status_code == 404
    assert client.get(f"{reverse('batch-upload')}?corrects={batch.pk}").status_code == 404


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("institution-home", "clerk"), ("batch-list", "clerk"), ("batch-upload", "clerk"), ("batch-template", "clerk"),
        ("review-home", "reviewer"), ("review-batches", "reviewer"), ("my-education", "worker"),
    ],
)  # fmt: skip
def test_each_page_is_open_to_its_role_alone(client, name, role, school):
    assert client.get(reverse(name)).status_code == 302
    for user in (clerk(school), reviewer(), worker()):
        client.force_login(user, backend="portal.accounts.backends.IdentityBackend")
        answer = client.get(reverse(name))
        answer.getvalue()  # a file is closed when it was read
        assert answer.status_code == (200 if user.role == role else 404)


def test_a_reviewer_sees_what_is_unusual_with_masked_numbers_and_approves(
    browser, school, by_clerk, by_reviewer
):
    number = fresh_id_number()
    batch = submitted(
        school,
        by_clerk,
        row(身份证号=number, 开始日期="2020-10-20", 总学时=16, 专业学时=8, 考核成绩=86),
        *[row(考核成绩=86) for _ in range(12)],
    )
    client = browser(by_reviewer.user)
    assert school.name in page(client, "review-batches")
    shown = page(client, "review-batch", batch.pk)
    assert "All 13 marks are the same: 86" in shown
    assert "does not reach 32 hours" in shown
    assert number not in shown
    assert f"{number[:6]}********{number[-4:]}" in shown
    first = client.post(reverse("review-batch-approve", args=[batch.pk]), follow=True)
    assert "a second reviewer" in first.content.decode()
    assert batch.records.count() == 0
    other = browser(reviewer())
    answer = other.post(reverse("review-batch-approve", args=[batch.pk]), follow=True)
    assert "Approved" in answer.content.decode()
    assert batch.records.count() == 13


def test_a_return_without_a_reason_is_asked_for_one(browser, school, by_clerk, by_reviewer):
    batch, client = submitted(school, by_clerk), browser(by_reviewer.user)
    assert client.post(reverse("review-batch-return", args=[batch.pk]), {"reason": ""}).status_code == 422
    client.post(reverse("review-batch-return", args=[batch.pk]), {"reason": "签到表缺页"})
    assert "签到表缺页" in page(browser(by_clerk.user), "batch-detail", batch.pk)


def test_whoever_comes_second_sees_what_happened(browser, school, by_clerk, by_reviewer):
    batch = approved(school, by_clerk, Actor("web", reviewer()), row())
    answer = browser(by_reviewer.user).post(
        reverse("review-batch-return", args=[batch.pk]), {"reason": "签到表缺页"}, follow=True
    )
    assert "a colleague was first, the batch is now “Approved”" in answer.content.decode()


def test_the_inbox_lists_every_queue_with_what_waits(browser, school, by_clerk, by_reviewer, at):
    submitted(school, by_clerk)
    at(2020, 11, 5, 9)
    shown = page(browser(by_reviewer.user), "review-home")
    assert "Batches of continuing education" in shown
    assert "2020-11-02 09:00" in shown
    assert "3 days" in shown.replace("\xa0", " ")


def test_a_worker_sees_credited_hours_and_what_still_waits(browser, school, by_clerk, by_reviewer):
    me = person("陈海生")
    mine = {"身份证号": me.id_number, "姓名": "陈海生"}
    approved(school, by_clerk, by_reviewer, row(**mine, 总学时=24.5, 专业学时=20), row(课程名称="别人的课程"))
    submitted(school, by_clerk, row(**mine, 课程名称="新标准宣贯"))
    shown = page(browser(worker(me)), "my-education")
    assert "24.5 / 32" in shown
    assert "新标准宣贯" in shown
    assert "别人的课程" not in shown


def test_a_name_that_is_markup_is_shown_as_text(browser, school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk, row(姓名="<script>alert(1)</script>甲", 备注="<b>x</b>"))
    shown = page(browser(by_reviewer.user), "review-batch", batch.pk)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_the_upload_page_needs_a_known_batch_to_correct(browser, by_clerk, school):
    client = browser(by_clerk.user)
    assert client.get(f"{reverse('batch-upload')}?corrects=x").status_code == 404
    assert client.get(f"{reverse('batch-upload')}?corrects={upload(school, by_clerk).pk}").status_code == 200
