"""Sessions of accounts: how long they may last, what ends them. All in real time: they are those of real browsers."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from portal import clock
from portal.accounts.events import Verb
from portal.accounts.models import User
from portal.accounts.models_access import UserSession
from portal.events.services import Actor, event_record

SEEN_NOTED_EVERY = timedelta(minutes=1)
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device_words(agent: str) -> str:
    """Return browser and system of a ``User-Agent``, as its owner would name them; empty for an unknown one."""
    found = (next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS))
    return " · ".join(word for word in found if word)


def idle_limit(role: str) -> timedelta:
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES[role])


def whole_limit(role: str) -> timedelta:
    return timedelta(hours=settings.SESSION_HOURS[role])


def session_start(
    *, user: User, device: str, origin: str, means: str, confirmed: bool, by: Actor
) -> UserSession:
    """Begin a session. ``confirmed`` is false for one that may only set up the second factor that it lacks."""
    at = clock.real_now()
    with transaction.atomic():
        session = UserSession.objects.create(
            user=user,
            device=device[:60],
            started_at=at,
            last_seen_at=at,
            confirmed_at=at if confirmed else None,
        )
        event_record(
            Verb.SIGNED_IN,
            at=clock.now(),
            by=Actor(by.means, user),
            subject=user,
            person_id=user.person_id,
            origin=origin,
            means_of_proof=means,
            complete=confirmed,
        )
    return session


def session_running(pk: str, user: User, *, by: Actor) -> UserSession | None:
    """Return the session of this key if it still runs, and note that it was seen (to the minute).

    One that was not used for too long, or has lasted as long as it may, ends here, with its event.
    """
    try:
        key = uuid.UUID(pk)
    except ValueError:
        return None
    session = UserSession.objects.filter(pk=key, user=user, ended_at=None).first()
    if session is None:
        return None
    at = clock.real_now()
    if over := ending_due(session, user.role, at):
        session_end(session=session, ending=over, by=by)
        return None
    if at - session.last_seen_at >= SEEN_NOTED_EVERY:
        UserSession.objects.filter(pk=key).update(last_seen_at=at)
    return session


def ending_due(session: UserSession, role: str, at: datetime) -> "UserSession.Ending | None":
    """Return why a session is over at a moment, or None."""
    if at - session.started_at >= whole_limit(role):
        return UserSession.Ending.TOO_LONG
    if at - session.last_seen_at >= idle_limit(role):
        return UserSession.Ending.IDLE
    return None


def session_confirm(*, session: UserSession, user: User, means: str, by: Actor) -> None:
    """Note that the holder has just proved again who they are."""
    with transaction.atomic():
        UserSession.objects.filter(pk=session.pk).update(confirmed_at=clock.real_now())
        event_record(
            Verb.STEPPED_UP,
            at=clock.now(),
            by=by,
            subject=user,
            person_id=user.person_id,
            means_of_proof=means,
        )


def is_fresh(session: UserSession) -> bool:
    """Tell whether the holder proved who they are within the last ``STEP_UP_MINUTES``."""
    lasts = timedelta(minutes=settings.STEP_UP_MINUTES)
    return session.confirmed_at is not None and clock.real_now() - session.confirmed_at < lasts


def session_end(*, session: UserSession, ending: UserSession.Ending, by: Actor) -> None:
    """End one session; it is out with its next request."""
    _end(UserSession.objects.filter(pk=session.pk), session.user, ending, by=by)


def sessions_end(
    *, user: User, ending: UserSession.Ending, by: Actor, but: UserSession | None = None, reason: str = ""
) -> int:
    """End the sessions of an account, all or all ``but`` one; return how many ended. ``reason`` goes into the event."""
    running = UserSession.objects.filter(user=user)
    return _end(running.exclude(pk=but.pk) if but else running, user, ending, reason=reason, by=by)


def _end(
    sessions: QuerySet[UserSession], user: User, ending: UserSession.Ending, *, by: Actor, reason: str = ""
) -> int:
    with transaction.atomic():
        ended = sessions.filter(ended_at=None).update(ended_at=clock.real_now(), ending=ending)
        if ended:
            verb, facts = _told(ending, reason, ended)
            event_record(verb, at=clock.now(), by=by, subject=user, person_id=user.person_id, **facts)
    return ended


def _told(ending: UserSession.Ending, reason: str, count: int) -> tuple[Verb, dict[str, str | int]]:
    if ending == UserSession.Ending.SIGNED_OUT:
        return Verb.SIGNED_OUT, {}
    given: dict[str, str | int] = {"reason": reason} if reason else {}
    return Verb.SESSIONS_ENDED, {"ending": ending.value, "count": count, **given}


def sessions_of(user: User) -> list[UserSession]:
    """Return the sessions that still run, the one seen last first."""
    at = clock.real_now()
    running = UserSession.objects.filter(user=user, ended_at=None).order_by("-last_seen_at")
    return [session for session in running if ending_due(session, user.role, at) is None]
