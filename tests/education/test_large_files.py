"""Files too large for a request: a worker makes them, whoever asked fetches them, a day later they are gone."""

import io
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from openpyxl import load_workbook

from education.models import Batch
from education.workbook import WORKBOOK
from portal import clock
from portal.accounts.models import Person
from portal.downloads import services
from portal.downloads.models import Download, download_path
from portal.downloads.services import (
    MOST_ATTEMPTS,
    DownloadNotFoundError,
    download_ask,
    download_make,
    downloads_remove,
    downloads_waiting,
)
from portal.events.models import Event
from portal.events.services import Actor
from portal.exports import workbook_response
from tests.education.batches import checked
from tests.education.sheets import row
from tests.education.test_api_batches import caller
from tests.factories import clerk, institution
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at, monkeypatch):
    at(2020, 11, 2, 9)
    monkeypatch.setattr("education.views.AT_ONCE_ROWS", 2)
    monkeypatch.setattr("education.api.AT_ONCE_ROWS", 2)


@pytest.fixture
def asked(monkeypatch):
    """What was asked of the workers; nothing is sent."""
    from portal.downloads import tasks

    sent = []
    monkeypatch.setattr(tasks.make, "apply_async", lambda args, **options: sent.append(args))
    return sent


@pytest.fixture
def large(school, by_clerk):
    return checked(school, by_clerk, row(姓名=""), row(), row(课程名称="@SUM(1)"))


@pytest.fixture
def browser(client, by_clerk):
    client.force_login(by_clerk.user, backend="portal.accounts.backends.IdentityBackend")
    client.cookies["django_language"] = "en"
    return client


def made(download):
    download_make(download)
    download.refresh_from_db()
    return download


def test_the_page_answers_at_once_and_shows_the_way_until_the_file_is_there(
    browser, large, asked, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.get(reverse("batch-workbook", args=[large.pk]))
    download = Download.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("download", args=[download.pk]))
    assert asked == [(str(download.pk),)]
    download.note(40, 100)
    shown = browser.get(reverse("download", args=[download.pk])).content.decode()
    assert "Being made" in shown
    assert "40" in shown
    assert 'hx-trigger="every 1s"' in shown
    assert browser.get(reverse("download-file", args=[download.pk])).status_code == 404
    made(download)
    shown = browser.get(reverse("download", args=[download.pk])).content.decode()
    assert reverse("download-file", args=[download.pk]) in shown
    assert "every 1s" not in shown
    answer = browser.get(reverse("download-file", args=[download.pk]), follow=True)
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert [sheet.cell(line, 16).value for line in (2, 3, 4)] == ["Error", "Good", "Good"]
    assert sheet["F4"].data_type == "s"


def test_asked_twice_it_is_one_file_and_after_another_check_another(large, by_clerk, asked):
    ask = {"kind": WORKBOOK.code, "subject": str(large.pk), "by": by_clerk}
    first = download_ask(**ask)
    assert download_ask(**ask) == first
    Batch.objects.filter(pk=large.pk).update(checked_at=clock.now() + timedelta(seconds=1))
    assert download_ask(**ask) != first
    assert made(first).state == "ready"  # of the check that holds now; nobody has to ask again
    assert Event.objects.filter(verb="downloads.download.asked").count() == 2


def test_the_api_says_202_until_the_file_is_there(large, by_clerk, asked):
    api, address = caller(by_clerk.user), f"/api/v1/batches/{large.pk}/workbook/"
    answer = api.get(address)
    assert (answer.status_code, answer.json()) == (202, {"state": "waiting", "progress": 0})
    assert answer.headers["Retry-After"] == "2"
    made(Download.objects.get())
    answer = api.get(address)
    assert answer.status_code == 200
    assert load_workbook(io.BytesIO(b"".join(answer.streaming_content))).sheetnames[1] == "Overview"


