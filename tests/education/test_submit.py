import pytest

from education.models import Batch, BatchRow
from education.receipts import receipt_verify
from education.selectors import quota_of
from education.services import (
    CannotCorrectError,
    NotOfInstitutionError,
    SubmissionRefusedError,
    batch_approve,
    batch_return,
    batch_submit,
)
from institutions.models import Qualification
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests.education.batches import checked, submitted, upload
from tests.education.sheets import row, workbook
from tests.factories import clerk, fresh_id_number, institution, shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def refused(batch, by, **options):
    with pytest.raises(SubmissionRefusedError) as error:
        batch_submit(batch=batch, by=by, **options)
    return {
        check.code: (check.result.value, check.facts.get("reason")) for check in error.value.decision.unmet
    }


def test_a_submission_takes_a_place_of_its_month_and_gives_a_signed_receipt(school, by_clerk):
    batch = submitted(school, by_clerk, row(), row())
    assert (batch.state, str(batch.quota_month), batch.quota_place) == ("submitted", "2020-11-01", 1)
    receipt = receipt_verify(batch.receipt)
    assert receipt["batch"] == str(batch.pk)
    assert receipt["institution"] == school.code
    assert receipt["file_sha256"] == batch.sha256
    assert (receipt["rows"], receipt["month"], receipt["place"]) == (2, "2020-11", 1)
    assert receipt["submitted_at"] == "2020-11-02T09:00:00+08:00"


def test_the_third_batch_of_a_month_is_refused_and_the_next_month_it_goes(school, by_clerk, at):
    submitted(school, by_clerk)
    submitted(school, by_clerk)
    third = checked(school, by_clerk)
    assert refused(third, by_clerk) == {"quota": ("todo", None)}
    third.refresh_from_db()
    assert third.state == "checked"
    at(2020, 11, 30, 23, 59, 59)
    assert refused(third, by_clerk) == {"quota": ("todo", None)}
    at(2020, 12, 1)
    assert batch_submit(batch=third, by=by_clerk).quota_month == shanghai(2020, 12, 1).date()


def test_a_refusal_is_an_event_with_the_whole_decision(school, by_clerk):
    batch = checked(school, by_clerk, row(姓名=""))
    refused(batch, by_clerk)
    event = Event.objects.get(verb="education.batch.refused")
    assert [check["code"] for check in event.data["decision"]["checks"]] == [
        "batch_checked", "no_errors", "institution_qualified", "quota",
    ]  # fmt: skip


def test_a_batch_with_errors_is_refused_unless_its_bad_rows_are_left_out_on_purpose(
    school, by_clerk, by_reviewer
):
    batch = checked(school, by_clerk, row(姓名=""), row(), row())
    assert refused(batch, by_clerk) == {"no_errors": ("todo", None)}
    batch = batch_submit(batch=batch, by=by_clerk, drop_bad_rows=True)
    assert (batch.rows_dropped, receipt_verify(batch.receipt)["rows"]) == (1, 2)
    batch_approve(batch=batch, by=by_reviewer)
    assert sorted(batch.records.values_list("row_number", flat=True)) == [3, 4]
    assert BatchRow.objects.get(batch=batch, number=2).dropped


def test_nothing_is_left_of_a_batch_of_bad_rows(school, by_clerk):
    batch = checked(school, by_clerk, row(姓名=""))
    assert refused(batch, by_clerk, drop_bad_rows=True) == {"no_errors": ("todo", "nothing_left")}


def test_an_unchecked_a_failed_and_a_replaced_batch_are_refused(school, by_clerk):
    assert refused(upload(school, by_clerk), by_clerk)["batch_checked"] == ("todo", None)
    assert refused(checked(school, by_clerk, content=b"<html>"), by_clerk)["batch_checked"] == (
        "fail",
        "failed",
    )
    first = checked(school, by_clerk)
    upload(school, by_clerk, corrects=first)
    assert refused(first, by_clerk)["batch_checked"] == ("fail", "replaced")


def test_an_institution_that_is_not_qualified_that_day_cannot_submit(school, by_clerk, at):
    batch = checked(school, by_clerk)
    Qualification.objects.filter(institution=school).update(valid_until="2020-11-02")
    at(2020, 11, 3)
    assert refused(batch, by_clerk) == {"institution_qualified": ("todo", None)}
    at(2020, 11, 2, 23, 59, 59)
    assert batch_submit(batch=batch, by=by_clerk).state == "submitted"


