"""Who was invited by whom, and who consented."""

from datetime import date

from django.db.models import QuerySet

from portal import clock
from portal.accounts.agreements import Agreement, Kind, in_force
from portal.accounts.models import Person, User
from portal.employers.models import Employer, Invitation
from portal.identity import same_name


def employer_of(user: User) -> Employer | None:
    return Employer.objects.filter(user=user).first()


def invitations_of(employer: Employer) -> QuerySet[Invitation]:
    """Return whom an employer has invited, those it took back left out; the newest first."""
    found = Invitation.objects.filter(employer=employer).exclude(state=Invitation.State.CANCELLED)
    return found.order_by("-invited_at", "name", "pk")


def consent_text(day: date) -> Agreement:
    """Return the text under which people consent on a day."""
    return in_force(Kind.EMPLOYER, day)


def consenting_people(employer: Employer, day: date) -> QuerySet[Person]:
    """Return the people whose consent to this employer stands: whoever else it asks about does not exist for it.

    A consent stands only under the text that applies on ``day``. Where that has changed, the one given before allows
    nothing of the new, and nothing is shown until it is renewed.
    """
    found = Person.objects.filter(
        consents__employer=employer,
        consents__state=Invitation.State.CONSENTED,
        consents__consent_version=consent_text(day).version,
    )
    return found.order_by("name", "pk")


def is_to_renew(user: User, text: Agreement) -> bool:
    """Tell whether the worker has consented to some employer under an older text than this one."""
    if user.person_id is None:
        return False
    return Invitation.objects.filter(person=user.person_id).exclude(consent_version=text.version).exists()


def is_meant(name: str, person: Person) -> bool:
    """Tell whether an invitation under this name is for the person, besides having their ID number."""
    return same_name(name, person.name)


def invitations_to(person: Person) -> list[Invitation]:
    """Return the invitations that a person sees: under their ID number and name, not taken back; the newest first."""
    found = (
        Invitation.objects.filter(id_number_hash=person.id_number_hash)
        .exclude(state=Invitation.State.CANCELLED)
        .select_related("employer")
        .order_by("-invited_at", "pk")
    )
    return [each for each in found if each.person_id == person.pk or is_meant(each.name, person)]


def open_invitation_count(user: User) -> int:
    """Count what waits for the worker's answer."""
    if user.person is None:
        return 0
    text = consent_text(clock.today())
    return sum(each.waits_for_answer(text.version) for each in invitations_to(user.person))
