"""How a proposal to make a certificate void is put before its holder and before reviewers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from certificates.messages import explain
from certificates.models import ElectronicCertificate, VoidingEvidence, VoidingProposal
from certificates.numbers import grouped
from certificates.presentation import post_label
from certificates.proposals import history_of, objection_decision, standing_now, voiding_decision, window_of
from education.messages import explain as explain_standing
from education.rules import Standing, WindowStanding
from portal.accounts.models import User
from portal.events.models import Event
from portal.events.verbs import verb_text
from portal.policy import Decision

State = VoidingProposal.State

_COLOURS = {
    State.OPEN: "pending",
    State.CONFIRMED: "pending",
    State.APPROVED: "void",
    State.DISMISSED: "valid",
    State.WITHDRAWN: "valid",
    State.REINSTATING: "pending",
    State.REINSTATED: "valid",
}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One line of the history; ``by`` is empty where the reader need not know the name."""

    title: str
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ProposalView:
    """A proposal on a page; ``checks`` is the standing, ``decision`` what a reviewer may do, both for the check-list."""

    proposal: VoidingProposal
    post: str
    number: str
    colour: str
    state: str
    window: WindowStanding | None
    checks: Mapping[str, Any]
    decision: Decision
    can_object: bool
    given_by_holder: list[VoidingEvidence]
    given_by_office: list[VoidingEvidence]
    history: list[Moment]

    @property
    def certificate(self) -> ElectronicCertificate:
        return self.proposal.certificate

    @property
    def undecided(self) -> bool:
        return self.proposal.state in VoidingProposal.UNDECIDED

    @property
    def listed(self) -> Mapping[str, Any]:
        """The decision for the check-list."""
        return self.decision.as_dict(explain)


def proposal_view(
    proposal: VoidingProposal, *, at: datetime, name_of: Callable[[Event], str], reviewer: User | None = None
) -> ProposalView:
    """Gather what a page shows. ``name_of`` names who acted, or does not; ``reviewer`` is who may be the second person."""
    certificate = proposal.certificate
    standing = standing_now(certificate, at=at)
    evidence = list(proposal.evidence.select_related("uploaded_by").order_by("uploaded_at", "pk"))
    approving = reviewer if proposal.state == State.CONFIRMED else None
    return ProposalView(
        proposal=proposal,
        post=post_label(certificate),
        number=grouped(certificate.number),
        colour=_COLOURS[State(proposal.state)],
        state=str(State(proposal.state).label),
        window=window_of(proposal, standing),
        checks=standing_list(standing),
        decision=voiding_decision(proposal, standing, at=at, approving=approving),
        can_object=objection_decision(proposal, at=at).eligible,
        given_by_holder=[each for each in evidence if each.uploaded_by.person_id == certificate.person_id],
        given_by_office=[each for each in evidence if each.uploaded_by.person_id != certificate.person_id],
        history=[_moment(event, name_of) for event in history_of(certificate)],
    )


def standing_list(standing: Standing) -> dict[str, Any]:
    """Return the checks of a standing for the check-list, which shows them without an outcome."""
    return {"outcome": "not_yet", "checks": [check.as_dict(explain_standing) for check in standing.checks]}


def colour_of(proposal: VoidingProposal) -> str:
    return _COLOURS[State(proposal.state)]


def _moment(event: Event, name_of: Callable[[Event], str]) -> Moment:
    said = (event.data.get(key) for key in ("finding", "text", "reason", "asked_because"))
    return Moment(
        title=str(verb_text(event.verb)),
        at=event.at,
        by=name_of(event),
        text=next((text for text in said if text), ""),
    )


def named_for_holder(holder: User) -> Callable[[Event], str]:
    """Return how a holder's page names who acted: themselves, a reviewer, or the portal."""

    def name(event: Event) -> str:
        if event.actor_id is None:
            return _("The portal, by itself")
        return _("You") if event.actor_id == holder.pk else _("A reviewer")

    return name


def named_for_office(events: "list[Event]") -> Callable[[Event], str]:
    """Return how a reviewer's page names who acted; one query for all of them."""
    people = {
        user.pk: user
        for user in User.objects.select_related("person").filter(pk__in={e.actor_id for e in events})
    }

    def name(event: Event) -> str:
        if event.actor_id is None:
            return _("The portal, by itself")
        return people[event.actor_id].label if event.actor_id in people else ""

    return name
