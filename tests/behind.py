"""What somebody with the database's own password can do, and no service ever does."""

from contextlib import contextmanager

from django.db import connection


@contextmanager
def no_triggers():
    """Let nothing in the database object: no trigger fires, no foreign key is looked after."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = DEFAULT")


def behind_the_back(sql, *values):
    """Run a statement that changes one row."""
    with no_triggers(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        changed = cursor.rowcount
    assert changed == 1
