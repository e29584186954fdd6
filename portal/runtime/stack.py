"""The whole portal on one machine: services, web, worker and beat, started together and stopped for certain."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from portal.runtime import commands
from portal.runtime.embedded import Postgres, Redis, database_create, require_free
from portal.runtime.home import claim, sweep
from portal.runtime.part import Part, PartError, dies_with_parent, last_lines

ROOT = Path(__file__).resolve().parents[2]
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Tell = Callable[[str], None]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C cut the stopping short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silent(line: str) -> None:
    """Tell nobody."""


@dataclass
class Stack:
    """The parts below ``home``. ``environment`` reaches each of them; with ``DATABASE_URL`` or ``REDIS_URL`` in it,
    that service is used instead of an embedded one. Use as a context manager: leaving it stops everything.
    """

    home: Path
    port: int = 8000
    database: str = "zhengtong"
    environment: dict[str, str] = field(default_factory=dict)
    durable: bool = True
    tell: Tell = _silent
    parts: list[Part] = field(default_factory=list)
    _claim: TextIO | None = None

    def __enter__(self) -> Self:
        self._claim = claim(self.home)
        if self._claim is None:
            remedy = "Stop that one first (Ctrl-C where it runs), or set PORTAL_VAR to another directory."
            raise PartError("The portal", f"It is running already on the data in {self.home}.", remedy)
        sweep(self.home)
        self.environment |= {"PORTAL_VAR": str(self.home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._claim:
            self._claim.close()

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start_services(self) -> None:
        """Start PostgreSQL and Redis where no address is given for them, and create the database."""
        if "DATABASE_URL" not in self.environment:
            postgres = Postgres(self.home, durable=self.durable)
            self.parts.append(postgres.part)
            self._timed("PostgreSQL", postgres.start)
            self.environment["DATABASE_URL"] = postgres.url(self.database)
            database_create(self.environment["DATABASE_URL"])
        if "REDIS_URL" not in self.environment:
            redis = Redis(self.home, durable=self.durable)
            self.parts.append(redis.part)
            self._timed("Redis", redis.start)
            self.environment["REDIS_URL"] = redis.url()

    def start_portal(self) -> None:
        """Start web, worker and beat together; return when all three are well."""
        require_free(self.port)
        commands.beat_heartbeat(self.home).unlink(missing_ok=True)
        parts = {
            name: self._part(name, ["-m", "portal.runtime", name, f"--port={self.port}"])
            for name in commands.PARTS
        }
        self.parts.extend(parts.values())
        for part in parts.values():
            part.start()
        for name, part in parts.items():
            self._timed(name, lambda part=part, name=name: part.await_ready(self._probe(name), seconds=180))  # type: ignore[misc]

    def manage(self, *arguments: str, given: str | None = None, show: bool = False) -> str:
        """Run a management command to its end and return what it printed (or ``show`` it meanwhile).

        Raises `PartError` when it fails.
        """
        name = f"manage.py {arguments[0]}"
        process = subprocess.Popen(
            dies_with_parent([sys.executable, str(ROOT / "manage.py"), *arguments], signal.SIGTERM),
            env=os.environ | self.environment,
            stdin=subprocess.PIPE,
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output: str | None = None
        try:
            output, _ = process.communicate(given)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            lines = last_lines(output or "") if not show else "  | (shown above)"
            reason = f"It ended with code {process.returncode}. Its last lines:\n{lines}"
            raise PartError(name, reason, f"Run it by hand: python {name}.")
        return output or ""

    def check(self) -> None:
        """Raise `PartError` for a part that has died."""
        for part in self.parts:
            if not part.is_running:
                raise part.failure()

    def watch(self) -> None:
        """Return never: raise `PartError` as soon as a part dies."""
        while True:
            self.check()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop every part, the services last; return when no process is left."""
        portal = [part for part in self.parts if part.name in commands.PARTS]
        with _undisturbed():
            for part in portal:
                part.ask_to_stop()
            for part in (*portal, *reversed(self.parts)):
                part.stop()
        self.parts.clear()

    def _part(self, name: str, arguments: list[str]) -> Part:
        return Part(
            name,
            dies_with_parent([sys.executable, *arguments], signal.SIGTERM),
            log=self.home / "log" / f"{name}.log",
            directory=self.home / "run",
            environment=self.environment,
        )

    def _probe(self, name: str) -> Callable[[], bool]:
        probes = {
            "web": lambda: commands.is_web_ready(self.port),
            "worker": lambda: commands.is_worker_ready(self.environment["REDIS_URL"]),
            "beat": lambda: commands.is_beat_ready(commands.beat_heartbeat(self.home)),
        }
        return probes[name]

    def _timed(self, name: str, start: Callable[[], None]) -> None:
        began = time.monotonic()
        start()
        self.tell(f"{name:<12} ready ({time.monotonic() - began:.1f} s)")
