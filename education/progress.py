"""How far the check of a batch is, while the transaction that does it shows nothing to anybody else.

Kept in the shared cache; a cache that is away costs the bar and nothing more. Calling a check off goes the same way, so
that it is heard at once; what counts is the state of the batch.
"""

import logging
import uuid
from typing import Final, NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

_LIFE = 600  # seconds
ABANDONED: Final = "abandoned"
_log = logging.getLogger(__name__)


class Progress(NamedTuple):
    """Per cent of the check, and rows read so far."""

    percent: int
    rows: int


def progress_note(batch: uuid.UUID, percent: int, rows: int) -> str | None:
    """Keep how far a check is; return `ABANDONED` when it has been called off."""
    try:
        if cache.get(_off(batch)):
            return ABANDONED
        cache.set(_key(batch), (percent, rows), _LIFE)
    except (RedisError, OSError):
        _log.info("The cache is away; the progress of batch %s is not shown", batch)
    return None


def progress_of(batch: uuid.UUID) -> Progress | None:
    try:
        found = cache.get(_key(batch))
    except (RedisError, OSError):
        return None
    return Progress(*found) if found else None


def progress_clear(batch: uuid.UUID) -> None:
    try:
        cache.delete_many([_key(batch), _off(batch)])
    except (RedisError, OSError):
        _log.info("The cache is away; the progress of batch %s goes by itself", batch)


def progress_abandon(batch: uuid.UUID) -> None:
    """Tell whoever checks the batch to stop; without the cache they notice when they lock it."""
    try:
        cache.set(_off(batch), True, _LIFE)
    except (RedisError, OSError):
        _log.info("The cache is away; the check of batch %s stops later", batch)


def _key(batch: uuid.UUID) -> str:
    return f"batch-progress:{batch.hex}"


def _off(batch: uuid.UUID) -> str:
    return f"batch-off:{batch.hex}"
