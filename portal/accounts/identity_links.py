"""Which account belongs to whom the identity service vouches for: by the ID number, or by a link that staff made."""

from django.conf import settings
from django.db import IntegrityError, transaction

from portal import clock, crypto
from portal.accounts.events import Verb
from portal.accounts.models import User
from portal.accounts.models_access import IdentityLink
from portal.accounts.oidc import Proof
from portal.accounts.selectors import id_number_hash
from portal.events.services import Actor, event_record
from portal.identity import normalise_id_number


class LinkTakenError(Exception):
    """Another account is linked to this identity, or this account to another one."""


def _subject_hash(subject: str) -> bytes:
    return crypto.blind_index("subject", subject)


def account_vouched_for(proof: Proof) -> User | None:
    """Return the account of whom the service vouches for. An e-mail address opens nothing, whoever verified it."""
    users = User.objects.select_related("person").filter(is_active=True)
    linked = users.filter(
        identity_link__issuer=settings.OIDC_ISSUER, identity_link__subject_hash=_subject_hash(proof.subject)
    ).first()
    if linked:
        return linked
    number = normalise_id_number(proof.id_number) if proof.id_number else None
    if not isinstance(number, str):
        return None
    return users.filter(person__id_number_hash=id_number_hash(number)).first()


def identity_link(*, user: User, proof: Proof, by: Actor) -> IdentityLink:
    """Link an account to whom the service vouches for. Raises `LinkTakenError`."""
    link = IdentityLink(
        user=user,
        issuer=settings.OIDC_ISSUER,
        subject=proof.subject,
        subject_hash=_subject_hash(proof.subject),
        linked_at=clock.real_now(),
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                link.save(force_insert=True)
        except IntegrityError as error:
            raise LinkTakenError from error
        event_record(Verb.IDENTITY_LINKED, at=clock.now(), by=by, subject=user, person_id=user.person_id)
    return link


def identity_unlink(*, user: User, by: Actor) -> None:
    """Take the link of an account away."""
    with transaction.atomic():
        deleted, _tables = IdentityLink.objects.filter(user=user).delete()
        if deleted:
            event_record(
                Verb.IDENTITY_UNLINKED, at=clock.now(), by=by, subject=user, person_id=user.person_id
            )


def service_refusal_record(reason: str, *, origin: str, by: Actor) -> None:
    """Record that somebody came back from the service with nothing that opens an account."""
    with transaction.atomic():
        event_record(Verb.SIGN_IN_REFUSED, at=clock.now(), by=by, subject=None, reason=reason, origin=origin)
