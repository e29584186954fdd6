"""Holders of electronic certificates whose two years went wrong, and the days on which that shows.

A certificate of 20 November 2020 owes hours for 2021 and 2022; the window is decided after 31 January 2023.
"""

from datetime import date

from certificates.models import CertificateState, ElectronicCertificate, Ground, VoidingProposal
from certificates.services.standing import standings_settle_if_due
from certificates.services.versions import version_issue
from certificates.services.voiding import voidings_propose_if_due
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

ISSUED = shanghai(2020, 11, 20, 10)
LAST_DAY = shanghai(2023, 1, 31, 12)
DECIDED = shanghai(2023, 2, 1, 6)
OBJECTION_UNTIL = date(2023, 2, 16)
OBJECTION_OVER = shanghai(2023, 2, 17, 9)
JOB = Actor.job("propose_voiding")


def stand_at(moment):
    clock.move_to(moment, running=False)


def actor(user):
    return Actor(means="web", user=user)


def electronic(owner=None, **values) -> ElectronicCertificate:
    owner = owner or factories.worker().person
    paper = factories.paper(owner, status="exchanged", status_changed_at=ISSUED)
    made = ElectronicCertificate.objects.create(
        **{
            "number": f"4620201010{paper.number_key[-6:]}",
            "person": owner,
            "replaces": paper,
            "holder_name": owner.name,
            "post_code": "101",
            "photo": owner.photo,
            "issued_at": ISSUED,
            **values,
        }
    )
    version_issue(certificate=made, at=ISSUED)
    return made


def lapsed(owner=None) -> ElectronicCertificate:
    """28 hours in 2021, none in 2022: 36 short of the 64."""
    certificate = electronic(owner)
    factories.record(certificate.person, hours=280, started_on=date(2021, 6, 1), ended_on=date(2021, 6, 30))
    return certificate


def late_hours(certificate, hours=360, batch=None):
    """Taken in time, in 2022; approved whenever this is called."""
    return factories.record(
        certificate.person,
        batch,
        hours=hours,
        started_on=date(2022, 9, 1),
        ended_on=date(2022, 9, 30),
        course="补报课程",
    )


def night(moment=DECIDED):
    """What the jobs of a night do, at a moment."""
    stand_at(moment)
    standings_settle_if_due(by=Actor.job("settle_standing"))
    return voidings_propose_if_due(by=JOB)


def proposal(certificate=None) -> VoidingProposal:
    certificate = certificate or lapsed()
    night()
    return VoidingProposal.objects.get(certificate=certificate)


def voided(certificate, ground=Ground.HOURS, at=OBJECTION_OVER) -> ElectronicCertificate:
    """A certificate that two reviewers have made void, written down at once."""
    windows = (
        {"window_first": 2021, "window_second": 2022} if ground == Ground.HOURS else {"finding": "已离岗"}
    )
    finder = factories.reviewer() if ground == Ground.NOT_ENGAGED else None
    approved = VoidingProposal.objects.create(
        certificate=certificate,
        ground=ground,
        found_by=finder,
        opened_at=DECIDED,
        objection_until=OBJECTION_UNTIL,
        state="approved",
        confirmed_at=at,
        confirmed_by=factories.reviewer(),
        approved_at=at,
        approved_by=factories.reviewer(),
        **windows,
    )
    certificate.state, certificate.void_reason = CertificateState.VOID, ground
    certificate.voided_by, certificate.state_changed_at = approved, at
    certificate.save()
    return certificate
