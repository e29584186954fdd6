"""What answers give away about who is registered (nothing), and passwords that were published."""

import hashlib
import time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from portal import clock
from portal.accounts.access import access_approve, staff_open_for_two
from portal.accounts.breached import SHIPPED, is_breached
from portal.accounts.models import AccessGrant, Role
from portal.events.services import Actor
from tests import factories
from tests.factories import PASSWORD, shanghai

ROUNDS = 9


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def work(ask):
    """Seconds of this process' own work, whatever else the machine does."""
    begun = time.process_time()
    assert ask().status_code == 422
    return time.process_time() - begun


def least(questions):
    """The least work of each question in a few rounds: what else the machine does only ever adds to it."""
    times = {name: [] for name in questions}
    for _ in range(ROUNDS):
        for name, ask in questions.items():
            times[name].append(work(ask))
    return [min(each) for each in times.values()]


def asks(page, **sent):
    """A form that is sent from another network each time, so that no limit answers in its place."""
    networks = iter(range(1, 250))
    return lambda: Client(REMOTE_ADDR=f"10.{abs(hash(str(sent))) % 250}.0.{next(networks)}").post(page, sent)


@pytest.mark.usefixtures("morning")
class TestNothingTellsWhoIsRegistered:
    def test_signing_in_takes_as_long_for_a_stranger(self):
        known, ended = factories.worker(), factories.worker()
        ended.is_active = False
        ended.save()
        told = least(
            {
                name: asks("/sign-in/", identifier=identifier, password="no-such-word-7")
                for name, identifier in (
                    ("known", known.person.id_number),
                    ("ended", ended.person.id_number),
                    ("nobody", factories.fresh_id_number()),
                    ("no name", "nobody-at-all"),
                )
            }
        )
        assert max(told) < 1.5 * min(told), told

    def test_a_code_takes_as_long_for_a_stranger(self):
        chief = Actor("web", factories.staff(Role.CHIEF))
        staff_open_for_two(username="waiting", role=Role.REVIEWER, display_name="新人", by=chief)
        access_approve(grant=AccessGrant.objects.get(), by=Actor("web", factories.staff(Role.OPERATOR)))
        told = least(
            {
                name: asks(
                    "/activate/", identifier=name, code="abcd-abcd-abcd-abcd", password="harbour-9-lantern"
                )
                for name in ("waiting", factories.reviewer().username, "nobody-at-all")
            }
        )
        assert max(told) < 1.5 * min(told), told

    def test_registering_takes_as_long_whichever_number_is_taken(self):
        known = factories.worker(mobile="19900003333")
        same = {"name": "陈海生", "password": PASSWORD}
        told = least(
            {
                "number": asks("/register/", id_number=known.person.id_number, mobile="19900004444", **same),
                "mobile": asks(
                    "/register/", id_number=factories.fresh_id_number(), mobile="19900003333", **same
                ),
            }
        )
        assert max(told) < 1.5 * min(told), told


def lines(words):
    digests = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    return [f"{digest}:{at + 1}" for at, digest in enumerate(digests)]


class TestPublishedPasswords:
    @pytest.mark.django_db
    def test_that_are_frequent_are_known_without_any_file(self, settings, tmp_path):
        settings.BREACHED_PASSWORDS = str(tmp_path / "none")
        for word in ("!qazxsw2", "Birthday133", "misha1111", "1qaz2wsx3edc"):
            with pytest.raises(ValidationError):
                validate_password(word)
        assert SHIPPED.stat().st_size % 8 == 0
        entries = [SHIPPED.read_bytes()[at : at + 8] for at in range(0, SHIPPED.stat().st_size, 8)]
        assert entries == sorted(set(entries))
        assert len(entries) > 10_000

    WORDS = [f"harbour-lantern-{n}" for n in range(200)]

    @pytest.fixture
    def target(self, settings, tmp_path):
        settings.BREACHED_PASSWORDS = str(tmp_path / "breached")
        return tmp_path / "breached"

    def test_are_found_in_a_whole_list(self, target, tmp_path):
        (source := tmp_path / "all.txt").write_text("\n".join(lines(self.WORDS)) + "\n")
        assert not is_breached(self.WORDS[0])
        call_command("breached_passwords", source, verbosity=0)
        assert target.stat().st_size == 200 * 8
        assert all(is_breached(word) for word in self.WORDS)
        assert not any(is_breached(f"{word}x") for word in self.WORDS)

    def test_are_found_in_files_of_a_range_and_left_out_when_rare(self, target, tmp_path):
        (folder := tmp_path / "ranges").mkdir()
        for line in lines(self.WORDS):
            with (folder / f"{line[:5]}.txt").open("a") as file:
                file.write(f"{line[5:]}\r\n")
        call_command("breached_passwords", folder, at_least=101, verbosity=0)
        assert sum(map(is_breached, self.WORDS)) == 100

    def test_in_disorder_or_of_another_kind_are_no_list(self, target, tmp_path):
        source = tmp_path / "all.txt"
        for wrong in ("\n".join(reversed(lines(self.WORDS))), "password123\n"):
            source.write_text(wrong)
            with pytest.raises(CommandError):
                call_command("breached_passwords", source)
        assert not target.exists()

    @pytest.mark.django_db
    def test_may_not_be_chosen(self, target, tmp_path):
        (source := tmp_path / "all.txt").write_text("\n".join(lines(self.WORDS)))
        call_command("breached_passwords", source, verbosity=0)
        client = Client()
        client.force_login(factories.worker())
        answer = client.post("/password/", {"current": PASSWORD, "password": self.WORDS[7]})
        assert answer.status_code == 422
        assert "攻击者" in answer.content.decode()
