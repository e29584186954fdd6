"""Registering, signing in, the profile and the photo."""

from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string

from portal import clock, crypto
from portal.accounts.acceptance import opening_accept
from portal.accounts.events import Verb
from portal.accounts.models import Person, Photo, Role, User
from portal.accounts.models_access import UserSession
from portal.accounts.photos import Portrait
from portal.accounts.selectors import canonical_identifier, id_number_hash, mobile_hash, user_by_identifier
from portal.accounts.sessions import sessions_end
from portal.events.services import Actor, event_record
from portal.identity import same_name
from portal.limits import Limit
from portal.masking import mask_mobile
from portal.notices.services import notice_send

ACCOUNT_FROM_ADDRESS = Limit("sign-in:account", "8/15 minutes")
REFUSED_FROM_ADDRESS = Limit("sign-in:address", "80/15 minutes")
UNMISTAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"
TOLD_OF_TOO_MANY = Limit("sign-in:told", "1/15 minutes")


class IdentityTakenError(Exception):
    """The ID number or the mobile belongs to an account. Which of the two is never told."""


class MobileTakenError(Exception):
    """The mobile belongs to another account."""


class UsernameTakenError(Exception):
    """Another account has the user name, or had it: a name is never given twice."""


class OwnAccountError(Exception):
    """Nobody administers the own account: there would be nobody to undo it."""


class SignInRefusedError(Exception):
    """Identifier and password do not belong together, or the account ended. Which of these is never told."""


class TooManyTriesError(SignInRefusedError):
    """Too many tries from this address; the account stays open to every other address."""


class PhotoNotStoredError(Exception):
    """The photo is good, but the disk did not take it."""


@dataclass(frozen=True, kw_only=True)
class Employment:
    """Where a person works: a name and perhaps a credit code, or nothing for a person without an employer."""

    name: str = ""
    code: str = ""

    @property
    def is_none(self) -> bool:
        return not self.name


def worker_register(*, id_number: str, name: str, mobile: str, password: str, by: Actor) -> User:
    """Open the account of the person with this (normalised) ID number, and return it.

    The registry or a batch may have brought the person before; what they say about certificates stays as it is, only
    the person's own name becomes the one given here. Raises `IdentityTakenError` where the ID number or the mobile
    already has an account: one error for both, after the same work (the password is hashed first), and the holder of
    that account is told. That a registration failed cannot be hidden from whoever tries it, since a successful one
    ends signed in; the page limits how often it may be tried from one address.
    """
    hashed = make_password(password)  # slow on purpose, so before any lock
    with transaction.atomic():
        person, was_known = _person_claimed(id_number, name)
        owner = User.objects.filter(person=person).first()
        if owner is None and not _is_mobile_taken(mobile, person):
            return _account_open(person, name, mobile, hashed, was_known=was_known, by=by)
        if owner is None:
            raise IdentityTakenError  # undoes the claim
        _repetition_tell(owner, person, by=by)
    raise IdentityTakenError


def _person_claimed(id_number: str, name: str) -> tuple[Person, bool]:
    """Return the locked person with this ID number, made now if need be, and whether it was known before."""
    lookup, at = id_number_hash(id_number), clock.now()
    new = Person(name=name, id_number=id_number, id_number_hash=lookup, created_at=at)
    Person.objects.bulk_create([new], ignore_conflicts=True)
    person = Person.objects.select_for_update().get(id_number_hash=lookup)
    return person, person.pk != new.pk


def _is_mobile_taken(mobile: str, person: Person) -> bool:
    """Tell whether another person has the mobile. Registrations of one mobile wait for each other here."""
    lookup = mobile_hash(mobile)
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(lookup[:8], signed=True)])
    return Person.objects.filter(mobile_hash=lookup).exclude(pk=person.pk).exists()


