"""Registering as an employer, inviting workers, and their consent (4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from portal import clock
from portal.accounts.acceptance import opening_accept
from portal.accounts.models import Person, Role, User
from portal.accounts.selectors import id_number_hash
from portal.accounts.services import staff_create
from portal.employers.events import Verb
from portal.employers.models import Employer, Invitation
from portal.employers.selectors import consent_text, is_meant
from portal.events.services import Actor, event_record
from portal.masking import mask_id_number, mask_name
from portal.notices.services import notice_send, notices_send
from portal.policy import day_of

State = Invitation.State


class ConsentChangedError(Exception):
    """Another text applies by now than the one that the worker was shown."""


class InvitationStateError(Exception):
    """The invitation is in another state by now; ``state`` is which."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, kw_only=True)
class Company:
    """What an employer says of itself: name, credit code (normalised), a contact and a telephone number."""

    code: str
    name: str
    contact: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Invitee:
    """A worker as the employer knows them: name and normalised ID number."""

    name: str
    id_number: str


def employer_register(*, company: Company, username: str, password: str, by: Actor) -> Employer:
    """Open an employer's account. It sees nobody until somebody consents. Raises `UsernameTakenError`."""
    with transaction.atomic():
        user = staff_create(
            username=username, role=Role.EMPLOYER, display_name=company.name, password=password, by=by
        )
        at = clock.now()
        employer = Employer.objects.create(
            user=user,
            code=company.code,
            name=company.name,
            contact=company.contact,
            phone=company.phone,
            registered_at=at,
        )
        opening_accept(user=user, at=at)
        event_record(
            Verb.REGISTERED, at=at, by=Actor(by.means, user, by.name), subject=employer, code=company.code
        )
    return employer


def workers_invite(*, employer: Employer, people: Sequence[Invitee], by: Actor) -> None:
    """Invite workers. Whether any of them is known to the portal is told neither by an answer nor by its absence.

    Who was invited before stays as they are, whatever they answered; one taken back is invited again.
    """
    with transaction.atomic():
        at = clock.now()
        wanted = {id_number_hash(each.id_number): each for each in people}
        _taken_back(employer, list(wanted)).update(state=State.OPEN, invited_at=at, answered_at=None)
        Invitation.objects.bulk_create(
            [
                Invitation(
                    employer=employer,
                    name=each.name,
                    id_number_hash=lookup,
                    id_number_masked=mask_id_number(each.id_number),
                    invited_at=at,
                )
                for lookup, each in wanted.items()
            ],
            ignore_conflicts=True,
        )
        fresh = Invitation.objects.filter(employer=employer, id_number_hash__in=wanted, invited_at=at)
        people_known = Person.objects.filter(id_number_hash__in=fresh.values("id_number_hash"))
        names = {lookup: each.name for lookup, each in wanted.items()}
        meant = [person for person in people_known if is_meant(names[bytes(person.id_number_hash)], person)]
        event_record(Verb.INVITED, at=at, by=by, subject=employer, number=len(wanted))
        notices_send(
            "employers.invited",
            to=meant,
            at=at,
            facts={"employer": employer.name},
            link="/me/employers/",
            once_key=f"employers.invited:{employer.pk}:{at:%Y-%m-%d}",
        )


def _taken_back(employer: Employer, lookups: Sequence[bytes]) -> QuerySet[Invitation]:
    return Invitation.objects.filter(employer=employer, id_number_hash__in=lookups, state=State.CANCELLED)


def invitation_cancel(*, invitation: Invitation, by: Actor) -> None:
    """Take an invitation back; a consent ends with it."""
    with transaction.atomic():
        locked = _locked(invitation)
        if locked.state == State.CANCELLED:
            return
        holder = locked.person_id
        _move(locked, State.CANCELLED)
        event_record(Verb.CANCELLED, at=clock.now(), by=by, subject=locked, person_id=holder)


def consent_give(*, invitation: Invitation, person: Person, version: str, by: Actor) -> Invitation:
    """Let the employer see the person's certificates from now on, under the text of this version, which they were shown.

    One given under an older text is renewed. Raises `ConsentChangedError` when another text applies by now, and
    `InvitationStateError` when the invitation was taken back.
    """
    with transaction.atomic():
        locked = _locked(invitation)
        at = clock.now()
        if consent_text(day_of(at)).version != version:
            raise ConsentChangedError
        if locked.state == State.CONSENTED and locked.consent_version == version:
            return locked
        _refuse(locked, {State.CANCELLED})
        locked.person, locked.consent_version = person, version
        locked.state, locked.answered_at = State.CONSENTED, at
        locked.save(update_fields=["person", "consent_version", "state", "answered_at"])
        _answer_record(Verb.CONSENTED, locked, person, version=version, by=by)
    return locked


def invitation_decline(*, invitation: Invitation, person: Person, by: Actor) -> None:
    """Decline an invitation. The employer is not told: to it, an invitation that is not answered looks the same."""
    with transaction.atomic():
        locked = _locked(invitation)
        _refuse(locked, {State.CANCELLED, State.CONSENTED})
        if locked.state == State.OPEN:
            _move(locked, State.DECLINED)
            _answer_record(Verb.DECLINED, locked, person, version="", by=by)


def consent_withdraw(*, invitation: Invitation, person: Person, by: Actor) -> None:
    """End a consent at once, and tell the employer. Raises `InvitationStateError` when there is none."""
    with transaction.atomic():
        locked = _locked(invitation)
        _refuse(locked, {State.OPEN, State.DECLINED, State.CANCELLED})
        if locked.state == State.WITHDRAWN:
            return
        version = locked.consent_version
        _move(locked, State.WITHDRAWN)
        _answer_record(Verb.WITHDRAWN, locked, person, version=version, by=by)
        notice_send(
            "employers.consent_ended",
            to=locked.employer.user,
            at=clock.now(),
            facts={"name": mask_name(locked.name)},
            link="/employer/",
        )


def consents_end(user: User, by: Actor) -> None:
    """End with an account what rests on it: a worker's consents, an employer's invitations."""
    if user.person:
        for invitation in Invitation.objects.filter(person=user.person):
            consent_withdraw(invitation=invitation, person=user.person, by=by)
    for invitation in Invitation.objects.filter(employer__user=user).exclude(state=State.CANCELLED):
        invitation_cancel(invitation=invitation, by=by)


def _locked(invitation: Invitation) -> Invitation:
    found = Invitation.objects.select_for_update(of=("self",)).select_related("employer__user")
    return found.get(pk=invitation.pk)


def _refuse(invitation: Invitation, states: set[State]) -> None:
    if invitation.state in states:
        raise InvitationStateError(invitation.state)


def _move(invitation: Invitation, state: State) -> None:
    """Set a state without sight."""
    invitation.state, invitation.answered_at = state, clock.now()
    invitation.person, invitation.consent_version = None, ""
    invitation.save(update_fields=["state", "answered_at", "person", "consent_version"])


def _answer_record(verb: Verb, invitation: Invitation, person: Person, *, version: str, by: Actor) -> None:
    event_record(
        verb,
        at=clock.now(),
        by=by,
        subject=invitation,
        person_id=person.pk,
        employer=invitation.employer.name,
        code=invitation.employer.code,
        **({"version": version} if version else {}),
    )
