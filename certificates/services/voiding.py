"""Making an electronic certificate void (2.1), and giving it back.

A job proposes, and withdraws what late hours have cured. Only two reviewers, never the same person, take a certificate
away or reinstate it. Every step locks the certificate, asks the pure rule again on what is credited at that moment, and
reads the clock only then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from certificates.events import Verb
from certificates.lifecycle.models import Measure, MeasureKind
from certificates.log.models import LeafKind
from certificates.log.services import certificate_log
from certificates.models import (
    CertificateState,
    DailyRun,
    ElectronicCertificate,
    Ground,
    SettlementRun,
    VoidingEvidence,
    VoidingProposal,
)
from certificates.proposals import (
    IN_USE,
    first_failed,
    is_cured,
    objection_decision,
    records_by_person,
    settled_windows,
    standing_now,
    undecided,
    voidable,
    voiding_decision,
)
from certificates.selectors import electronic_standing, policy_on
from certificates.services.evidence import Evidence, evidence_keep
from certificates.services.refusals import RequestRefusedError, StateConflictError
from certificates.services.standing import settling_enter, standings_settle
from certificates.services.two_people import SamePersonError, certificate_lock, reviewer_of
from certificates.services.versions import version_issue
from certificates.tasks import render_document
from education.models import Batch, CERecord
from education.rules import WindowStanding
from portal import clock
from portal.accounts.models import User
from portal.background import ask_worker
from portal.events.models import Event
from portal.events.services import Actor, event_of, event_record, events_record
from portal.notices.services import Message, messages_send, notice_send
from portal.policy import day_of

State = VoidingProposal.State
PROPOSE = "propose_voiding"
AT_ONCE = 500  # certificates in one transaction

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OPEN: frozenset({State.CONFIRMED, State.DISMISSED, State.WITHDRAWN}),
    State.CONFIRMED: frozenset({State.APPROVED, State.DISMISSED, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.REINSTATING}),
    State.REINSTATING: frozenset({State.REINSTATED, State.APPROVED}),
    State.DISMISSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.REINSTATED: frozenset(),
}


class NotTheHolderError(Exception):
    """Who objects is not the holder of the certificate."""


class AlreadyProposedError(Exception):
    """The certificate is not in use, or a proposal about it is under way."""


# A job proposes


def voidings_propose_if_due(*, by: Actor) -> int | None:
    """Propose what today's settlement shows, once a day; return how many proposals were made.

    None when today's is done already, or the settlement is not. A crash loses nothing: the next run goes on where this
    one stopped, and a certificate has one proposal at a time.
    """
    today = clock.today()
    is_settled = SettlementRun.objects.filter(as_of=today).exists()
    if not is_settled or DailyRun.objects.filter(name=PROPOSE, day=today).exists():
        return None
    cured_withdraw(by=by)
    made = voidings_propose(by=by)
    run = DailyRun(name=PROPOSE, day=today, completed_at=clock.now())
    DailyRun.objects.bulk_create([run], ignore_conflicts=True)
    return made


def voidings_propose(*, by: Actor) -> int:
    """Propose to make void what the standings show as lapsed by a failed window; return how many were proposed.

    The settled standings say where to look; each proposal itself rests on the pure rule, asked under lock.
    """
    ids = list(voidable().values_list("pk", flat=True))
    return sum(_propose_some(ids[start : start + AT_ONCE], by=by) for start in range(0, len(ids), AT_ONCE))


@transaction.atomic
def _propose_some(ids: Sequence[UUID], *, by: Actor) -> int:
    locked = ElectronicCertificate.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    held = {certificate.pk for certificate in locked}
    at = clock.now()
    certificates = list(voidable().filter(pk__in=held).select_related("person", "replaces"))
    failed = list(_failed(certificates, at=at))
    proposals = [_proposed(certificate, window, at=at) for certificate, window in failed]
    VoidingProposal.objects.bulk_create(proposals)
    events_record([_proposal_event(proposal, at=at, by=by) for proposal in proposals])
    messages = [
        _proposal_message(proposal, window) for proposal, (_, window) in zip(proposals, failed, strict=True)
    ]
    messages_send("certificates.voiding_proposed", messages, at=at)
    return len(proposals)


def _failed(
    certificates: Sequence[ElectronicCertificate], *, at: datetime
) -> Iterator[tuple[ElectronicCertificate, WindowStanding]]:
    records = records_by_person({certificate.person_id for certificate in certificates})
    settled = settled_windows(certificates)
    for certificate in certificates:
        standing = electronic_standing(certificate, records[certificate.person_id], at=at)
        if window := first_failed(standing, settled[certificate.pk]):
            yield certificate, window


def _proposed(certificate: ElectronicCertificate, window: WindowStanding, *, at: datetime) -> VoidingProposal:
    first, second = window.labels
    return VoidingProposal(
        certificate=certificate,
        ground=Ground.HOURS,
        window_first=first,
        window_second=second,
        opened_at=at,
        objection_until=day_of(at) + timedelta(days=policy_on(at).voiding.objection_days),
    )


def _proposal_event(proposal: VoidingProposal, *, at: datetime, by: Actor) -> Event:
    return event_of(
        Verb.VOIDING_PROPOSED,
        at=at,
        by=by,
        subject=proposal.certificate,
        person_id=proposal.certificate.person_id,
        proposal=str(proposal.pk),
        ground=proposal.ground,
        window=[proposal.window_first, proposal.window_second],
        objection_until=proposal.objection_until.isoformat(),
        finding=proposal.finding,
    )


def _proposal_message(proposal: VoidingProposal, window: WindowStanding | None) -> Message:
    facts = {
        "number": proposal.certificate.number,
        "ground": proposal.ground,
        "until": proposal.objection_until.isoformat(),
        "finding": proposal.finding,
        **(window.as_dict() if window else {}),
    }
    return Message(to=proposal.certificate.person, facts=facts, link=_page(proposal))


# Late hours withdraw


def cured_withdraw(*, by: Actor, person_ids: Iterable[UUID] | None = None) -> int:
    """Withdraw the proposals whose window has not failed any more; of these people, or of everybody. Return how many.

    Called inside the transaction that credits hours, so that they and the withdrawal come to be together; nightly for
    everybody, since a new policy can cure a window too.
    """
    ids = list(undecided(person_ids).values_list("pk", flat=True))
    return sum(_withdraw_some(ids[start : start + AT_ONCE], by=by) for start in range(0, len(ids), AT_ONCE))


def cured_of_batch_withdraw(batch: Batch, at: datetime, by: Actor) -> None:
    """Withdraw what a batch has cured, in the transaction that credits it."""
    cured_withdraw(by=by, person_ids=CERecord.objects.filter(batch=batch).values_list("person_id", flat=True))


@transaction.atomic
def _withdraw_some(ids: Sequence[UUID], *, by: Actor) -> int:
    proposals = _lock_many(ids)
    at = clock.now()
    records = records_by_person({proposal.certificate.person_id for proposal in proposals})
    cured = [proposal for proposal in proposals if _is_cured_by(proposal, records, at=at)]
    for proposal in cured:
        _withdraw(proposal, at=at, by=by)
    return len(cured)


def _is_cured_by(
    proposal: VoidingProposal, records: Mapping[UUID, Sequence[CERecord]], *, at: datetime
) -> bool:
    held = records.get(proposal.certificate.person_id, ())
    return is_cured(proposal, electronic_standing(proposal.certificate, held, at=at))


def _withdraw(proposal: VoidingProposal, *, at: datetime, by: Actor) -> None:
    _move(proposal, State.WITHDRAWN)
    proposal.withdrawn_at = at
    proposal.save(update_fields=["state", "withdrawn_at"])
    _record(Verb.VOIDING_WITHDRAWN, proposal, at=at, by=by)
    _tell("certificates.voiding_withdrawn", proposal, at=at)


# The holder objects


def objection_make(
    *, proposal: VoidingProposal, text: str, evidence: Sequence[Evidence], by: Actor
) -> VoidingProposal:
    """Keep the holder's objection with its evidence; a later one, still in time, takes its place and adds its files.

    Raises `NotTheHolderError`, `RequestRefusedError` after the last day or the decision, `ValueError` without words,
    `EvidenceNotStoredError` when the disk does not take a file; then nothing has changed.
    """
    if not text.strip():
        raise ValueError("An objection says why.")
    with transaction.atomic():
        locked, at = _lock(proposal)
        if by.account.person_id != locked.certificate.person_id:
            raise NotTheHolderError
        decision = objection_decision(locked, at=at)
        if not decision.eligible:
            raise RequestRefusedError(decision)
        locked.objection, locked.objected_at = text.strip(), at
        locked.save(update_fields=["objection", "objected_at"])
        kept = evidence_keep(proposal=locked, evidence=evidence, at=at, by=by)
        _record(Verb.VOIDING_OBJECTED, locked, at=at, by=by, text=locked.objection, files=_digests(kept))
        return locked


# Two people decide


def voiding_confirm(*, proposal: VoidingProposal, by: Actor) -> VoidingProposal:
    """Confirm, as the first person, that the certificate is to become void; it stays valid until a second one approves.

    Raises `NotAReviewerError`, `StateConflictError` when a colleague was first or the hours have come in (then the
    proposal is withdrawn), `RequestRefusedError` with the checks that are not met.
    """
    return _decide(proposal, State.CONFIRMED, by=by)


def voiding_approve(*, proposal: VoidingProposal, by: Actor) -> VoidingProposal:
    """Approve, as the second person: the certificate is void from this moment. Raises as `voiding_confirm` does."""
    return _decide(proposal, State.APPROVED, by=by)


def _decide(proposal: VoidingProposal, to: State, *, by: Actor) -> VoidingProposal:
    reviewer = reviewer_of(by)
    with transaction.atomic():
        locked, at = _lock(proposal)
        _require(locked, to)
        standing = standing_now(locked.certificate, at=at)
        if not is_cured(locked, standing):
            approving = reviewer if to is State.APPROVED else None
            decision = voiding_decision(locked, standing, at=at, approving=approving)
            if not decision.eligible:
                raise RequestRefusedError(decision)
            act = _approve if to is State.APPROVED else _confirm
            act(locked, decision.as_dict(), at=at, by=by)
            return locked
        _withdraw(locked, at=at, by=by)
    raise StateConflictError(State.WITHDRAWN)


def _confirm(proposal: VoidingProposal, decision: Mapping[str, object], *, at: datetime, by: Actor) -> None:
    _move(proposal, State.CONFIRMED)
    proposal.confirmed_at, proposal.confirmed_by = at, by.account
    proposal.save(update_fields=["state", "confirmed_at", "confirmed_by"])
    _record(Verb.VOIDING_CONFIRMED, proposal, at=at, by=by, decision=decision)


def _approve(proposal: VoidingProposal, decision: Mapping[str, object], *, at: datetime, by: Actor) -> None:
    _move(proposal, State.APPROVED)
    proposal.approved_at, proposal.approved_by = at, by.account
    proposal.save(update_fields=["state", "approved_at", "approved_by"])
    _take_away(proposal.certificate, proposal, at=at, by=by)
    _record(Verb.VOIDING_APPROVED, proposal, at=at, by=by, decision=decision)
    _tell("certificates.voided", proposal, at=at)


def voiding_dismiss(*, proposal: VoidingProposal, reason: str, by: Actor) -> VoidingProposal:
    """Let a proposal fall, before or after the first confirmation: keeping a certificate takes one person and a reason.

    Raises `NotAReviewerError`, `StateConflictError`, `ValueError` without a reason.
    """
    reviewer = reviewer_of(by)
    if not reason.strip():
        raise ValueError("A dismissal needs a reason.")
    with transaction.atomic():
        locked, at = _lock(proposal)
        _move(locked, State.DISMISSED)
        locked.dismissed_at, locked.dismissed_by, locked.dismissal_reason = at, reviewer, reason.strip()
        locked.save(update_fields=["state", "dismissed_at", "dismissed_by", "dismissal_reason"])
        _record(Verb.VOIDING_DISMISSED, locked, at=at, by=by, reason=locked.dismissal_reason)
        _tell("certificates.voiding_dismissed", locked, at=at, reason=locked.dismissal_reason)
        return locked


def leaving_find(
    *, certificate: ElectronicCertificate, finding: str, evidence: Sequence[Evidence], by: Actor
) -> VoidingProposal:
    """Propose, on a reviewer's finding with evidence, that the holder does not work in the post any more (2.1).

    The holder has the same days for an objection. Who found it may confirm, and another person approves. Raises
    `NotAReviewerError`, `AlreadyProposedError`, `ValueError` without words or evidence.
    """
    reviewer = reviewer_of(by)
    if not finding.strip() or not evidence:
        raise ValueError("A finding needs words and evidence.")
    with transaction.atomic():
        locked = certificate_lock(certificate.pk)
        at = clock.now()
        if locked.state not in IN_USE or undecided_about(locked):
            raise AlreadyProposedError
        proposal = VoidingProposal.objects.create(
            certificate=locked,
            ground=Ground.NOT_ENGAGED,
            finding=finding.strip(),
            found_by=reviewer,
            opened_at=at,
            objection_until=day_of(at) + timedelta(days=policy_on(at).voiding.objection_days),
        )
        evidence_keep(proposal=proposal, evidence=evidence, at=at, by=by)
        events_record([_proposal_event(proposal, at=at, by=by)])
        messages_send("certificates.voiding_proposed", [_proposal_message(proposal, None)], at=at)
        return proposal


def undecided_about(certificate: ElectronicCertificate) -> bool:
    return certificate.voiding_proposals.filter(state__in=VoidingProposal.UNDECIDED).exists()


# Two people give it back


def reinstatement_ask(*, proposal: VoidingProposal, reason: str, by: Actor) -> VoidingProposal:
    """Ask, as the first person, that a certificate made void be given back.

    Raises `NotAReviewerError`, `StateConflictError`, `ValueError` without a reason.
    """
    reviewer = reviewer_of(by)
    if not reason.strip():
        raise ValueError("A reinstatement needs a reason.")
    with transaction.atomic():
        locked, at = _lock(proposal)
        _move(locked, State.REINSTATING)
        locked.reinstatement_asked_at, locked.reinstatement_asked_by = at, reviewer
        locked.reinstatement_reason = reason.strip()
        locked.save(update_fields=["state", *_REINSTATEMENT])
        _record(Verb.REINSTATEMENT_ASKED, locked, at=at, by=by, reason=locked.reinstatement_reason)
        return locked


_REINSTATEMENT = ("reinstatement_asked_at", "reinstatement_asked_by", "reinstatement_reason")


def reinstatement_decide(*, proposal: VoidingProposal, approved: bool, by: Actor) -> VoidingProposal:
    """Reinstate the certificate, as the second person, or leave it void.

    Raises `NotAReviewerError`, `StateConflictError`, `SamePersonError` when who asked would approve.
    """
    reviewer = reviewer_of(by)
    with transaction.atomic():
        locked, at = _lock(proposal)
        _require(locked, State.REINSTATED)
        if approved and locked.reinstatement_asked_by_id == reviewer.pk:
            raise SamePersonError
        if approved:
            _reinstate(locked, reviewer, at=at, by=by)
        else:
            _leave_void(locked, at=at, by=by)
        return locked


def _reinstate(proposal: VoidingProposal, reviewer: User, *, at: datetime, by: Actor) -> None:
    _give_back(proposal.certificate, proposal, at=at, by=by)
    _move(proposal, State.REINSTATED)
    proposal.reinstated_at, proposal.reinstated_by = at, reviewer
    proposal.save(update_fields=["state", "reinstated_at", "reinstated_by"])
    _record(Verb.REINSTATED, proposal, at=at, by=by, reason=proposal.reinstatement_reason)
    certificate = proposal.certificate
    given = {"state": certificate.state, "version": str(certificate.version)}
    _tell("certificates.reinstated", proposal, at=at, reason=proposal.reinstatement_reason, **given)


def _leave_void(proposal: VoidingProposal, *, at: datetime, by: Actor) -> None:
    reason = proposal.reinstatement_reason
    _move(proposal, State.APPROVED)
    proposal.reinstatement_asked_at = proposal.reinstatement_asked_by = None
    proposal.reinstatement_reason = ""
    proposal.save(update_fields=["state", *_REINSTATEMENT])
    _record(Verb.REINSTATEMENT_REFUSED, proposal, at=at, by=by, asked_because=reason)


# What they have in common


def _take_away(
    certificate: ElectronicCertificate, proposal: VoidingProposal, *, at: datetime, by: Actor
) -> None:
    certificate.state, certificate.state_changed_at = CertificateState.VOID, at
    certificate.void_reason, certificate.voided_by = proposal.ground, proposal
    _certificate_save(certificate, at=at, by=by)
    certificate_log(
        LeafKind.VOIDED, certificate=certificate, at=at, reason=proposal.ground, proposal=str(proposal.pk)
    )


def _give_back(
    certificate: ElectronicCertificate, proposal: VoidingProposal, *, at: datetime, by: Actor
) -> None:
    """Put the certificate back where it was, valid or suspended, as its next version.

    The revocation bit of the version that was void stays set: the standard of the status lists knows no way back.
    """
    certificate.state, certificate.state_changed_at = _state_before(certificate), at
    certificate.void_reason, certificate.voided_by = "", None
    certificate.version += 1
    _certificate_save(certificate, at=at, by=by)
    version_issue(certificate=certificate, at=at)
    certificate_log(LeafKind.REINSTATED, certificate=certificate, at=at, proposal=str(proposal.pk))
    ask_worker(render_document, str(certificate.pk))


def _state_before(certificate: ElectronicCertificate) -> CertificateState:
    """Return the state that a void certificate had: a suspension that nobody has lifted goes on."""
    suspending = (MeasureKind.SUSPEND, MeasureKind.LIFT)
    done = certificate.measures.filter(kind__in=suspending, state=Measure.State.DONE)
    last = done.order_by("-decided_at").first()
    is_suspended = last is not None and last.kind == MeasureKind.SUSPEND
    return CertificateState.SUSPENDED if is_suspended else CertificateState.VALID


def _certificate_save(certificate: ElectronicCertificate, *, at: datetime, by: Actor) -> None:
    """Keep the new state, and the standing that follows from it: who left the post is lapsed."""
    certificate.save(update_fields=["state", "state_changed_at", "void_reason", "voided_by", "version"])
    people = ElectronicCertificate.objects.filter(pk=certificate.pk).values("person_id")
    standings_settle(as_of=day_of(at), by=by, people=people)


def _lock(proposal: VoidingProposal) -> tuple[VoidingProposal, datetime]:
    """Lock settling, the certificate, then the proposal; only after all is the clock read."""
    settling_enter()
    certificate = certificate_lock(proposal.certificate_id)
    locked = VoidingProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    locked.certificate = certificate
    return locked, clock.now()


def _lock_many(ids: Sequence[UUID]) -> list[VoidingProposal]:
    """Lock what is still undecided of these, the certificates first, in one order for everybody."""
    certificates = ElectronicCertificate.objects.select_for_update(of=("self",)).select_related(
        "person", "replaces"
    )
    held = {c.pk: c for c in certificates.filter(voiding_proposals__in=ids).order_by("pk")}
    locked = list(undecided().select_for_update(of=("self",)).filter(pk__in=ids, certificate__in=held))
    for proposal in locked:
        proposal.certificate = held[proposal.certificate_id]
    return locked


def _require(proposal: VoidingProposal, to: State) -> None:
    if to not in TRANSITIONS[State(proposal.state)]:
        raise StateConflictError(proposal.state)


def _move(proposal: VoidingProposal, to: State) -> None:
    _require(proposal, to)
    proposal.state = to


def _page(proposal: VoidingProposal) -> str:
    return f"/me/electronic/{proposal.certificate_id}/voiding/"


def _digests(kept: Sequence[VoidingEvidence]) -> list[str]:
    return [evidence.sha256 for evidence in kept]


def _record(verb: Verb, proposal: VoidingProposal, *, at: datetime, by: Actor, **data: object) -> None:
    certificate = proposal.certificate
    facts = {"proposal": str(proposal.pk), "ground": proposal.ground, **data}
    event_record(verb, at=at, by=by, subject=certificate, person_id=certificate.person_id, **facts)


def _tell(code: str, proposal: VoidingProposal, *, at: datetime, **facts: str) -> None:
    facts = {"number": proposal.certificate.number, "ground": proposal.ground, **facts}
    notice_send(code, to=proposal.certificate.person, at=at, facts=facts, link=_page(proposal))
