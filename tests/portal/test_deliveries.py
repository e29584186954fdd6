"""A notice leaves the portal once through each channel that reaches the person, or stays in the inbox."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from portal import clock
from portal.notices import channels, deliveries
from portal.notices.channels import NotDeliveredError
from portal.notices.deliveries import WAITS, deliveries_queue, deliveries_send
from portal.notices.models import Delivery, Notice
from portal.notices.services import notice_send
from tests import factories
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
NOW = shanghai(2020, 12, 1, 9)
FACTS = {"number": "琼样培 00000007", "post_code": "101", "by": "2020-12-31", "days_left": 30}


class Recording:
    """A channel whose gateway does what the test wants."""

    name, contact = "sms", "mobile"

    def __init__(self):
        self.letters, self.failures = [], []

    def send(self, letter):
        self.letters.append(letter)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def gateway(monkeypatch):
    made = Recording()
    monkeypatch.setattr(deliveries, "channels", lambda: (made,))
    return made


@pytest.fixture(autouse=True)
def _outbox(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    stand_at(NOW)


def stand_at(moment):
    clock.move_to(moment, running=False)


def remind(person, code="certificates.exchange_reminder"):
    notice_send(code, to=person, at=clock.now(), facts=FACTS, link="/me/")
    return Notice.objects.latest("pk")


def run():
    deliveries_queue()
    return deliveries_send()


def sms_lines(tmp_path):
    path = tmp_path / "outbox" / "sms.log"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


class TestGoingOut:
    def test_by_every_channel_that_reaches_the_person(self, tmp_path):
        owner = factories.person(mobile="19900001234", email="haisheng@example.invalid")
        remind(owner)
        assert run() == 2
        (letter,) = mail.outbox
        assert letter.to == ["haisheng@example.invalid"]
        assert "琼样培 00000007" in letter.body
        (line,) = sms_lines(tmp_path)
        assert line["to"] == "199****1234"
        assert owner.id_number not in json.dumps(line) + letter.body + letter.subject

    def test_by_none_for_somebody_without_contacts_who_finds_it_in_the_inbox_later(self):
        notice = remind(factories.person(complete=False))
        assert run() == 0
        notice.refresh_from_db()
        assert not notice.goes_out
        assert not Delivery.objects.exists()

    def test_only_for_notices_that_are_meant_to(self):
        owner = factories.person()
        notice_send(
            "certificates.exchanged",
            to=owner,
            at=clock.now(),
            facts={"number": "4620", "paper": "琼", "post_code": "101"},
        )
        assert run() == 0

    def test_happens_once_however_often_the_job_runs(self, gateway):
        remind(factories.person())
        assert [run(), run(), run()] == [1, 0, 0]
        assert len(gateway.letters) == 1

    @pytest.mark.parametrize(("language", "words"), [("zh-hans", "换证"), ("en", "exchange")])
    def test_in_the_language_of_the_account(self, gateway, language, words):
        owner = factories.person()
        user = factories.worker(owner)
        user.language = language
        user.save()
        remind(owner)
        run()
        (letter,) = gateway.letters
        assert letter.language == language
        assert words in letter.title


class TestAChannelThatFails:
    def test_is_asked_again_later_and_later_until_it_takes_the_message(self, gateway):
        remind(factories.person())
        gateway.failures = [NotDeliveredError("busy"), NotDeliveredError("busy")]
        assert run() == 0
        assert run() == 0
        stand_at(NOW + WAITS[0])
        assert run() == 0
        stand_at(NOW + WAITS[0] + WAITS[1])
        assert run() == 1
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts, delivery.error) == ("sent", 3, "")

    def test_is_given_up_after_the_last_wait(self, gateway):
        remind(factories.person())
        gateway.failures = [NotDeliveredError("busy")] * 99
        for days in range(20):
            stand_at(NOW + timedelta(days=days))
            run()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.error, len(gateway.letters)) == ("failed", "busy", len(WAITS) + 1)

    def test_for_good_is_not_asked_again(self, gateway):
        remind(factories.person())
        gateway.failures = [NotDeliveredError("address_refused", permanent=True)]
        run()
        assert Delivery.objects.get().state == "failed"

    def test_without_an_answer_never_sends_a_second_message(self, gateway):
        remind(factories.person())
        gateway.failures = [TimeoutError()]
        for days in range(3):
            stand_at(NOW + timedelta(days=days))
            run()
        assert (Delivery.objects.get().state, len(gateway.letters)) == ("unknown", 1)

    def test_does_not_hold_up_the_others(self, gateway):
        for _ in range(3):
            remind(factories.person())
        gateway.failures = [TimeoutError()]
        assert run() == 2


class TestAWorkerThatDies:
    def test_between_sending_and_saying_so_leaves_it_unknown(self, gateway):
        remind(factories.person())
        deliveries_queue()
        deliveries._claim(["sms"])  # committed; then the power goes
        stand_at(NOW + timedelta(minutes=9))
        assert run() == 0
        assert Delivery.objects.get().state == "sending"
        stand_at(NOW + timedelta(minutes=11))
        assert run() == 0
        assert (Delivery.objects.get().state, gateway.letters) == ("unknown", [])


def test_a_mail_server_that_is_away_is_tried_again(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    letter = channels.Letter(
        address="a@example.invalid", title="t", body="b", link="/", language="en", at=NOW
    )
    with pytest.raises(NotDeliveredError) as failure:
        channels.EmailChannel().send(letter)
    assert (failure.value.code, failure.value.permanent) == ("mail_server_away", False)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(gateway):
    for _ in range(12):
        remind(factories.person(photo=False))
    sent = in_threads(2, lambda _: run())
    assert sum(sent) == 12
    assert len({letter.address for letter in gateway.letters}) == len(gateway.letters) == 12


class TestWhereToWrite:
    def test_is_said_in_the_profile_and_kept_encrypted(self, client):
        user = factories.worker()
        client.force_login(user)
        said = {
            "name": user.person.name,
            "mobile": user.person.mobile,
            "area_code": "460100",
            "employer_name": "海口样例",
        }
        client.post("/me/profile/", said | {"email": "haisheng@example.invalid"})
        user.person.refresh_from_db()
        assert user.person.email == "haisheng@example.invalid"
        with connection.cursor() as cursor:
            cursor.execute("SELECT email FROM accounts_person WHERE id = %s", [user.person.pk])
            assert b"haisheng" not in bytes(cursor.fetchone()[0])
        assert "haisheng@example.invalid" in client.get("/me/profile/").content.decode()
        client.post("/me/profile/", said | {"email": ""})
        user.person.refresh_from_db()
        assert user.person.email is None

    def test_that_is_no_address_is_refused(self, client):
        user = factories.worker()
        client.force_login(user)
        assert client.post("/me/profile/", {"email": "haisheng"}).status_code == 422

    def test_follows_the_language_in_which_the_pages_are_read(self, client):
        user = factories.worker()
        client.force_login(user)
        client.post("/language/", {"language": "en"})
        user.refresh_from_db()
        assert user.language == "en"
        client.post("/language/", {"language": "tlh"})
        user.refresh_from_db()
        assert user.language == "en"
