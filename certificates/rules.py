"""The rules of the exchange (1.1–1.3), of legacy certificates (3.2) and of making an electronic one void (2.1).

Pure: facts and policy in, a `Decision` out. A moment is aware and counts by its day in Asia/Shanghai.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from education.rules import CourseRecord, WindowStanding, WindowState, exchange_hours
from portal.policy import Check, Decision, JsonValue, Policy, Result, day_of, json_number

CertificateKind = Literal["post_training", "enterprise_post", "safety_officer"]
CertificateStatus = Literal["active", "exchanged", "void"]
ArchiveOutcome = Literal["pending", "confirmed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCheck:
    """A check of the department's files, for a certificate that the national system does not show (1.1)."""

    requested_on: date
    papers_seen_on: date | None
    outcome: ArchiveOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """A legacy certificate as the registry knows it; `issuer` is the policy's issuer code, or another word."""

    kind: CertificateKind
    issuer: str
    post_code: str
    issued_on: date
    status: CertificateStatus
    in_national_system: bool
    archive_check: ArchiveCheck | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFacts:
    """What the holder has filled in (1.3)."""

    complete: bool
    photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFacts:
    """Everything that the exchange of one certificate is decided on; `education` holds approved courses."""

    certificate: CertificateFacts
    profile: ProfileFacts
    education: tuple[CourseRecord, ...]


def decide_exchange(facts: ExchangeFacts, policy: Policy, *, on: datetime) -> Decision:
    """Decide whether the certificate may be exchanged at the moment `on`; always twelve checks, in this order."""
    today = day_of(on)
    certificate = facts.certificate
    checks = (
        _window_open(today, policy),
        *_scope(certificate, policy),
        _certificate_active(certificate),
        _registry_record(certificate, today, policy),
        _profile_complete(facts.profile),
        _photo(facts.profile),
        *_education(facts, today, policy),
    )
    return Decision(checks, policy.pack, policy.date)


def decide_scope(certificate: CertificateFacts, policy: Policy, *, on: datetime) -> Decision:
    """Decide whether certificates of this kind, year and post are exchanged at all, and still are (1.1, 1.2)."""
    checks = (_window_open(day_of(on), policy), *_scope(certificate, policy))
    return Decision(checks, policy.pack, policy.date)


def archive_check_helps(archive: ArchiveCheck, policy: Policy, *, on: datetime) -> bool:
    """Tell whether a check can still let its certificate into the exchange: its dates do, and it was not rejected (1.1)."""
    deadline = policy.exchange.archive_check_deadline
    return deadline is not None and _archive_result(archive, day_of(on), deadline)[0] is not Result.FAIL


def decide_archive_request(certificate: CertificateFacts, policy: Policy, *, on: datetime) -> Decision:
    """Decide whether the holder may ask for an archive check at the moment `on` (1.1).

    Only what the check could still help is accepted: the certificate must lie within the scope of the exchange, be
    active, be missing from the national system, and have no check under way or decided.
    """
    checks = (
        _archive_window_open(day_of(on), policy),
        _archive_needed(certificate),
        _archive_not_requested(certificate),
        *_scope(certificate, policy),
        _certificate_active(certificate),
    )
    return Decision(checks, policy.pack, policy.date)


def decide_legacy_service(
    certificate: CertificateFacts, policy: Policy, *, service: str, on: datetime
) -> Decision:
    """Decide whether a service for a legacy certificate may be asked for at the moment `on` (3.2)."""
    rules = policy.legacy_services
    ends, kinds, services = rules.end.isoformat(), list(rules.certificate_kinds), list(rules.services)
    status = certificate.status
    checks = (
        _must("service_window_open", "3.2", day_of(on) <= rules.end, closes=ends),
        _must("service_offered", "3.2", service in services, service=service, offered=services),
        _must(
            "service_certificate_kind", "3.2", certificate.kind in kinds, kind=certificate.kind, allowed=kinds
        ),
        _must("service_certificate_active", "3.2", status == "active", status=status, reason=status),
    )
    return Decision(checks, policy.pack, policy.date)


