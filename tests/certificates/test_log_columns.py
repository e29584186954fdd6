"""Every column that says what a certificate is worth: altered behind the portal's back, it is found, and named."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, models, transaction

from certificates.log.audit import log_audit
from certificates.log.models import LogLeaf
from certificates.log.services import log_sequence
from certificates.log.statements import commitment, statement
from certificates.models import (
    CertificateDocument,
    CertificateVersion,
    ElectronicCertificate,
    LegacyCertificate,
    ServiceKind,
    WindowClosing,
)
from certificates.services.closing import window_close_if_due
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from certificates.services.legacy import ServiceWishes, legacy_service_decide, legacy_service_request
from portal import clock
from portal.accounts.models import Photo
from portal.events.services import Actor
from tests import factories
from tests.behind import behind_the_back, no_triggers
from tests.certificates import lapsing, measures
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
BY = Actor.command("test")


@pytest.fixture
def row(request):
    """A row of each kind with its whole life behind it, all of it in the log."""
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)
    return ROWS[request.param]()


def _exchanged() -> ElectronicCertificate:
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=BY)


def _certificate() -> ElectronicCertificate:
    certificate = _exchanged()
    document_ensure(certificate=certificate)
    clock.move_to(shanghai(2020, 12, 28, 10), running=False)
    measures.corrected(certificate)
    document_ensure(certificate=certificate)
    clock.move_to(shanghai(2020, 12, 28, 11), running=False)
    measures.suspended(certificate)
    certificate.refresh_from_db()
    return certificate


def _cancelled() -> LegacyCertificate:
    worker = factories.worker()
    paper = factories.paper(worker.person)
    clock.move_to(shanghai(2020, 11, 2, 9), running=False)
    wanted = legacy_service_request(
        certificate=paper, kind=ServiceKind.CANCELLATION, explanation="不再需要", wishes=ServiceWishes(),
        by=lapsing.actor(worker),
    )  # fmt: skip
    legacy_service_decide(request=wanted, approved=True, reason="", by=lapsing.actor(factories.reviewer()))
    paper.refresh_from_db()
    return paper


def _closing() -> WindowClosing:
    clock.move_to(shanghai(2021, 1, 1), running=False)
    closing = window_close_if_due(by=BY)
    assert closing
    return closing


ROWS = {
    "certificate": _certificate,
    "former version": lambda: _certificate().versions.get(version=1),
    "present version": lambda: _certificate().versions.get(version=2),
    "document": lambda: _certificate().documents.get(version=2),
    "photo": lambda: _certificate().photo,
    "paper exchanged": lambda: LegacyCertificate.objects.get(replaced_by=_exchanged()),
    "paper cancelled": _cancelled,
    "closing": _closing,
}
MODELS = {
    "certificate": ElectronicCertificate,
    "former version": CertificateVersion,
    "present version": CertificateVersion,
    "document": CertificateDocument,
    "photo": Photo,
    "paper exchanged": LegacyCertificate,
    "paper cancelled": LegacyCertificate,
    "closing": WindowClosing,
}
LEFT_OUT = {
    (Photo, "id"), (Photo, "person_id"), (Photo, "file"), (Photo, "width"), (Photo, "height"), (Photo, "uploaded_at"),
    (CertificateDocument, "id"),
}  # fmt: skip
"""Of a photo its SHA-256 counts, which `log verify --files` compares with the file. A document's key is no fact."""


def columns():
    return [
        pytest.param(name, field, id=f"{name}: {field.column}")
        for name, model in MODELS.items()
        for field in model._meta.concrete_fields
        if (model, field.column) not in LEFT_OUT
    ]


def other_value(field: models.Field, row):
    """Return another value that the column could hold."""
    present = getattr(row, field.attname)
    if isinstance(field, models.DateField):
        return (present or shanghai(2019, 5, 4)) - timedelta(days=1)
    if isinstance(field, models.BooleanField):
        return not present
    if isinstance(field, models.IntegerField):
        return present + 10
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    others = {
        "UUIDField": uuid4(),
        "BigAutoField": 999_999,
        "BinaryField": bytes(16),
        "JSONField": '{"areas": []}',
    }
    return others.get(field.get_internal_type(), "x")


@pytest.mark.parametrize(("row", "field"), columns(), indirect=["row"])
def test_a_column_that_was_altered_is_found_and_its_row_named(row, field):
    log_sequence()
    assert log_audit().findings == []
    name, table, value = name_of(row), row._meta.db_table, other_value(field, row)
    with transaction.atomic():
        _drop_checks(row)
        behind_the_back(f'UPDATE {table} SET "{field.column}" = %s WHERE id = %s', value, row.pk)
        findings = log_audit().findings
        transaction.set_rollback(True)
    names = {name, str(value)} if field.column == "number" else {name}
    assert any(each in finding for finding in findings for each in names), findings


