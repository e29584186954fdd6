"""Is this web process alive, and can it serve? For the proxy, the container engine and ``make demo``."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.rotation import keys_fit

_migrated: set[str] = set()


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, schema, Redis and keys can be used; else 503 with the name of what cannot."""
    state = readiness()
    return JsonResponse(state, status=200 if all(state.values()) else 503)


def readiness() -> dict[str, bool]:
    """Return for each part that a page needs whether it can be used."""
    return {"database": _database(), "schema": _schema(), "redis": _redis(), "keys": _keys()}


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _schema() -> bool:
    """Are all migrations of this code applied? Asked until they are; a newer schema is no obstacle."""
    if "applied" not in _migrated:
        try:
            executor = MigrationExecutor(connection)
        except DatabaseError:
            return False
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add("applied")
    return True


def _keys() -> bool:
    """With a wrong list of keys nobody would be found, and everybody could register a second time."""
    try:
        return keys_fit()
    except DatabaseError:
        return False


def _redis() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


urlpatterns = [path("healthz", live, name="live"), path("readyz", ready, name="ready")]
