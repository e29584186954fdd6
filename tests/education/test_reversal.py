"""Two reviewers agree to what is unusual, and two take back what was a mistake; hours leave by counter-entries."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from education.models import Batch, BatchRow, CERecord, Delivery, Reversal
from education.national.outbox import records_of_delivery
from education.selectors import hours_by_year, records_of
from education.services import (
    BatchStateError,
    NotAReviewerError,
    NothingToCreditError,
    ReversalStateError,
    RowsNotCreditedError,
    SecondReviewerNeededError,
    batch_approve,
    batch_return,
    reversal_confirm,
    reversal_dismiss,
    reversal_propose,
    row_refuse,
)
from portal.accounts.models import Person
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests.education.batches import approved, checked, submitted
from tests.education.sheets import row
from tests.factories import person, reviewer, worker
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


@pytest.fixture
def by_second():
    return Actor("web", reviewer())


def unusual(**cells):
    return row(开始日期="2020-10-12", 结束日期="2020-10-14", **cells)


def test_what_is_unusual_is_credited_by_the_second_reviewer_alone(school, by_clerk, by_reviewer, by_second):
    batch = submitted(school, by_clerk, unusual(), row())
    batch = batch_approve(batch=batch, by=by_reviewer)
    assert (batch.state, batch.agreed_by_id) == ("submitted", by_reviewer.user.pk)
    assert not CERecord.objects.exists()
    with pytest.raises(SecondReviewerNeededError):
        batch_approve(batch=batch, by=by_reviewer)
    batch = batch_approve(batch=batch, by=by_second)
    assert (batch.state, CERecord.objects.count()) == ("approved", 2)
    agreed = Event.objects.get(verb="education.batch.agreed")
    assert (agreed.actor_id, agreed.data["reasons"]) == (by_reviewer.user.pk, ["unusual_hours"])


def test_what_is_usual_needs_one_reviewer(school, by_clerk, by_reviewer):
    assert (
        batch_approve(batch=submitted(school, by_clerk, row(总学时=16, 专业学时=8)), by=by_reviewer).state
        == "approved"
    )


def test_the_database_refuses_one_person_as_both_reviewers(school, by_clerk, by_reviewer, by_second):
    batch = submitted(school, by_clerk, unusual())
    batch_approve(batch=batch, by=by_reviewer)
    batch_approve(batch=batch, by=by_second)
    with pytest.raises(IntegrityError, match="two_different_reviewers"), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(decided_by=by_reviewer.user)


def test_the_second_reviewer_may_still_return(school, by_clerk, by_reviewer, by_second):
    batch = submitted(school, by_clerk, unusual())
    batch_approve(batch=batch, by=by_reviewer)
    assert batch_return(batch=batch, reason="签到表缺页", by=by_second).state == "returned"


def test_a_refused_row_is_not_credited_and_no_longer_a_flag(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk, unusual(), row())
    row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_reviewer)
    batch = batch_approve(batch=batch, by=by_reviewer)
    assert (batch.state, list(batch.records.values_list("row_number", flat=True))) == ("approved", [3])
    assert Event.objects.get(verb="education.batch.approved").data == {"rows": 1, "refused": 1}


def test_refusing_a_row_undoes_an_agreement_to_other_rows(school, by_clerk, by_reviewer, by_second):
    batch = submitted(school, by_clerk, unusual(), unusual())
    batch_approve(batch=batch, by=by_reviewer)
    batch = row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_second)
    assert batch.agreed_by is None
    assert batch_approve(batch=batch, by=by_second).state == "submitted"


def test_a_refusal_can_be_taken_back_and_a_batch_of_refused_rows_is_no_approval(
    school, by_clerk, by_reviewer
):
    batch = submitted(school, by_clerk, row())
    row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_reviewer)
    with pytest.raises(NothingToCreditError):
        batch_approve(batch=batch, by=by_reviewer)
    row_refuse(batch=batch, number=2, reason="", by=by_reviewer)
    assert batch_approve(batch=batch, by=by_reviewer).records.count() == 1
    with pytest.raises(BatchStateError):
        row_refuse(batch=batch, number=2, reason="x", by=by_reviewer)


def test_a_refused_row_may_come_again_in_another_batch(school, by_clerk, by_reviewer):
    again = row()
    batch = submitted(school, by_clerk, again, row())
    row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_reviewer)
    batch_approve(batch=batch, by=by_reviewer)
    assert checked(school, by_clerk, again).errors == 0


def test_hours_leave_by_counter_entries_and_the_sums_with_them(school, by_clerk, by_reviewer, by_second):
    holder = worker(person("陈海生"))
    batch = approved(
        school, by_clerk, by_reviewer, row(身份证号=holder.person.id_number, 姓名="陈海生"), row()
    )
    reversal = reversal_propose(batch=batch, reason="机构承认代签", by=by_reviewer)
    assert CERecord.objects.aggregate(Sum("hours"))["hours__sum"] == 640
    with pytest.raises(SecondReviewerNeededError):
        reversal_confirm(reversal=reversal, by=by_reviewer)
    reversal_confirm(reversal=reversal, by=by_second)
    sums = CERecord.objects.aggregate(Sum("hours"), Sum("professional_hours"))
    assert (CERecord.objects.count(), set(sums.values())) == (4, {0})
    assert list(records_of(holder.person)) == hours_by_year(holder.person) == []
    batch.refresh_from_db()
    assert (batch.state, batch.reversed_at is not None) == ("approved", True)
    assert set(batch.deliveries.values_list("kind", flat=True)) == set(Delivery.Kind.values)
    assert [n.facts["reason"] for n in Notice.objects.filter(code="education.hours_taken_back")] == [
        "机构承认代签"
    ]


def test_after_a_reversal_the_same_may_be_reported_and_credited_again(
    school, by_clerk, by_reviewer, by_second
):
    again = row()
    batch = approved(school, by_clerk, by_reviewer, again)
    reversal_confirm(reversal=reversal_propose(batch=batch, reason="误批", by=by_reviewer), by=by_second)
    assert approved(school, by_clerk, by_reviewer, again).pk != batch.pk
    assert CERecord.objects.filter(in_force=True).aggregate(Sum("hours")) == CERecord.objects.aggregate(
        Sum("hours")
    )


def test_only_an_approved_batch_and_only_once(school, by_clerk, by_reviewer, by_second):
    with pytest.raises(BatchStateError):
        reversal_propose(batch=submitted(school, by_clerk), reason="x", by=by_reviewer)
    batch = approved(school, by_clerk, by_reviewer, row())
    with pytest.raises(ValueError, match="reason"):
        reversal_propose(batch=batch, reason=" ", by=by_reviewer)
    reversal = reversal_propose(batch=batch, reason="误批", by=by_reviewer)
    with pytest.raises(ReversalStateError):
        reversal_propose(batch=batch, reason="误批", by=by_second)
    reversal_dismiss(reversal=reversal, by=by_second)
    with pytest.raises(ReversalStateError):
        reversal_confirm(reversal=reversal, by=by_second)
    assert CERecord.objects.filter(in_force=True).count() == 1


def test_a_clerk_takes_nothing_back(school, by_clerk, by_reviewer):
    batch = approved(school, by_clerk, by_reviewer, row())
    with pytest.raises(NotAReviewerError):
        reversal_propose(batch=batch, reason="x", by=by_clerk)


def test_the_database_refuses_a_reversal_by_one_person(school, by_clerk, by_reviewer, by_second):
    batch = approved(school, by_clerk, by_reviewer, row())
    reversal = reversal_confirm(
        reversal=reversal_propose(batch=batch, reason="误批", by=by_reviewer), by=by_second
    )
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        Reversal.objects.filter(pk=reversal.pk).update(decided_by=by_reviewer.user)


def test_single_rows_leave_and_the_others_stay(school, by_clerk, by_reviewer, by_second):
    gone, stays = worker(person("陈海生")), worker(person("符美兰"))
    batch = approved(
        school,
        by_clerk,
        by_reviewer,
        row(身份证号=gone.person.id_number, 姓名="陈海生"),
        row(身份证号=stays.person.id_number, 姓名="符美兰"),
    )
    reversal = reversal_propose(batch=batch, rows=[2], reason="代签", by=by_reviewer)
    with pytest.raises(SecondReviewerNeededError):
        reversal_confirm(reversal=reversal, by=by_reviewer)
    reversal_confirm(reversal=reversal, by=by_second)
    batch.refresh_from_db()
    assert batch.reversed_at is None
    assert list(records_of(gone.person)) == []
    assert [record.row_number for record in records_of(stays.person)] == [3]
    counter = CERecord.objects.get(reversal=reversal)
    assert (counter.row_number, counter.hours, counter.reversal_of.in_force) == (2, -320, False)
    told = Notice.objects.filter(code="education.hours_taken_back")
    assert list(told.values_list("person", flat=True)) == [gone.person.pk]
    notice = Notice.objects.get(code="education.batch_reversed", user=by_clerk.user)
    assert (notice.facts["rows"], notice.facts["numbers"]) == (1, [2])


def test_a_batch_whose_last_row_left_is_reversed_as_a_whole(school, by_clerk, by_reviewer, by_second):
    batch = approved(school, by_clerk, by_reviewer, row(), row(), row())
    for rows in ([2, 3], [4]):
        reversal = reversal_propose(batch=batch, rows=rows, reason="误批", by=by_reviewer)
        reversal_confirm(reversal=reversal, by=by_second)
    batch.refresh_from_db()
    assert batch.reversed_at is not None
    assert CERecord.objects.aggregate(Sum("hours"))["hours__sum"] == 0
    with pytest.raises(ReversalStateError):
        reversal_propose(batch=batch, reason="误批", by=by_reviewer)


def test_what_left_singly_is_not_taken_back_again_with_the_batch(school, by_clerk, by_reviewer, by_second):
    batch = approved(school, by_clerk, by_reviewer, row(), row())
    first = reversal_propose(batch=batch, rows=[2], reason="代签", by=by_reviewer)
    reversal_confirm(reversal=first, by=by_second)
    rest = reversal_propose(batch=batch, reason="整批误批", by=by_reviewer)
    reversal_confirm(reversal=rest, by=by_second)
    sent = [
        [record.row_number for record in records_of_delivery(delivery)]
        for delivery in Delivery.objects.order_by("created_at", "kind", "reversal__rows")
    ]
    assert sorted(sent) == [[2], [2, 3], [3]]
    assert CERecord.objects.aggregate(Sum("hours"))["hours__sum"] == 0


@pytest.mark.parametrize("rows", [[9], [2, 9], [3]])
def test_only_rows_that_count_are_taken_back(school, by_clerk, by_reviewer, by_second, rows):
    batch = submitted(school, by_clerk, row(), row())
    row_refuse(batch=batch, number=3, reason="签到表没有此人", by=by_reviewer)
    batch = batch_approve(batch=batch, by=by_reviewer)
    with pytest.raises(RowsNotCreditedError) as refused:
        reversal_propose(batch=batch, rows=rows, reason="误批", by=by_reviewer)
    assert refused.value.rows == [number for number in rows if number != 2]
    with pytest.raises(ValueError, match="no row"):
        reversal_propose(batch=batch, rows=[], reason="误批", by=by_reviewer)


def test_a_row_that_was_taken_back_may_come_again(school, by_clerk, by_reviewer, by_second):
    again = row()
    batch = approved(school, by_clerk, by_reviewer, again, row())
    reversal = reversal_propose(batch=batch, rows=[2], reason="误批", by=by_reviewer)
    assert checked(school, by_clerk, again, row(姓名="")).errors == 2
    reversal_confirm(reversal=reversal, by=by_second)
    assert approved(school, by_clerk, by_reviewer, again).records.count() == 1


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_many_confirmations_take_the_hours_back_once(self, school, by_clerk, by_reviewer, at):
        at(2020, 11, 2, 9)
        batch = approved(school, by_clerk, by_reviewer, row(), row())
        reversal = reversal_propose(batch=batch, reason="误批", by=by_reviewer)
        judges = [Actor("web", reviewer()) for _ in range(4)]
        answers = in_threads(
            12, lambda i: reversal_confirm(reversal=reversal, by=judges[i % 4]), may_raise=ReversalStateError
        )
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert (CERecord.objects.count(), CERecord.objects.aggregate(Sum("hours"))["hours__sum"]) == (4, 0)

    def test_of_many_proposals_one_stands_and_the_others_see_it(self, school, by_clerk, by_reviewer, at):
        at(2020, 11, 2, 9)
        batch = approved(school, by_clerk, by_reviewer, row(), row())
        answers = in_threads(
            6,
            lambda i: reversal_propose(batch=batch, rows=[2 + i % 2], reason="误批", by=by_reviewer),
            may_raise=ReversalStateError,
        )
        (stands,) = Reversal.objects.all()
        assert {each.reversal if isinstance(each, Exception) else each for each in answers} == {stands}

    def test_of_confirming_and_dismissing_one_wins_and_the_hours_agree(
        self, school, by_clerk, by_reviewer, at
    ):
        at(2020, 11, 2, 9)
        batch = approved(school, by_clerk, by_reviewer, row())
        reversal = reversal_propose(batch=batch, reason="误批", by=by_reviewer)
        acts, judges = (reversal_confirm, reversal_dismiss), [Actor("web", reviewer()) for _ in range(2)]
        answers = in_threads(
            4,
            lambda i: acts[i % 2](reversal=reversal, by=judges[i % 2]),
            may_raise=ReversalStateError,
        )
        (won,) = [answer for answer in answers if isinstance(answer, Reversal)]
        counts = CERecord.objects.filter(in_force=True).count()
        assert counts == (0 if won.state == Reversal.State.CONFIRMED else 1)

    def test_a_row_refused_while_its_batch_is_approved_is_credited_or_refused_and_never_both(
        self, school, by_clerk, at
    ):
        at(2020, 11, 2, 9)
        batch = submitted(school, by_clerk, row(), row())
        judges = [Actor("web", reviewer()) for _ in range(2)]

        def act(index):
            if index == 0:
                return batch_approve(batch=batch, by=judges[0])
            return row_refuse(batch=batch, number=2, reason="签到表没有此人", by=judges[1])

        _, refused = in_threads(2, act, may_raise=BatchStateError)
        credited = set(CERecord.objects.values_list("row_number", flat=True))
        assert credited == ({2, 3} if isinstance(refused, BatchStateError) else {3})

    def test_two_first_reviewers_are_the_two_that_are_needed(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        batch = submitted(school, by_clerk, unusual())
        judges = [Actor("web", reviewer()) for _ in range(2)]
        answers = in_threads(2, lambda i: batch_approve(batch=batch, by=judges[i]))
        assert sorted(answer.state for answer in answers) == ["approved", "submitted"]
        assert CERecord.objects.count() == 1


def test_nobody_is_created_for_a_refused_row(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk, row(), row())
    BatchRow.objects.filter(batch=batch, number=2).update(id_number_hash=b"n" * 32)
    row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_reviewer)
    batch_approve(batch=batch, by=by_reviewer)
    assert not Person.objects.filter(id_number_hash=b"n" * 32).exists()
