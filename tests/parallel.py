"""Several people at the same moment, each on a database connection of their own."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

_log = logging.getLogger(__name__)


def in_threads(count, action):
    """Run ``action(0…count-1)`` at the same moment, each on a connection of its own; return results or exceptions."""
    together = threading.Barrier(count)

    def run(index):
        try:
            together.wait(timeout=30)
            return action(index)
        except Exception as error:  # noqa: BLE001 - what each thread met is the answer
            _log.warning(
                "Thread %s met an error", index, exc_info=True
            )  # pytest shows it where it was not expected
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def wait_until_somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1")
            if cursor.fetchone():
                return
