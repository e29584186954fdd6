"""What an employer sees of those who consented: certificates, standing, and who must do what by when (4.1)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from certificates.models import ElectronicCertificate, Kind, LegacyCertificate, LegacyStatus
from certificates.presentation import duty_text, paper_worth, post_label, standing_word, state_word
from certificates.progress import GROUPS, missing_word
from certificates.selectors import HeldPaper, electronic_standing, exchange_decision, policy_on
from certificates.verification import paper_state
from education.models import CERecord
from portal.accounts.models import Person
from portal.identity import same_name
from portal.policy import Outcome, Policy, Result


@dataclass(frozen=True, kw_only=True)
class Line:
    """One certificate of one worker: what it is worth, what is to be done and by when. ``urgent`` asks for action."""

    person: Person
    post: str
    kind: str
    number: str
    state: str
    state_text: str
    standing: str
    todo: str
    by: date | None
    urgent: bool


def lines_of(people: Sequence[Person], *, at: datetime) -> list[Line]:
    """Return the certificates of these people, each with what is to be done; three queries for everybody."""
    policy = policy_on(at)
    records = _by_person(CERecord.objects.filter(person__in=people))
    electronics = _by_person(ElectronicCertificate.objects.filter(person__in=people).order_by("-issued_at"))
    papers = _by_person(
        LegacyCertificate.objects.filter(person__in=people)
        .exclude(status=LegacyStatus.EXCHANGED)
        .select_related("archive_check")
        .order_by("-issued_on")
    )
    found: list[Line] = []
    for person in people:
        own = records[person.pk]
        found += [_electronic(person, each, own, policy, at) for each in electronics[person.pk]]
        # A paper under another name is not shown: whose it is has not been settled.
        found += [
            _paper(person, each, own, policy, at)
            for each in papers[person.pk]
            if same_name(person.name, each.holder_name)
        ]
    return found


def _by_person(rows: Iterable[Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(row)
    return found


def _electronic(
    person: Person, certificate: ElectronicCertificate, records: list[CERecord], policy: Policy, at: datetime
) -> Line:
    standing = electronic_standing(certificate, records, at=at)
    need = standing.needed_next if certificate.state != "void" else None
    owes = need is not None and bool(need.hours or need.professional_hours)
    return Line(
        person=person,
        post=post_label(certificate),
        kind=_("Electronic training certificate"),
        number=certificate.number,
        state=certificate.state,
        state_text=state_word(certificate.state),
        standing=standing_word(standing.status.value),
        todo=duty_text(certificate, standing, policy),
        by=need.by if need and owes else None,
        urgent=owes or certificate.state == "void" or standing.lapsed_on is not None,
    )


def _paper(
    person: Person, certificate: LegacyCertificate, records: list[CERecord], policy: Policy, at: datetime
) -> Line:
    decision = exchange_decision(certificate, person, records, at=at)
    held = HeldPaper(certificate=certificate, decision=decision, name_differs=False, open_services=())
    state, _reason = paper_state(certificate, at)
    open_still = certificate.kind == Kind.POST_TRAINING and decision.outcome is not Outcome.INELIGIBLE
    return Line(
        person=person,
        post=post_label(certificate),
        kind=str(Kind(certificate.kind).label),
        number=certificate.number,
        state=state,
        state_text=state_word(state),
        standing="",
        todo=_missing(held) if open_still else paper_worth(held, policy, at),
        by=policy.exchange.window_end if open_still else None,
        urgent=open_still,
    )


def _missing(held: HeldPaper) -> str:
    """Say what the worker still has to do before the exchange, or that the click is all."""
    groups = dict.fromkeys(GROUPS[c.code] for c in held.decision.checks if c.result is Result.TODO)
    if not groups:
        return _("Ready: the worker signs in and clicks Update (1.3).")
    return _("Missing: %(groups)s (1.3).") % {"groups": "、".join(missing_word(group) for group in groups)}
