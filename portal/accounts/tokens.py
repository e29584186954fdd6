"""API tokens: 256 random bits, shown once, kept only as a hash, bound to one account, its scopes and an expiry.

People make tokens of their own account alone, for `API_TOKEN_DAYS` at most; only a command makes them for others and longer.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import scopes_of
from portal.events.services import Actor, event_record
from portal.events.verbs import register_verbs
from portal.notices.services import Message, messages_send, notice_send
from portal.policy import day_of

PREFIX = "zt_"
LIFETIME = timedelta(days=365)
USE_NOTED_EVERY = timedelta(minutes=1)
TOLD_BEFORE = (14, 3)
"""Days before the end of a token on which its account is told."""


@register_verbs
class Verb(TextChoices):
    CREATED = "accounts.token.created", _("API token created")
    ROTATED = "accounts.token.rotated", _("API token replaced by a new one")
    REVOKED = "accounts.token.revoked", _("API token revoked")
    EXPOSED = "accounts.token.exposed", _("API token revoked: it was sent without encryption")


class ScopeNotAllowedError(ValueError):
    """A scope was asked for that the account's role does not have."""


def _hash(text: str) -> bytes:
    # No salt and no slow hash: the token is as long as the hash, there is nothing to guess.
    return hashlib.sha256(text.encode()).digest()


class TokenLifetimeError(ValueError):
    """A token was asked for that would end today or before, or after more than `API_TOKEN_DAYS`."""


class TokenOverError(Exception):
    """The token has ended, was revoked, or another one has taken over already."""


def last_day_at_most(today: date) -> date:
    """Return the last day on which a token made on ``today`` may still be used."""
    return today + timedelta(days=settings.API_TOKEN_DAYS)


def token_create(
    *, user: User, name: str, scopes: Collection[str], by: Actor, lifetime: timedelta = LIFETIME
) -> tuple[ApiToken, str]:
    """Return a new token of ``user`` and its text, which exists nowhere else afterwards.

    Raises `ScopeNotAllowedError` for a scope that the role of ``user`` does not have.
    """
    at = clock.now()
    return _create(user, name, scopes, at=at, expires_at=at + lifetime, by=by)


def token_open(*, name: str, scopes: Collection[str], last_day: date, by: Actor) -> tuple[ApiToken, str]:
    """Return a new token of the account that acts, good through ``last_day``, and its text.

    Raises `TokenLifetimeError`, or `ScopeNotAllowedError` as `token_create` does.
    """
    at = clock.now()
    if not day_of(at) < last_day <= last_day_at_most(day_of(at)):
        raise TokenLifetimeError
    return _create(by.account, name, scopes, at=at, expires_at=clock.end_of_day(last_day), by=by)


@transaction.atomic
def token_rotate(*, token: ApiToken, by: Actor) -> tuple[ApiToken, str]:
    """Return a token that takes over from ``token``, and its text: of the account that acts, for as long a time.

    The old one can be used for another `API_TOKEN_OVERLAP_DAYS`, if it has that long, and ends then. Raises
    `TokenOverError`, or `ScopeNotAllowedError` where the acting account's role has none of the scopes.
    """
    locked = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    at = clock.now()
    if locked.revoked_at or locked.rotated_at or locked.expires_at <= at:
        raise TokenOverError
    lasts = min(locked.expires_at - locked.created_at, timedelta(days=settings.API_TOKEN_DAYS))
    scopes = set(locked.scopes) & scopes_of(by.account.role)
    made = _create(by.account, locked.name, scopes, at=at, expires_at=at + lasts, by=by)
    locked.rotated_at = at
    locked.expires_at = min(locked.expires_at, at + timedelta(days=settings.API_TOKEN_OVERLAP_DAYS))
    locked.save(update_fields=["rotated_at", "expires_at"])
    event_record(
        Verb.ROTATED, at=at, by=by, subject=locked, name=locked.name, until=locked.expires_at.isoformat()
    )
    return made


@transaction.atomic
def _create(
    user: User, name: str, scopes: Collection[str], *, at: datetime, expires_at: datetime, by: Actor
) -> tuple[ApiToken, str]:
    excess = set(scopes) - scopes_of(user.role)
    if excess or not scopes:
        raise ScopeNotAllowedError(
            f"The role {user.role} may not have: {', '.join(sorted(excess)) or 'no scope'}."
        )
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        token_hash=_hash(text),
        scopes=sorted(scopes),
        created_at=at,
        created_by=by.user,
        expires_at=expires_at,
    )
    event_record(Verb.CREATED, at=at, by=by, subject=token, name=name, scopes=token.scopes)
    return token, text


def token_find(text: str) -> ApiToken | None:
    """Return the token of this text if it may be used now, and note its use (to the minute)."""
    now = clock.now()
    known = ApiToken.objects.select_related("user").filter(token_hash=_hash(text))
    token = tokens_usable(known, now).first()
    if token is not None:
        not_noted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(not_noted, pk=token.pk).update(last_used_at=now)
    return token


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the text of the token that a call brings, or nothing."""
    scheme, _space, text = headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


@transaction.atomic
def token_expose(text: str) -> None:
    """End the token of a text that was sent where others could read it, and tell its account. Others are no matter."""
    at = clock.now()
    known = ApiToken.objects.select_related("user").filter(token_hash=_hash(text))
    token = tokens_usable(known.select_for_update(of=("self",)), at).first()
    if token is None:
        return
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=at)
    by = Actor.api(token.user)
    event_record(Verb.EXPOSED, at=at, by=by, subject=token, name=token.name)
    notice_send("accounts.token.exposed", to=token.user, at=at, facts={"name": token.name}, link="/tokens/")


@transaction.atomic
def token_revoke(*, token: ApiToken, by: Actor) -> None:
    """End a token for good; one that has ended stays as it is."""
    now = clock.now()
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        event_record(Verb.REVOKED, at=now, by=by, subject=token, name=token.name)


def tokens_usable(tokens: QuerySet[ApiToken], at: datetime) -> QuerySet[ApiToken]:
    """Narrow ``tokens`` down to those with which a system may call at a moment."""
    return tokens.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


def tokens_ending_tell() -> None:
    """Tell accounts of their tokens that end soon, once at each step of `TOLD_BEFORE` however often this runs.

    Nobody is told of a token that another one has taken over from, nor of one that was made for no longer than the step.
    """
    at = clock.now()
    running = tokens_usable(ApiToken.objects.select_related("user"), at).filter(rotated_at=None)
    for days, nearer in zip(TOLD_BEFORE, (*TOLD_BEFORE[1:], 0), strict=True):
        step = timedelta(days=days)
        ending = running.filter(
            expires_at__gt=at + timedelta(days=nearer),
            expires_at__lte=at + step,
            created_at__lt=F("expires_at") - step,
        )
        messages_send("accounts.token.ending", [_ending(token, days) for token in ending.iterator()], at=at)


def _ending(token: ApiToken, days: int) -> Message:
    facts = {"name": token.name, "until": day_of(token.expires_at).isoformat()}
    return Message(
        to=token.user,
        facts=facts,
        link="/tokens/",
        once_key=f"accounts.token.ending:{token.pk}:{days}",
    )
