"""Rate limits of the API. They are shared by all web servers through Redis; without Redis nobody is turned away."""

import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework import throttling
from rest_framework.request import Request

from portal.accounts.models import ApiToken
from portal.limits import Limit, origin

_log = logging.getLogger(__name__)


class SharedThrottle(throttling.SimpleRateThrottle):
    """A limit that subclasses name in ``scope``, and whose key they know."""

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            _log.warning("No rate limit: Redis cannot be reached")
            return True


class CallerThrottle(SharedThrottle):
    """For calls without a limit of their own: by the network that they come from, as the trusted proxies tell it."""

    scope = "caller"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": origin(request._request)}


class TokenThrottle(SharedThrottle):
    """A limit by token."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not isinstance(request.auth, ApiToken):
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.auth.pk.hex}


class OriginThrottle(throttling.BaseThrottle):
    """A limit for each network, which a page may share."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit

    def allow_request(self, request: Request, view: Any) -> bool:
        return self.limit.take(origin(request._request))

    def wait(self) -> float:
        return float(self.limit.period)
