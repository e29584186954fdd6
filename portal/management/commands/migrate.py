"""Django's ``migrate``, which here never makes the portal wait long for it: it waits briefly for a lock, then lets others pass.

A statement that waits for a table makes everybody behind it wait too, even readers. Whoever holds the table for minutes (a
report, a backup, a forgotten session) would so stop the whole portal.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.errors import LockNotAvailable

PAUSE = 1.0
"""Seconds in which those who waited behind the migration may pass, before it asks again."""
_HOLDERS = """
SELECT pid, application_name, date_trunc('second', now() - xact_start)::text FROM pg_stat_activity
WHERE datname = current_database() AND xact_start < now() - make_interval(secs => %s) AND pid <> pg_backend_pid()
ORDER BY xact_start
"""


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-seconds", type=float, default=3, help="How long to wait for a lock at once."
        )
        parser.add_argument("--lock-attempts", type=int, default=20, help="How often to ask for a lock.")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        seconds, attempts = options["lock_seconds"], options["lock_attempts"]
        for left in reversed(range(attempts)):
            try:
                with _waiting_at_most(connection, seconds):
                    super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if not left:
                    raise CommandError(_explanation(connection, seconds)) from error
                self.stderr.write(f"A table is in use; the migration asks again, {left} more times.")
                time.sleep(PAUSE)
            else:
                return


@contextmanager
def _waiting_at_most(connection: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = %s", [f"{seconds * 1000:.0f}ms"])
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")


def _explanation(connection: BaseDatabaseWrapper, seconds: float) -> str:
    """Say who holds the portal up, and what to do."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [seconds])
        holders = cursor.fetchall()
    listed = "; ".join(f"process {pid} ({name or 'unnamed'}) for {age}" for pid, name, age in holders)
    return (
        "The schema could not be changed, because other transactions hold a table. What was migrated before stays; "
        f"the rest was not begun. Transactions that are open: {listed or 'none any more'}. "
        "Wait for them, or end one with SELECT pg_terminate_backend(PROCESS), then run migrate again."
    )