def test_submitting_again_returns_the_same_receipt(school, by_clerk):
    batch = submitted(school, by_clerk)
    assert batch_submit(batch=batch, by=by_clerk).receipt == batch.receipt
    assert quota_of(school, clock.now()).left == 1


def test_a_stranger_cannot_submit(school, by_clerk, by_reviewer):
    batch = checked(school, by_clerk)
    for by in (by_reviewer, Actor("web", clerk(institution("三亚样例培训学校")))):
        with pytest.raises(NotOfInstitutionError):
            batch_submit(batch=batch, by=by)


def test_a_returned_batch_holds_its_place_for_its_correction(school, by_clerk, by_reviewer, at):
    first = submitted(school, by_clerk)
    submitted(school, by_clerk)
    batch_return(batch=first, reason="签到表缺页", by=by_reviewer)
    assert quota_of(school, clock.now()).left == 0
    assert "quota" in refused(checked(school, by_clerk), by_clerk)
    at(2020, 12, 3, 9)
    correction = submitted(school, by_clerk, corrects=first)
    assert (str(correction.quota_month), correction.quota_place) == ("2020-11-01", 1)
    assert quota_of(school, clock.now()).left == 2


def test_a_correction_of_a_correction_inherits_the_place(school, by_clerk, by_reviewer):
    first = submitted(school, by_clerk)
    batch_return(batch=first, reason="签到表缺页", by=by_reviewer)
    second = checked(school, by_clerk, row(姓名=""), corrects=first)
    third = submitted(school, by_clerk, corrects=second)
    assert third.quota_place == first.quota_place


def test_rows_submitted_elsewhere_since_the_check_send_the_batch_to_another_check(
    school, by_clerk, asked, django_capture_on_commit_callbacks
):
    number = fresh_id_number()
    mine = checked(school, by_clerk, row(身份证号=number), row())
    other = institution("三亚样例培训学校")
    by_other = Actor("web", clerk(other))
    theirs = checked(other, by_other, row(身份证号=number))
    batch_submit(batch=theirs, by=by_other)
    with django_capture_on_commit_callbacks(execute=True):
        assert refused(mine, by_clerk) == {"no_errors": ("todo", "meanwhile")}
    mine.refresh_from_db()
    assert mine.state == "checking"
    assert asked[-1] == (str(mine.pk),)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_of_three_batches_submitted_by_two_clerks_two_get_a_place(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        second = Actor("web", clerk(school))
        batches = [checked(school, by_clerk) for _ in range(3)]
        answers = in_threads(
            3,
            lambda i: batch_submit(batch=batches[i], by=(by_clerk, second)[i % 2]),
            may_raise=SubmissionRefusedError,
        )
        assert sorted(type(answer).__name__ for answer in answers) == [
            "Batch",
            "Batch",
            "SubmissionRefusedError",
        ]
        assert sorted(Batch.objects.filter(state="submitted").values_list("quota_place", flat=True)) == [1, 2]

    def test_the_same_key_twice_gives_one_batch(self, school, by_clerk):
        from tests.education.sheets import workbook

        content = workbook(row())
        answers = in_threads(4, lambda i: upload(school, by_clerk, content, idempotency_key="once"))
        assert len({answer.pk for answer in answers}) == 1
        assert Batch.objects.count() == 1

    def test_of_two_corrections_one_takes_the_place(self, school, by_clerk):
        batch = checked(school, by_clerk, row(姓名=""))
        contents = [workbook(row()), workbook(row())]
        answers = in_threads(
            2,
            lambda i: upload(school, by_clerk, contents[i], corrects=batch),
            may_raise=CannotCorrectError,
        )
        assert {type(answer) for answer in answers} == {Batch, CannotCorrectError}
        assert Batch.objects.filter(corrects=batch).count() == 1

    def test_fifty_clicks_on_submit_take_one_place(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        batch = checked(school, by_clerk)
        answers = in_threads(50, lambda i: batch_submit(batch=batch, by=by_clerk))
        assert len({answer.receipt for answer in answers}) == 1
        assert Event.objects.filter(verb="education.batch.submitted").count() == 1
