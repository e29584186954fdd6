"""Institutions, their qualifications and clerks (2.2), and reports of a forbidden designation (4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from institutions.events import Verb
from institutions.models import DesignationReport, Ground, Institution, Membership, Qualification
from portal import clock
from portal.accounts.access import staff_open_for_two
from portal.accounts.models import Role, User
from portal.events.services import Actor, event_record
from portal.identity import Problem, normalise_credit_code
from portal.notices.services import notice_send, notices_send


class CreditCodeError(ValueError):
    """The unified social credit code is not one; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class QualificationOverlapError(Exception):
    """The institution is qualified already on some of these days; ``existing`` is that qualification."""

    def __init__(self, existing: Qualification) -> None:
        super().__init__(f"{existing.valid_from}/{existing.valid_until}")
        self.existing = existing


class QualificationSpanError(ValueError):
    """The last day lies before the first, or after the end that was set before."""


class NotAClerkError(ValueError):
    """Only a clerk's account works for an institution."""


class AlreadyClosedError(Exception):
    """Somebody else closed the report."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Where an institution is found: the area's code in the policy, an address and a telephone number."""

    area_code: str
    address: str = ""
    phone: str = ""


def institution_register(*, code: str, name: str, contact: Contact, by: Actor) -> Institution:
    """Return the institution with this unified social credit code, made now when it is new.

    Raises `CreditCodeError`. One that exists is returned as it is.
    """
    normal = normalise_credit_code(code)
    if isinstance(normal, Problem):
        raise CreditCodeError(normal)
    with transaction.atomic():
        at = clock.now()
        institution, is_new = Institution.objects.get_or_create(
            code=normal,
            defaults={
                "name": name,
                "area_code": contact.area_code,
                "address": contact.address,
                "phone": contact.phone,
                "created_at": at,
            },
        )
        if is_new:
            event_record(Verb.REGISTERED, at=at, by=by, subject=institution, code=normal, name=name)
    return institution


def qualification_grant(
    *,
    institution: Institution,
    ground: Ground,
    valid_from: date,
    valid_until: date | None = None,
    reference: str = "",
    by: Actor,
) -> Qualification:
    """Qualify an institution from one day to another, both included; without a last day, until further notice (2.2).

    Raises `QualificationSpanError` or `QualificationOverlapError`.
    """
    if valid_until and valid_until < valid_from:
        raise QualificationSpanError
    with transaction.atomic():
        locked = Institution.objects.select_for_update().get(pk=institution.pk)
        _refuse_overlap(locked, valid_from, valid_until)
        at = clock.now()
        qualification = Qualification.objects.create(
            institution=locked,
            ground=ground,
            reference=reference,
            valid_from=valid_from,
            valid_until=valid_until,
            created_at=at,
        )
        event_record(
            Verb.QUALIFIED,
            at=at,
            by=by,
            subject=locked,
            ground=ground.value,
            reference=reference,
            valid_from=valid_from.isoformat(),
            valid_until=valid_until.isoformat() if valid_until else None,
        )
    return qualification


def _refuse_overlap(institution: Institution, valid_from: date, valid_until: date | None) -> None:
    same_days = Q(valid_until__isnull=True) | Q(valid_until__gte=valid_from)
    if valid_until:
        same_days &= Q(valid_from__lte=valid_until)
    existing = institution.qualifications.filter(same_days).first()
    if existing:
        raise QualificationOverlapError(existing)


def qualification_end(
    *, qualification: Qualification, last_day: date, reason: str, by: Actor
) -> Qualification:
    """Let a qualification end on ``last_day``, itself included. What was taught until then still counts.

    Raises `QualificationSpanError` for a day before its first one or after an end that was set before.
    """
    with transaction.atomic():
        institution, locked = _locked(qualification)
        if last_day < locked.valid_from or (locked.valid_until and last_day > locked.valid_until):
            raise QualificationSpanError
        locked.valid_until = last_day
        locked.save(update_fields=["valid_until"])
        event_record(
            Verb.QUALIFICATION_ENDED,
            at=clock.now(),
            by=by,
            subject=institution,
            ground=locked.ground,
            last_day=last_day.isoformat(),
            reason=reason,
        )
        _clerks_tell(
            institution,
            "institutions.qualification_ended",
            {"last_day": last_day.isoformat(), "reason": reason},
        )
    return locked