def _account_open(person: Person, name: str, mobile: str, hashed: str, *, was_known: bool, by: Actor) -> User:
    at = clock.now()
    differs = was_known and not same_name(person.name, name)
    person.name, person.mobile, person.mobile_hash = name, mobile, mobile_hash(mobile)
    person.save(update_fields=["name", "mobile", "mobile_hash"])
    user = User.objects.create(role=Role.WORKER, person=person, password=hashed, created_at=at)
    opening_accept(user=user, at=at)
    event_record(
        Verb.REGISTERED,
        at=at,
        by=Actor(by.means, user, by.name),
        subject=user,
        person_id=person.pk,
        was_known=was_known,
        name_differs=differs,
    )
    return user


def _repetition_tell(owner: User, person: Person, *, by: Actor) -> None:
    at = clock.now()
    event_record(Verb.REGISTRATION_REPEATED, at=at, by=by, subject=owner, person_id=person.pk)
    notice_send(
        "accounts.registration_repeated", to=person, at=at, once_key=f"registration-repeated:{at:%Y-%m-%d}"
    )


def staff_create(
    *, username: str, role: Role, display_name: str, password: str | None, by: Actor, area_code: str = ""
) -> User:
    """Open an account for anyone but a site professional; ``area_code`` is a county officer's.

    Without a password its holder sets one with a code, which a second person hands over (see `portal.accounts.access`).
    Raises `UsernameTakenError`.
    """
    if role == Role.WORKER:
        raise ValueError("Site professionals register themselves.")
    user = User(
        username=username,
        role=role,
        display_name=display_name,
        password=make_password(password),
        area_code=area_code,
        created_at=clock.now(),
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            if User.objects.filter(username=username).exists():
                raise UsernameTakenError from error
            raise
        event_record(Verb.CREATED, at=user.created_at, by=by, subject=user, role=role.value)
    return user


def account_end(*, user: User, reason: str, by: Actor) -> None:
    """End an account and its sessions. Raises `OwnAccountError`."""
    if by.user and by.user.pk == user.pk:
        raise OwnAccountError
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if not locked.is_active:
            return
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        event_record(
            Verb.ENDED, at=clock.now(), by=by, subject=locked, person_id=locked.person_id, reason=reason
        )
        sessions_end(user=locked, ending=UserSession.Ending.ACCOUNT, by=by)


def account_sessions_end(*, user: User, reason: str, by: Actor) -> int:
    """End every session of an account, which stays open, and tell its holder; return how many ended.

    Raises `OwnAccountError`: for the own account everybody has a page of their own.
    """
    if by.user and by.user.pk == user.pk:
        raise OwnAccountError
    with transaction.atomic():
        ended = sessions_end(user=user, ending=UserSession.Ending.ADMINISTRATOR, reason=reason, by=by)
        if ended:
            notice_send("accounts.session.closed", to=user, at=clock.now())
    return ended


def credentials_check(*, identifier: str, password: str, origin: str, by: Actor) -> User:
    """Return the account that these credentials open; ``origin`` is the keyed hash of the address they come from.

    Tries are counted for an account *from one address*, so that nobody can lock its holder out from elsewhere, and
    failed ones for the address as a whole. Raises `TooManyTriesError` or `SignInRefusedError`.
    """
    counted = crypto.blind_index("identifier", canonical_identifier(identifier)).hex()
    if not (REFUSED_FROM_ADDRESS.has_left(origin) and ACCOUNT_FROM_ADDRESS.take(counted, origin)):
        if TOLD_OF_TOO_MANY.take(counted, origin):  # one event a window: a flood of tries is no flood of rows
            _refusal_record("too_many_tries", identifier, origin, by=by)
        raise TooManyTriesError
    user = authenticate(identifier=identifier, password=password)
    if not isinstance(user, User):
        REFUSED_FROM_ADDRESS.take(origin)
        _refusal_record("credentials", identifier, origin, by=by)
        raise SignInRefusedError
    ACCOUNT_FROM_ADDRESS.reset(counted, origin)
    return user


def _refusal_record(reason: str, identifier: str, origin: str, *, by: Actor) -> None:
    """Record a refusal for the account that was aimed at; of an unknown identifier nothing is kept but that."""
    user = user_by_identifier(identifier)
    with transaction.atomic():
        event_record(
            Verb.SIGN_IN_REFUSED,
            at=clock.now(),
            by=by,
            subject=user,
            person_id=user.person_id if user else None,
            reason=reason,
            origin=origin,
        )


def password_change(*, user: User, password: str, by: Actor, session: UserSession | None = None) -> User:
    """Give an account a new password. Every session ends but ``session``, the one in which it is changed."""
    hashed = make_password(password)
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        locked.password = hashed
        locked.save(update_fields=["password"])
        at = clock.now()
        event_record(Verb.PASSWORD_CHANGED, at=at, by=by, subject=locked, person_id=locked.person_id)
        sessions_end(user=locked, ending=UserSession.Ending.PASSWORD, but=session, by=by)
        notice_send("accounts.password.changed", to=locked, at=at)
    return locked


def random_password() -> str:
    """Return a password that can be read out: about 79 bits, no letters that look alike."""
    return "-".join(get_random_string(4, UNMISTAKABLE) for _ in range(4))


def profile_update(
    *,
    person: Person,
    name: str,
    mobile: str,
    area_code: str,
    employment: Employment,
    by: Actor,
    email: str | None = None,
) -> Person:
    """Keep what a person says of themselves; the first time completes the profile (1.3).

    ``email`` is an address for reminders, empty for none; None leaves it as it is.

    Raises `MobileTakenError`. Certificates keep the names and employers with which they were issued.
    """
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if _is_mobile_taken(mobile, locked):
            raise MobileTakenError
        wanted: dict[str, str | bool | None] = {
            "name": name,
            "mobile": mobile,
            "area_code": area_code,
            "employer_name": employment.name,
            "employer_code": employment.code,
            "without_employer": employment.is_none,
            "email": locked.email if email is None else email or None,
        }
        changed = sorted(field for field, value in wanted.items() if getattr(locked, field) != value)
        if changed or locked.profile_completed_at is None:
            _profile_save(locked, wanted, changed, by=by)
    return locked


def _profile_save(
    person: Person, wanted: dict[str, str | bool | None], changed: list[str], *, by: Actor
) -> None:
    at = clock.now()
    for field, value in wanted.items():
        setattr(person, field, value)
    person.mobile_hash = mobile_hash(str(wanted["mobile"]))
    person.profile_completed_at = person.profile_completed_at or at
    person.save(update_fields=[*wanted, "mobile_hash", "profile_completed_at"])
    event_record(
        Verb.PROFILE_UPDATED,
        at=at,
        by=by,
        subject=person,
        person_id=person.pk,
        changed=changed,
        mobile=mask_mobile(str(wanted["mobile"])),
    )


def language_keep(*, user: User, language: str) -> None:
    """Keep the language in which an account is written to: the one in which its holder reads the pages."""
    User.objects.filter(pk=user.pk).exclude(language=language).update(language=language)


def photo_replace(*, person: Person, portrait: Portrait, by: Actor) -> Photo:
    """Keep a portrait as the person's photo; the same one again changes nothing. Certificates keep theirs.

    Raises `PhotoNotStoredError` when the disk does not take it.
    """
    with transaction.atomic():
        locked = Person.objects.select_for_update(of=("self",)).select_related("photo").get(pk=person.pk)
        if locked.photo and locked.photo.sha256 == portrait.sha256:
            return locked.photo
        at = clock.now()
        photo = _photo_write(locked, portrait, Photo(person=locked, uploaded_at=at))
        locked.photo = photo
        locked.save(update_fields=["photo"])
        event_record(
            Verb.PHOTO_REPLACED, at=at, by=by, subject=photo, person_id=locked.pk, sha256=photo.sha256
        )
    return photo


def _photo_write(person: Person, portrait: Portrait, photo: Photo) -> Photo:
    photo.width, photo.height, photo.sha256 = portrait.width, portrait.height, portrait.sha256
    try:
        photo.file.save("photo.jpg", ContentFile(portrait.content), save=False)
    except OSError as error:
        photo.file.storage.delete(photo.file.field.generate_filename(photo, "photo.jpg"))
        raise PhotoNotStoredError from error
    photo.save(force_insert=True)
    return photo
