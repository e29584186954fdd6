"""What is over is deleted, what is not stays, and history stays in any case."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from education.models import Batch, BatchRow, RowProblem
from portal import clock
from portal.accounts.models import ApiToken
from portal.accounts.tokens import token_create
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.operations.models import Job, JobFailure
from portal.policy import current_pack
from portal.retention import purge
from tests import factories
from tests.education import batches
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
BY = Actor.command("test")
START = shanghai(2020, 11, 2, 9)


@pytest.fixture(autouse=True)
def _start():
    clock.move_to(START, running=False)


def days_later(days):
    clock.move_to(START + timedelta(days=days), running=False)


def purged():
    return {expiring.code: count for expiring, count in purge(by=BY)}


def period(code):
    return getattr(current_pack().on(START.date()).retention, f"{code}_days")


def a_notice(*, read):
    return Notice.objects.create(
        person=factories.person(), code="x", at=START, read_at=START if read else None
    )


def a_token():
    token_create(
        user=factories.reviewer(), name="x", scopes=["batches:read"], by=BY, lifetime=timedelta(minutes=1)
    )


def a_failure():
    job = Job.objects.create(name="x", started_at=START)
    JobFailure.objects.create(job=job, at=START, error="ValueError")


def an_abandoned_batch():
    school = factories.institution()
    return batches.checked(school, Actor(means="web", user=factories.clerk(school)))


THINGS = {
    "read_notice": (lambda: a_notice(read=True), Notice),
    "ended_token": (a_token, ApiToken),
    "job_failure": (a_failure, JobFailure),
    "abandoned_batch": (an_abandoned_batch, Batch),
}


@pytest.mark.parametrize("code", THINGS)
def test_each_thing_goes_the_day_after_its_period_and_not_before(code):
    make, model = THINGS[code]
    make()
    days_later(period(code))
    assert purged()[code] == 0
    assert model.objects.exists()
    days_later(period(code) + 1)
    assert purged()[code] == 1
    assert not model.objects.exists()


def test_every_period_of_the_policy_belongs_to_something(settings):
    fields = {name.removesuffix("_days") for name in current_pack().on(START.date()).retention.__slots__}
    assert fields == {expiring.code for expiring, _ in purge(by=BY) if expiring.has_period} == set(THINGS)


def test_an_unread_notice_stays():
    a_notice(read=False)
    days_later(5000)
    purged()
    assert Notice.objects.exists()


def test_a_batch_goes_with_its_rows_and_its_file(django_capture_on_commit_callbacks):
    batch = an_abandoned_batch()
    assert BatchRow.objects.filter(batch=batch).exists()
    path = batch.file.path
    days_later(period("abandoned_batch") + 1)
    with django_capture_on_commit_callbacks(execute=True):
        purged()
    assert not BatchRow.objects.exists()
    assert not RowProblem.objects.exists()
    assert not batch.file.storage.exists(path)


def test_what_was_submitted_stays():
    school = factories.institution()
    batch = batches.submitted(school, Actor(means="web", user=factories.clerk(school)))
    days_later(5000)
    purged()
    assert list(Batch.objects.all()) == [batch]
    assert batch.file.storage.exists(batch.file.name)


def test_a_batch_that_was_corrected_waits_for_its_correction():
    school = factories.institution()
    by = Actor(means="web", user=factories.clerk(school))
    first = batches.checked(school, by)
    batches.checked(school, by, corrects=first)
    days_later(5000)
    assert purged()["abandoned_batch"] == 1
    assert list(Batch.objects.all()) == [first]
    assert purged()["abandoned_batch"] == 1


def test_sessions_that_ran_out_go_by_the_real_clock(client):
    client.force_login(factories.reviewer())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_session SELECT 'old', session_data, clock_timestamp() - interval '1 second' "
            "FROM django_session"
        )
    assert purged()["session"] == 1
    assert client.get("/review/").status_code == 200


def test_a_dry_run_says_the_same_and_deletes_nothing(capsys, django_capture_on_commit_callbacks):
    batch = an_abandoned_batch()
    days_later(5000)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("purge", "--dry-run")
    assert "1  abandoned_batch" in capsys.readouterr().out
    assert batch.file.storage.exists(batch.file.name)
    assert Batch.objects.exists()
    assert not Event.objects.filter(verb="portal.data.purged").exists()


def test_history_is_never_deleted_and_tells_what_was():
    an_abandoned_batch()
    before = Event.objects.count()
    days_later(5000)
    purged()
    assert Event.objects.count() == before + 1
    assert Event.objects.get(verb="portal.data.purged").data == {
        "actor": "test",
        "what": "abandoned_batch",
        "count": 1,
    }
