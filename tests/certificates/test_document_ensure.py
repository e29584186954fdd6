"""Making the PDF: nothing is locked while it is set, signed and timestamped; of two made at once one is kept."""

import threading
from pathlib import Path

import pytest
from django.db import connection, transaction

from certificates.log.models import LogPending
from certificates.models import ElectronicCertificate
from certificates.services import documents
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests import factories
from tests.certificates import measures
from tests.environment import PATIENCE
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def certificate(transactional_db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


@pytest.fixture
def while_signing(monkeypatch):
    """Do something after the PDF is set and before it is signed; ``while_signing.drawn`` are the PDFs."""
    sign = documents.sign_pdf

    def do(action):
        def signing(pdf, *args, **kwargs):
            do.drawn.append(pdf)
            action()
            return sign(pdf, *args, **kwargs)

        monkeypatch.setattr(documents, "sign_pdf", signing)

    do.drawn = []
    return do


def test_of_two_made_at_once_the_first_is_kept_and_the_other_thrown_away(certificate, while_signing):
    both_have_drawn = threading.Barrier(2)
    while_signing(lambda: both_have_drawn.wait(PATIENCE))
    first, second = in_threads(2, lambda _: document_ensure(certificate=certificate))
    assert first == second
    assert while_signing.drawn[0] == while_signing.drawn[1]
    kept = Path(first.file.path)
    assert list(kept.parent.glob(f"{certificate.pk.hex}*")) == [kept]
    assert Event.objects.filter(verb="certificates.document.rendered").count() == 1
    assert LogPending.objects.filter(kind="document").count() == 1
    assert document_ensure(certificate=certificate) == first


def test_the_certificate_is_not_locked_meanwhile(certificate, while_signing):
    def lock():
        with transaction.atomic():
            ElectronicCertificate.objects.select_for_update(nowait=True).get(pk=certificate.pk)
        return True

    locked = []
    while_signing(lambda: locked.extend(in_threads(1, lambda _: lock())))
    document_ensure(certificate=certificate)
    assert locked == [True]
    assert not connection.in_atomic_block


def test_a_correction_meanwhile_is_in_the_document(certificate, while_signing):
    def correct():
        if len(while_signing.drawn) == 1:
            in_threads(1, lambda _: measures.corrected(certificate))

    while_signing(correct)
    document = document_ensure(certificate=certificate)
    assert (document.version, len(while_signing.drawn)) == (2, 2)
    assert certificate.documents.count() == 1
