"""What somebody was refused although they had signed in: the trace of looking for doors."""

from django.db import transaction

from portal import clock
from portal.accounts.events import Verb
from portal.accounts.roles import Permission
from portal.events.services import Actor, event_record
from portal.limits import Limit

RECORDED = Limit("access:refused", "60/hour")
"""For one account: a machine that tries a million addresses fills a few lines, not the history."""


def access_refused(
    *, by: Actor, route: str, permission: Permission | None = None, is_object: bool = False
) -> None:
    """Record that an account was refused a page, a call or an object. ``route`` is the name, never the address."""
    if not RECORDED.take(str(by.account.pk)):
        return
    with transaction.atomic():
        event_record(
            Verb.ACCESS_REFUSED,
            at=clock.now(),
            by=by,
            subject=by.account,
            person_id=by.account.person_id,
            route=route,
            **({"permission": permission} if permission else {}),
            reason="object" if is_object else "permission",
        )