def _must(code: str, clause: str, holds: bool, **facts: JsonValue) -> Check:
    """Return a check that nobody can cure when it does not hold."""
    return Check(code, Result.PASS if holds else Result.FAIL, clause, facts)


def _should(code: str, clause: str, holds: bool, **facts: JsonValue) -> Check:
    """Return a check that the holder can cure when it does not hold."""
    return Check(code, Result.PASS if holds else Result.TODO, clause, facts)


def _window_open(today: date, policy: Policy) -> Check:
    closes = policy.exchange.window_end
    return _must("window_open", "1.2", today <= closes, closes=closes.isoformat())


def _scope(certificate: CertificateFacts, policy: Policy) -> tuple[Check, ...]:
    """Return the four checks of which certificates are exchanged at all (1.1)."""
    rules = policy.exchange
    kind, year = certificate.kind, certificate.issued_on.year
    kinds, years, posts = (
        list(rules.certificate_kinds),
        list(rules.issue_years),
        [p.code for p in rules.posts],
    )
    clause = "3.1a" if kind == "safety_officer" else "1.1"
    return (
        _must("certificate_kind", clause, kind in kinds, kind=kind, reason=kind, allowed=kinds),
        _must(
            "issuer",
            "1.1",
            certificate.issuer == rules.issuer.code,
            issuer=certificate.issuer,
            required=rules.issuer.code,
        ),
        _must("issue_year", "1.1", year in years, year=year, first=years[0], last=years[-1], allowed=years),
        _must(
            "post_code", "1.1", certificate.post_code in posts, post_code=certificate.post_code, allowed=posts
        ),
    )


def _certificate_active(certificate: CertificateFacts) -> Check:
    status = certificate.status
    return _must("certificate_active", "1.3", status == "active", status=status, reason=status)


def _registry_record(certificate: CertificateFacts, today: date, policy: Policy) -> Check:
    """Check that the certificate is known: to the national system, or after an archive check in time (1.1).

    Readings where the rule is silent: an archive check confirmed without the day on which the papers were seen is
    still to be completed while the deadline has not passed; where the province has no archive check, only the national
    system counts.
    """
    deadline = policy.exchange.archive_check_deadline
    if certificate.in_national_system:
        result, reason = Result.PASS, "in_national_system"
    elif deadline is None:
        result, reason = Result.FAIL, "no_archive_check"
    else:
        result, reason = _archive_result(certificate.archive_check, today, deadline)
    archive = certificate.archive_check
    return Check(
        "registry_record",
        result,
        "1.1",
        {
            "reason": reason,
            "deadline": _iso(deadline),
            "requested_on": _iso(archive.requested_on) if archive else None,
            "papers_seen_on": _iso(archive.papers_seen_on) if archive else None,
        },
    )


def _archive_result(archive: ArchiveCheck | None, today: date, deadline: date) -> tuple[Result, str]:
    in_time = today <= deadline
    if archive is None:
        return (Result.TODO, "not_requested") if in_time else (Result.FAIL, "never_requested")
    if archive.outcome == "rejected":
        return Result.FAIL, "rejected"
    if archive.requested_on > deadline or (archive.papers_seen_on or deadline) > deadline:
        return Result.FAIL, "too_late"
    if archive.papers_seen_on is None:
        return (Result.TODO, "papers_not_seen") if in_time else (Result.FAIL, "papers_never_seen")
    return (Result.PASS, "confirmed") if archive.outcome == "confirmed" else (Result.TODO, "pending")


def _profile_complete(profile: ProfileFacts) -> Check:
    return _should("profile_complete", "1.3", profile.complete)


def _photo(profile: ProfileFacts) -> Check:
    return _should("photo", "1.3", profile.photo)


