"""What was issued stays: the database itself refuses to delete it, or to rewrite what it says."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from certificates.models import (
    CertificateDocument,
    CertificateVersion,
    ElectronicCertificate,
    IssuerCertificate,
    LegacyCertificate,
    SigningKey,
)
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.certificates import measures
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
ISSUED = (
    ElectronicCertificate,
    CertificateVersion,
    CertificateDocument,
    LegacyCertificate,
    SigningKey,
    IssuerCertificate,
)


@pytest.fixture(autouse=True)
def certificate(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)
    certificate = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))
    document_ensure(certificate=certificate)
    measures.corrected(certificate)
    certificate.refresh_from_db()
    return certificate


@pytest.mark.parametrize("model", ISSUED)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_row_is_deleted(model, statement):
    assert model.objects.exists()
    refused = pytest.raises(IntegrityError, match=r"deleted|append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement.format(model._meta.db_table))
    assert model.objects.exists()


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (ElectronicCertificate, {"number": "4620201010000027"}),
        (ElectronicCertificate, {"post_code": "102"}),
        (ElectronicCertificate, {"issued_at": shanghai(2019, 1, 1)}),
        (ElectronicCertificate, {"replaces": None}),
        (CertificateVersion, {"version": 7}),
        (CertificateVersion, {"holder_name": "王五"}),
        (CertificateVersion, {"masked_id": "x"}),
        (CertificateVersion, {"status_list": 2}),
        (CertificateVersion, {"commitment_salt": bytes(16)}),
        (CertificateVersion, {"issued_at": shanghai(2019, 1, 1)}),
        (CertificateDocument, {"version": 2}),
        (LegacyCertificate, {"number_key": "X"}),
        (LegacyCertificate, {"status": "active"}),
        (LegacyCertificate, {"holder_name": "王五"}),
        (SigningKey, {"public_key": {}}),
        (IssuerCertificate, {"pem": "x"}),
    ],
)
def test_what_it_says_is_not_rewritten(model, change):
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        model.objects.filter(pk=model.objects.first().pk).update(**change)


def test_nobody_else_becomes_the_holder(certificate):
    with pytest.raises(IntegrityError, match="holder"), transaction.atomic():
        ElectronicCertificate.objects.update(person=factories.person())


def test_a_version_once_superseded_stays_so(certificate):
    former = certificate.versions.filter(version=1)
    for moment in (None, clock.now() + timedelta(days=1)):
        with pytest.raises(IntegrityError, match="superseded_at"), transaction.atomic():
            former.update(superseded_at=moment)


def test_a_paper_in_use_may_be_put_right_but_keeps_its_number():
    paper = factories.paper(factories.person())
    LegacyCertificate.objects.filter(pk=paper.pk).update(holder_name="陈海升")
    with pytest.raises(IntegrityError, match="number"), transaction.atomic():
        LegacyCertificate.objects.filter(pk=paper.pk).update(number_key="X")
