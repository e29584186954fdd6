import pytest
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder

from portal import health


@pytest.fixture(autouse=True)
def _not_yet_asked(monkeypatch):
    monkeypatch.setattr(health, "_migrated", set())


@pytest.mark.django_db
def test_ready_when_database_schema_and_redis_can_be_used(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"database": True, "schema": True, "redis": True, "keys": True},
    )
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_not_ready_before_the_last_migration(client):
    MigrationRecorder.Migration.objects.filter(app="events").delete()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["schema"]) == (503, False)


@pytest.mark.django_db
def test_a_newer_schema_is_no_obstacle(client):
    MigrationRecorder.Migration.objects.create(app="events", name="9999_of_the_next_version")
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_not_ready_without_redis_but_alive(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (503, False)
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_not_ready_without_the_database_and_no_word_of_why(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise DatabaseError("password of portal at 10.0.0.1")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", refuse)
    monkeypatch.setattr(health, "MigrationExecutor", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"], answer.json()["schema"]) == (503, False, False)
    assert b"10.0.0.1" not in answer.content
