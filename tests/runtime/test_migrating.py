"""Changing the schema while people work: briefly, or not at all; and never in a way that the code of before cannot bear."""

import io
import threading
import time
from contextlib import closing, contextmanager

import psycopg2
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from portal.management.commands import migrate


@pytest.fixture
def later(transactional_db, settings, monkeypatch):
    """The next release of `portal.operations` adds a column; afterwards the schema is as before."""
    settings.MIGRATION_MODULES = {"operations": "tests.runtime.later_release"}
    monkeypatch.setattr(migrate, "PAUSE", 0.05)
    yield
    call_command("migrate", "operations", "0001", verbosity=0, skip_checks=True)


@contextmanager
def long_transaction():
    """Somebody reads the table and leaves the transaction open."""
    with closing(psycopg2.connect(settings.DATABASE_URL, application_name="a long report")) as other:
        other.cursor().execute("SELECT count(*) FROM operations_job")
        yield other


def migrated(said=None, **options):
    said = said or io.StringIO()
    call_command("migrate", "operations", verbosity=0, skip_checks=True, stderr=said, **options)
    return said.getvalue()


def columns():
    with connection.cursor() as cursor:
        return {
            column.name for column in connection.introspection.get_table_description(cursor, "operations_job")
        }


def test_a_migration_that_meets_a_long_transaction_gives_up_soon_and_says_who_holds_it(later):
    began = time.monotonic()
    with long_transaction() as other, pytest.raises(CommandError) as refused:
        holder = other.info.backend_pid
        migrated(lock_seconds=0.1, lock_attempts=2)
    assert time.monotonic() - began < 30  # and not the minute that the command's own patience lasts
    assert f"process {holder} (a long report)" in str(refused.value)
    assert "pg_terminate_backend" in str(refused.value)
    assert "note" not in columns()


def test_a_migration_that_waits_lets_the_readers_pass_and_is_done_when_the_transaction_ends(later):
    waited, said = [], io.StringIO()
    with long_transaction() as other, closing(psycopg2.connect(settings.DATABASE_URL)) as reader:
        reader.autocommit = True

        def read_then_release():
            until_waiting(reader)
            began = time.monotonic()
            reader.cursor().execute("SELECT count(*) FROM operations_job")
            waited.append(time.monotonic() - began)
            while not said.getvalue():  # the first attempt has been given up
                reader.cursor().execute("SELECT 1")
            other.rollback()

        release = threading.Thread(target=read_then_release)
        release.start()
        migrated(said, lock_seconds=0.3, lock_attempts=100)
        release.join()
    assert "the migration asks again" in said.getvalue()
    assert waited[0] < 30  # as long as one attempt lasts, on a machine however busy
    assert "note" in columns()


def until_waiting(reader):
    """Return once somebody waits for the table."""
    with reader.cursor() as cursor:
        waiting = False
        while not waiting:
            cursor.execute(
                "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE NOT granted AND relation = 'operations_job'::regclass AND datname = current_database()"
            )
            waiting = cursor.fetchone()


def test_the_limit_is_for_the_migration_alone(later):
    migrated()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
