"""One world for all tests of a file that only look at it."""

import pytest


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Return a world made once and never committed."""
    from django.core.cache import cache
    from django.db import transaction

    from portal import clock
    from tests.world import TODAY, world_create

    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        clock.move_to(TODAY, running=False)
        yield world_create()
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)
        cache.clear()
