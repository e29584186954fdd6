"""Reads about making certificates void (2.1): what is proposed, on which facts, and what waits for whom."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from certificates.models import ElectronicCertificate, Ground, VoidingProposal
from certificates.numbers import normalise_number
from certificates.rules import VoidingFacts, decide_objection, decide_voiding
from certificates.selectors import ce_records_of, electronic_standing, policy_on
from education.models import CERecord
from education.rules import Standing, WindowStanding, WindowState
from education.selectors import reported_rows
from portal.accounts.models import Person, User
from portal.accounts.selectors import id_number_hash
from portal.events.models import Event
from portal.identity import normalise_id_number
from portal.policy import Decision, day_of

State = VoidingProposal.State
IN_USE = ("valid", "suspended")


def voidable() -> "QuerySet[ElectronicCertificate]":
    """Return the certificates in use whose settled standing has a failed window, and about which nothing is proposed."""
    under_way = VoidingProposal.objects.filter(
        certificate=OuterRef("pk"), state__in=VoidingProposal.UNDECIDED
    )
    lapsed = ElectronicCertificate.objects.filter(
        standing__status="lapsed", standing__lapsed_on__isnull=False
    )
    return lapsed.filter(~Exists(under_way), state__in=IN_USE).order_by("pk")


def undecided(person_ids: Iterable[UUID] | None = None) -> "QuerySet[VoidingProposal]":
    """Return the proposals for want of hours that are not decided yet; of these people, or of everybody."""
    proposals = VoidingProposal.objects.filter(ground=Ground.HOURS, state__in=VoidingProposal.UNDECIDED)
    if person_ids is not None:
        proposals = proposals.filter(certificate__person_id__in=person_ids)
    return proposals.order_by("pk")


def records_by_person(person_ids: Collection[UUID]) -> dict[UUID, list[CERecord]]:
    """Return the courses of many people that count, in one query."""
    found: dict[UUID, list[CERecord]] = defaultdict(list)
    for record in CERecord.objects.filter(person_id__in=person_ids, in_force=True).order_by("pk"):
        found[record.person_id].append(record)
    return found


def settled_windows(certificates: Iterable[ElectronicCertificate]) -> dict[UUID, set[int]]:
    """Return, by certificate, the second label of each failed window that people decided in the holder's favour.

    The job proposes such a window no second time.
    """
    found: dict[UUID, set[int]] = defaultdict(set)
    settled = VoidingProposal.objects.filter(
        certificate__in=list(certificates), ground=Ground.HOURS, state__in=[State.DISMISSED, State.REINSTATED]
    )
    for certificate_id, label in settled.values_list("certificate_id", "window_second"):
        if label is not None:
            found[certificate_id].add(label)
    return found


def first_failed(standing: Standing, settled: Collection[int] = ()) -> WindowStanding | None:
    """Return the first failed window that nobody has decided in the holder's favour."""
    failed = (window for window in standing.windows if window.state is WindowState.FAILED)
    return next((window for window in failed if window.labels[1] not in settled), None)


def window_of(proposal: VoidingProposal, standing: Standing) -> WindowStanding | None:
    """Return the window for which a certificate is to be void, as it stands now; None for another ground."""
    labels = (proposal.window_first, proposal.window_second)
    return next((window for window in standing.windows if window.labels == labels), None)


def is_cured(proposal: VoidingProposal, standing: Standing) -> bool:
    """Whether the window of a proposal has not failed, or not any more; never for another ground."""
    window = window_of(proposal, standing)
    return proposal.ground == Ground.HOURS and (window is None or window.state is not WindowState.FAILED)


