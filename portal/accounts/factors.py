"""Second factors: setting them up, answering with them, losing them. Every answer is good once."""

import base64
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, models, transaction
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.accounts import passkeys, totp
from portal.accounts.events import Verb
from portal.accounts.models import Role, User
from portal.accounts.models_access import Factor, RecoveryCode, UserSession
from portal.accounts.sessions import sessions_end
from portal.events.services import Actor, event_record
from portal.limits import Limit
from portal.notices.services import notice_send

FACTOR_REQUIRED = frozenset(Role) - {Role.WORKER}
"""The roles that work with other people's data; site professionals may have a second factor."""

UNMISTAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_CODES = 10
RECOVERY_CODE_LENGTH = 10  # of 31 characters each: 49 bits
TRIES_FROM_ADDRESS = Limit("factor:address", "8/15 minutes")
WRONG_CODES = Limit("factor:codes", "50/day")
"""For the app of one account, from anywhere: six digits are few. Passkeys and recovery codes stay open."""


class Means(models.TextChoices):
    """By what somebody showed who they are."""

    PASSWORD = "password", _("Password")
    APP = "app", _("Code of the authenticator app")
    PASSKEY = "passkey", _("Passkey or security key")
    RECOVERY_CODE = "recovery_code", _("Recovery code")
    SERVICE = "identity_service", _("Provincial identity service")


class FactorRefusedError(Exception):
    """The answer is wrong, or was used before."""


class TooManyCodesError(FactorRefusedError):
    """Too many answers from this address, or too many wrong codes for this account."""


class FactorExistsError(Exception):
    """The account has an app already, or somebody has this passkey."""


class LastFactorError(Exception):
    """The account may not be without a second factor."""


def is_required(user: User) -> bool:
    return user.role in FACTOR_REQUIRED


def factors_of(user: User) -> list[Factor]:
    return list(Factor.objects.filter(user=user).order_by("created_at"))


def has_factor(user: User) -> bool:
    return Factor.objects.filter(user=user).exists()


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


# Setting up


def app_add(
    *, user: User, secret: str, code: str, session: UserSession | None, by: Actor
) -> tuple[Factor, list[str]]:
    """Set up an app that has shown a right code; return it, and the recovery codes if these are the first.

    Raises `FactorRefusedError` for a wrong code, `FactorExistsError` where there is an app.
    """
    at = clock.real_now()
    step = totp.step_matching(secret, code_normalise(code), at=at, after=None)
    if step is None:
        raise FactorRefusedError
    new = Factor(user=user, kind=Factor.Kind.APP, name="", secret=secret, last_step=step)
    return _factor_add(new, at=at, session=session, by=by)


def passkey_add(
    *,
    user: User,
    state: Mapping[str, Any],
    response: Mapping[str, Any],
    name: str,
    session: UserSession | None,
    by: Actor,
) -> tuple[Factor, list[str]]:
    """Set up a passkey that has signed the challenge in ``state``. Raises as `app_add` does."""
    try:
        made = passkeys.registration_verify(state, response)
    except passkeys.PasskeyRefusedError as error:
        raise FactorRefusedError from error
    new = Factor(
        user=user,
        kind=Factor.Kind.PASSKEY,
        name=name,
        secret=base64.b64encode(made.public_key).decode(),
        credential_id=made.credential_id,
        sign_count=made.sign_count,
    )
    return _factor_add(new, at=clock.real_now(), session=session, by=by)


def _factor_add(
    new: Factor, *, at: datetime, session: UserSession | None, by: Actor
) -> tuple[Factor, list[str]]:
    new.created_at = new.last_used_at = at
    hashed = _recovery_codes_new()
    with transaction.atomic():
        user = User.objects.select_for_update(of=("self",)).get(pk=new.user_id)
        is_first = not has_factor(user)
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError as error:
            raise FactorExistsError from error
        if session is not None:
            UserSession.objects.filter(pk=session.pk).update(confirmed_at=at)
        if is_first:
            _recovery_codes_replace(user, hashed, at)
            sessions_end(user=user, ending=UserSession.Ending.FACTOR, but=session, by=by)
        event_record(
            Verb.FACTOR_ADDED, at=clock.now(), by=by, subject=user, person_id=user.person_id, kind=new.kind
        )
        notice_send("accounts.factor.added", to=user, at=clock.now(), facts={"kind": new.kind})
    return new, [code for code, _hash in hashed] if is_first else []


def factor_remove(*, factor: Factor, session: UserSession | None, by: Actor) -> None:
    """Take a factor away; every other session of the account ends. Raises `LastFactorError`."""
    with transaction.atomic():
        user = User.objects.select_for_update(of=("self",)).get(pk=factor.user_id)
        others = Factor.objects.filter(user=user).exclude(pk=factor.pk).exists()
        if not others and is_required(user):
            raise LastFactorError
        Factor.objects.filter(pk=factor.pk).delete()
        if not others:
            RecoveryCode.objects.filter(user=user).delete()
        sessions_end(user=user, ending=UserSession.Ending.FACTOR, but=session, by=by)
        _removal_tell(user, factor.kind, by=by)


def _removal_tell(user: User, kind: str, *, by: Actor) -> None:
    at = clock.now()
    event_record(Verb.FACTOR_REMOVED, at=at, by=by, subject=user, person_id=user.person_id, kind=kind)
    notice_send("accounts.factor.removed", to=user, at=at, facts={"kind": kind})


