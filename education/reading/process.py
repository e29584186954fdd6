"""Reading in a child process: what a hostile or broken file costs, it costs there.

The child is a fork, so that nothing has to be loaded again; it has limits on memory and processor time, dies with its
parent, and answers in frames through a pipe. It never touches the database, whose connection it shares.
"""

import ctypes
import io
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, NoReturn, Self

from education.reading.copytext import note_lines, problem_lines, row_lines
from education.reading.sources import open_batch_table
from portal.identity import Problem
from portal.tables import FileRefusedError, Limits

_HEAD = struct.Struct("!cI")
_ROWS, _PROBLEMS, _PROGRESS, _REFUSED, _END = b"r", b"p", b"s", b"x", b"e"
_PIPE = 1 << 20
_SET_PARENT_DEATH_SIGNAL = 1  # <linux/prctl.h>
_OUT_OF_MEANS = {signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}
"""What ends a child that is out of processor time or memory; the reader of workbooks aborts without memory."""

Progress = Callable[[int, int], None]


class ReadingDiedError(Exception):
    """The child was killed from outside; nothing is known about the file, so that it may be tried again."""


class Reading:
    """A running child that reads a batch. `read` gives the rows as a file for `COPY`; then `problems` are complete.

    The driver of the database reports an exception of `read` as one of its own; `failure` keeps what it was.
    """

    def __init__(
        self,
        batch: str,
        files: Sequence[bytes],
        *,
        limits: Limits,
        memory: int,
        seconds: int,
        progress: Progress,
    ) -> None:
        """Start to read. ``memory`` in bytes, beside what the parent has; ``seconds`` of processor and of wall time."""
        self.problems = io.BytesIO()
        self.rows = 0
        self.failure: Exception | None = None
        self._progress, self._rows = progress, io.BytesIO()
        self._until = time.monotonic() + seconds
        self._pipe, out = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _Child(out, batch, files, limits).run(memory, seconds)
        os.close(out)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return the next rows, at most ``size`` bytes, nothing at the end; raises `FileRefusedError` for a bad file."""
        try:
            while not (piece := self._rows.read(size)) and not self._ended:
                self._take(*self._frame())
        except Exception as error:
            self.failure = error
            raise
        return piece

    def close(self) -> None:
        """End the child, whatever it is doing; a second time does nothing."""
        if self._child:
            os.close(self._pipe)
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == _ROWS:
            self._rows = io.BytesIO(payload)
        elif kind == _PROBLEMS:
            self.problems.write(payload)
        elif kind == _PROGRESS:
            self.rows, expected = json.loads(payload)
            self._progress(self.rows, expected)
        elif kind == _REFUSED:
            code, params = json.loads(payload)
            raise FileRefusedError(code, **params)
        else:
            self._ended = True
            self.problems.seek(0)

    def _frame(self) -> tuple[bytes, bytes]:
        kind, size = _HEAD.unpack(self._bytes(_HEAD.size))
        return kind, self._bytes(size)

    def _bytes(self, size: int) -> bytes:
        parts = []
        while size:
            ready, _, _ = select.select([self._pipe], [], [], max(0.0, self._until - time.monotonic()))
            if not ready:
                raise FileRefusedError("file_too_costly")
            part = os.read(self._pipe, min(size, _PIPE))
            if not part:
                self._died()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _died(self) -> NoReturn:
        _, status = os.waitpid(self._child, 0)
        os.close(self._pipe)
        self._child = 0
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _OUT_OF_MEANS:
            raise FileRefusedError("file_too_costly")
        raise ReadingDiedError(f"The reading child ended with status {status}.")


class _Child:
    """The other side of the pipe. Leaves the process; nothing of the parent's runs on."""

    def __init__(self, out: int, batch: str, files: Sequence[bytes], limits: Limits) -> None:
        self.out, self.batch, self.files, self.limits = out, batch, files, limits

    def run(self, memory: int, seconds: int) -> NoReturn:
        status = 1
        try:
            _confine(self.out, memory, seconds)
            self._answer()
            status = 0
        except BrokenPipeError:
            pass  # the parent has lost interest
        finally:
            os._exit(status)

    def _answer(self) -> None:
        try:
            self._read()
            self._send(_END, b"")
        except FileRefusedError as refused:
            self._send(_REFUSED, json.dumps([refused.problem.code, dict(refused.problem.params)]).encode())
        except MemoryError:
            self._send(_REFUSED, b'["file_too_costly", {}]')

    def _read(self) -> None:
        sources: list[BinaryIO] = [io.BytesIO(content) for content in self.files]
        with open_batch_table(sources, self.limits) as table:
            self._progress(0, table.expected_rows)
            for chunk in table.chunks():
                self._send(_ROWS, row_lines(self.batch, chunk).encode())
                self._send(_PROBLEMS, problem_lines(self.batch, chunk).encode())
                self._progress(table.rows_read, table.expected_rows)
            self._send(_PROBLEMS, note_lines(self.batch, _distinct(table.notes)).encode())

    def _progress(self, rows: int, expected: int) -> None:
        self._send(_PROGRESS, json.dumps([rows, max(rows, expected)]).encode())

    def _send(self, kind: bytes, payload: bytes) -> None:
        if payload or kind == _END:
            message = memoryview(_HEAD.pack(kind, len(payload)) + payload)
            while message:
                message = message[os.write(self.out, message) :]


def _distinct(notes: Sequence[Problem]) -> list[Problem]:
    return [note for i, note in enumerate(notes) if note not in notes[:i]]


def _confine(out: int, memory: int, seconds: int) -> None:
    """Give the child its limits, and take away what it shares with its parent but must not touch."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        size = _address_space() + memory
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.closerange(3, out)
    os.closerange(out + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    with open("/proc/self/statm") as pages:  # noqa: PTH123 - no path, the kernel's answer
        return int(pages.read().split()[0]) * resource.getpagesize()