def _drop_checks(row):
    """Not even the constraints stand in the way of whoever owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for constraint in row._meta.constraints:
            if isinstance(constraint, models.CheckConstraint):
                cursor.execute(f'ALTER TABLE {row._meta.db_table} DROP CONSTRAINT "{constraint.name}"')


def name_of(row) -> str:
    match row:
        case ElectronicCertificate() | LegacyCertificate():
            return row.number
        case CertificateVersion() | CertificateDocument():
            return row.certificate.number
        case Photo():
            return ElectronicCertificate.objects.get(photo=row).number
    return str(row.closes_on)


@pytest.mark.parametrize("row", ["certificate"], indirect=True)
class TestRows:
    def test_a_version_that_was_smuggled_in(self, row):
        log_sequence()
        smuggled = row.versions.get(version=2)
        smuggled.pk, smuggled.version, smuggled.status_index = None, 3, smuggled.status_index ^ 1
        smuggled.superseded_at = clock.now()
        smuggled.save()
        assert any(row.number in finding for finding in log_audit().findings)

    def test_a_document_that_was_smuggled_in(self, row):
        log_sequence()
        CertificateDocument.objects.create(
            certificate=row, version=3, file="documents/x.pdf", sha256="0" * 64, rendered_at=clock.now()
        )
        assert any(row.number in finding for finding in log_audit().findings)

    def test_a_document_that_was_lost_and_made_anew_is_logged_anew(self, row):
        document = row.documents.get(version=2)
        document.file.storage.delete(document.file.name)
        assert (
            document_ensure(certificate=row).sha256 != document.sha256
        )  # ECDSA draws a number for each signature
        log_sequence()
        assert log_audit().findings == []

    def test_a_file_that_is_not_the_one_that_was_logged(self, row):
        log_sequence()
        document = row.documents.get(version=2)
        document.file.storage.delete(document.file.name)
        assert document.file.storage.save(document.file.name, row.documents.get(version=1).file)
        assert log_audit().findings == []
        [finding] = log_audit(files=True).findings
        assert row.number in finding

    def test_a_photo_whose_file_is_another_one(self, row):
        log_sequence()
        photo = row.photo
        photo.file.storage.delete(photo.file.name)
        assert row.number in log_audit(files=True).findings[0]


def test_the_act_by_which_a_certificate_became_void_is_in_the_log():
    certificate = _void()
    assert LogLeaf.objects.get(kind="voided").facts == {"proposal": str(certificate.voided_by_id)}
    assert statement(LogLeaf.objects.get(kind="voided"))["proposal"] == str(certificate.voided_by_id)


def _void() -> ElectronicCertificate:
    from certificates.services import voiding

    first, second = (lapsing.actor(factories.reviewer()) for _ in range(2))
    proposal = lapsing.proposal()
    lapsing.stand_at(lapsing.OBJECTION_OVER)
    voiding.voiding_confirm(proposal=proposal, by=first)
    voiding.voiding_approve(proposal=proposal, by=second)
    log_sequence()
    return ElectronicCertificate.objects.get(pk=proposal.certificate_id)


class TestLeavesOfTheFirstFormat:
    """Leaves that were written before stay as they are, keep fitting their rows, and the log goes on after them."""

    @pytest.fixture
    def certificate(self):
        clock.move_to(shanghai(2020, 12, 28, 9), running=False)
        certificate = _exchanged()
        log_sequence()
        with no_triggers():
            LogLeaf.objects.update(format=1, facts={})
            for leaf in LogLeaf.objects.order_by("index"):
                LogLeaf.objects.filter(pk=leaf.pk).update(commitment=commitment(statement(leaf)))
        _plant_anew()
        assert log_audit().findings == []
        return certificate

    def test_their_statement_is_the_one_of_then(self, certificate):
        told = statement(LogLeaf.objects.get(index=0))
        assert set(told) == {
            "kind", "at", "state", "reason", "number", "version", "person", "holder", "identity", "post", "photo",
            "issued", "salt",
        }  # fmt: skip

    def test_what_comes_after_is_of_the_present_format(self, certificate):
        document_ensure(certificate=certificate)
        measures.corrected(certificate)
        document_ensure(certificate=certificate)
        log_sequence()
        assert list(LogLeaf.objects.order_by("index").values_list("format", flat=True)) == [1, 1, 2, 2, 2]
        assert log_audit().findings == []

    def test_a_document_made_before_documents_were_logged_is_no_finding(self, certificate):
        document_ensure(certificate=certificate)
        with no_triggers(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM certificates_logpending")
        assert log_audit().findings == []


def _plant_anew():
    """Grow the tree once more over the leaves as they are now."""
    from certificates.log import tree
    from certificates.log.models import LogCheckpoint, LogNode
    from certificates.log.services import _checkpoint

    with no_triggers():
        LogNode.objects.all().delete()
        LogCheckpoint.objects.all().delete()
        hashes = []
        for leaf in LogLeaf.objects.order_by("index"):
            hashes.append(tree.leaf_hash(bytes(leaf.commitment)))
            LogLeaf.objects.filter(pk=leaf.pk).update(leaf_hash=hashes[-1])
        grown = tree.grow(0, hashes, {})
        LogNode.objects.bulk_create([LogNode(position=place, hash=each) for place, each in grown.items()])
        _checkpoint(len(hashes), tree.span_hash((0, len(hashes)), grown))
