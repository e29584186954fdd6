"""Ways into an account that take two people: at its opening, and after its password or second factor were lost.

Whoever opens an account, or says that its holder stood there with their papers, never gets the code; whoever hands over
the code can open no account. So nobody makes themselves a second person.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from portal import clock, crypto
from portal.accounts.acceptance import opening_accept
from portal.accounts.events import Verb
from portal.accounts.factors import code_normalise
from portal.accounts.models import Role, User
from portal.accounts.models_access import AccessGrant, Factor, RecoveryCode, UserSession
from portal.accounts.selectors import canonical_identifier, user_by_identifier
from portal.accounts.services import (
    ACCOUNT_FROM_ADDRESS,
    REFUSED_FROM_ADDRESS,
    SignInRefusedError,
    TooManyTriesError,
    random_password,
    staff_create,
)
from portal.accounts.sessions import sessions_end
from portal.events.services import Actor, event_record
from portal.notices.services import notice_send

State, Purpose = AccessGrant.State, AccessGrant.Purpose
FOR_WORKERS = frozenset({Role.REVIEWER, Role.CHIEF})
FOR_STAFF = frozenset({Role.CHIEF, Role.OPERATOR})
"""Who asks and approves: for site professionals those who see papers, for everybody else those who administer."""


class NotTheirsError(Exception):
    """This account may not ask or decide here: another role, the holder, or who asked."""


class AlreadyAskedError(Exception):
    """It has been asked for, or decided, already."""


def _is_handler(handler: User, holder: User) -> bool:
    roles = FOR_WORKERS if holder.role == Role.WORKER else FOR_STAFF
    return handler.role in roles and handler.pk != holder.pk


def _may_come_back(holder: User) -> bool:
    """Tell whether a code may open an account: not one that others ended, but one that its holder has closed."""
    return holder.is_active or holder.role == Role.WORKER


def grants_waiting(handler: User) -> QuerySet[AccessGrant]:
    """Return what waits for a second person, as far as it is this account's to see, the oldest first."""
    theirs = Q(user__role=Role.WORKER) if handler.role in FOR_WORKERS else Q(pk=None)
    if handler.role in FOR_STAFF:
        theirs |= ~Q(user__role=Role.WORKER)
    waiting = AccessGrant.objects.filter(theirs, state=State.ASKED).exclude(user=handler)
    return waiting.select_related("user__person", "asked_by").order_by("asked_at")


def count_to_decide(handler: User) -> int:
    return grants_waiting(handler).exclude(asked_by=handler).count()


def staff_open_for_two(
    *, username: str, role: Role, display_name: str, by: Actor, area_code: str = ""
) -> User:
    """Open an account that nobody can enter before a second person has approved it. Raises `UsernameTakenError`."""
    with transaction.atomic():
        user = staff_create(
            username=username, role=role, display_name=display_name, password=None, area_code=area_code, by=by
        )
        access_ask(user=user, purpose=Purpose.OPENING, reason="", by=by)
    return user


@transaction.atomic
def access_ask(*, user: User, purpose: AccessGrant.Purpose, reason: str, by: Actor) -> AccessGrant:
    """Ask for a way into an account, whose holder one has seen. Raises `NotTheirsError` or `AlreadyAskedError`."""
    if not _is_handler(by.account, user):
        raise NotTheirsError
    at = clock.now()
    try:
        with transaction.atomic():
            grant = AccessGrant.objects.create(
                user=user, purpose=purpose, reason=reason, asked_by=by.account, asked_at=at
            )
    except IntegrityError as error:
        raise AlreadyAskedError from error
    event_record(
        Verb.ENTRY_ASKED,
        at=at,
        by=by,
        subject=user,
        person_id=user.person_id,
        purpose=purpose.value,
        reason=reason,
    )
    if purpose == Purpose.LOST:
        notice_send("accounts.entry.asked", to=user, at=at)
    return grant


def access_ask_lost(*, identifier: str, reason: str, by: Actor) -> AccessGrant:
    """Ask for the holder of an account who lost password or second factor. Raises as `access_ask` does."""
    user = user_by_identifier(identifier)
    if user is None or not _may_come_back(user):
        raise NotTheirsError
    return access_ask(user=user, purpose=Purpose.LOST, reason=reason, by=by)


def access_approve(*, grant: AccessGrant, by: Actor) -> str:
    """Approve as the second person, and return the code to hand over; it exists nowhere else afterwards.

    What was lost is taken off the account, its password is void and its sessions end. Raises `NotTheirsError` or
    `AlreadyAskedError`.
    """
    code = random_password()
    hashed = make_password(code_normalise(code))
    with transaction.atomic():
        locked = _waiting_lock(grant, by)
        _grant_give(locked, hashed)
        locked.decided_by = by.account
        locked.save()
        if locked.purpose == Purpose.LOST:
            _account_empty(locked.user, by=by)
        _decision_record(Verb.ENTRY_APPROVED, locked, by=by)
    return code


