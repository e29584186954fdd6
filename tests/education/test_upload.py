from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from education.models import Batch
from education.services import (
    CannotCorrectError,
    FileRefusedAtUploadError,
    IdempotencyKeyReusedError,
    NotOfInstitutionError,
    batch_return,
    batch_upload,
)
from education.tasks import resume_batches
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests.education.batches import checked, submitted, upload
from tests.education.sheets import row, workbook
from tests.factories import clerk, institution

pytestmark = pytest.mark.django_db


def test_an_upload_is_kept_encrypted_and_a_worker_is_asked_by_its_id_alone(
    school, by_clerk, asked, django_capture_on_commit_callbacks
):
    content = workbook(row())
    with django_capture_on_commit_callbacks(execute=True):
        batch = upload(school, by_clerk, content)
    assert batch.state == "uploaded"
    assert asked == [(str(batch.pk),)]
    assert content[:4] not in Path(batch.file.path).read_bytes()
    with batch.file.open("rb") as file:
        assert file.read() == content
    assert Event.objects.filter(verb="education.batch.uploaded", subject_id=str(batch.pk)).count() == 1


def test_the_same_file_again_is_the_same_batch(school, by_clerk):
    content = workbook(row())
    assert upload(school, by_clerk, content).pk == upload(school, by_clerk, content, name="copy.xlsx").pk
    assert Batch.objects.count() == 1


def test_the_same_key_again_is_the_same_batch(school, by_clerk):
    content = workbook(row())
    first = upload(school, by_clerk, content, idempotency_key="k-1")
    assert upload(school, by_clerk, content, idempotency_key="k-1").pk == first.pk


def test_the_same_key_with_another_file_is_refused(school, by_clerk):
    first = upload(school, by_clerk, workbook(row()), idempotency_key="k-1")
    with pytest.raises(IdempotencyKeyReusedError) as refused:
        upload(school, by_clerk, workbook(row()), idempotency_key="k-1")
    assert refused.value.batch.pk == first.pk


def test_two_institutions_may_use_the_same_key_and_even_the_same_file(school, by_clerk):
    other = institution("三亚样例培训学校")
    content = workbook(row())
    mine = upload(school, by_clerk, content, idempotency_key="k-1")
    theirs = upload(other, Actor(Event.Means.WEB, clerk(other)), content, idempotency_key="k-1")
    assert mine.pk != theirs.pk


def test_only_a_clerk_of_the_institution_may_upload(school, by_reviewer):
    stranger = Actor(Event.Means.WEB, clerk(institution("三亚样例培训学校")))
    for by in (stranger, by_reviewer, Actor.job("x")):
        with pytest.raises(NotOfInstitutionError):
            upload(school, by)


def test_a_clerk_whose_account_was_closed_a_moment_ago_may_not(school, by_clerk):
    type(by_clerk.user).objects.filter(pk=by_clerk.user.pk).update(is_active=False)
    with pytest.raises(NotOfInstitutionError):
        upload(school, by_clerk)


def test_an_empty_file_and_one_byte_too_many_are_refused_at_once(school, by_clerk, settings):
    settings.BATCH_MAX_BYTES = 1000
    for content, code in ((b"", "file_empty"), (b"x" * 1001, "file_too_large")):
        with pytest.raises(FileRefusedAtUploadError) as refused:
            batch_upload(institution=school, file=ContentFile(content), filename="x", by=by_clerk)
        assert refused.value.problem.code == code
    assert not Batch.objects.exists()


def test_the_upload_succeeds_without_a_broker_and_the_sweep_finds_it(
    school, by_clerk, settings, monkeypatch, at, django_capture_on_commit_callbacks
):
    from kombu.exceptions import OperationalError

    from education import tasks

    def away(*args, **options):
        raise OperationalError

    at(2020, 11, 2, 9)
    monkeypatch.setattr(tasks.check_batch, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        batch = upload(school, by_clerk)
    sent = []
    monkeypatch.setattr(tasks.check_batch, "apply_async", lambda args, **options: sent.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        resume_batches()
    assert sent == []  # it may just be on its way
    at(2020, 11, 2, 9, 1)
    with django_capture_on_commit_callbacks(execute=True):
        resume_batches()
    assert sent == [(str(batch.pk),)]


def test_a_correction_replaces_a_batch_that_was_not_submitted(school, by_clerk):
    first = checked(school, by_clerk, row(姓名=""))
    second = upload(school, by_clerk, corrects=first)
    assert second.corrects_id == first.pk
    with pytest.raises(CannotCorrectError):
        upload(school, by_clerk, corrects=first)


def test_a_submitted_batch_cannot_be_corrected_and_a_foreign_one_neither(school, by_clerk):
    batch = submitted(school, by_clerk)
    with pytest.raises(CannotCorrectError):
        upload(school, by_clerk, corrects=batch)
    other = institution("三亚样例培训学校")
    with pytest.raises(CannotCorrectError):
        upload(other, Actor(Event.Means.WEB, clerk(other)), corrects=batch)


def test_the_same_file_may_come_again_after_it_was_returned(school, by_clerk, by_reviewer):
    content = workbook(row())
    batch = submitted(school, by_clerk, content=content)
    batch_return(batch=batch, reason="签到表缺页", by=by_reviewer)
    assert upload(school, by_clerk, content, corrects=batch).pk != batch.pk


def test_the_clock_of_the_database_dates_the_upload(school, by_clerk, at):
    at(2020, 11, 2, 9)
    assert upload(school, by_clerk).uploaded_at == clock.now()
