"""Status lists and the snapshot as they are handed out: signed once a change, not once a request.

What a process has signed is good until a certificate changes, and no longer than its time allows: a list for the hour from
which it is valid, a snapshot for the minute in which it was taken. Whether something has changed is one small read.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection

from certificates.credentials.bitstring import ListName
from certificates.credentials.keys import key_keep, public_keys, signing_key
from certificates.credentials.open_badge import TYPE
from certificates.credentials.status import encoded_list, list_credential, snapshot_sign
from certificates.log.models import OF_STATUS
from portal import clock

# What waits for the log counts by which changes they are, not by the last one: they may be committed in another order.
# Commitments and not numbers: those start over where a backup is restored under a running process.
_STAND = """
SELECT COALESCE((SELECT max(status_list) FROM certificates_certificateversion), 1),
       (SELECT encode(commitment, 'hex') FROM certificates_logleaf WHERE kind IN %(kinds)s ORDER BY index DESC LIMIT 1),
       (SELECT array_agg(encode(commitment, 'hex') ORDER BY id) FROM certificates_logpending WHERE kind IN %(kinds)s),
       (SELECT array_agg(kid ORDER BY kid) FROM certificates_signingkey)
"""


class NoSuchListError(LookupError):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """What all lists follow from; another one after each change of a certificate that they tell of."""

    pages: int
    leaf: str | None
    waiting: tuple[str, ...]
    keys: tuple[str, ...]
    key: str
    public_url: str


def list_text(name: ListName) -> str:
    """Return a status list credential of the present moment, signed; raises `NoSuchListError`."""
    stand = _stand()
    if name.page > stand.pages:
        raise NoSuchListError(str(name))
    return _list(name, stand, clock.now().replace(minute=0, second=0, microsecond=0))


def snapshot_text() -> str:
    """Return the snapshot of the present moment, or one taken in the same minute if nothing has changed since."""
    return _snapshot(_stand(), clock.now().replace(second=0, microsecond=0))


def forget() -> None:
    """Forget what this process has signed."""
    _list.cache_clear()
    _snapshot.cache_clear()


def _stand() -> _Stand:
    with connection.cursor() as cursor:
        cursor.execute(_STAND, {"kinds": OF_STATUS})
        pages, leaf, waiting, keys = cursor.fetchone()
    return _Stand(
        pages, leaf, tuple(waiting or ()), tuple(keys or ()), signing_key().kid, settings.PUBLIC_URL
    )


@lru_cache(maxsize=64)
def _list(name: ListName, stand: _Stand, hour: datetime) -> str:
    content = list_credential(name, encoded_list(name), public_url=stand.public_url, at=hour)
    key = signing_key()
    key_keep(key, at=clock.now())
    return key.sign_jwt(content, typ=TYPE, cty="vc")


@lru_cache(maxsize=4)
def _snapshot(stand: _Stand, minute: datetime) -> str:
    key, at = signing_key(), clock.now()
    key_keep(key, at=at)
    return snapshot_sign(key, public_keys(), public_url=stand.public_url, at=at)
