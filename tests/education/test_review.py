import pytest

from education.models import CERecord
from education.services import (
    BatchStateError,
    HoursAlreadyCreditedError,
    NotAReviewerError,
    batch_approve,
    batch_check,
    batch_return,
)
from institutions.models import Membership
from portal import crypto
from portal.accounts.models import Person, Role, User
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests.education.batches import JOB, checked, submitted, upload
from tests.education.sheets import row
from tests.factories import fresh_id_number, institution, person, reviewer, staff, worker
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def test_an_approval_credits_every_row_to_its_person(school, by_clerk, by_reviewer):
    known, number = person("陈海生"), fresh_id_number()
    batch = submitted(
        school,
        by_clerk,
        row(身份证号=known.id_number, 姓名="陈海生", 总学时=32.5),
        row(身份证号=number, 姓名="林南"),
    )
    batch_approve(batch=batch, by=by_reviewer)
    record = CERecord.objects.get(person=known)
    assert (record.hours, record.professional_hours, record.passed, record.post_code) == (
        325,
        220,
        True,
        "101",
    )
    newcomer = Person.objects.get(id_number_hash=crypto.blind_index("id_number", number))
    assert (newcomer.name, newcomer.id_number, newcomer.ce_records.count()) == ("林南", number, 1)
    event = Event.objects.get(verb="education.batch.approved")
    assert event.data == {"rows": 2, "refused": 0}


def test_one_person_with_two_courses_becomes_one_person(school, by_clerk, by_reviewer):
    number = fresh_id_number()
    batch = submitted(school, by_clerk, row(身份证号=number), row(身份证号=number, 课程名称="标准规范"))
    batch_approve(batch=batch, by=by_reviewer)
    assert CERecord.objects.values("person").distinct().count() == 1


def test_those_with_an_account_are_told_and_so_is_the_institution(school, by_clerk, by_reviewer):
    account, silent = worker(person("陈海生")), person("陈海生")
    batch = submitted(
        school, by_clerk, *[row(身份证号=p.id_number, 姓名="陈海生") for p in (account.person, silent)]
    )
    batch_approve(batch=batch, by=by_reviewer)
    told = Notice.objects.filter(code="education.hours_credited")
    assert [notice.person_id for notice in told] == [account.person_id]
    assert Notice.objects.filter(code="education.batch_approved", user=by_clerk.user).count() == 1


def test_a_return_needs_a_reason_and_credits_nothing(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk)
    with pytest.raises(ValueError, match="reason"):
        batch_return(batch=batch, reason="  ", by=by_reviewer)
    batch = batch_return(batch=batch, reason="签到表缺页", by=by_reviewer)
    assert (batch.state, batch.return_reason) == ("returned", "签到表缺页")
    assert not CERecord.objects.exists()
    assert Notice.objects.get(code="education.batch_returned").facts["reason"] == "签到表缺页"


def test_whoever_comes_second_is_told_the_state(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk)
    batch_return(batch=batch, reason="签到表缺页", by=by_reviewer)
    with pytest.raises(BatchStateError) as late:
        batch_approve(batch=batch, by=Actor("web", reviewer()))
    assert late.value.state == "returned"


def test_only_a_submitted_batch_is_decided(school, by_clerk, by_reviewer):
    for batch in (upload(school, by_clerk), checked(school, by_clerk)):
        with pytest.raises(BatchStateError):
            batch_approve(batch=batch, by=by_reviewer)


def test_a_clerk_and_a_county_officer_cannot_decide(school, by_clerk):
    batch = submitted(school, by_clerk)
    for user in (by_clerk.user, staff(Role.COUNTY, area_code="460100")):
        with pytest.raises(NotAReviewerError):
            batch_approve(batch=batch, by=Actor("web", user))


def test_a_reviewer_who_once_brought_the_batch_or_belongs_to_an_institution_cannot_decide(school, by_clerk):
    batch = submitted(school, by_clerk)
    Membership.objects.filter(user=by_clerk.user).delete()
    User.objects.filter(pk=by_clerk.user.pk).update(role="reviewer")
    with pytest.raises(NotAReviewerError):
        batch_approve(batch=batch, by=Actor("web", User.objects.get(pk=by_clerk.user.pk)))
    member = reviewer()
    Membership.objects.create(user=member, institution=institution("三亚样例培训学校"))
    with pytest.raises(NotAReviewerError):
        batch_approve(batch=batch, by=Actor("web", member))


def test_a_role_taken_away_in_the_middle_of_a_session_counts_at_once(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk)
    User.objects.filter(pk=by_reviewer.user.pk).update(role="auditor")
    with pytest.raises(NotAReviewerError):
        batch_approve(batch=batch, by=by_reviewer)


def test_a_course_credited_by_another_batch_in_between_stops_the_approval_whole(
    school, by_clerk, by_reviewer
):
    number = fresh_id_number()
    first = submitted(school, by_clerk, row(身份证号=number), row())
    # as when two institutions submit at the same moment: neither saw the other
    second = submitted(school, by_clerk, row(), row())
    second.rows.filter(number=3).update(
        id_number_hash=crypto.blind_index("id_number", number), id_number=crypto.encrypt(number)
    )
    batch_approve(batch=first, by=by_reviewer)
    with pytest.raises(HoursAlreadyCreditedError) as error:
        batch_approve(batch=second, by=by_reviewer)
    assert error.value.rows == [3]
    second.refresh_from_db()
    assert second.state == "submitted"
    assert CERecord.objects.filter(batch=second).count() == 0


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_fifty_approvals_credit_once(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        batch = submitted(school, by_clerk, row(), row(), row())
        judges = [Actor("web", reviewer()) for _ in range(5)]
        answers = in_threads(
            50, lambda i: batch_approve(batch=batch, by=judges[i % 5]), may_raise=BatchStateError
        )
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert CERecord.objects.count() == 3

    def test_of_approve_and_return_one_wins_and_the_other_sees_it(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        batch = submitted(school, by_clerk)
        one, other = Actor("web", reviewer()), Actor("web", reviewer())
        answers = in_threads(
            2,
            lambda i: (
                batch_approve(batch=batch, by=one)
                if i
                else batch_return(batch=batch, reason="缺页", by=other)
            ),
            may_raise=BatchStateError,
        )
        (lost,) = (answer for answer in answers if isinstance(answer, BatchStateError))
        batch.refresh_from_db()
        assert lost.state == batch.state
        assert CERecord.objects.count() == (1 if batch.state == "approved" else 0)

    def test_two_batches_with_the_same_new_person_create_one(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        number = fresh_id_number()
        batches = [
            submitted(
                school, by_clerk, *[row(身份证号=number, 课程名称=f"课程{i}")], *[row() for _ in range(50)]
            )
            for i in range(2)
        ]
        judges = [Actor("web", reviewer()) for _ in range(2)]
        in_threads(2, lambda i: batch_approve(batch=batches[i], by=judges[i]))
        assert (
            Person.objects.get(id_number_hash=crypto.blind_index("id_number", number)).ce_records.count() == 2
        )

    def test_two_workers_at_one_batch_check_it_once(self, school, by_clerk, at):
        at(2020, 11, 2, 9)
        batch = upload(school, by_clerk)
        in_threads(4, lambda i: batch_check(batch.pk, by=JOB))
        batch.refresh_from_db()
        assert (batch.state, batch.rows_total) == ("checked", 1)
        assert Event.objects.filter(verb="education.batch.checked").count() == 1
