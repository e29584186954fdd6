"""Starting, failing, stopping: nothing is left running, whatever happens."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from portal.runtime.embedded import Postgres, Redis, database_create, free_port, require_free
from portal.runtime.home import claim
from portal.runtime.part import Part, PartError
from portal.runtime.stack import ROOT, Stack
from tests.environment import PATIENCE

START_AND_VANISH = """
import os, sys
from pathlib import Path
from portal.runtime.stack import Stack
with Stack(Path(sys.argv[1]), durable=False) as stack:
    stack.start_services()
    os.kill(os.getpid(), 9)
"""


def _processes_below(home):
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if (entry / "cwd").readlink().is_relative_to(home):
                found.append(f"{entry.name} {(entry / 'cmdline').read_bytes()}")
    return found


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    assert _processes_below(tmp_path) == []


def test_services_start_keep_their_data_and_stop(home):
    for is_new in (True, False):
        with Stack(home, durable=False) as stack:
            stack.start_services()
            stack.check()
            assert (
                database_create(stack.environment["DATABASE_URL"].replace("/zhengtong", "/other")) is is_new
            )


def test_services_given_by_address_are_not_started(home):
    given = {"DATABASE_URL": "postgresql://elsewhere/portal", "REDIS_URL": "redis://elsewhere:6379/0"}
    with Stack(home, environment=dict(given)) as stack:
        stack.start_services()
        assert stack.parts == []
        assert given.items() <= stack.environment.items()


def test_a_directory_runs_one_portal_at_a_time(home):
    with Stack(home), pytest.raises(PartError, match="running already"), Stack(home):
        pass
    with claim(home):
        pass


def test_a_port_in_use_is_named(home):
    with Stack(home, durable=False) as stack:
        redis = Redis(home, durable=False)
        stack.parts.append(redis.part)
        redis.start()
        with pytest.raises(PartError, match=rf"Port {redis.port} .*\n.*PORT={redis.port + 1} make demo"):
            require_free(redis.port)


def test_a_part_that_dies_is_named_with_its_last_lines(home):
    with Stack(home, durable=False) as stack:
        stack.start_services()
        postgres = stack.parts[0].process
        postgres.send_signal(signal.SIGINT)
        postgres.wait(PATIENCE)
        with pytest.raises(PartError, match=r"(?s)PostgreSQL failed\.\nWhy: .*database system is shut down"):
            stack.watch()


def test_a_part_that_cannot_start_says_why_and_what_to_do(home):
    Postgres(home, durable=False).data.mkdir()
    with Stack(home, durable=False) as stack:
        stack.start_services()
    (home / "postgres" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(PartError, match=r"(?s)incompatible with server.*make demo-reset"),
        Stack(home) as stack,
    ):
        stack.start_services()


def test_a_first_start_that_was_cut_short_is_begun_anew(home):
    (home / "postgres").mkdir()
    (home / "postgres" / "half").write_text("")
    with Stack(home, durable=False) as stack:
        stack.start_services()


def test_children_die_with_a_killed_parent_and_the_next_start_recovers(home):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", START_AND_VANISH, str(home)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Stack(home, durable=False) as stack:
        stack.start_services()
        stack.check()


def test_what_a_part_started_ends_with_it(home):
    script = "sleep 600 & trap 'exit 0' TERM; echo up; wait"
    part = Part("shell", ["sh", "-c", script], log=home / "log", directory=home)
    part.start()
    part.await_ready(lambda: "up" in part.tail(), seconds=PATIENCE)
    part.stop()
    assert not part.is_running


def test_a_long_path_still_gets_a_socket(home):
    deep = home / ("d" * 60) / ("e" * 60)
    with Stack(deep, durable=False) as stack:
        stack.start_services()
        stack.check()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a directory that shuts others out")
def test_root_may_keep_the_checkout_where_only_root_may_enter(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with Stack(closed, durable=False) as stack:
        stack.start_services()
        stack.check()


@contextmanager
def _demo(home, port, *arguments):
    environment = os.environ | {"PORTAL_VAR": str(home), "DEPLOYMENT": "demo", "PORT": str(port)}
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "ISSUER_KEY_FILE",
        "ISSUER_CERTIFICATE_FILE",
        "SECRET_KEY_FILE",
        "FIELD_KEYS_FILE",
    ):
        environment.pop(name)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_a_demo_that_cannot_keep_files_says_where_and_what_to_do(home):
    (home / "file").touch()
    with _demo(home / "file" / "var", free_port(), "--empty") as demo:
        said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 1
    assert f"cannot keep its files in {home / 'file' / 'var'}" in said
    assert "set PORTAL_VAR to another directory" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("port", "said"),
    [("99999", "Port 99999 .* there is no such port.*PORT=8000 make demo"), ("eight", "--port: invalid int")],
)
def test_a_demo_on_an_impossible_port_says_so_before_it_starts_anything(home, port, said):
    with _demo(home / "var", port, "--empty") as demo:
        heard, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode in {1, 2}
    assert re.search(f"(?s){said}", heard)
    assert "Traceback" not in heard


@pytest.mark.xdist_group("journeys")
def test_the_demo_starts_tells_its_address_and_stops_without_a_trace(home):
    port = free_port()
    said = []
    with _demo(home, port, "--empty") as demo:
        for line in demo.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        assert f"The portal runs at http://localhost:{port}\n" in said, "".join(said)
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, rest
    assert "every process of the demo has ended" in rest


@pytest.mark.xdist_group("journeys")
def test_a_demo_interrupted_at_its_start_leaves_nothing(home):
    with _demo(home, free_port(), "--empty") as demo:
        assert "PostgreSQL" in demo.stdout.readline()
        time.sleep(0.3)
        demo.terminate()
        demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