def voiding_decision(
    proposal: VoidingProposal, standing: Standing, *, at: datetime, approving: User | None = None
) -> Decision:
    """Decide what may be done about a proposal, by the pure rule; ``approving`` is who would be the second person."""
    involved = {proposal.confirmed_by_id, proposal.found_by_id}
    facts = VoidingFacts(
        ground=cast("Literal['hours', 'not_engaged']", proposal.ground),
        in_use=proposal.certificate.state in IN_USE,
        window=window_of(proposal, standing),
        objection_until=proposal.objection_until,
        cured_by_hours_in_review=_cured_by_hours_in_review(proposal, at=at),
        another_person=None if approving is None else approving.pk not in involved,
    )
    return decide_voiding(facts, policy_on(at), on=at)


def _cured_by_hours_in_review(proposal: VoidingProposal, *, at: datetime) -> bool:
    person = proposal.certificate.person
    reported = [row for row in reported_rows(person) if row.ended_on and row.hours]
    if not reported:
        return False
    hoped = electronic_standing(proposal.certificate, [*ce_records_of(person), *reported], at=at)  # type: ignore[list-item]
    return is_cured(proposal, hoped)


def objection_decision(proposal: VoidingProposal, *, at: datetime) -> Decision:
    return decide_objection(
        undecided=proposal.state in VoidingProposal.UNDECIDED,
        objection_until=proposal.objection_until,
        policy=policy_on(at),
        on=at,
    )


def standing_now(certificate: ElectronicCertificate, *, at: datetime) -> Standing:
    """Return the standing by the pure rule on the credited hours as they are at this moment."""
    return electronic_standing(certificate, ce_records_of(certificate.person), at=at)


# What the pages list


def about_electronic_holder(text: str) -> Q:
    """Return the filter, on what belongs to an electronic certificate, for its number, an ID number, part of a name."""
    found = Q(certificate__number=normalise_number(text)) | Q(certificate__holder_name__icontains=text)
    id_number = normalise_id_number(text)
    if isinstance(id_number, str):
        found |= Q(certificate__person__id_number_hash=id_number_hash(id_number))
    return found


def proposals() -> "QuerySet[VoidingProposal]":
    """Return every proposal with its certificate, holder and deciders, the latest first."""
    return VoidingProposal.objects.select_related(
        "certificate__person", "found_by", "confirmed_by", "approved_by", "dismissed_by",
        "reinstatement_asked_by", "reinstated_by",
    ).order_by("-opened_at", "pk")  # fmt: skip


def proposals_of(person: Person) -> "QuerySet[VoidingProposal]":
    return proposals().filter(certificate__person=person)


def proposals_first(*, at: datetime) -> "QuerySet[VoidingProposal]":
    """Return what waits for a first reviewer: objections at once, the others when the holder's days are over."""
    today = day_of(at)
    return (
        proposals()
        .filter(Q(objection_until__lt=today) | Q(objected_at__isnull=False), state=State.OPEN)
        .order_by("objection_until", "pk")
    )


def proposals_in_objection_time(*, at: datetime) -> "QuerySet[VoidingProposal]":
    """Return what the holder may still object to, and has not."""
    return (
        proposals()
        .filter(state=State.OPEN, objected_at__isnull=True, objection_until__gte=day_of(at))
        .order_by("objection_until", "pk")
    )


def proposals_second() -> "QuerySet[VoidingProposal]":
    """Return what waits for a second person: confirmed proposals, and reinstatements asked for."""
    return proposals().filter(state__in=[State.CONFIRMED, State.REINSTATING]).order_by("confirmed_at", "pk")


def proposals_decided() -> "QuerySet[VoidingProposal]":
    ended = [State.APPROVED, State.DISMISSED, State.WITHDRAWN, State.REINSTATED]
    return proposals().filter(state__in=ended)


def history_of(certificate: ElectronicCertificate) -> "QuerySet[Event]":
    """Return what happened on the way to a void certificate and back, the latest first."""
    return Event.objects.filter(
        subject_kind=certificate._meta.label_lower,
        subject_id=str(certificate.pk),
        verb__startswith="certificates.voiding.",
    ).order_by("-id")
