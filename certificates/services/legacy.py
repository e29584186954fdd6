"""Services for paper certificates until the end of 2020 (3.2), asked for by the holder, decided by a reviewer."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from certificates.events import Verb
from certificates.log.models import LeafKind
from certificates.log.services import paper_record, records_write
from certificates.models import LegacyCertificate, LegacyServiceRequest, LegacyStatus, ServiceKind
from certificates.rules import decide_legacy_service
from certificates.selectors import certificate_facts, policy_on
from certificates.services.refusals import RequestRefusedError, StateConflictError
from certificates.services.two_people import reviewer_of
from certificates.window import enter_gate
from portal import clock
from portal.events.services import Actor, event_record
from portal.identity import same_name
from portal.notices.services import notice_send
from portal.policy import Decision

State = LegacyServiceRequest.State


@dataclass(frozen=True, kw_only=True)
class ServiceWishes:
    """What the holder asks to have changed; empty for a replacement or a cancellation."""

    new_name: str = ""
    new_employer: str = ""
    new_expiry: date | None = None


def legacy_service_request(
    *, certificate: LegacyCertificate, kind: ServiceKind, explanation: str, wishes: ServiceWishes, by: Actor
) -> LegacyServiceRequest:
    """Ask for a service; a second request of the kind while one is open returns the open one.

    Raises `RequestRefusedError`, recorded as an event, after the last day or for a certificate that has no such service.
    """
    with transaction.atomic():
        enter_gate()
        paper = LegacyCertificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
        existing = LegacyServiceRequest.objects.filter(certificate=paper, kind=kind, state=State.OPEN).first()
        if existing:
            return existing
        at = clock.now()
        decision = _decide(paper, kind, at)
        if decision.eligible:
            request = LegacyServiceRequest.objects.create(
                certificate=paper,
                kind=kind,
                requested_by=by.account,
                requested_at=at,
                explanation=explanation,
                new_name=wishes.new_name,
                new_employer=wishes.new_employer,
                new_expiry=wishes.new_expiry,
            )
            _record(Verb.SERVICE_REQUESTED, paper, at=at, by=by, service=kind, decision=decision.as_dict())
            return request
        _record(Verb.SERVICE_REFUSED, paper, at=at, by=by, service=kind, decision=decision.as_dict())
    raise RequestRefusedError(decision)


def legacy_service_decide(
    *, request: LegacyServiceRequest, approved: bool, reason: str, by: Actor
) -> LegacyServiceRequest:
    """Approve, which carries the change out, or refuse with a reason.

    The last day of 3.2 holds for the decision too: `RequestRefusedError` afterwards, whether or not the closing ran.
    Raises `NotAReviewerError`, `StateConflictError` when someone else decided first, `ValueError` for a refusal without a reason.
    """
    if not approved and not reason.strip():
        raise ValueError("A refusal needs a reason.")
    with transaction.atomic():
        enter_gate()
        paper = LegacyCertificate.objects.select_for_update(of=("self",)).get(pk=request.certificate_id)
        locked = LegacyServiceRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.state != State.OPEN:
            raise StateConflictError(locked.state)
        at = clock.now()
        decision = _decide(paper, ServiceKind(locked.kind), at)
        if not decision.eligible:
            raise RequestRefusedError(decision)
        locked.state = State.APPROVED if approved else State.REFUSED
        locked.decided_at, locked.decided_by, locked.reason = at, reviewer_of(by), reason.strip()
        locked.save(update_fields=["state", "decided_at", "decided_by", "reason"])
        if approved:
            _carry_out(paper, locked, at=at)
        _record(
            Verb.SERVICE_DECIDED,
            paper,
            at=at,
            by=by,
            service=locked.kind,
            outcome=locked.state,
            reason=locked.reason,
        )
        notice_send(
            "certificates.service_decided",
            to=paper.person,
            at=at,
            facts={
                "number": paper.number,
                "service": locked.kind,
                "outcome": locked.state,
                "reason": locked.reason,
            },
            link=f"/me/certificates/{paper.pk}/",
        )
        return locked


def _decide(paper: LegacyCertificate, kind: ServiceKind, at: datetime) -> Decision:
    return decide_legacy_service(certificate_facts(paper), policy_on(at), service=kind.value, on=at)


def _carry_out(paper: LegacyCertificate, request: LegacyServiceRequest, *, at: datetime) -> None:
    match request.kind:
        case ServiceKind.CHANGE:
            _change_information(paper, request, at=at)
        case ServiceKind.EXTENSION:
            paper.expires_on = request.new_expiry
            paper.save(update_fields=["expires_on"])
        case ServiceKind.CANCELLATION:
            paper.status, paper.status_changed_at = LegacyStatus.VOID, at
            paper.save(update_fields=["status", "status_changed_at"])
            records_write([paper_record(LeafKind.CANCELLED, paper=paper, at=at)])
        case ServiceKind.REPLACEMENT:
            pass  # a new print of the same paper: what the registry knows stays as it is


def _change_information(paper: LegacyCertificate, request: LegacyServiceRequest, *, at: datetime) -> None:
    if request.new_name and not same_name(request.new_name, paper.holder_name):
        paper.holder_name = request.new_name
    if request.new_employer:
        paper.employer_name = request.new_employer
    paper.corrected_at = at
    paper.save(update_fields=["holder_name", "employer_name", "corrected_at"])


def _record(verb: Verb, paper: LegacyCertificate, *, at: datetime, by: Actor, **data: object) -> None:
    event_record(verb, at=at, by=by, subject=paper, person_id=paper.person_id, **data)
