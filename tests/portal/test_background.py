"""Asking a worker: after the commit, never at the expense of who asks, and once more by the schedule when it failed."""

import ast
import uuid
from contextlib import contextmanager

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu import pools

from education.tasks import check_batch
from portal.background import ask_worker
from portal.celery import app
from portal.runtime import commands
from tests.contracts.test_structure import ROOMS, sources

NAME = str(uuid.UUID(int=1))


@pytest.fixture
def waiting():
    """How many messages wait for a worker."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")
        yield lambda: client.llen("celery")
        client.delete("celery")


@contextmanager
def closed_pools():
    """Close the broker's connections behind the application's back, as a fork or another thread may do."""
    with app.connection_or_acquire():
        app.producer_pool.force_close_all()
    try:
        yield
    finally:
        pools.reset()
        app._pool = app.amqp._producer_pool = None


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_asked_when_the_transaction_is_committed_and_not_before(waiting):
    with transaction.atomic():
        ask_worker(check_batch, NAME)
        assert waiting() == 0
    assert waiting() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_for_what_was_rolled_back(waiting):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask_worker(check_batch, NAME)
        raise ZeroDivisionError
    assert waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_that_the_brokers_client_raises_reaches_who_asks(waiting, caplog):
    with closed_pools():
        with pytest.raises(RuntimeError, match="closed pool"):
            check_batch.apply_async((NAME,))
        ask_worker(check_batch, NAME)
    assert "No worker could be asked for education.check_batch" in caplog.text
    assert waiting() == 0
    ask_worker(check_batch, NAME)
    assert waiting() == 1


def test_asking_whether_the_worker_is_well_leaves_this_process_its_application():
    assert not commands.is_worker_ready(settings.REDIS_URL)
    assert current_app._get_current_object() is app


def calls(path, name):
    """Return each call of a function or method called ``name`` with the function in which it stands."""
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and name in {
                    getattr(node.func, "attr", None),
                    getattr(node.func, "id", None),
                }:
                    yield function, node


def test_nothing_but_this_helper_publishes_tasks():
    publishing = {
        path.relative_to(settings.BASE_DIR).as_posix()
        for room in ROOMS
        for path in sources(room)
        for name in ("apply_async", "delay", "send_task")
        for _ in calls(path, name)
    }
    assert publishing == {"portal/background.py"}


def test_whatever_a_worker_is_asked_for_is_looked_for_again_by_the_schedule():
    asked = {
        (path, function.name, call.args[0].id)
        for room in ROOMS
        for path in sources(room)
        for function, call in calls(path, "ask_worker")
    }
    scheduled = {entry["task"].split(".")[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    again = {task for path, name, task in asked if path.name == "tasks.py" and name in scheduled}
    assert {task for _, _, task in asked} == again > {"check_batch", "render_document"}
