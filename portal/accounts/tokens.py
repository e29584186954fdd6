"""API tokens: 256 random bits, shown once, kept only as a hash, bound to one account, its scopes and an expiry."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import scopes_of
from portal.events.services import Actor, event_record
from portal.events.verbs import register_verbs

PREFIX = "zt_"
LIFETIME = timedelta(days=365)
USE_NOTED_EVERY = timedelta(minutes=1)


@register_verbs
class Verb(TextChoices):
    CREATED = "accounts.token.created", _("API token created")
    REVOKED = "accounts.token.revoked", _("API token revoked")


class ScopeNotAllowedError(ValueError):
    """A scope was asked for that the account's role does not have."""


def _hash(text: str) -> bytes:
    # No salt and no slow hash: the token is as long as the hash, there is nothing to guess.
    return hashlib.sha256(text.encode()).digest()


@transaction.atomic
def token_create(
    *, user: User, name: str, scopes: Collection[str], by: Actor, lifetime: timedelta = LIFETIME
) -> tuple[ApiToken, str]:
    """Return a new token of ``user`` and its text, which exists nowhere else afterwards.

    Raises `ScopeNotAllowedError` for a scope that the role of ``user`` does not have.
    """
    excess = set(scopes) - scopes_of(user.role)
    if excess or not scopes:
        raise ScopeNotAllowedError(
            f"The role {user.role} may not have: {', '.join(sorted(excess)) or 'no scope'}."
        )
    text = PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        token_hash=_hash(text),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + lifetime,
    )
    event_record(Verb.CREATED, at=now, by=by, subject=token, name=name, scopes=token.scopes)
    return token, text


def token_find(text: str) -> ApiToken | None:
    """Return the token of this text if it may be used now, and note its use (to the minute)."""
    now = clock.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(token_hash=_hash(text), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if token is not None:
        not_noted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(not_noted, pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def token_revoke(*, token: ApiToken, by: Actor) -> None:
    """End a token for good; one that has ended stays as it is."""
    now = clock.now()
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        event_record(Verb.REVOKED, at=now, by=by, subject=token, name=token.name)
