"""Life after issue: suspend, lift, revoke, correct.

Rights are taken by two people, one who asks and another who decides; giving them back, or putting right what is printed,
takes one. Each act holds from its commit on: the page, the API, the status lists and the snapshot read the same rows.
"""

from datetime import datetime

from django.db import transaction

from certificates.events import Verb
from certificates.lifecycle.models import REASONS, TAKES_RIGHTS, Measure, MeasureKind, MeasureReason
from certificates.log.models import LeafKind
from certificates.log.services import certificate_log
from certificates.models import CertificateState, ElectronicCertificate, VoidReason
from certificates.services.refusals import StateConflictError
from certificates.services.two_people import SamePersonError, certificate_lock, reviewer_of
from certificates.services.versions import version_issue
from certificates.tasks import render_document
from portal import clock
from portal.accounts.models import User
from portal.background import ask_worker
from portal.events.services import Actor, event_record
from portal.identity import normalise_name
from portal.notices.services import notice_send

State = Measure.State

POSSIBLE_IN: dict[MeasureKind, tuple[CertificateState, ...]] = {
    MeasureKind.SUSPEND: (CertificateState.VALID,),
    MeasureKind.LIFT: (CertificateState.SUSPENDED,),
    MeasureKind.REVOKE: (CertificateState.VALID, CertificateState.SUSPENDED),
    MeasureKind.CORRECT: (CertificateState.VALID, CertificateState.SUSPENDED),
}
"""In which states of the certificate a measure may be taken."""

_ASKED = {MeasureKind.SUSPEND: Verb.SUSPENSION_ASKED, MeasureKind.REVOKE: Verb.REVOCATION_ASKED}


class MeasureWaitingError(Exception):
    """Another measure about the certificate waits for its second person."""


class NothingToCorrectError(Exception):
    """The certificate says already what it would say."""


def measure_ask(
    *,
    certificate: ElectronicCertificate,
    kind: MeasureKind,
    reason: MeasureReason,
    explanation: str,
    by: Actor,
) -> Measure:
    """Ask, as the first person, to suspend or revoke; nothing changes until another one decides.

    Raises `NotAReviewerError`, `StateConflictError` when the state does not allow it, `MeasureWaitingError`,
    `ValueError` for a reason that does not fit, or none in words.
    """
    reviewer = reviewer_of(by)
    _check_words(kind, reason, explanation)
    if kind not in TAKES_RIGHTS:
        raise ValueError(f"To {kind} takes one person.")
    with transaction.atomic():
        locked, at = _lock(certificate, kind)
        if locked.measures.filter(state=State.OPEN).exists():
            raise MeasureWaitingError
        measure = Measure.objects.create(
            certificate=locked,
            kind=kind,
            reason=reason,
            explanation=explanation.strip(),
            asked_at=at,
            asked_by=reviewer,
        )
        _record(_ASKED[kind], measure, at=at, by=by)
        return measure


def measure_decide(*, measure: Measure, approved: bool, refusal: str = "", by: Actor) -> Measure:
    """Carry a measure out, as the second person, or refuse it with a reason; whoever asked may refuse it, too.

    Raises `NotAReviewerError`, `SamePersonError`, `StateConflictError` when it was decided, or the certificate's state
    no longer allows it, `ValueError` for a refusal without a reason.
    """
    reviewer = reviewer_of(by)
    if not approved and not refusal.strip():
        raise ValueError("A refusal needs a reason.")
    with transaction.atomic():
        certificate = certificate_lock(measure.certificate_id)
        locked = Measure.objects.select_for_update(of=("self",)).get(pk=measure.pk)
        locked.certificate = certificate
        at = clock.now()
        if locked.state != State.OPEN:
            raise StateConflictError(locked.state)
        if not approved:
            return _refuse(locked, reviewer, refusal.strip(), at=at, by=by)
        if locked.asked_by_id == reviewer.pk:
            raise SamePersonError
        _require_state(certificate, MeasureKind(locked.kind))
        locked.state, locked.decided_at, locked.decided_by = State.DONE, at, reviewer
        locked.save(update_fields=["state", "decided_at", "decided_by"])
        _carry_out(locked, at=at, by=by)
        return locked


def suspension_lift(
    *, certificate: ElectronicCertificate, reason: MeasureReason, explanation: str, by: Actor
) -> Measure:
    """Let a suspended certificate be valid again. Raises `NotAReviewerError`, `StateConflictError`, `ValueError`."""
    reviewer = reviewer_of(by)
    _check_words(MeasureKind.LIFT, reason, explanation)
    with transaction.atomic():
        locked, at = _lock(certificate, MeasureKind.LIFT)
        measure = _done(locked, MeasureKind.LIFT, reason, explanation, reviewer, at)
        locked.state, locked.state_changed_at = CertificateState.VALID, at
        locked.save(update_fields=["state", "state_changed_at"])
        certificate_log(LeafKind.LIFTED, certificate=locked, at=at, reason=reason, measure=str(measure.pk))
        _record(Verb.SUSPENSION_LIFTED, measure, at=at, by=by)
        _tell("certificates.lifted", measure, at=at)
        return measure


