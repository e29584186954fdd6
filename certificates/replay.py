"""Decisions repeated: the facts that an exchange was decided on, kept with its event and asked again under any policy.

The facts name nobody: what the registry says of the certificate, what the profile held, which courses counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from certificates.events import Verb
from certificates.rules import ArchiveCheck, CertificateFacts, ExchangeFacts, ProfileFacts, decide_exchange
from education.rules import CourseRecord
from portal.events.models import Event
from portal.policy import Check, Decision, Policy, json_number

DECISIONS = (Verb.EXCHANGED, Verb.EXCHANGE_REFUSED)


class NotReplayableError(Exception):
    """The event holds no decision on an exchange with the facts that it was taken on."""


@dataclass(frozen=True)
class Difference:
    """One check, as it was decided and as it comes out now; None where one of the two has no such check."""

    stored: Check | None
    replayed: Check | None

    @property
    def check(self) -> Check:
        """Either of the two: for what they have in common."""
        check = self.replayed or self.stored
        if check is None:
            raise ValueError("One of the two decisions has the check.")
        return check

    @property
    def differs(self) -> bool:
        return self.stored != self.replayed


@dataclass(frozen=True)
class Replay:
    stored: Decision
    replayed: Decision

    @property
    def checks(self) -> list[Difference]:
        """Return every check of either decision, in their order."""
        before = {check.code: check for check in self.stored.checks}
        after = {check.code: check for check in self.replayed.checks}
        return [Difference(before.get(code), after.get(code)) for code in {**before, **after}]


def stored_decision(event: Event) -> Decision:
    """Return the decision that an exchange's event keeps. Raises `NotReplayableError`."""
    if event.verb not in DECISIONS or not {"decision", "facts"} <= event.data.keys():
        raise NotReplayableError
    return Decision.from_dict(event.data["decision"])


def exchange_replay(event: Event, policy: Policy) -> Replay:
    """Decide a recorded exchange once more, at its own moment and on its own facts, under `policy`."""
    stored = stored_decision(event)
    facts = facts_from_json(event.data["facts"])
    return Replay(stored, decide_exchange(facts, policy, on=event.at))


def facts_as_json(facts: ExchangeFacts) -> dict[str, Any]:
    """Return the facts of an exchange in the form in which an event keeps them."""
    certificate, archive = facts.certificate, facts.certificate.archive_check
    return {
        "certificate": {
            "kind": certificate.kind,
            "issuer": certificate.issuer,
            "post_code": certificate.post_code,
            "issued_on": certificate.issued_on.isoformat(),
            "status": certificate.status,
            "in_national_system": certificate.in_national_system,
            "archive_check": archive and _archive_as_json(archive),
        },
        "profile": {"complete": facts.profile.complete, "photo": facts.profile.photo},
        "education": [_course_as_json(course) for course in facts.education],
    }


def _archive_as_json(archive: ArchiveCheck) -> dict[str, Any]:
    seen = archive.papers_seen_on
    return {
        "requested_on": archive.requested_on.isoformat(),
        "papers_seen_on": seen and seen.isoformat(),
        "outcome": archive.outcome,
    }


def _course_as_json(course: CourseRecord) -> dict[str, Any]:
    return {
        "post_code": course.post_code,
        "ended_on": course.ended_on.isoformat(),
        "hours": json_number(course.hours),
        "professional_hours": json_number(course.professional_hours),
        "assessment": course.assessment,
    }


def facts_from_json(data: Mapping[str, Any]) -> ExchangeFacts:
    """Read back what `facts_as_json` wrote."""
    certificate = dict(data["certificate"])
    archive = certificate.pop("archive_check")
    certificate["issued_on"] = date.fromisoformat(certificate["issued_on"])
    return ExchangeFacts(
        certificate=CertificateFacts(**certificate, archive_check=archive and _archive_from_json(archive)),
        profile=ProfileFacts(**data["profile"]),
        education=tuple(_course_from_json(course) for course in data["education"]),
    )


def _archive_from_json(data: Mapping[str, Any]) -> ArchiveCheck:
    seen = data["papers_seen_on"]
    return ArchiveCheck(
        requested_on=date.fromisoformat(data["requested_on"]),
        papers_seen_on=seen and date.fromisoformat(seen),
        outcome=data["outcome"],
    )


def _course_from_json(data: Mapping[str, Any]) -> CourseRecord:
    return CourseRecord(
        post_code=data["post_code"],
        ended_on=date.fromisoformat(data["ended_on"]),
        hours=Decimal(str(data["hours"])),
        professional_hours=Decimal(str(data["professional_hours"])),
        assessment=data["assessment"],
    )
