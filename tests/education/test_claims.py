"""A person says that they took a course; a batch of that institution confirms it, or those concerned see it."""

from datetime import date

import pytest
from django.urls import reverse

from education.claims import AlreadyClaimedError, claim_make, claims, claims_unconfirmed
from education.models import Claim
from education.services import batch_return
from portal.events.models import Event
from portal.events.services import Actor
from tests.education.batches import checked, submitted
from tests.education.sheets import row
from tests.factories import institution, person, worker
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
TOLD = {"post_code": "101", "course": "施工现场安全与质量", "ended_on": "2020-10-20"}


@pytest.fixture(autouse=True)
def _october(at):
    at(2020, 10, 22, 9)


@pytest.fixture
def holder():
    return worker(person("陈海生"))


@pytest.fixture
def say(client, school, holder):
    client.force_login(holder, backend="portal.accounts.backends.IdentityBackend")
    client.cookies["django_language"] = "en"

    def said(**changes):
        return client.post(reverse("my-claims"), {"institution": school.pk, **TOLD, **changes}, follow=True)

    return said


def report(school, by_clerk, holder, by=submitted):
    return by(school, by_clerk, row(身份证号=holder.person.id_number, 姓名="陈海生"))


def test_a_claim_is_due_at_the_end_of_its_half_month_and_seen_from_the_day_after(say, school, at):
    assert "To be reported by" in say().content.decode()
    assert str(Claim.objects.get().due_on) == "2020-10-31"
    at(2020, 10, 31, 23, 59)
    assert not claims_unconfirmed(school).exists()
    at(2020, 11, 1)
    assert [claim.course for claim in claims_unconfirmed(school)] == [TOLD["course"]]


def test_a_submitted_batch_of_that_institution_confirms_it_and_no_other(say, school, by_clerk, holder, at):
    say()
    other = institution("三亚样例培训学校")
    say(institution=other.pk)
    report(school, by_clerk, holder, by=checked)
    assert not claims().filter(confirmed=True).exists()
    batch = submitted(school, by_clerk, row(身份证号=holder.person.id_number, 姓名="陈海生", 总学时=33))
    assert [claim.institution for claim in claims().filter(confirmed=True)] == [school]
    at(2020, 11, 2, 9)
    assert not claims_unconfirmed(school).exists()
    assert claims_unconfirmed(other).count() == 1
    from portal.events.services import Actor
    from tests.factories import reviewer

    batch_return(batch=batch, reason="缺页", by=Actor("web", reviewer()))
    assert claims_unconfirmed(school).count() == 1


def test_the_clerk_and_the_reviewer_see_it_masked(say, client, school, by_clerk, by_reviewer, holder, at):
    say()
    at(2020, 11, 2, 9)
    batch = submitted(school, by_clerk)
    for user, address in (
        (by_clerk.user, reverse("institution-home")),
        (by_reviewer.user, reverse("review-batch", args=[batch.pk])),
    ):
        client.force_login(user, backend="portal.accounts.backends.IdentityBackend")
        shown = client.get(address).content.decode()
        assert "no batch names" in shown
        assert holder.person.id_number not in shown


def test_the_same_twice_a_future_course_and_a_strange_number_are_refused(say, client, school):
    say()
    assert say().status_code == 422
    assert say(ended_on="2020-10-23").status_code == 422
    assert client.post(reverse("my-claims"), {"withdraw": "x"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_many_clicks_make_one_claim(school, holder, at):
    at(2020, 10, 22, 9)
    told = {**TOLD, "ended_on": date(2020, 10, 20), "institution": school, "person": holder.person}
    answers = in_threads(
        6, lambda _: claim_make(**told, by=Actor("web", holder)), may_raise=AlreadyClaimedError
    )
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert Event.objects.filter(verb="education.claim.made").count() == Claim.objects.count() == 1


def test_only_the_own_claim_can_be_taken_back(say, client, school):
    say()
    claim = Claim.objects.get()
    client.force_login(worker(), backend="portal.accounts.backends.IdentityBackend")
    assert client.post(reverse("my-claims"), {"withdraw": str(claim.pk)}).status_code == 404
    client.force_login(claim.person.user, backend="portal.accounts.backends.IdentityBackend")
    client.post(reverse("my-claims"), {"withdraw": str(claim.pk)})
    assert not claims().exists()
    assert say().status_code == 200
