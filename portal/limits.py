"""Limits on how often something may be tried, shared by all web processes through Redis.

Without Redis the portal stays open: each process then counts for itself until Redis is back.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from portal import crypto

T = TypeVar("T")
log = logging.getLogger(__name__)
PATIENCE = 0.5  # seconds for Redis to answer


@lru_cache(maxsize=1)
def _shared(url: str) -> RateLimiter:
    address = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
    storage = RedisStorage(
        address, wrap_exceptions=True, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    return SlidingWindowCounterRateLimiter(storage)


@lru_cache(maxsize=1)
def _own() -> RateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())


@lru_cache(maxsize=1)
def _seen_in_minute(minute: int) -> Counter[tuple[str, ...]]:
    """What this process let pass in a minute by its own clock; the next minute starts with nothing."""
    return Counter()


def forget() -> None:
    """Forget what this process counted by itself."""
    _seen_in_minute.cache_clear()


def _ask(question: Callable[[RateLimiter], T]) -> T:
    try:
        return question(_shared(settings.REDIS_URL))
    except StorageError as error:
        log.warning("Redis does not answer (%s): this process counts for itself.", error.storage_error)
        return question(_own())


@dataclass(frozen=True)
class Limit:
    """At most so many a time (``rate``: ``5/15 minutes``) for one key, such as an account from one address."""

    name: str
    rate: str
    unasked: int = 0
    """How many a minute each process lets pass by itself, before it asks Redis and charges them all in arrears.

    Spares the one question of somebody who asks once the way to Redis; lets through at most that many more a process.
    """

    @cached_property
    def _item(self) -> RateLimitItem:
        return parse(self.rate)

    @property
    def period(self) -> int:
        """Seconds after which whoever has none left has all of them again."""
        return self._item.get_expiry()

    def take(self, *key: str) -> bool:
        """Use one; False, and nothing used, when none is left."""
        cost = 1
        if self.unasked:
            seen = _seen_in_minute(int(time.monotonic() // 60))
            seen[self.name, *key] += 1
            if seen[self.name, *key] <= self.unasked:
                return True
            if seen[self.name, *key] == self.unasked + 1:
                cost = self.unasked + 1
        return _ask(lambda limiter: limiter.hit(self._item, self.name, *key, cost=cost))

    def has_left(self, *key: str) -> bool:
        return _ask(lambda limiter: limiter.test(self._item, self.name, *key))

    def reset(self, *key: str) -> None:
        _ask(lambda limiter: limiter.clear(self._item, self.name, *key))


def too_many(request: HttpRequest, limit: Limit) -> HttpResponse:
    """Return the page for whoever has none left of ``limit``."""
    response = render(request, "429.html", {"minutes": math.ceil(limit.period / 60)}, status=429)
    response["Retry-After"] = str(limit.period)
    return response


def origin(request: HttpRequest) -> str:
    """Return a keyed hash of where a request comes from: an IPv4 address, or the /64 network of an IPv6 one.

    Of ``X-Forwarded-For`` only what the own proxies (``TRUSTED_PROXIES``) appended is believed.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = [*(hop.strip() for hop in forwarded if hop.strip()), request.META.get("REMOTE_ADDR", "")]
    return crypto.blind_index(
        "address", _network(hops[max(0, len(hops) - 1 - settings.TRUSTED_PROXIES)])
    ).hex()[:24]


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
