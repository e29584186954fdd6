"""Under the role of production the portal works, and not even its own code can rewrite history."""

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests import factories
from tests.education import batches
from tests.factories import shanghai

ROLES = (settings.BASE_DIR / "docs" / "deploy" / "roles.sql").read_text("utf-8")
HISTORY = ("events_event", "certificates_logleaf", "certificates_lognode", "certificates_logcheckpoint")
pytestmark = pytest.mark.django_db


@pytest.fixture
def as_the_portal(db):
    clock.move_to(shanghai(2020, 11, 30, 10), running=False)
    with connection.cursor() as cursor:
        cursor.execute(ROLES)
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


def test_the_triggers_cannot_be_switched_off(as_the_portal):
    refused("ALTER TABLE events_event DISABLE TRIGGER ALL")
    refused("DROP TRIGGER events_event_append_only ON events_event")
    refused("SET session_replication_role = replica")
    refused("CREATE TABLE public.elsewhere (id int)")
    refused("DELETE FROM django_migrations")
