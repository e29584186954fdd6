"""The real processes: well together, back after a blow."""

import os
import signal

import pytest
import redis

from portal.runtime import commands
from tests.runtime.watching import Caller, children, eventually, part_of


def status(stack, path):
    return Caller(stack.port).get(path).status


def test_web_worker_and_beat_are_well(stack):
    assert status(stack, "/healthz") == status(stack, "/readyz") == 200
    eventually(lambda: commands.is_worker_ready(stack.environment["REDIS_URL"]))
    eventually(lambda: commands.is_beat_ready(commands.beat_heartbeat(stack.home)))


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_child_is_replaced(stack, name):
    part = part_of(stack, name)
    victim = children(part)[0]
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(children(part)) >= 2 and victim not in children(part))
    eventually(lambda: status(stack, "/readyz") == 200)
    eventually(lambda: commands.is_worker_ready(stack.environment["REDIS_URL"]))


def test_the_worker_still_answers_after_redis_was_flushed(stack):
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        client.flushdb()
    eventually(lambda: commands.is_worker_ready(stack.environment["REDIS_URL"]))


def test_a_browser_reaches_the_portal(page):
    assert page.goto("/healthz").status == 200
    assert page.inner_text("body").strip() == "alive"
