"""Run one child with everything bounded: time, output kept, output written. Knows nothing of sandboxes.

The child's output is read as it comes; only its head and tail stay in memory, all of it goes to the spill file. At the wall
limit, at a cancellation and when output passes its cap, `kill` is called and the pipes must close shortly after: a pipe that
stays open means a process survived, and that is reported as a failure of the sandbox, not hidden.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, TypeVar

import anyio
import anyio.to_thread

from skvm.diag import SandboxError

End = TypeVar("End", covariant=True)

CHUNK = 64 * 1024
# Seconds that the pipes of a killed child may stay open: hundreds of processes take the kernel a while on a busy machine.
GRACE = 10.0


@dataclass(slots=True)
class Launch:
    """What to start.

    `wall` in seconds; `keep` bytes of each stream stay in memory; `cap` bytes of both together end the child. `started` is
    called right after the start, `kill` when the child must end (default: its process group).
    """

    argv: Sequence[str]
    stdin: bytes
    wall: float
    keep: int
    cap: int
    spill: Path | None = None
    pass_fds: Sequence[int] = ()
    started: Callable[[subprocess.Popen[bytes]], None] | None = None
    kill: Callable[[subprocess.Popen[bytes]], None] | None = None


@dataclass(slots=True)
class Ended:
    """How the child ended. `reason` is empty, `timeout`, `output` or `stopped`; `returncode` as of subprocess."""

    returncode: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    reason: str
    seconds: float


@dataclass(slots=True)
class _Kept:
    """Head and tail of a stream in at most `room` bytes."""

    room: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, data: bytes) -> None:
        self.total += len(data)
        free = self.room - len(self.head)
        if free > 0:
            self.head += data[:free]
            data = data[free:]
        if data:
            self.tail += data
            if len(self.tail) > 4 * self.room + CHUNK:
                del self.tail[: -self.room]

    @property
    def truncated(self) -> bool:
        return self.total > self.room

    def value(self) -> bytes:
        """All of it, or the first and last half of `room` with a line between that counts what is left out."""
        if not self.truncated:
            return bytes(self.head)
        half = self.room // 2
        whole = bytes(self.head[half:]) + bytes(self.tail)
        left = self.total - 2 * half
        return bytes(self.head[:half]) + b"\n[... %d bytes left out ...]\n" % left + (whole[-half:] if half else b"")


class Job:
    """One child. `run` blocks until it ended; `stop` may be called from any thread and makes `run` return soon."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.begun: Callable[[], None] | None = None
        """Called when the child has been started: it has what it inherits by then."""
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Lock()
        self._begun = False
        self._stopped = False
        self.finished = threading.Event()

    def stop(self) -> None:
        """Ask for the end; harmless after it. A job that has not begun never will."""
        with self._lock:
            if not self._begun:
                self._close()
            elif not self._stopped and not self.finished.is_set():
                os.write(self._wake_write, b"x")
            self._stopped = True

    def run(self) -> Ended:
        """Start the child, wait, return how it ended. Raises SandboxError when it cannot start or outlives its end."""
        begun = time.monotonic()
        with self._lock:
            if self._stopped:
                return Ended(-signal.SIGKILL, b"", b"", False, "stopped", 0.0)
            self._begun = True
        try:
            child = self._start()
            if self.begun is not None:
                self.begun()
            try:
                return self._attend(child, begun)
            finally:
                self._end(child)
        finally:
            with self._lock:
                self._close()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                list(self._launch.argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(self._launch.pass_fds),
                start_new_session=True,
                env={},
                cwd="/",
            )
        except OSError as error:
            raise SandboxError(f"cannot start {self._launch.argv[0]}: {error.strerror}") from None

    def _attend(self, child: subprocess.Popen[bytes], begun: float) -> Ended:
        assert child.stdin and child.stdout and child.stderr
        launch, streams = self._launch, (child.stdin, child.stdout, child.stderr)
        watch = Watch(streams, os.pidfd_open(child.pid), launch, lambda: (launch.kill or kill_group)(child), self._wake_read)
        try:
            if self._launch.started is not None:
                self._launch.started(child)
            reason = watch.loop(begun + self._launch.wall)
        finally:
            watch.close()
        code = child.wait()
        out, err = watch.kept["out"], watch.kept["err"]
        return Ended(code, out.value(), err.value(), out.truncated or err.truncated, reason, time.monotonic() - begun)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        if child.poll() is None:
            kill_group(child)
            child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _close(self) -> None:
        if not self.finished.is_set():
            self.finished.set()
            os.close(self._wake_read)
            os.close(self._wake_write)


