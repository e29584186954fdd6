"""Archive checks (1.1): asked for by the holder, papers seen and decided at the department's archive desk."""

from datetime import date, datetime

from django.db import transaction

from certificates.events import Verb
from certificates.models import ArchiveCheck, LegacyCertificate
from certificates.rules import decide_archive_request
from certificates.selectors import certificate_facts, policy_on
from certificates.services.refusals import RequestRefusedError, StateConflictError
from certificates.services.two_people import reviewer_of
from certificates.window import enter_gate
from portal import clock
from portal.events.services import Actor, event_record
from portal.notices.services import notice_send
from portal.policy import day_of


def archive_check_request(*, certificate: LegacyCertificate, by: Actor) -> ArchiveCheck:
    """Ask for a check of the files; a second request returns the first. Raises `RequestRefusedError`."""
    with transaction.atomic():
        enter_gate()
        paper = LegacyCertificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
        existing = ArchiveCheck.objects.filter(certificate=paper).first()
        if existing:
            return existing
        at = clock.now()
        decision = decide_archive_request(certificate_facts(paper), policy_on(at), on=at)
        if not decision.eligible:
            raise RequestRefusedError(decision)
        check = ArchiveCheck.objects.create(certificate=paper, requested_at=at)
        event_record(
            Verb.ARCHIVE_REQUESTED,
            at=at,
            by=by,
            subject=paper,
            person_id=paper.person_id,
            decision=decision.as_dict(),
        )
        return check


def archive_papers_see(*, check: ArchiveCheck, seen_on: date, by: Actor) -> ArchiveCheck:
    """Record that the holder showed the original ID card and certificate on ``seen_on``.

    Raises `NotAReviewerError`, `StateConflictError` when the check is no longer pending, `ValueError` for a day in the future or before the
    request. A day after the deadline is recorded as it was: the rule judges it.
    """
    with transaction.atomic():
        locked, at = _lock_pending(check)
        if not day_of(locked.requested_at) <= seen_on <= day_of(at):
            raise ValueError("The papers were seen between the request and today.")
        locked.papers_seen_on, locked.papers_seen_by = seen_on, reviewer_of(by)
        locked.save(update_fields=["papers_seen_on", "papers_seen_by"])
        _record(Verb.ARCHIVE_PAPERS_SEEN, locked, at=at, by=by, seen_on=seen_on.isoformat())
        return locked


def archive_check_decide(*, check: ArchiveCheck, confirmed: bool, reason: str, by: Actor) -> ArchiveCheck:
    """Confirm or reject what the files say. Confirming needs papers seen, rejecting a reason (`ValueError`).

    Raises `NotAReviewerError`, `StateConflictError` when someone else decided first or the window's closing ended the check.
    """
    with transaction.atomic():
        locked, at = _lock_pending(check)
        if confirmed and locked.papers_seen_on is None:
            raise ValueError("A check is confirmed on papers that were seen.")
        if not confirmed and not reason.strip():
            raise ValueError("A rejection needs a reason.")
        locked.outcome = ArchiveCheck.Outcome.CONFIRMED if confirmed else ArchiveCheck.Outcome.REJECTED
        locked.decided_at, locked.decided_by, locked.reason = at, reviewer_of(by), reason.strip()
        locked.save(update_fields=["outcome", "decided_at", "decided_by", "reason"])
        _record(Verb.ARCHIVE_DECIDED, locked, at=at, by=by, outcome=locked.outcome, reason=locked.reason)
        notice_send(
            "certificates.archive_decided",
            to=locked.certificate.person,
            at=at,
            facts={"number": locked.certificate.number, "outcome": locked.outcome, "reason": locked.reason},
            link=f"/me/certificates/{locked.certificate_id}/",
        )
        return locked


def _lock_pending(check: ArchiveCheck) -> tuple[ArchiveCheck, datetime]:
    enter_gate()
    locked = (
        ArchiveCheck.objects.select_for_update(of=("self",))
        .select_related("certificate__person")
        .get(pk=check.pk)
    )
    if locked.outcome != ArchiveCheck.Outcome.PENDING or locked.ended_at is not None:
        raise StateConflictError("ended" if locked.ended_at else locked.outcome)
    return locked, clock.now()


def _record(verb: Verb, check: ArchiveCheck, *, at: datetime, by: Actor, **data: str) -> None:
    event_record(verb, at=at, by=by, subject=check.certificate, person_id=check.certificate.person_id, **data)
