"""Under the role of production the portal works, and not even its own code can rewrite history."""

from io import StringIO
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from portal.retention import purge
from tests import factories
from tests.education import batches
from tests.factories import shanghai

KEPT = (
    "accounts_person",
    "certificates_certificatedocument",
    "certificates_certificateversion",
    "certificates_electroniccertificate",
    "certificates_legacycertificate",
    "certificates_measure",
    "certificates_voidingproposal",
    "education_cerecord",
    "education_reversal",
)
HISTORY = (
    "events_event",
    "certificates_logleaf",
    "certificates_lognode",
    "certificates_logcheckpoint",
    "accounts_acceptance",
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def as_the_portal(db):
    clock.move_to(shanghai(2020, 11, 30, 10), running=False)
    call_command("app_role", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal_app")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refused(statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)


def test_people_can_work(as_the_portal):
    school = factories.institution()
    by = Actor(means="web", user=factories.clerk(school))
    batches.approved(school, by, Actor(means="web", user=factories.reviewer()))
    certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))
    assert Event.objects.filter(verb="certificates.exchange.completed").exists()


@pytest.mark.parametrize("table", HISTORY)
def test_history_only_grows(as_the_portal, table):
    refused(f"DELETE FROM {table}")
    refused(f"TRUNCATE {table}")
    column = {"events_event": "verb", "certificates_lognode": "hash"}.get(table, "at")
    refused(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", KEPT)
def test_what_was_issued_or_decided_is_never_deleted(as_the_portal, table):
    refused(f"DELETE FROM {table}")
    refused(f"TRUNCATE {table}")


def test_what_has_a_period_can_be_deleted(as_the_portal):
    for expiring, _count in purge(by=Actor.command("test")):
        assert expiring.code


def test_the_triggers_cannot_be_switched_off(as_the_portal):
    refused("ALTER TABLE events_event DISABLE TRIGGER ALL")
    refused("DROP TRIGGER events_event_append_only ON events_event")
    refused("SET session_replication_role = replica")
    refused("CREATE TABLE public.elsewhere (id int)")
    refused("DELETE FROM django_migrations")


def verifier():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolpassword, rolsuper, rolcreaterole FROM pg_authid WHERE rolname = 'portal_app'"
        )
        return cursor.fetchone()


class TestTheCommand:
    def test_sets_the_password_of_the_address_that_the_other_parts_are_given(self, db, monkeypatch):
        password = "it's a p@ss:word/"
        monkeypatch.setenv(
            "APP_DATABASE_URL", f"postgresql://portal_app:{quote(password, safe='')}@host/name"
        )
        call_command("app_role", stdout=StringIO())
        first, *rights = verifier()
        assert first.startswith("SCRAM-SHA-256$")
        assert rights == [False, False]
        monkeypatch.setenv("APP_DATABASE_URL", "postgresql://portal_app:another@host/name")
        call_command("app_role", stdout=StringIO())
        assert verifier()[0] != first

    def test_refuses_the_address_of_the_owner(self, db, monkeypatch):
        monkeypatch.setenv("APP_DATABASE_URL", "postgresql://portal:secret@host/name")
        with pytest.raises(CommandError, match="must name portal_app") as error:
            call_command("app_role", stdout=StringIO())
        assert "secret" not in str(error.value)