def _education(facts: ExchangeFacts, today: date, policy: Policy) -> tuple[Check, ...]:
    """Return the three checks of the education by which one exchanges (1.3, 2.2)."""
    rules, certificate = policy.exchange, facts.certificate
    total = exchange_hours(
        facts.education, post_code=certificate.post_code, since=certificate.issued_on, until=today
    )
    passed = total.assessment_passed or not rules.assessment_required
    by = rules.window_end.isoformat()
    return (
        _should(
            "ce_hours", "1.3, 2.2", total.hours >= rules.hours, **_amount(rules.hours, total.hours), by=by
        ),
        _should(
            "ce_professional_hours",
            "1.3, 2.2",
            total.professional_hours >= rules.professional_hours,
            **_amount(rules.professional_hours, total.professional_hours),
            by=by,
        ),
        _should("ce_assessment", "1.3", passed, passed=total.assessment_passed, by=by),
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _amount(required: Decimal, have: Decimal) -> dict[str, JsonValue]:
    missing = max(Decimal(0), required - have)
    return {"required": json_number(required), "have": json_number(have), "missing": json_number(missing)}


def _archive_window_open(today: date, policy: Policy) -> Check:
    deadline = policy.exchange.archive_check_deadline
    if deadline is None:
        return Check(
            "archive_window_open", Result.FAIL, "1.1", {"reason": "no_archive_check", "deadline": None}
        )
    return _must(
        "archive_window_open",
        "1.1",
        today <= deadline,
        reason="deadline_passed",
        deadline=deadline.isoformat(),
    )


def _archive_needed(certificate: CertificateFacts) -> Check:
    return _must("archive_needed", "1.1", not certificate.in_national_system)


def _archive_not_requested(certificate: CertificateFacts) -> Check:
    archive = certificate.archive_check
    return _must("archive_not_requested", "1.1", archive is None, reason=archive.outcome if archive else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidingFacts:
    """What making an electronic certificate void is decided on (2.1)."""

    ground: Literal["hours", "not_engaged"]
    in_use: bool
    window: WindowStanding | None
    """The window for which it was proposed, as it stands now; None for a holder who has left the post."""
    objection_until: date
    cured_by_hours_in_review: bool
    """Whether hours that an institution has reported, and nobody has decided yet, would bring the window up."""
    another_person: bool | None = None
    """Whether who approves is neither who confirmed nor who made the finding; None while nobody approves yet."""


def decide_voiding(facts: VoidingFacts, policy: Policy, *, on: datetime) -> Decision:
    """Decide whether a reviewer may confirm, or a second one approve, that a certificate becomes void (2.1).

    The holder's days for an objection come first, hours under review come first, and a cured window is never voided.
    """
    today = day_of(on)
    until = {"until": facts.objection_until.isoformat()}
    is_over = today > facts.objection_until
    in_review = facts.ground == "hours" and facts.cured_by_hours_in_review
    checks = [
        Check("voiding_in_use", Result.PASS if facts.in_use else Result.FAIL, "2.1"),
        _voiding_ground(facts),
        Check("voiding_objection_over", Result.PASS if is_over else Result.TODO, "2.1", until),
        Check("voiding_hours_in_review", Result.TODO if in_review else Result.PASS, "2.2"),
    ]
    if facts.another_person is not None:
        second = Result.PASS if facts.another_person else Result.FAIL
        checks.append(Check("voiding_second_person", second, "2.1"))
    return Decision(tuple(checks), policy.pack, policy.date)


def _voiding_ground(facts: VoidingFacts) -> Check:
    window = facts.window
    if window is None:
        return Check("voiding_ground", Result.PASS, "2.1", {"reason": facts.ground})
    failed = Result.PASS if window.state is WindowState.FAILED else Result.FAIL
    first, second = window.labels
    return Check(
        "voiding_ground",
        failed,
        "2.1",
        {**window.as_dict(), "first": first, "second": second, "reason": facts.ground},
    )


def decide_objection(*, undecided: bool, objection_until: date, policy: Policy, on: datetime) -> Decision:
    """Decide whether a holder may object to a proposal at the moment `on`: until the end of the last day (2.1)."""
    in_time = day_of(on) <= objection_until
    until = {"until": objection_until.isoformat()}
    checks = (
        Check("objection_undecided", Result.PASS if undecided else Result.FAIL, "2.1"),
        Check("objection_in_time", Result.PASS if in_time else Result.FAIL, "2.1", until),
    )
    return Decision(checks, policy.pack, policy.date)
