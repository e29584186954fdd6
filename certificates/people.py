"""What reviewers read of one person: found by number, name or ID, with everything that the portal knows and did."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from certificates.models import (
    ArchiveCheck,
    ElectronicCertificate,
    LegacyCertificate,
    LegacyServiceRequest,
    VoidingProposal,
)
from certificates.numbers import normalise_number
from certificates.selectors import archive_checks, electronics_of, papers_of, service_requests
from certificates.standing_pages import StandingView, standing_views
from education.models import CERecord, Claim
from portal.accounts.models import Person
from portal.accounts.selectors import id_number_hash
from portal.events.models import Event
from portal.identity import normalise_id_number


def people_found(text: str) -> "QuerySet[Person]":
    """Return the people with this ID number, a certificate of this number, or this part of a name."""
    id_number = normalise_id_number(text)
    if isinstance(id_number, str):
        return Person.objects.filter(id_number_hash=id_number_hash(id_number))
    key = normalise_number(text)
    papers = LegacyCertificate.objects.filter(number_key=key).values("person")
    electronics = ElectronicCertificate.objects.filter(number=key).values("person")
    found = Q(name__icontains=text) | Q(pk__in=papers) | Q(pk__in=electronics)
    return Person.objects.filter(found).order_by("name", "created_at", "pk")


@dataclass(frozen=True, kw_only=True)
class PersonFile:
    """Everything about one person, for a reviewer's single page."""

    person: Person
    papers: list[LegacyCertificate]
    electronics: list[ElectronicCertificate]
    checks: list[ArchiveCheck]
    services: list[LegacyServiceRequest]
    proposals: list[VoidingProposal]
    standings: list[StandingView]
    records: list[CERecord]
    claims: list[Claim]


def person_file(person: Person, *, at: datetime) -> PersonFile:
    records = (
        CERecord.objects.filter(person=person).select_related("institution").order_by("-ended_on", "-pk")
    )
    claims = Claim.objects.filter(person=person).select_related("institution").order_by("-claimed_at", "pk")
    proposals = VoidingProposal.objects.filter(certificate__person=person).select_related("certificate")
    return PersonFile(
        person=person,
        papers=list(papers_of(person)),
        electronics=list(electronics_of(person)),
        checks=list(archive_checks().filter(certificate__person=person)),
        services=list(service_requests().filter(certificate__person=person)),
        proposals=list(proposals.order_by("-opened_at")),
        standings=standing_views(person, at=at),
        records=list(records),
        claims=list(claims),
    )


def person_history(person: Person) -> "QuerySet[Event]":
    """Return every event about the person, and what they did themselves, the newest first."""
    about = Q(person_id=person.pk)
    if user := getattr(person, "user", None):
        about |= Q(actor_id=user.pk)
    return Event.objects.filter(about).order_by("-pk")
