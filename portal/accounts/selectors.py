"""Finding people and accounts."""

from django.db.models import QuerySet

from portal import crypto
from portal.accounts.models import Person, Role, User
from portal.identity import normalise_id_number, normalise_mobile, visible


def id_number_hash(id_number: str) -> bytes:
    """Return the hash under which a normalised resident ID number is looked up."""
    return crypto.blind_index("id_number", id_number)


def mobile_hash(mobile: str) -> bytes:
    """Return the hash under which a normalised mobile number is looked up."""
    return crypto.blind_index("mobile", mobile)


def canonical_identifier(typed: str) -> str:
    """Return what was typed to sign in, in the one form in which it is looked up and counted."""
    for normalise in (normalise_id_number, normalise_mobile):
        number = normalise(typed)
        if isinstance(number, str):
            return number
    return visible(typed)


def user_by_identifier(typed: str) -> User | None:
    """Return the account with this ID number, mobile or user name."""
    users = User.objects.select_related("person")
    id_number, mobile = normalise_id_number(typed), normalise_mobile(typed)
    if isinstance(id_number, str):
        return users.filter(person__id_number_hash=id_number_hash(id_number)).first()
    if isinstance(mobile, str):
        return users.filter(person__mobile_hash=mobile_hash(mobile)).first()
    return users.filter(username=visible(typed)).first()


def person_by_id_number(id_number: str) -> Person | None:
    """Return the person with this normalised ID number."""
    return Person.objects.filter(id_number_hash=id_number_hash(id_number)).first()


def staff_accounts(*, role: str = "", active: bool) -> QuerySet[User]:
    """Return the accounts of everybody but site professionals, by role and user name."""
    found = User.objects.exclude(role=Role.WORKER).filter(is_active=active)
    return (found.filter(role=role) if role else found).order_by("role", "username")
