"""One process of the running portal, and how its failure is told."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 12
REMEDIES = {
    "No space left on device": "Free some disk space, then start again.",
    "Address already in use": "Another program has this port. Choose another one: PORT=8001 make demo.",
    "Permission denied": "Files under var/ belong to another user. Give them to yourself, or run make demo-reset as their owner.",
    "has wrong ownership": "The data belongs to another user. Start as that user, or run make demo-reset as that user.",
    "incompatible with server": "Another version of PostgreSQL wrote the data. Run make demo-reset.",
    "No module named": "The environment is incomplete. Run make setup, then start again.",
}


class PartError(Exception):
    """A part does not run: which one, why, and what to do."""

    def __init__(self, part: str, reason: str, remedy: str) -> None:
        super().__init__(f"{part} failed.\nWhy: {reason}\nWhat to do: {remedy}")
        self.part = part
        self.reason = reason
        self.remedy = remedy


def dies_with_parent(command: Sequence[str], deadly: signal.Signals) -> list[str]:
    """Return ``command`` such that the kernel sends it ``deadly`` should its parent vanish (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, f"--pdeathsig={deadly.name}", *command] if setpriv else list(command)


@dataclass
class Part:
    """A process in a session of its own, so that a Ctrl-C in the terminal reaches only who started it."""

    name: str
    command: Sequence[str]
    log: Path
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0  # seconds from the stop signal to SIGKILL
    process: "subprocess.Popen[bytes] | None" = None
    asked: bool = False  # to stop

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))
        self.asked = False
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def await_ready(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until ``is_ready``; raise `PartError` when the process ends first or ``seconds`` pass."""
        end = time.monotonic() + seconds
        while not is_ready():
            if not self.is_running:
                raise self.failure()
            if time.monotonic() > end:
                raise self.failure(f"It runs, but was not ready within {seconds:.0f} seconds.")
            time.sleep(0.02)

    def failure(self, reason: str | None = None) -> PartError:
        code = self.process.poll() if self.process else None
        reason = reason or f"The process ended with code {code}."
        tail = self.tail()
        remedy = next((advice for sign, advice in REMEDIES.items() if sign in tail), f"Read {self.log}.")
        return PartError(self.name, f"{reason} Its last lines:\n{tail}", remedy)

    def tail(self) -> str:
        return last_lines(self.log.read_text("utf-8", "replace") if self.log.exists() else "")

    def ask_to_stop(self) -> None:
        """Send the stop signal, once: a second one would make some programs drop what they are doing."""
        if self.process is not None and not self.asked:
            self.asked = True
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Stop the process and all that it started; return when none of them is left."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        end_group(self.process.pid)
        self.process = None


def last_lines(text: str) -> str:
    lines = text.rstrip().splitlines()[-TAIL_LINES:]
    return "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"


def end_group(group: int, *, seconds: float = 20) -> None:
    """Kill what is left of a process group; return when none of it runs, or the kernel has not ended it in ``seconds``."""
    end = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
        while (
            any(_runs(process, group) for process in Path("/proc").glob("[0-9]*")) and time.monotonic() < end
        ):
            time.sleep(0.01)


def _runs(process: Path, group: int) -> bool:
    """Whether a process belongs to a group and has not ended: a dead one keeps its group until its parent looks."""
    try:
        state, _parent, its_group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False
    return int(its_group) == group and state not in "ZX"
