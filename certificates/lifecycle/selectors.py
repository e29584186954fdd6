"""Reads about one certificate for reviewers: found, shown whole, with everything that ever happened to it."""

from collections.abc import Sequence

from django.db.models import F, Q, QuerySet

from certificates.lifecycle.models import Measure
from certificates.log.models import LogLeaf
from certificates.models import CertificateDocument, ElectronicCertificate
from certificates.numbers import normalise_number
from portal.accounts.selectors import id_number_hash
from portal.events.models import Event
from portal.identity import normalise_id_number


def certificates_found(text: str) -> "QuerySet[ElectronicCertificate]":
    """Return the certificates with this number, their own or the paper's, this ID number, or this part of a name."""
    key = normalise_number(text)
    found = Q(number=key) | Q(replaces__number_key=key) | Q(holder_name__icontains=text)
    id_number = normalise_id_number(text)
    if isinstance(id_number, str):
        found |= Q(person__id_number_hash=id_number_hash(id_number))
    return ElectronicCertificate.objects.filter(found).select_related("person").order_by("number")


def certificate_whole() -> "QuerySet[ElectronicCertificate]":
    return ElectronicCertificate.objects.select_related("person", "replaces", "photo", "standing")


def documents_with_stand_ins() -> "QuerySet[CertificateDocument]":
    """Return the documents in force on which a mark stands for a character that no font has, the latest first."""
    documents = CertificateDocument.objects.exclude(unprintable="").filter(version=F("certificate__version"))
    return documents.select_related("certificate").order_by("-rendered_at")


def measures() -> "QuerySet[Measure]":
    return Measure.objects.select_related("certificate__person", "asked_by", "decided_by")


def measures_waiting() -> "QuerySet[Measure]":
    """Return what waits for a second person, the oldest first."""
    return measures().filter(state=Measure.State.OPEN).order_by("asked_at", "pk")


def measures_decided() -> "QuerySet[Measure]":
    return measures().exclude(state=Measure.State.OPEN).order_by("-decided_at", "pk")


def events_of(certificate: ElectronicCertificate) -> Sequence[Event]:
    """Return every event about the certificate and the paper that it replaced, the latest first."""
    subjects = Q(subject_kind=certificate._meta.label_lower, subject_id=str(certificate.pk))
    if certificate.replaces:
        paper = certificate.replaces
        subjects |= Q(subject_kind=paper._meta.label_lower, subject_id=str(paper.pk))
    return list(Event.objects.filter(subjects).order_by("-id"))


def leaves_of(certificate: ElectronicCertificate) -> "QuerySet[LogLeaf]":
    """Return the leaves of the transparency log about the certificate, the first one first."""
    return LogLeaf.objects.filter(version__certificate=certificate).order_by("index")
