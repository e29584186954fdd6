"""The directory below which one set of parts runs: claimed by one at a time, swept before use."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from portal.runtime.part import PartError

PROGRAMS = ("postgres", "redis-server", "python", "granian")


def claim(home: Path) -> TextIO | None:
    """Claim ``home`` until the returned handle is closed or this process ends; ``None`` when another process has it."""
    run = home / "run"
    run.mkdir(parents=True, exist_ok=True)
    handle = (run / "lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def sweep(home: Path, *, seconds: float = 10) -> None:
    """End what an earlier, killed run left below a claimed ``home``."""
    end = time.monotonic() + seconds
    while leftovers := list(_processes(home)):
        if time.monotonic() > end:
            listed = ", ".join(map(str, leftovers))
            raise PartError(
                "The last run", f"Its processes {listed} do not end.", f"kill -9 {listed.replace(',', '')}"
            )
        for process in leftovers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)


def _processes(home: Path) -> Iterator[int]:
    """Yield the parts that run below ``home``: known by program and working directory, since most rewrite their title."""
    directories = {(home / name).resolve() for name in ("run", "postgres", "redis")}
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() in directories and (entry / "exe").readlink().name.startswith(
                PROGRAMS
            ):
                yield int(entry.name)