def certificate_correct(
    *, certificate: ElectronicCertificate, reason: MeasureReason, explanation: str, name: str = "", by: Actor
) -> Measure:
    """Issue the next version under the same number: with another ``name``, or, for the reason “photo”, with the photo
    that the holder's profile has now. Never both, and never one in place of the other.

    The version before is superseded from the same moment on. Raises `NotAReviewerError`, `StateConflictError`,
    `NothingToCorrectError` when the certificate says so already, `ValueError` for a name that is none, one beside the
    reason “photo”, or none beside another reason.
    """
    reviewer = reviewer_of(by)
    _check_words(MeasureKind.CORRECT, reason, explanation)
    _check_name(reason, name)
    with transaction.atomic():
        locked, at = _lock(certificate, MeasureKind.CORRECT)
        changed = _photo_replace(locked) if reason == MeasureReason.PHOTO else _name_replace(locked, name)
        locked.version += 1
        locked.save(update_fields=[changed, "version"])
        measure = _done(locked, MeasureKind.CORRECT, reason, explanation, reviewer, at)
        version_issue(certificate=locked, at=at)
        certificate_log(LeafKind.CORRECTED, certificate=locked, at=at, reason=reason, measure=str(measure.pk))
        _record(Verb.CORRECTED, measure, at=at, by=by, version=locked.version)
        _tell("certificates.corrected", measure, at=at)
        ask_worker(render_document, str(locked.pk))
        return measure


def _check_name(reason: MeasureReason, name: str) -> None:
    if reason == MeasureReason.PHOTO:
        if name:
            raise ValueError("A correction of the photo names nobody.")
    elif normalise_name(name) != name:
        raise ValueError("A correction of the name gives the name, as it stands on an ID card.")


def _name_replace(certificate: ElectronicCertificate, name: str) -> str:
    """Put ``name`` into the locked row, and return the column."""
    if name == certificate.holder_name:
        raise NothingToCorrectError
    certificate.holder_name = name
    return "holder_name"


def _photo_replace(certificate: ElectronicCertificate) -> str:
    """Put the holder's present photo into the locked row, and return the column."""
    photo = certificate.person.photo
    if photo is None or photo == certificate.photo:
        raise NothingToCorrectError
    certificate.photo = photo
    return "photo"


def _carry_out(measure: Measure, *, at: datetime, by: Actor) -> None:
    certificate = measure.certificate
    certificate.state_changed_at = at
    if measure.kind == MeasureKind.SUSPEND:
        certificate.state = CertificateState.SUSPENDED
        leaf, verb, notice, why = LeafKind.SUSPENDED, Verb.SUSPENDED, "certificates.suspended", measure.reason
    else:
        certificate.state, certificate.void_reason = CertificateState.VOID, VoidReason.REVOKED
        leaf, verb, notice, why = (
            LeafKind.VOIDED,
            Verb.REVOKED,
            "certificates.revoked",
            VoidReason.REVOKED.value,
        )
    certificate.save(update_fields=["state", "state_changed_at", "void_reason"])
    certificate_log(leaf, certificate=certificate, at=at, reason=why, measure=str(measure.pk))
    _record(verb, measure, at=at, by=by)
    _tell(notice, measure, at=at)


def _refuse(measure: Measure, reviewer: User, refusal: str, *, at: datetime, by: Actor) -> Measure:
    measure.state, measure.decided_at, measure.decided_by = State.REFUSED, at, reviewer
    measure.refusal = refusal
    measure.save(update_fields=["state", "decided_at", "decided_by", "refusal"])
    _record(Verb.MEASURE_REFUSED, measure, at=at, by=by, refusal=refusal)
    return measure


def _done(
    certificate: ElectronicCertificate,
    kind: MeasureKind,
    reason: MeasureReason,
    explanation: str,
    reviewer: User,
    at: datetime,
) -> Measure:
    """Return the measure of one person, carried out at once."""
    return Measure.objects.create(
        certificate=certificate,
        kind=kind,
        reason=reason,
        explanation=explanation.strip(),
        state=State.DONE,
        asked_at=at,
        asked_by=reviewer,
        decided_at=at,
        decided_by=reviewer,
    )


def _lock(certificate: ElectronicCertificate, kind: MeasureKind) -> tuple[ElectronicCertificate, datetime]:
    """Lock the certificate, read the clock only then, and require a state that allows ``kind``."""
    locked = certificate_lock(certificate.pk)
    _require_state(locked, kind)
    return locked, clock.now()


def _require_state(certificate: ElectronicCertificate, kind: MeasureKind) -> None:
    if certificate.state not in POSSIBLE_IN[kind]:
        raise StateConflictError(certificate.state)


def _check_words(kind: MeasureKind, reason: MeasureReason, explanation: str) -> None:
    if reason not in REASONS[kind] or not explanation.strip():
        raise ValueError("A measure has a reason of its list, and words.")


def _record(verb: Verb, measure: Measure, *, at: datetime, by: Actor, **data: object) -> None:
    certificate = measure.certificate
    facts = {"measure": str(measure.pk), "why": measure.reason, "text": measure.explanation, **data}
    event_record(verb, at=at, by=by, subject=certificate, person_id=certificate.person_id, **facts)


def _tell(code: str, measure: Measure, *, at: datetime) -> None:
    certificate = measure.certificate
    facts = {"number": certificate.number, "why": measure.reason, "text": measure.explanation}
    notice_send(code, to=certificate.person, at=at, facts=facts, link=f"/me/electronic/{certificate.pk}/")
