"""The real processes: well together, back after a blow."""

import os
import signal
import subprocess
import time
from http.client import HTTPConnection

import pytest
import redis

from portal.runtime import commands


def _get(stack, path):
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status
    finally:
        connection.close()


def _children(part):
    listed = subprocess.run(
        ["pgrep", "-P", str(part.process.pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(pid) for pid in listed.split()]


def _eventually(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def _part(stack, name):
    return next(part for part in stack.parts if part.name == name)


def test_web_worker_and_beat_are_well(stack):
    assert _get(stack, "/healthz") == _get(stack, "/readyz") == 200
    assert commands.is_worker_ready(stack.environment["REDIS_URL"])
    assert commands.is_beat_ready(commands.beat_heartbeat(stack.home))


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_child_is_replaced(stack, name):
    part = _part(stack, name)
    victim = _children(part)[0]
    os.kill(victim, signal.SIGKILL)
    _eventually(lambda: len(_children(part)) >= 2 and victim not in _children(part))
    _eventually(lambda: _get(stack, "/readyz") == 200)
    assert commands.is_worker_ready(stack.environment["REDIS_URL"])


def test_the_worker_still_answers_after_redis_was_flushed(stack):
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        client.flushdb()
    _eventually(lambda: commands.is_worker_ready(stack.environment["REDIS_URL"]))


def test_a_browser_reaches_the_portal(page):
    assert page.goto("/healthz").status == 200
    assert page.inner_text("body").strip() == "alive"
