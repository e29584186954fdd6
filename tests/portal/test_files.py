"""Stored files: encrypted on disk, and served only at an address that is of one account and runs out."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import signing
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from certificates.models import CertificateDocument
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from portal import clock, crypto, files
from portal.accounts.models import Photo
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate():
    clock.move_to(shanghai(2020, 11, 30, 10), running=False)
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def holder(certificate):
    return browser(factories.worker(certificate.person))


@pytest.fixture
def address(certificate):
    return reverse("electronic-certificate-photo", args=[certificate.pk])


class TestAnAddress:
    def test_leads_its_owner_on_to_the_file(self, holder, address):
        answer = holder.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(f"{address}?ticket=")
        assert b"".join(holder.get(answer.url)).startswith(b"\xff\xd8\xff")

    def test_with_a_ticket_is_of_no_use_to_another_account(self, holder, address):
        with_ticket = holder.get(address).url
        assert browser(factories.worker()).get(with_ticket).status_code == 404
        assert Client().get(with_ticket).url.startswith(reverse("sign-in"))

    def test_runs_out(self, holder, address, monkeypatch):
        with_ticket = holder.get(address).url
        later = time.time() + files.LIFETIME.total_seconds() + 2
        monkeypatch.setattr(signing, "time", SimpleNamespace(time=lambda: later))
        again = holder.get(with_ticket)
        assert again.status_code == 302
        assert again.url not in {address, with_ticket}

    def test_opens_nothing_with_an_invented_or_borrowed_ticket(self, holder, address, certificate):
        other = holder.get(reverse("electronic-certificate-pdf", args=[certificate.pk])).url.partition("=")[2]
        for ticket in (other, "", "x", "1:2:3", holder.get(address).url.partition("=")[2][:-1]):
            assert holder.get(address, {"ticket": ticket}).status_code == 302


class TestOnDisk:
    def test_photo_and_certificate_are_encrypted(self, certificate):
        document_ensure(certificate=certificate)
        for stored in (*Photo.objects.all(), *CertificateDocument.objects.all()):
            assert Path(stored.file.path).read_bytes()[:4] == crypto.newest_id()
            assert stored.file.open().read()[:4] in {b"\xff\xd8\xff\xe0", b"%PDF"}

    def test_what_lay_there_in_the_clear_still_opens_and_is_encrypted_by_the_next_rotation(self, certificate):
        photo = Photo.objects.get()
        path, portrait = Path(photo.file.path), photo.file.open().read()
        path.write_bytes(portrait)
        assert photo.file.open().read() == portrait
        call_command("rotate_keys")
        assert path.read_bytes()[:4] == crypto.newest_id()
        assert Photo.objects.get().file.open().read() == portrait

    def test_a_file_of_another_kind_in_its_place_does_not_open(self, certificate):
        photo = Photo.objects.get()
        Path(photo.file.path).write_bytes(b"<svg onload=alert(1)>")
        with pytest.raises(crypto.UnreadableFieldError):
            photo.file.open()
