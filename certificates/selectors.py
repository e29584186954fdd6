"""Reads of the certificates room: the facts that the rules ask for, and what the pages list."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from certificates import rules
from certificates.models import (
    ArchiveCheck,
    CertificateDocument,
    CertificateStanding,
    CertificateVersion,
    ElectronicCertificate,
    LegacyCertificate,
    LegacyServiceRequest,
)
from certificates.numbers import normalise_number
from education.models import CERecord
from education.rules import (
    CourseRecord,
    Periods,
    PeriodSums,
    Standing,
    StandingFacts,
    StandingRecord,
    ce_standing,
    standing_from_sums,
)
from portal.accounts.models import Person
from portal.accounts.selectors import id_number_hash
from portal.identity import normalise_id_number, same_name
from portal.policy import Decision, Policy, current_pack, day_of

DOCUMENTS_EXPECTED = timedelta(minutes=2)
DOCUMENTS_LOOKED_FOR = timedelta(days=1)


def policy_on(moment: datetime) -> Policy:
    """Return the policy in force on the day of ``moment`` in Asia/Shanghai."""
    return current_pack().on(day_of(moment))


def hours(tenths: int) -> Decimal:
    """Return stored tenths of an hour as hours."""
    return Decimal(tenths) / 10


def certificate_facts(certificate: LegacyCertificate) -> rules.CertificateFacts:
    """Return what the rules ask of a legacy certificate. Reads ``archive_check``: select it beforehand for many."""
    return rules.CertificateFacts(
        kind=cast("rules.CertificateKind", certificate.kind),
        issuer=certificate.issuer,
        post_code=certificate.post_code,
        issued_on=certificate.issued_on,
        status=cast("rules.CertificateStatus", certificate.status),
        in_national_system=certificate.in_national_system,
        archive_check=_archive_facts(certificate),
    )


def _archive_facts(certificate: LegacyCertificate) -> rules.ArchiveCheck | None:
    try:
        check = certificate.archive_check
    except ArchiveCheck.DoesNotExist:
        return None
    return rules.ArchiveCheck(
        requested_on=day_of(check.requested_at),
        papers_seen_on=check.papers_seen_on,
        outcome=cast("rules.ArchiveOutcome", check.outcome),
    )


def exchange_decision(
    certificate: LegacyCertificate, person: Person, records: Iterable[CERecord], *, at: datetime
) -> Decision:
    """Decide the exchange of one certificate on the given, already loaded facts."""
    return rules.decide_exchange(exchange_facts(certificate, person, records), policy_on(at), on=at)


def exchange_facts(
    certificate: LegacyCertificate, person: Person, records: Iterable[CERecord]
) -> rules.ExchangeFacts:
    """Return what the exchange of a certificate is decided on."""
    return rules.ExchangeFacts(
        certificate=certificate_facts(certificate),
        profile=rules.ProfileFacts(
            complete=person.profile_completed_at is not None, photo=person.photo_id is not None
        ),
        education=tuple(_course(record) for record in records),
    )


def _course(record: CERecord) -> CourseRecord:
    return CourseRecord(
        post_code=record.post_code,
        ended_on=record.ended_on,
        hours=hours(record.hours),
        professional_hours=hours(record.professional_hours),
        assessment="passed" if record.passed else "failed",
    )


def ce_records_of(person: Person) -> "QuerySet[CERecord]":
    return (
        CERecord.objects.filter(person=person, in_force=True)
        .select_related("institution")
        .order_by("-ended_on", "-id")
    )


@dataclass(frozen=True)
class HeldPaper:
    """A paper certificate as its holder sees it.

    ``name_differs`` means that the registry has it under another name: it can be seen only masked, and exchanged only
    after an approved change of information (3.2).
    """

    certificate: LegacyCertificate
    decision: Decision
    name_differs: bool
    open_services: Sequence[LegacyServiceRequest]


@dataclass(frozen=True)
class HeldElectronic:
    certificate: ElectronicCertificate
    standing: Standing


def papers_of(person: Person) -> "QuerySet[LegacyCertificate]":
    """Return every legacy certificate registered under the person's ID number, those in use first."""
    return (
        LegacyCertificate.objects.filter(person=person)
        .select_related("archive_check", "replaced_by")
        .order_by("status", "-issued_on", "number")
    )


def held_papers(person: Person, *, at: datetime) -> list[HeldPaper]:
    """Return the person's legacy certificates, each decided at ``at``; three queries."""
    records = list(ce_records_of(person))
    services: dict[uuid.UUID, list[LegacyServiceRequest]] = defaultdict(list)
    for service in LegacyServiceRequest.objects.filter(
        certificate__person=person, state=LegacyServiceRequest.State.OPEN
    ):
        services[service.certificate_id].append(service)
    return [_held(paper, person, records, services[paper.id], at=at) for paper in papers_of(person)]


def held_paper(certificate: LegacyCertificate, person: Person, *, at: datetime) -> HeldPaper:
    """Return one certificate of `papers_of` as its holder sees it at ``at``; two queries."""
    services = [
        request
        for request in service_requests_of(certificate)
        if request.state == LegacyServiceRequest.State.OPEN
    ]
    return _held(certificate, person, ce_records_of(person), services, at=at)


def _held(
    certificate: LegacyCertificate,
    person: Person,
    records: Iterable[CERecord],
    services: Sequence[LegacyServiceRequest],
    *,
    at: datetime,
) -> HeldPaper:
    return HeldPaper(
        certificate=certificate,
        decision=exchange_decision(certificate, person, records, at=at),
        name_differs=not same_name(person.name, certificate.holder_name),
        open_services=services,
    )