class Watch:
    """What is done about the pipes of one program: its `streams` (stdin, stdout, stderr). When `ended` is readable `told` says
    whether that is the end; `ended` is closed here. `kill` brings the end about, which `wake` asks for."""

    def __init__(
        self,
        streams: tuple[IO[bytes], IO[bytes], IO[bytes]],
        ended: int,
        launch: Launch,
        kill: Callable[[], None],
        wake: int | None = None,
        told: Callable[[], bool] = lambda: True,
    ) -> None:
        self._stdin, self._stdout, self._stderr = streams
        self._launch = launch
        self._kill = kill
        self._select = selectors.DefaultSelector()
        self._ended = ended
        self._spill: IO[bytes] | None = None
        self._input = memoryview(launch.stdin)
        self._open = 2
        self._total = 0
        self.reason = ""
        self._exited = False
        self._told = told
        self.limit = 0.0
        self.kept = {"out": _Kept(launch.keep), "err": _Kept(launch.keep)}
        for stream in streams:
            os.set_blocking(stream.fileno(), False)
        self._select.register(self._stdout, selectors.EVENT_READ, "out")
        self._select.register(self._stderr, selectors.EVENT_READ, "err")
        self._select.register(ended, selectors.EVENT_READ, "exit")
        if wake is not None:
            self._select.register(wake, selectors.EVENT_READ, "wake")
        if self._input:
            self._select.register(self._stdin, selectors.EVENT_WRITE, "in")
        else:
            self._stdin.close()

    def loop(self, limit: float) -> str:
        """Serve the pipes until the child has exited and both are closed; returns the reason it was ended for, if any."""
        self.limit = limit
        while not self.over:
            left = self.limit - time.monotonic()
            if left <= 0:
                self.expire()
                continue
            self.step(left)
        return self.reason

    @property
    def over(self) -> bool:
        """Has the program exited, and are its pipes closed?"""
        return self._exited and not self._open

    def fileno(self) -> int:
        """Readable when there is something for `step`."""
        return self._select.fileno()

    def step(self, seconds: float = 0.0) -> None:
        """Serve what is ready, or becomes so within this time."""
        for key, _ in self._select.select(seconds):
            self._serve(key.data)

    def close(self) -> None:
        """Once, whatever came of it."""
        self._select.close()
        os.close(self._ended)
        if self._spill is not None:
            self._spill.close()

    def _serve(self, what: str) -> None:
        if what == "in":
            self._feed()
        elif what == "exit":
            if not self._told():
                return
            self._select.unregister(self._ended)
            self._exited = True
            self.limit = min(self.limit, time.monotonic() + GRACE)
        elif what == "wake":
            self.end("stopped")
        else:
            self._read(what)

    def expire(self) -> None:
        """The limit has come."""
        if self.reason or self._exited:
            raise SandboxError("a process outlived the sandbox it ran in")
        self.end("timeout")

    def end(self, reason: str) -> None:
        """Bring about the end, for a reason."""
        if not self.reason:
            self.reason = reason
            if not self._exited:
                self._kill()
        for key in list(self._select.get_map().values()):
            if key.data == "wake":
                self._select.unregister(key.fileobj)
        self.limit = time.monotonic() + GRACE

    def _feed(self) -> None:
        stream = self._stdin
        try:
            sent = os.write(stream.fileno(), self._input[:CHUNK])
        except BlockingIOError:
            return
        except OSError:  # the program closed its input
            sent = len(self._input)
        self._input = self._input[sent:]
        if not self._input:
            self._select.unregister(stream)
            with suppress(OSError):
                stream.close()

    def _read(self, what: str) -> None:
        stream = self._stdout if what == "out" else self._stderr
        try:
            data = os.read(stream.fileno(), CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._select.unregister(stream)
            self._open -= 1
            return
        self.kept[what].add(data)
        self._total += len(data)
        if self._total > self._launch.cap:
            if not self.reason:
                self.end("output")
            return
        if self._launch.spill is not None:
            self._write(self._launch.spill, data)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            if self._spill is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._spill = path.open("wb")
            self._spill.write(data)
        except OSError as error:
            raise SandboxError(f"cannot keep the output of a command: {error.strerror}", where=str(path)) from None


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the child's whole process group."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


class Runnable(Protocol[End]):
    """A job, or whatever runs, stops and finishes like one."""

    finished: threading.Event

    def run(self) -> End:
        """Blocks until it ended."""
        ...

    def stop(self) -> None:
        """From any thread: `run` returns soon."""
        ...


async def run_job(job: Runnable[End]) -> End:
    """Run a job from async code. A cancellation stops the child and returns only when it is gone: whoever owns the work
    folder may rely on nothing writing to it afterwards."""
    try:
        return await anyio.to_thread.run_sync(job.run, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
    finally:
        job.stop()
        if not job.finished.is_set():
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(job.finished.wait, limiter=anyio.CapacityLimiter(1))