def test_it_is_theirs_alone_and_only_while_they_may_see_the_batch(
    client, large, by_clerk, by_reviewer, school
):
    download = made(download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk))
    others = [by_reviewer.user, clerk(school), clerk(institution())]
    for user in others:
        client.force_login(user, backend="portal.accounts.backends.IdentityBackend")
        for name in ("download", "download-file"):
            assert client.get(reverse(name, args=[download.pk])).status_code == 404
    with pytest.raises(DownloadNotFoundError):
        download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=Actor("web", others[-1]))
    by_clerk.user.membership.delete()
    client.force_login(by_clerk.user, backend="portal.accounts.backends.IdentityBackend")
    assert client.get(reverse("download-file", args=[download.pk])).status_code == 404


def test_on_disk_it_is_unreadable_without_the_key(large, by_clerk):
    download = made(download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk))
    assert not Path(download.file.path).read_bytes().startswith(b"PK")
    assert download.file.open().read(2) == b"PK"
    assert not any(person.name in download.file.name for person in Person.objects.all())


def test_what_kills_its_worker_again_and_again_fails_in_the_end_and_can_be_asked_for_anew(
    large, by_clerk, monkeypatch
):
    download = download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk)

    def die(*_):
        raise MemoryError

    monkeypatch.setattr("education.workbook.workbook_write", die)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(MemoryError):
            download_make(download)
    assert made(download).state == "failed"
    monkeypatch.undo()
    again = download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk)
    assert (again.pk, made(again).state) == (download.pk, "ready")


def test_what_was_taken_away_meanwhile_is_not_made(large, by_clerk):
    download = download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk)
    by_clerk.user.membership.delete()
    assert made(Download.objects.get(pk=download.pk)).state == "failed"


def test_the_part_of_a_file_that_a_killed_worker_left_goes_with_the_rest(
    large, by_clerk, at, django_capture_on_commit_callbacks
):
    download = download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk)
    left = download.file.storage.save(download_path(download, ""), ContentFile(b"half of it"))
    at(2020, 11, 3, 9, 1)
    with django_capture_on_commit_callbacks(execute=True):
        assert downloads_remove(clock.now()) == 1
    assert not download.file.storage.exists(left)


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_again_for_one_that_failed_begin_it_once(school, by_clerk, at):
    at(2020, 11, 2, 9)
    batch = checked(school, by_clerk, row(), row(), row())
    ask = {"kind": WORKBOOK.code, "subject": str(batch.pk), "by": by_clerk}
    download = download_ask(**ask)
    Download.objects.update(state="failed", attempts=MOST_ATTEMPTS)
    again = in_threads(8, lambda _: download_ask(**ask))
    assert {each.pk for each in again} == {download.pk}
    assert Event.objects.filter(verb="downloads.download.asked").count() == 2
    assert made(download).state == "ready"
    assert download_ask(**ask).state == "ready"


def test_a_workbook_that_cannot_be_written_leaves_no_file_open():
    written = []

    def fail(target):
        written.append(target)
        target.write(b"PK")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - its own
        workbook_response("x.xlsx", fail)
    assert written[0].closed


def test_the_sweep_finds_what_a_lost_broker_left_and_a_day_later_all_is_gone(
    large, by_clerk, at, django_capture_on_commit_callbacks
):
    download = download_ask(kind=WORKBOOK.code, subject=str(large.pk), by=by_clerk)
    assert downloads_waiting() == []
    at(2020, 11, 2, 9, 1)
    assert downloads_waiting() == [download]
    made(download)
    assert downloads_waiting() == []
    assert downloads_remove(clock.now()) == 0
    at(2020, 11, 3, 9, 1)
    with django_capture_on_commit_callbacks(execute=True):
        assert downloads_remove(clock.now()) == 1
    assert not download.file.storage.exists(download.file.name)


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_file(school, by_clerk, at):
    at(2020, 11, 2, 9)
    batch = checked(school, by_clerk, row(), row(), row())
    download = download_ask(kind=WORKBOOK.code, subject=str(batch.pk), by=by_clerk)
    in_threads(4, lambda _: download_make(download))
    download.refresh_from_db()
    assert (download.state, download.attempts <= 4) == ("ready", True)


def test_a_download_of_nothing_that_exists(by_clerk):
    with pytest.raises(DownloadNotFoundError):
        download_ask(kind=WORKBOOK.code, subject=str(uuid.uuid4()), by=by_clerk)
    assert not Download.objects.exists()
    assert services.downloads_waiting() == []