def service_requests_of(certificate: LegacyCertificate) -> "QuerySet[LegacyServiceRequest]":
    """Return what was ever asked for on a certificate, the newest first."""
    return certificate.service_requests.order_by("-requested_at", "pk")


def open_service(certificate: LegacyCertificate, kind: str) -> LegacyServiceRequest | None:
    return certificate.service_requests.filter(kind=kind, state=LegacyServiceRequest.State.OPEN).first()


def electronics_of(person: Person) -> "QuerySet[ElectronicCertificate]":
    return (
        ElectronicCertificate.objects.filter(person=person)
        .select_related("replaces", "photo", "person")
        .order_by("-issued_at")
    )


def certificates_without_document(*, now: datetime) -> list[uuid.UUID]:
    """Return certificates issued on the day before ``now`` whose present version should have its PDF by now.

    One that is older, and lost its file since, is made when it is downloaded.
    """
    made = CertificateDocument.objects.filter(
        certificate=OuterRef("certificate"), version=OuterRef("version")
    )
    lately = CertificateVersion.objects.filter(
        superseded_at=None, issued_at__range=(now - DOCUMENTS_LOOKED_FOR, now - DOCUMENTS_EXPECTED)
    )
    missing = lately.filter(~Exists(made)).order_by("issued_at", "pk")
    return list(missing.values_list("certificate_id", flat=True)[:100])


def held_electronic(person: Person, *, at: datetime) -> list[HeldElectronic]:
    records = list(ce_records_of(person))
    return [
        HeldElectronic(certificate, electronic_standing(certificate, records, at=at))
        for certificate in electronics_of(person)
    ]


def electronic_facts(certificate: ElectronicCertificate, records: Iterable[CERecord]) -> StandingFacts:
    """Return what the duty of 2.1 is judged by."""
    return StandingFacts(
        kind="electronic",
        issued_on=day_of(certificate.issued_at),
        obtained_by="exchange" if certificate.replaces_id else "training",
        engaged_in_post=certificate.void_reason != "not_engaged",
        post_code=certificate.post_code,
        education=tuple(_standing_record(record) for record in records),
    )


def safety_facts(certificate: LegacyCertificate, records: Iterable[CERecord]) -> StandingFacts:
    """Return what a safety officer's duty is judged by (3.1a)."""
    return StandingFacts(
        kind="safety_officer",
        issued_on=certificate.issued_on,
        obtained_by="training",
        engaged_in_post=True,
        post_code=certificate.post_code,
        education=tuple(_standing_record(record) for record in records),
    )


def electronic_standing(
    certificate: ElectronicCertificate, records: Iterable[CERecord], *, at: datetime
) -> Standing:
    """Return where the holder stands with the duty of 2.1, by the pure rule, on the given records."""
    return ce_standing(electronic_facts(certificate, records), policy_on(at), day_of(at))


def _standing_record(record: CERecord) -> StandingRecord:
    return StandingRecord(
        ended_on=record.ended_on,
        post_code=record.post_code,
        hours=hours(record.hours),
        professional_hours=hours(record.professional_hours),
        makes_up_for=record.makes_up_for,
    )


def stored_standing(stored: CertificateStanding, policy: Policy, *, as_of: date) -> Standing:
    """Return the whole standing of a day from its stored sums; only the uncounted records are not known there.

    ``policy`` is the one it was settled under. Raises `ValueError` for a day on which the stored row may be wrong: before
    it was settled, or when the calendar has moved on.
    """
    if not stored.settled_on <= as_of < stored.changes_on:
        raise ValueError(f"Settled for {stored.settled_on} and until {stored.changes_on}, not for {as_of}.")
    sums = zip(stored.hours, stored.professional_hours, stored.timely_hours, strict=True)
    return standing_from_sums(
        {
            index: PeriodSums(
                hours=hours(total), professional_hours=hours(professional), timely_hours=hours(timely)
            )
            for index, (total, professional, timely) in enumerate(sums)
        },
        kind="electronic" if stored.electronic_id else "safety_officer",
        periods=Periods(first_start=stored.first_start),
        engaged_in_post=stored.engaged,
        policy=policy,
        as_of=as_of,
    )


def archive_checks() -> "QuerySet[ArchiveCheck]":
    """Return every archive check with its certificate, holder and deciders, the last decided first."""
    return ArchiveCheck.objects.select_related(
        "certificate__person", "decided_by", "papers_seen_by"
    ).order_by(Coalesce("decided_at", "ended_at", "requested_at").desc(), "pk")


def archive_checks_done() -> "QuerySet[ArchiveCheck]":
    return archive_checks().exclude(outcome=ArchiveCheck.Outcome.PENDING, ended_at__isnull=True)


def service_requests() -> "QuerySet[LegacyServiceRequest]":
    """Return every service request with its certificate, holder and decider, the last decided first."""
    return LegacyServiceRequest.objects.select_related("certificate__person", "decided_by").order_by(
        Coalesce("decided_at", "requested_at").desc(), "pk"
    )


def service_requests_done() -> "QuerySet[LegacyServiceRequest]":
    return service_requests().exclude(state=LegacyServiceRequest.State.OPEN)


def about_holder(text: str) -> Q:
    """Return the filter, on what belongs to a certificate, for a certificate number, an ID number or a part of a name."""
    found = (
        Q(certificate__number_key__contains=normalise_number(text))
        | Q(certificate__holder_name__icontains=text)
        | Q(certificate__person__name__icontains=text)
    )
    id_number = normalise_id_number(text)
    if isinstance(id_number, str):
        found |= Q(certificate__person__id_number_hash=id_number_hash(id_number))
    return found
