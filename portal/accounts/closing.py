"""Closing one's own account. Certificates, and what they rest on, stay: they must go on being verifiable."""

from collections.abc import Callable

from django.contrib.auth.hashers import make_password
from django.db import transaction

from portal import clock
from portal.accounts.events import Verb
from portal.accounts.models import User
from portal.accounts.models_access import AccessGrant, Factor, IdentityLink, RecoveryCode, UserSession
from portal.accounts.sessions import sessions_end
from portal.events.services import Actor, event_record

Ending = Callable[[User, Actor], None]
_endings: list[Ending] = []


def register_ending(ending: Ending) -> None:
    """Name what else ends with an account, in the same transaction."""
    _endings.append(ending)


def account_close(*, user: User, by: Actor) -> None:
    """Close an account for its holder: every session ends, and what proved who they are is deleted.

    A site professional opens it again with their papers, by a code that two people give (`portal.accounts.access`).
    """
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).select_related("person").get(pk=user.pk)
        if not locked.is_active:
            return
        for ending in _endings:
            ending(locked, by)
        for proof in (Factor, RecoveryCode, IdentityLink):
            proof.objects.filter(user=locked).delete()
        codes = AccessGrant.objects.filter(user=locked, state=AccessGrant.State.APPROVED)
        codes.update(state=AccessGrant.State.USED, used_at=clock.real_now())
        locked.is_active, locked.password = False, make_password(None)
        locked.save(update_fields=["is_active", "password"])
        event_record(Verb.CLOSED, at=clock.now(), by=by, subject=locked, person_id=locked.person_id)
        sessions_end(user=locked, ending=UserSession.Ending.ACCOUNT, by=by)
