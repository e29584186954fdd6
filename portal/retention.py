"""Deleting what is no longer needed. Each room says what of its own that is; the periods are policy.

Events are never among it: their table refuses deletion, and access logs have to be kept for six months and more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.events.services import Actor, event_record
from portal.operations.jobs import register_job
from portal.policy import current_pack
from portal.verbs import Verb


@dataclass(frozen=True)
class Expiring:
    """Something that is deleted: ``remove`` deletes what is older than a moment and returns how many rows that were.

    ``code`` names its period, `retention.<code>_days`; without one, ``remove`` knows by itself what is over.
    """

    code: str
    label: "str | Promise"
    remove: Callable[[datetime], int]
    has_period: bool = True


_expiring: dict[str, Expiring] = {}


def register_expiring(expiring: Expiring) -> None:
    _expiring[expiring.code] = expiring


def purge(*, by: Actor, dry_run: bool = False) -> list[tuple[Expiring, int]]:
    """Delete what is over, one kind a transaction, and return how many rows of each; a dry run undoes it all."""
    return [(expiring, _purge(expiring, dry_run=dry_run, by=by)) for expiring in _expiring.values()]


@transaction.atomic
def _purge(expiring: Expiring, *, dry_run: bool, by: Actor) -> int:
    at = clock.now()
    count = expiring.remove(at - _period(expiring, at))
    if count:
        event_record(Verb.PURGED, at=at, by=by, subject=None, what=expiring.code, count=count)
    if dry_run:
        transaction.set_rollback(True)
    return count


def _period(expiring: Expiring, at: datetime) -> timedelta:
    if not expiring.has_period:
        return timedelta()
    return timedelta(days=getattr(current_pack().on(at.date()).retention, f"{expiring.code}_days"))


def deleting(statement: str) -> Callable[[datetime], int]:
    """Return a `remove` that runs one DELETE; ``%(before)s`` in it stands for the moment."""

    def remove(before: datetime) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"before": before})
            return int(cursor.rowcount)

    return remove


_NOTICES = """
WITH gone AS (DELETE FROM notices_delivery d USING notices_notice n
              WHERE n.id = d.notice_id AND n.at < %(before)s AND n.read_at IS NOT NULL)
DELETE FROM notices_notice WHERE at < %(before)s AND read_at IS NOT NULL
"""


def register() -> None:
    """Name what the kernel keeps only for a time. Sessions are made and ended by the real clock, never a simulated one."""
    register_job("portal.purge", _("Delete what is over"))
    for expiring in (
        Expiring(
            "session",
            _("Sessions that have run out"),
            deleting("DELETE FROM django_session WHERE expire_date < clock_timestamp()"),
            has_period=False,
        ),
        Expiring(
            "account_session",
            _("Records of sessions that ended"),
            deleting(
                "DELETE FROM accounts_usersession WHERE started_at < clock_timestamp() - interval '31 days'"
            ),
            has_period=False,
        ),
        Expiring("read_notice", _("Notices that have been read"), deleting(_NOTICES)),
        Expiring(
            "ended_token",
            _("API tokens that have ended"),
            deleting(
                "DELETE FROM accounts_apitoken WHERE least(expires_at, coalesce(revoked_at, expires_at)) < %(before)s"
            ),
        ),
        Expiring(
            "job_failure",
            _("Failed runs of background jobs"),
            deleting("DELETE FROM operations_jobfailure WHERE at < %(before)s"),
        ),
    ):
        register_expiring(expiring)