def access_give_by_command(*, user: User, by: Actor) -> str:
    """Return a code for a new account, given by whoever operates the machine: the way in for the first ones."""
    code = random_password()
    at = clock.now()
    with transaction.atomic():
        grant = AccessGrant(user=user, purpose=Purpose.OPENING, asked_at=at)
        _grant_give(grant, make_password(code_normalise(code)))
        grant.save(force_insert=True)
        _decision_record(Verb.ENTRY_APPROVED, grant, by=by)
    return code


def _grant_give(grant: AccessGrant, hashed: str) -> None:
    grant.state, grant.decided_at, grant.code_hash = State.APPROVED, clock.now(), hashed
    grant.expires_at = clock.real_now() + timedelta(hours=settings.ACCESS_CODE_HOURS)


def access_refuse(*, grant: AccessGrant, by: Actor) -> None:
    """Refuse as the second person; nothing changes. Raises as `access_approve` does."""
    with transaction.atomic():
        locked = _waiting_lock(grant, by)
        locked.state, locked.decided_by, locked.decided_at = State.REFUSED, by.account, clock.now()
        locked.save()
        _decision_record(Verb.ENTRY_REFUSED, locked, by=by)


def _waiting_lock(grant: AccessGrant, by: Actor) -> AccessGrant:
    locked = AccessGrant.objects.select_for_update(of=("self",)).select_related("user").get(pk=grant.pk)
    if locked.state != State.ASKED:
        raise AlreadyAskedError
    if locked.asked_by_id == by.account.pk or not _is_handler(by.account, locked.user):
        raise NotTheirsError
    return locked


def _account_empty(user: User, *, by: Actor) -> None:
    """Take password, factors and sessions off an account whose holder lost something."""
    Factor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(password=make_password(None))
    sessions_end(user=user, ending=UserSession.Ending.FACTOR, by=by)
    notice_send("accounts.entry.approved", to=user, at=clock.now())


def _decision_record(verb: Verb, grant: AccessGrant, *, by: Actor) -> None:
    event_record(
        verb,
        at=clock.now(),
        by=by,
        subject=grant.user,
        person_id=grant.user.person_id,
        purpose=grant.purpose,
    )


def access_use(*, identifier: str, code: str, password: str, origin: str, by: Actor) -> User:
    """Set the password of an account with the code that its holder was given. Raises as `credentials_check` does.

    Nothing tells an account that does not exist from a wrong code, neither the answer nor the work.
    """
    counted = crypto.blind_index("identifier", canonical_identifier(identifier)).hex()
    if not (REFUSED_FROM_ADDRESS.has_left(origin) and ACCOUNT_FROM_ADDRESS.take(counted, origin)):
        raise TooManyTriesError
    hashed = make_password(password)
    with transaction.atomic():
        user = user_by_identifier(identifier)
        grant = _grant_of(user, code_normalise(code))
        if grant:
            _grant_use(grant, hashed, by=by)
    if grant is None:
        REFUSED_FROM_ADDRESS.take(origin)
        raise SignInRefusedError
    return grant.user


def _grant_of(user: User | None, code: str) -> AccessGrant | None:
    grants = AccessGrant.objects.select_for_update(of=("self",)).select_related("user__person")
    grant = grants.filter(user=user, state=State.APPROVED).order_by("-decided_at").first() if user else None
    if grant is None or user is None or not _may_come_back(user):
        make_password(code)
        return None
    is_right = check_password(code, grant.code_hash)
    is_in_time = grant.expires_at is not None and clock.real_now() < grant.expires_at
    return grant if is_right and is_in_time else None


def _grant_use(grant: AccessGrant, hashed: str, *, by: Actor) -> None:
    grant.state, grant.used_at = State.USED, clock.real_now()
    grant.save(update_fields=["state", "used_at"])
    AccessGrant.objects.filter(user=grant.user, state=State.APPROVED).update(
        state=State.USED, used_at=grant.used_at
    )
    User.objects.filter(pk=grant.user_id).update(password=hashed, is_active=True)
    grant.user.password, grant.user.is_active = hashed, True
    if grant.purpose == Purpose.OPENING:
        opening_accept(user=grant.user, at=clock.now())
    event_record(
        Verb.ENTRY_USED,
        at=clock.now(),
        by=Actor(by.means, grant.user),
        subject=grant.user,
        person_id=grant.user.person_id,
        purpose=grant.purpose,
    )
