"""Onward to the national system: a real server on this machine that fails in every way, and files for people."""

import csv
import io
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.urls import reverse
from openpyxl import load_workbook

from education.models import CERecord, Delivery
from education.national.outbox import (
    HalfMonth,
    deliveries_due,
    delivery_send,
    delivery_send_again,
    half_month_entered,
    half_month_of_text,
    records_mark,
)
from education.national.system import Answer, HttpNationalSystem
from education.services import reversal_confirm, reversal_propose
from portal import clock
from portal.downloads.models import Download
from portal.downloads.services import download_make
from portal.events.models import Event
from portal.events.services import Actor
from tests.education.batches import approved
from tests.education.sheets import row
from tests.education.test_api_batches import caller
from tests.environment import PATIENCE
from tests.factories import clerk, fresh_id_number, reviewer
from tests.parallel import in_threads, wait_until_somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db
JOB = Actor.job("test")


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


class Office(BaseHTTPRequestHandler):
    """Keeps what it was given by key, and answers as it was told to."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        office = self.server
        office.asked.append((self.headers["Idempotency-Key"], self.headers["Authorization"]))
        office.kept.setdefault(self.headers["Idempotency-Key"], body["records"])
        behaviour = office.behaviours.pop(0) if office.behaviours else "ok"
        getattr(self, f"answer_{behaviour}")(body)

    def reply(self, content, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def records(self, body, **changes):
        return {"records": [{"id": found["id"], "entered": True, **changes} for found in body["records"]]}

    def answer_ok(self, body):
        self.reply(json.dumps(self.records(body)).encode())

    def answer_refused(self, body):
        self.reply(json.dumps(self.records(body, entered=False, reason="查无此证")).encode())

    def answer_error(self, body):
        self.reply(b"", 500)

    def answer_busy(self, body):
        self.reply(b"", 429, Retry_After="900")

    def answer_forbidden(self, body):
        self.reply(b"", 403)

    def answer_elsewhere(self, body):
        self.reply(b"", 307, Location=f"http://127.0.0.1:{self.server.server_port}/other")

    def answer_garbage(self, body):
        self.reply(b"<html>")

    def answer_other_records(self, body):
        self.reply(b'{"records": [{"id": 1, "entered": true}]}')

    def answer_half(self, body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"records')

    def answer_cut(self, body):
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer_silence(self, body):
        self.server.patience.wait(PATIENCE)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def office():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Office)
    server.asked, server.kept, server.behaviours, server.patience = [], {}, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.patience.set()
    server.shutdown()
    server.server_close()
    thread.join()


def system_of(office, **options):
    return HttpNationalSystem(f"http://127.0.0.1:{office.server_port}/entries", "t0ken", **options)


@pytest.fixture
def system(office):
    return system_of(office)


@pytest.fixture
def delivery(school, by_clerk, by_reviewer):
    batch = approved(school, by_clerk, by_reviewer, row(), row())
    return Delivery.objects.get(batch=batch)


def test_an_approval_waits_until_it_is_sent_and_each_record_says_so(office, system, delivery):
    assert list(CERecord.objects.values_list("entered_at", "entry_refusal")) == [(None, "")] * 2
    sent = delivery_send(delivery=delivery, system=system, by=JOB)
    assert (sent.state, sent.attempts) == ("answered", 1)
    assert not CERecord.objects.filter(entered_at__isnull=True).exists()
    assert office.asked == [(str(delivery.key), "Bearer t0ken")]
    told = office.kept[str(delivery.key)][0]
    assert (told["hours"], told["post_code"], len(told["id_number"])) == (32.0, "101", 18)
    assert deliveries_due() == []


@pytest.mark.parametrize("behaviour", ["error", "garbage", "other_records", "half", "cut", "silence", "busy"])
def test_whatever_goes_wrong_is_tried_again_under_the_same_key(office, system, delivery, behaviour):
    office.behaviours = [behaviour]
    impatient = system_of(office, seconds=0.5) if behaviour == "silence" else system
    failed = delivery_send(delivery=delivery, system=impatient, by=JOB)
    assert (failed.state, failed.attempts) == ("waiting", 1)
    assert failed.last_error
    assert failed.next_attempt_at - clock.now() == timedelta(seconds=900 if behaviour == "busy" else 30)
    assert not CERecord.objects.filter(entered_at__isnull=False).exists()
    assert delivery_send(delivery=failed, system=system, by=JOB).state == "answered"
    assert {key for key, _ in office.asked} == {str(delivery.key)}
    assert len(office.kept) == 1


def test_a_server_that_is_not_there_is_waited_for_longer_each_time(delivery):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = HttpNationalSystem(f"http://127.0.0.1:{free.getsockname()[1]}/", "t", seconds=0.5)
        waits = []
        for _ in range(12):
            delivery = delivery_send(delivery=delivery, system=nobody, by=JOB)
            waits.append((delivery.next_attempt_at - clock.now()).total_seconds())
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == 6 * 3600
    assert deliveries_due() == []


@pytest.mark.parametrize("behaviour", ["forbidden", "elsewhere"])
def test_a_rejection_as_a_whole_is_not_repeated_and_no_redirect_followed(office, system, delivery, behaviour):
    office.behaviours = [behaviour]
    rejected = delivery_send(delivery=delivery, system=system, by=JOB)
    assert rejected.state == "rejected"
    assert len(office.asked) == 1
    assert deliveries_due() == []


def test_a_refused_record_keeps_the_reason(office, system, delivery):
    office.behaviours = ["refused"]
    assert delivery_send(delivery=delivery, system=system, by=JOB).state == "answered"
    assert set(CERecord.objects.values_list("entered_at", "entry_refusal")) == {(None, "查无此证")}
    assert Event.objects.get(verb="education.delivery.answered").data["refused"] == 2
    told = Event.objects.filter(verb="education.record.entry_refused")
    assert set(told.values_list("person_id", flat=True)) == set(
        delivery.batch.records.values_list("person_id", flat=True)
    )  # as when a reviewer marks them: each person reads it in their history


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(office, system, delivery):
    delivery_send(delivery=delivery, system=system, by=JOB)
    again = delivery_send(delivery=delivery, system=system, by=JOB)
    assert (again.state, again.attempts, len(office.kept)) == ("answered", 1, 1)
    assert Event.objects.filter(verb="education.delivery.answered").count() == 1


def test_what_is_taken_back_follows_what_was_credited(office, system, delivery, by_reviewer):
    reversal = reversal_propose(batch=delivery.batch, reason="误批", by=by_reviewer)
    reversal_confirm(reversal=reversal, by=Actor("web", reviewer()))
    assert deliveries_due() == [delivery]
    delivery_send(delivery=delivery, system=system, by=JOB)
    (taken_back,) = deliveries_due()
    delivery_send(delivery=taken_back, system=system, by=JOB)
    told = office.kept[str(taken_back.key)]
    assert {(found["hours"], found["reverses"] is not None) for found in told} == {(-32.0, True)}
    assert deliveries_due() == []


def test_id_numbers_go_by_https_only():
    with pytest.raises(ImproperlyConfigured, match="https"):
        HttpNationalSystem("http://national.example/", "t")


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2020, 11, 1), date(2020, 11, 1), date(2020, 11, 15)),
        (date(2020, 11, 15), date(2020, 11, 1), date(2020, 11, 15)),
        (date(2020, 11, 16), date(2020, 11, 16), date(2020, 11, 30)),
        (date(2024, 2, 29), date(2024, 2, 16), date(2024, 2, 29)),
    ],
)
def test_half_months(day, first, last):
    assert HalfMonth.of(day) == HalfMonth(first, last)
    assert half_month_of_text(first.isoformat()) == HalfMonth(first, last)


@pytest.fixture
def reviewing(client, by_reviewer):
    client.force_login(by_reviewer.user, backend="portal.accounts.backends.IdentityBackend")
    client.cookies["django_language"] = "en"
    return client


def test_by_file_a_half_month_is_taken_away_escaped_and_marked(reviewing, school, by_clerk, by_reviewer):
    number = fresh_id_number()
    approved(school, by_clerk, by_reviewer, row(身份证号=number, 课程名称="+1+1"))
    book = load_workbook(
        io.BytesIO(
            b"".join(reviewing.get(reverse("review-national-xlsx", args=["2020-11-01"])).streaming_content)
        )
    )
    cells = [cell.value for cell in book.active[2]]
    assert (cells[2], cells[6], book.active["G2"].data_type) == (number, "+1+1", "s")
    text = b"".join(reviewing.get(reverse("review-national-csv", args=["2020-11-01"])).streaming_content)
    (line,) = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
    assert (line["身份证号"], line["课程名称"]) == (number, "'+1+1")
    shown = reviewing.get(reverse("review-national")).content.decode()
    assert "Mark 1 as entered" in shown
    assert number not in shown
    reviewing.post(reverse("review-national-entered", args=["2020-11-01"]))
    record = CERecord.objects.get()
    assert record.entered_at is not None
    mark = {"record": record.pk, "outcome": "refused"}
    assert reviewing.post(reverse("review-national-mark"), mark).status_code == 422
    reviewing.post(reverse("review-national-mark"), {**mark, "reason": "查无此证"})
    record.refresh_from_db()
    assert (record.entered_at, record.entry_refusal) == (None, "查无此证")
    assert "查无此证" in reviewing.get(reverse("review-national")).content.decode()
    reviewing.post(reverse("review-national-mark"), {"record": record.pk, "outcome": "entered"})
    record.refresh_from_db()
    assert (record.entered_at is not None, record.entry_refusal) == (True, "")
    unknown = reviewing.post(reverse("review-national-mark"), {"record": 999_999, "outcome": "entered"})
    assert "No record has this number" in unknown.content.decode()
    taken = Event.objects.filter(verb="education.half_month.exported").values_list("data__form", flat=True)
    assert list(taken) == ["xlsx", "csv"]


def test_a_half_month_begins_on_the_1st_or_the_16th_and_only_reviewers_see_it(reviewing, client, school):
    assert reviewing.get(reverse("review-national-xlsx", args=["2020-11-02"])).status_code == 404
    client.force_login(clerk(school), backend="portal.accounts.backends.IdentityBackend")
    assert client.get(reverse("review-national")).status_code == 404


def test_what_was_rejected_goes_out_again_from_the_page_under_a_new_key(reviewing, office, system, delivery):
    office.behaviours = ["forbidden"]
    rejected = delivery_send(delivery=delivery, system=system, by=JOB)
    assert (rejected.state, deliveries_due()) == ("rejected", [])
    address = reverse("review-national-send-again", args=[delivery.pk])
    shown = reviewing.get(reverse("review-national")).content.decode()
    assert address in shown
    assert "Status 403" in shown
    reviewing.post(address)
    (again,) = deliveries_due()
    assert (again.pk, again.attempts, again.key != delivery.key) == (delivery.pk, 0, True)
    assert delivery_send(delivery=again, system=system, by=JOB).state == "answered"
    assert [key for key, _ in office.asked] == [str(delivery.key), str(again.key)]
    assert "has sent it again already" in reviewing.post(address, follow=True).content.decode()
    assert Event.objects.get(verb="education.delivery.sent_again").data["error"] == "Status 403"


def test_a_late_answer_to_the_rejected_key_closes_nothing(office, system, delivery, by_reviewer):
    office.behaviours = ["forbidden", "forbidden"]
    first = Delivery.objects.get(pk=delivery.pk)
    rejected = delivery_send(delivery=first, system=system, by=JOB)
    delivery_send_again(delivery=rejected, by=by_reviewer)
    assert delivery_send(delivery=first, system=system, by=JOB).state == "waiting"


def test_a_large_half_month_is_made_by_a_worker(reviewing, school, by_clerk, by_reviewer, monkeypatch):
    monkeypatch.setattr("portal.downloads.tables.AT_ONCE_ROWS", 1)
    approved(school, by_clerk, by_reviewer, row(), row())
    answer = reviewing.get(reverse("review-national-xlsx", args=["2020-11-01"]))
    download = Download.objects.get()
    assert answer.headers["Location"] == reverse("download", args=[download.pk])
    download_make(download)
    answer = reviewing.get(reverse("download-file", args=[download.pk]), follow=True)
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.active.max_row == 3
    assert reviewing.get(reverse("review-national-csv", args=["2020-11-01"])).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_while_a_half_month_is_marked_stays_refused(school, by_clerk, by_reviewer, at):
    at(2020, 11, 2, 9)
    batch = approved(school, by_clerk, by_reviewer, row(), row())
    refused = batch.records.first()
    half = HalfMonth.of(clock.today())
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            records_mark(marks=[Answer(refused.pk, "查无此证")], by=by_reviewer)
            marking = pool.submit(in_threads, 1, lambda _: half_month_entered(half=half, by=by_reviewer))
            wait_until_somebody_waits_for_a_lock()
        assert marking.result() == [1]
    refused.refresh_from_db()
    assert (refused.entered_at, refused.entry_refusal) == (None, "查无此证")


class TestTheApi:
    HALF = "/api/v1/national/half-months/2020-11-01/records"

    @pytest.fixture
    def api(self, by_reviewer):
        return caller(by_reviewer.user)

    @pytest.fixture
    def numbers(self, school, by_clerk, by_reviewer):
        batch = approved(school, by_clerk, by_reviewer, row(), row(课程名称="+1+1"), row())
        return list(batch.records.order_by("pk").values_list("pk", flat=True))

    def mark(self, api, *records):
        return api.post("/api/v1/national/marks/", {"records": list(records)}, format="json")

    def test_a_half_month_is_read_a_page_at_a_time(self, api, numbers, monkeypatch):
        monkeypatch.setattr("education.api_national.PAGE_SIZE", 2)
        (half,) = api.get("/api/v1/national/half-months/").json()
        assert half == {
            "first": "2020-11-01", "last": "2020-11-15", "records": 3, "entered": 0, "refused": 0, "waiting": 3,
        }  # fmt: skip
        answer = api.get(f"{self.HALF}/")
        assert [found["id"] for found in answer.json()] == numbers[:2]
        assert answer.headers["X-Total-Count"] == "3"
        found = answer.json()[0]
        assert (len(found["id_number"]), found["hours"], found["entered_at"], found["refusal"]) == (
            18,
            32.0,
            None,
            "",
        )
        following = answer.headers["Link"].split(">")[0].removeprefix("<")
        answer = api.get(following)
        assert [found["id"] for found in answer.json()] == numbers[2:]
        assert "Link" not in answer.headers
        assert Event.objects.filter(verb="education.half_month.exported", data__form="json").count() == 2

    def test_rows_are_marked_as_by_page_and_again_changes_nothing(self, api, numbers):
        marks = [
            {"id": numbers[0], "entered": True},
            {"id": numbers[1], "entered": False, "reason": "查无此证"},
        ]
        assert self.mark(api, *marks).json() == {"entered": 1, "refused": 1}
        assert self.mark(api, *marks).json() == {"entered": 0, "refused": 0}
        states = {
            state: [found["id"] for found in api.get(f"{self.HALF}/?state={state}").json()]
            for state in ("entered", "refused", "waiting")
        }
        assert states == {"entered": numbers[:1], "refused": numbers[1:2], "waiting": numbers[2:]}
        told = Event.objects.get(verb="education.record.entry_refused")
        assert told.person_id == CERecord.objects.get(pk=numbers[1]).person_id
        assert self.mark(api, {"id": numbers[1], "entered": True}).json() == {"entered": 1, "refused": 0}
        assert CERecord.objects.get(pk=numbers[1]).entry_refusal == ""

    def test_all_or_none_are_marked(self, api, numbers):
        answer = self.mark(api, {"id": numbers[0], "entered": True}, {"id": 10**9, "entered": True})
        assert (answer.status_code, answer.json()["records"]) == (422, [10**9])
        assert not CERecord.objects.filter(entered_at__isnull=False).exists()

    @pytest.mark.parametrize(
        "records",
        [
            [],
            [{"id": 1}],
            [{"id": 1, "entered": False}],
            [{"id": 1, "entered": True, "reason": "x"}],
            [{"id": 1, "entered": True}, {"id": 1, "entered": True}],
            [{"id": 2**63, "entered": True}],
            [{"id": 1, "entered": False, "reason": "x" * 501}],
        ],
    )
    def test_marks_that_say_nothing_are_refused(self, api, records):
        assert self.mark(api, *records).status_code == 400

    def test_tables_come_as_text_and_as_a_workbook(self, api, numbers, monkeypatch):
        text = b"".join(api.get(f"{self.HALF}.csv").streaming_content).decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert [line["课程名称"] for line in lines][1] == "'+1+1"
        book = load_workbook(io.BytesIO(b"".join(api.get(f"{self.HALF}.xlsx").streaming_content)))
        assert [cell.value for cell in book.active["A"]][1:] == numbers
        monkeypatch.setattr("portal.downloads.tables.AT_ONCE_ROWS", 1)
        assert api.get(f"{self.HALF}.xlsx").status_code == 202
        download_make(Download.objects.get())
        assert api.get(f"{self.HALF}.xlsx").status_code == 200

    def test_what_was_rejected_is_listed_and_sent_again(self, api, delivery, office, system):
        office.behaviours = ["forbidden"]
        delivery_send(delivery=delivery, system=system, by=JOB)
        (found,) = api.get("/api/v1/national/rejected/").json()
        assert (found["id"], found["error"]) == (str(delivery.pk), "Status 403")
        address = f"/api/v1/national/deliveries/{found['id']}/send-again/"
        assert api.post(address).json()["state"] == "waiting"
        assert api.post(address).status_code == 409

    def test_what_makes_no_sense_is_refused_in_words(self, api):
        assert api.get(self.HALF.replace("-01/", "-02/") + "/").status_code == 404
        for query in ("?state=lost", "?after=-1", "?after=x"):
            assert api.get(f"{self.HALF}/{query}").status_code == 400
