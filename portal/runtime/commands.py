"""How web, worker and beat are started, and how each shows that it is well: the same for demo, tests and containers."""

import os
import socket
import sys
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from celery import Celery

BEAT_PATIENCE = 30  # seconds without a sign of life
PARTS = ("web", "worker", "beat")


def beat_heartbeat(var: Path) -> Path:
    return var / "run" / "beat.heartbeat"


def command(part: str, *, host: str = "127.0.0.1", port: int = 8000) -> list[str]:
    """Return the command line of ``part``: web, worker or beat."""
    return {"web": _web(host, port), "worker": _worker(), "beat": _beat()}[part]


def _web(host: str, port: int) -> list[str]:
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": os.environ.get("WEB_WORKERS", "2"),
        "blocking-threads": os.environ.get("WEB_THREADS", "4"),
        "workers-kill-timeout": "10",
        "log-level": "warning",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    return [
        sys.executable,
        "-m",
        "granian",
        *words,
        "--no-ws",
        "--respawn-failed-workers",
        "portal.wsgi:application",
    ]


def _worker() -> list[str]:
    processes = os.environ.get("WORKER_PROCESSES", "2")
    options = ["--loglevel=INFO", f"--concurrency={processes}", "--without-mingle", "--without-gossip"]
    return [sys.executable, "-m", "celery", "-A", "portal", "worker", *options]


def _beat() -> list[str]:
    from portal import env

    options = [
        "--loglevel=INFO",
        "--scheduler=portal.celery:Beat",
        f"--schedule={env.VAR / 'run' / 'beat.schedule'}",
        "--pidfile=",
    ]
    return [sys.executable, "-m", "celery", "-A", "portal", "beat", *options]


def is_web_ready(port: int, *, host: str = "localhost") -> bool:
    """Ask ``/readyz`` of this machine under the name ``host``, which must be one of the allowed ones."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def is_worker_ready(broker: str) -> bool:
    """Ping the worker of this machine through the broker."""
    with Celery(
        broker=broker, set_as_current=False
    ) as app:  # this process may have an application of its own
        return bool(app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=1))


def is_beat_ready(heartbeat: Path) -> bool:
    try:
        return time.time() - heartbeat.stat().st_mtime < BEAT_PATIENCE
    except FileNotFoundError:
        return False
