"""Accepting the privacy notice: with the opening of an account, and again whenever a newer version applies.

An account that was opened on a day on which a version applied was opened under it, also where no row tells so: it was there
before rows were kept, or the machine's operator made it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from portal import clock
from portal.accounts.agreements import Agreement, Kind, in_force
from portal.accounts.events import Verb
from portal.accounts.models import Acceptance, User
from portal.events.services import Actor, event_record
from portal.policy import day_of


class NoticeChangedError(Exception):
    """Another version applies by now than the one that was shown."""


def is_asked(user: User, notice: Agreement) -> bool:
    """Tell whether the holder of an account still has to accept this version, which is the one in force."""
    if day_of(user.created_at) >= notice.since:
        return False
    return not Acceptance.objects.filter(user=user, version=notice.version).exists()


def acceptances_of(user: User) -> QuerySet[Acceptance]:
    """Return what an account accepted, the newest first."""
    return Acceptance.objects.filter(user=user).order_by("-at", "-pk")


def opening_accept(*, user: User, at: datetime) -> None:
    """Note under which version an account was opened; the event of its opening tells by whom. Once is enough."""
    Acceptance.objects.bulk_create(
        [
            Acceptance(
                user=user,
                version=in_force(Kind.PRIVACY, day_of(at)).version,
                way=Acceptance.Way.OPENING,
                at=at,
            )
        ],
        ignore_conflicts=True,
    )


def notice_accept(*, user: User, version: str, by: Actor) -> None:
    """Accept the version that was shown. A second time changes nothing; raises `NoticeChangedError` if another applies."""
    with transaction.atomic():
        User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        at = clock.now()
        if in_force(Kind.PRIVACY, day_of(at)).version != version:
            raise NoticeChangedError
        _row, is_new = Acceptance.objects.get_or_create(
            user=user, version=version, defaults={"way": Acceptance.Way.AGAIN, "at": at}
        )
        if is_new:
            event_record(
                Verb.NOTICE_ACCEPTED, at=at, by=by, subject=user, person_id=user.person_id, version=version
            )
