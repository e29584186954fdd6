"""What is over is deleted, what is not stays, and history stays in any case."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from education.models import Batch, BatchRow, CERecord, Claim, Delivery, RowProblem
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


def a_decided_batch():
    school = factories.institution()
    approved = batches.approved(
        school,
        Actor(means="web", user=factories.clerk(school)),
        Actor(means="web", user=factories.reviewer()),
    )
    approved.deliveries.update(state="answered", answered_at=START)


def a_claim():
    Claim.objects.create(
        person=factories.person(),
        institution=factories.institution(),
        post_code="101",
        course="x",
        ended_on=START.date(),
        due_on=START.date(),
        claimed_at=START,
    )


def a_repeatable_upload():
    school = factories.institution()
    batch = batches.submitted(school, Actor(means="web", user=factories.clerk(school)))
    Batch.objects.filter(pk=batch.pk).update(idempotency_key="x")


THINGS = {
    "decided_batch": (a_decided_batch, BatchRow),
    "claim": (a_claim, Claim),
    "read_notice": (lambda: a_notice(read=True), Notice),
    "ended_token": (a_token, ApiToken),
    "job_failure": (a_failure, JobFailure),
    "abandoned_batch": (an_abandoned_batch, Batch),
}


KEYED = Batch.objects.filter(idempotency_key__isnull=False)


def test_a_key_of_repetition_goes_and_its_batch_stays():
    a_repeatable_upload()
    days_later(period("idempotency_key"))
    assert purged()["idempotency_key"] == 0
    days_later(period("idempotency_key") + 1)
    assert purged()["idempotency_key"] == 1
    assert Batch.objects.exists()
    assert not KEYED.all().exists()


def test_of_a_decided_batch_the_decision_and_the_hours_stay(django_capture_on_commit_callbacks, client):
    a_decided_batch()
    batch = Batch.objects.get()
    path, records = batch.file.path, list(CERecord.objects.values())
    assert records
    days_later(period("decided_batch") + 1)
    with django_capture_on_commit_callbacks(execute=True):
        purged()
    assert not Path(path).exists()
    assert list(CERecord.objects.values()) == records
    batch.refresh_from_db()
    assert (batch.state, bool(batch.file), batch.rows.count()) == ("approved", False, 0)
    client.force_login(factories.reviewer())
    assert "保存期满" in client.get(f"/review/batches/{batch.pk}/").content.decode()
    client.force_login(batch.uploaded_by)
    assert "保存期满" in client.get(f"/institution/batches/{batch.pk}/").content.decode()
    assert client.get(f"/institution/batches/{batch.pk}/workbook/").status_code == 404


def test_a_decided_batch_that_waits_to_be_passed_on_stays_whole():
    a_decided_batch()
    Delivery.objects.update(state="waiting", answered_at=None)
    days_later(5000)
    assert purged()["decided_batch"] == 0


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
    assert fields == {expiring.code for expiring, _ in purge(by=BY) if expiring.has_period}
    assert fields == {*THINGS, "idempotency_key"}


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
