"""Noticing that the portal decides by other values than before: a change of policy is an event like any decision."""

from hashlib import sha256

from django.db import transaction

from portal import clock
from portal.events.services import Actor, event_record
from portal.models import PolicyInUse
from portal.policy import PolicyPack
from portal.policy.pack import Entry
from portal.verbs import Verb

_FINGERPRINT = 16
"""Hexadecimal characters: enough to tell values apart, which nobody gains from forging."""


@transaction.atomic
def policy_note(*, pack: PolicyPack, by: Actor) -> list[str]:
    """Record that ``pack`` is what decides, where it differs from what did; return the keys that were changed.

    A value counts as changed when any of its versions was, also one that comes into force later.
    """
    values = {key: _fingerprint(entry) for key, entry in pack.entries.items()}
    at = clock.now()
    in_use, is_first = PolicyInUse.objects.select_for_update().get_or_create(
        pk=1, defaults={"pack": pack.name, "values": values, "noted_at": at}
    )
    before = {} if is_first else in_use.values
    changed = sorted(key for key in before.keys() | values.keys() if before.get(key) != values.get(key))
    if changed:
        was = None if is_first else in_use.pack
        event_record(
            Verb.POLICY_CHANGED, at=at, by=by, subject=in_use, pack=pack.name, before=was, values=changed
        )
        in_use.pack, in_use.values, in_use.noted_at = pack.name, values, at
        in_use.save()
    return changed


def _fingerprint(entry: Entry) -> str:
    return sha256(repr(entry.versions).encode()).hexdigest()[:_FINGERPRINT]
