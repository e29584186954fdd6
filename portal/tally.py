"""Counts of things that happen often, gathered in Redis until a job writes them down.

A count is worth little by itself: without Redis it is lost, and nobody waits for it. A process that counts much asks Redis
every `PAUSE` seconds at most; what came since waits in memory for the next count, or the end of the process.
"""

import atexit
import json
import logging
import time
from collections import Counter, defaultdict
from functools import lru_cache
from threading import Lock

import redis
from django.conf import settings

PATIENCE = 0.5  # seconds for Redis to answer
PAUSE = 2.0  # seconds
# One command however many keys: as many commands would hold up every other thread of the process for tens of milliseconds.
_ADD = """
for key, count in pairs(cjson.decode(ARGV[1])) do redis.call('HINCRBY', KEYS[1], key, count) end
"""
log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


class _Buffer:
    """What this process has counted and not handed on."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.handed_on = 0.0

    def add(self, name: str, key: str) -> bool:
        """Count one; whether it is time to hand on."""
        with self.lock:
            self.counts[name, key] += 1
            return time.monotonic() - self.handed_on > PAUSE

    def take(self) -> Counter[tuple[str, str]]:
        with self.lock:
            taken, self.counts = self.counts, Counter()
            self.handed_on = time.monotonic()
            return taken


_buffer = _Buffer()


def tally_add(name: str, key: str) -> None:
    """Count one more ``key`` (no personal data: it stands in Redis as it is) under ``name``."""
    if _buffer.add(name, key):
        tally_hand_on()


def tally_hand_on() -> None:
    """Give Redis what this process has counted."""
    taken = _buffer.take()
    if not taken:
        return
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (name, key), count in taken.items():
        counts[name][key] = count
    try:
        for name, added in counts.items():
            _client(settings.REDIS_URL).eval(_ADD, 1, f"tally:{name}", json.dumps(added))
    except redis.RedisError as error:
        log.warning("Redis does not answer (%s): %d counts are lost.", error, taken.total())


atexit.register(tally_hand_on)


def tally_take(name: str) -> dict[str, int]:
    """Return the counts of ``name`` and start anew: each count is handed out once, to one caller."""
    tally_hand_on()
    with _client(settings.REDIS_URL).pipeline(transaction=True) as pipeline:
        pipeline.hgetall(f"tally:{name}")
        pipeline.delete(f"tally:{name}")
        counts, _ = pipeline.execute()
    return {key.decode(): int(count) for key, count in counts.items()}
