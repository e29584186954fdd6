"""Several people at the same moment, each on a database connection of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection, connections

from tests.environment import PATIENCE


def in_threads(count, action, *, may_raise=()):
    """Run ``action(0…count-1)`` at the same moment, each on a connection of its own; return what each returned.

    An exception of a kind that ``may_raise`` names is an answer as well; any other is raised here.
    """
    together = Barrier(count)

    def run(index):
        try:
            together.wait(PATIENCE)
            return action(index)
        except may_raise as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def wait_until_somebody_waits_for_a_lock():
    """Wait for a lock in this database: others of the same server belong to other workers of the test run."""
    end = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while True:
            # The lock of a row belongs to no database, but whoever waits for one holds a lock of its table.
            cursor.execute(
                "SELECT 1 FROM pg_locks AS wanted JOIN pg_locks AS known USING (pid)"
                " JOIN pg_database ON pg_database.oid = known.database"
                " WHERE NOT wanted.granted AND datname = current_database() LIMIT 1"
            )
            if cursor.fetchone():
                return
            assert time.monotonic() < end, "nobody waits for a lock"