def recovery_codes_renew(*, user: User, by: Actor) -> list[str]:
    """Return new recovery codes, which exist nowhere else; the old ones are void."""
    hashed = _recovery_codes_new()
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        _recovery_codes_replace(locked, hashed, clock.real_now())
        event_record(
            Verb.RECOVERY_CODES_MADE, at=clock.now(), by=by, subject=locked, person_id=locked.person_id
        )
    return [code for code, _hash in hashed]


def _recovery_codes_new() -> list[tuple[str, str]]:
    """Return codes as they are written down, each with its hash: slow on purpose, so before any lock."""
    codes = [get_random_string(RECOVERY_CODE_LENGTH, UNMISTAKABLE) for _ in range(RECOVERY_CODES)]
    return [(f"{code[:5]}-{code[5:]}", make_password(code)) for code in codes]


def _recovery_codes_replace(user: User, hashed: Sequence[tuple[str, str]], at: datetime) -> None:
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=code_hash, created_at=at) for _code, code_hash in hashed
    )


# Answering


def code_normalise(typed: str) -> str:
    """Return a code as it is compared: without spaces, hyphens and what nobody can see, in small plain characters."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", typed) if letter.isalnum()).lower()


def code_check(*, user: User, typed: str, origin: str, by: Actor) -> Means:
    """Take a code of the app or a recovery code, and return which it was; neither is good a second time.

    Raises `FactorRefusedError` or `TooManyCodesError`.
    """
    code, account = code_normalise(typed), str(user.pk)
    if not TRIES_FROM_ADDRESS.take(account, origin):
        raise TooManyCodesError
    with transaction.atomic():
        User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        is_app_open = WRONG_CODES.has_left(account)
        means = _code_take(user, code, is_app_open=is_app_open, by=by)
        if means is None:
            _refusal_record(user, origin, by=by)
    if means is None:
        raise FactorRefusedError if is_app_open else TooManyCodesError
    TRIES_FROM_ADDRESS.reset(account, origin)
    return means


def _code_take(user: User, code: str, *, is_app_open: bool, by: Actor) -> Means | None:
    """Use a code up under the lock of its account."""
    if len(code) == RECOVERY_CODE_LENGTH:
        return Means.RECOVERY_CODE if _recovery_code_take(user, code, by=by) else None
    if is_app_open and len(code) == totp.DIGITS and _app_code_take(user, code):
        return Means.APP
    WRONG_CODES.take(str(user.pk))
    return None


def _app_code_take(user: User, code: str) -> bool:
    app = Factor.objects.filter(user=user, kind=Factor.Kind.APP).first()
    if app is None:
        return False
    at = clock.real_now()
    step = totp.step_matching(app.secret, code, at=at, after=app.last_step)
    if step is None:
        return False
    Factor.objects.filter(pk=app.pk).update(last_step=step, last_used_at=at)
    return True


def _recovery_code_take(user: User, code: str, *, by: Actor) -> bool:
    unused = RecoveryCode.objects.filter(user=user, used_at=None)
    found = next((each for each in unused if check_password(code, each.code_hash)), None)
    if found is None:
        return False
    RecoveryCode.objects.filter(pk=found.pk).update(used_at=clock.real_now())
    at, left = clock.now(), recovery_codes_left(user)
    event_record(Verb.RECOVERY_CODE_USED, at=at, by=by, subject=user, person_id=user.person_id, left=left)
    notice_send("accounts.recovery_code.used", to=user, at=at, facts={"left": left})
    return True


def _refusal_record(user: User, origin: str, *, by: Actor) -> None:
    at = clock.now()
    event_record(Verb.FACTOR_REFUSED, at=at, by=by, subject=user, person_id=user.person_id, origin=origin)
    notice_send("accounts.factor.refused", to=user, at=at, once_key=f"factor-refused:{user.pk}:{at:%Y-%m-%d}")


def passkey_options(user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser is asked, and the state that `passkey_check` wants back once."""
    return passkeys.authentication_begin(_public_keys(user))


def passkey_check(
    *, user: User, state: Mapping[str, Any], response: Mapping[str, Any], origin: str, by: Actor
) -> Means:
    """Check that a passkey of the account signed the challenge in ``state``. Raises `FactorRefusedError`."""
    try:
        answered = passkeys.authentication_verify(state, response, _public_keys(user))
        _passkey_count(user, answered)
    except passkeys.PasskeyRefusedError as error:
        with transaction.atomic():
            _refusal_record(user, origin, by=by)
        raise FactorRefusedError from error
    return Means.PASSKEY


@transaction.atomic
def _passkey_count(user: User, answered: passkeys.Answered) -> None:
    """Keep the counter of a passkey; one that does not rise belongs to a copy."""
    factor = Factor.objects.select_for_update().get(user=user, credential_id=answered.credential_id)
    before = factor.sign_count or 0
    if (before or answered.sign_count) and answered.sign_count <= before:
        raise passkeys.PasskeyRefusedError("The counter did not rise.")
    Factor.objects.filter(pk=factor.pk).update(sign_count=answered.sign_count, last_used_at=clock.real_now())


def _public_keys(user: User) -> list[bytes]:
    keys = Factor.objects.filter(user=user, kind=Factor.Kind.PASSKEY).values_list("secret", flat=True)
    return [base64.b64decode(key) for key in keys]


def passkey_registration_options(user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser is asked to make a passkey, and the state that `passkey_add` wants back once."""
    return passkeys.registration_begin(
        handle=user.pk.bytes, name=str(user), label=user.label, existing=_public_keys(user)
    )