def qualification_suspend(
    *, qualification: Qualification, first_day: date, last_day: date, reason: str, by: Actor
) -> Qualification:
    """Take a qualification away from one day to another, both included; return what goes on afterwards.

    It becomes two spans on the same ground, with a gap. Raises `QualificationSpanError` unless a day of the
    qualification is left before and after the gap.
    """
    with transaction.atomic():
        institution, locked = _locked(qualification)
        ends = locked.valid_until
        if not locked.valid_from < first_day <= last_day or (ends and last_day >= ends):
            raise QualificationSpanError
        at = clock.now()
        locked.valid_until = first_day - timedelta(days=1)
        locked.save(update_fields=["valid_until"])
        afterwards = Qualification.objects.create(
            institution=institution,
            ground=locked.ground,
            reference=locked.reference,
            valid_from=last_day + timedelta(days=1),
            valid_until=ends,
            created_at=at,
        )
        facts: dict[str, Any] = {
            "first_day": first_day.isoformat(),
            "last_day": last_day.isoformat(),
            "reason": reason,
        }
        event_record(
            Verb.QUALIFICATION_SUSPENDED, at=at, by=by, subject=institution, ground=locked.ground, **facts
        )
        _clerks_tell(institution, "institutions.qualification_suspended", facts)
    return afterwards


def _locked(qualification: Qualification) -> tuple[Institution, Qualification]:
    institution = Institution.objects.select_for_update().get(pk=qualification.institution_id)
    return institution, Qualification.objects.select_for_update().get(pk=qualification.pk)


def _clerks_tell(institution: Institution, code: str, facts: Mapping[str, str]) -> None:
    clerks = User.objects.filter(membership__institution=institution, is_active=True)
    notices_send(code, to=clerks, at=clock.now(), facts=facts, link="/institution/")


def clerk_open(*, institution: Institution, username: str, display_name: str, by: Actor) -> User:
    """Open the account of a clerk who works for this institution; a second person hands over the code to enter it.

    Raises `UsernameTakenError` of the accounts.
    """
    with transaction.atomic():
        user = staff_open_for_two(username=username, role=Role.CLERK, display_name=display_name, by=by)
        clerk_assign(user=user, institution=institution, by=by)
    return user


def clerk_assign(*, user: User, institution: Institution, by: Actor) -> Membership:
    """Let a clerk work for this institution and no other. Raises `NotAClerkError` for any other role."""
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if locked.role != Role.CLERK:
            raise NotAClerkError
        before = Membership.objects.filter(user=locked).first()
        if before and before.institution_id == institution.pk:
            return before
        membership, _is_new = Membership.objects.update_or_create(
            user=locked, defaults={"institution": institution}
        )
        event_record(
            Verb.CLERK_ASSIGNED,
            at=clock.now(),
            by=by,
            subject=institution,
            clerk=str(locked.pk),
            before=before.institution_id if before else None,
        )
    return membership


def designation_report(
    *, area_code: str, authority: str, account: str, reported_by: User | None, by: Actor
) -> DesignationReport:
    """Keep a report that somebody prescribed an institution (4.2). Without ``reported_by`` it stays anonymous."""
    with transaction.atomic():
        at = clock.now()
        report = DesignationReport.objects.create(
            area_code=area_code,
            authority=authority,
            account=account,
            reported_by=reported_by,
            reported_at=at,
        )
        event_record(
            Verb.DESIGNATION_REPORTED,
            at=at,
            by=Actor(by.means, reported_by, by.name),
            subject=report,
            area=area_code,
        )
    return report


def designation_report_close(*, report: DesignationReport, finding: str, by: Actor) -> DesignationReport:
    """Close a report with what was found; tell whoever reported it under their account. Raises `AlreadyClosedError`."""
    with transaction.atomic():
        locked = DesignationReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
        if locked.state == DesignationReport.State.CLOSED:
            raise AlreadyClosedError
        at = clock.now()
        locked.state, locked.closed_at = DesignationReport.State.CLOSED, at
        locked.closed_by, locked.finding = by.user, finding
        locked.save(update_fields=["state", "closed_at", "closed_by", "finding"])
        event_record(Verb.DESIGNATION_CLOSED, at=at, by=by, subject=locked, finding=finding)
        if locked.reported_by:
            notice_send(
                "institutions.designation_closed", to=locked.reported_by, at=at, facts={"finding": finding}
            )
    return locked
