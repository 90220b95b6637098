"""Workers: sandboxes that stay, in which Python programs are forked from a started interpreter instead of started anew.

A worker is an ordinary sandboxed program (`forkserver`), started with the grant of the request that it was made for. It serves
only requests with exactly that grant: the same walls, limits, environment and interpreter, and the same folders behind the
names. Whatever it cannot do is done in a sandbox of its own, as all other programs are; what it has begun it ends, and when it
dies in the middle, that is how the program ended. At a deadline the whole worker dies.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from skvm.adapters.confine.process import Ended, Launch, Watch
from skvm.adapters.confine.selftest import Attempt
from skvm.diag import SandboxError
from skvm.ports import SandboxRequest

MOST = 4
"""Workers that one backend keeps; the one that was used longest ago goes first."""

LONGEST = 64 * 1024
"""Bytes of one call's words."""

START = 10.0
"""Seconds a worker may take to come up."""

FOREVER = 24 * 3600.0

_SERVER = Path(__file__).parent / "forkserver.py"
_IMPORT = re.compile(rb"^(?:from\s+([\w.]+)\s+import|import\s+([\w., ]+))", re.MULTILINE)

# Of the standard library what keeps nothing when it is imported: no time, no handle, no seed that a fork would share.
QUIET = frozenset(
    (
        "argparse", "ast", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal",
        "difflib", "enum", "fnmatch", "fractions", "functools", "glob", "hashlib", "heapq", "html", "io", "itertools", "json",
        "math", "operator", "os", "pathlib", "pprint", "random", "re", "shlex", "shutil", "statistics", "string", "struct",
        "subprocess", "tempfile", "textwrap", "time", "typing", "unicodedata", "urllib", "uuid", "xml", "zipfile", "zlib",
    )
)  # fmt: skip


def python_call(request: SandboxRequest) -> bool:
    """Is it `python SCRIPT.py ...` or `python -c CODE ...`, with no option for the interpreter and no network?"""
    words = request.argv
    name = words[0].rpartition("/")[2]
    if request.reach is not None or len(words) < 2 or not re.fullmatch(r"python(?:3(?:\.\d+)?)?", name):
        return False
    if sum(map(len, words)) > LONGEST:
        return False
    return len(words) > 2 if words[1] == "-c" else words[1].endswith(".py") and (request.cwd / words[1]).is_file()


def modules_of(request: SandboxRequest) -> tuple[str, ...]:
    """What the worker imports beforehand: of what the program imports itself the quiet part of the standard library, and
    packages that were installed for the skill."""
    words = request.argv
    code = words[2].encode("utf-8", "replace") if words[1] == "-c" else (request.cwd / words[1]).read_bytes()[:LONGEST]
    named: dict[str, None] = {}
    for one, several in _IMPORT.findall(code):
        told = (one or several).decode("ascii", "replace").split(",")
        named.update(dict.fromkeys(name.split()[0] for name in told if name.strip()))
    tops = {name: name.partition(".")[0] for name in named if re.fullmatch(r"\w+(?:\.\w+)*", name)}
    return tuple(name for name, top in tops.items() if top in QUIET or _installed(request, top))


def _installed(request: SandboxRequest, name: str) -> bool:
    return any(list(place.glob(f"lib/python3*/site-packages/{name}")) for place in request.grants.read if name.isidentifier())


class Worker:
    """One sandbox with a server in it. `control` is our end of its socket, `theirs` the other."""

    def __init__(self, attempt: Attempt, control: socket.socket, theirs: socket.socket) -> None:
        self._attempt, self._control, self._theirs = attempt, control, theirs
        attempt.job.begun = theirs.close  # then its death is seen here
        self._ready = False
        self._lock = threading.Lock()
        self.used = time.monotonic()
        self.over = False
        # A thread of its own: the sandbox dies with the thread that started it.
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        with suppress(SandboxError, OSError):
            self._attempt.job.run()
        self.over = True
        self._theirs.close()
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._attempt.release()
        with self._lock:
            self._control.close()

    def end(self) -> None:
        """The sandbox and everything in it dies; whoever waits for an answer gets none."""
        self.over = True
        self._attempt.job.stop()

    def gone(self, seconds: float) -> bool:
        """Wait until the sandbox is gone."""
        return self._attempt.job.finished.wait(seconds)

    def take(self) -> bool:
        """Nobody else may call until `free`; False when somebody does."""
        return not self.over and self._lock.acquire(blocking=False)

    def free(self) -> None:
        """See `take`."""
        self.used = time.monotonic()
        self._lock.release()

    def begin(self, words: tuple[str, ...], cwd: Path, descriptors: list[int], seconds: float) -> bool:
        """Hand over a call; False when the worker does not do it and has not begun it."""
        try:
            self._control.settimeout(max(0.01, min(START, seconds)))
            if not self._ready:
                self._ready = self._control.recv(64) == b"ready"
            if not self._ready:
                return False
            socket.send_fds(self._control, [b"\0".join(os.fsencode(word) for word in (str(cwd), *words))], descriptors)
            return self._control.recv(64) == b"go"
        except OSError:
            self.end()
            return False

    def fileno(self) -> int:
        """Readable when the call has ended."""
        return self._control.fileno()

    def status(self) -> int | None:
        """The exit code of the call that was begun; None when the worker died."""
        try:
            self._control.setblocking(False)
            said = self._control.recv(64).decode().split()
        except OSError:
            said = []
        if len(said) < 2:
            self.end()
            return None
        self.over = self.over or len(said) > 2
        return int(said[1])


class Call:
    """One program in a worker, run and stopped as a `Job` is. `run` gives None when the worker did not begin it."""

    def __init__(self, find: Callable[[], Worker | None], request: SandboxRequest) -> None:
        self._find, self._request = find, request
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Lock()
        self.finished = threading.Event()

    def stop(self) -> None:
        """Ask for the end; harmless after it."""
        with self._lock:
            if not self.finished.is_set():
                os.write(self._wake_write, b"x")

    def run(self) -> tuple[Ended, int] | None:
        """How the program ended, and its exit code."""
        try:
            worker = self._find()
            return self._run(worker) if worker is not None and worker.take() else None
        finally:
            with self._lock:
                self.finished.set()
                os.close(self._wake_read)
                os.close(self._wake_write)

    def _run(self, worker: Worker) -> tuple[Ended, int] | None:
        began, request = time.monotonic(), self._request
        inner, outer = _pipes()
        try:
            try:
                begun = worker.begin(request.argv[1:], request.cwd, inner, request.limits.wall)
            finally:
                for fd in inner:
                    os.close(fd)
            return self._attend(worker, outer, began) if begun else None
        finally:
            for stream in outer:
                with suppress(OSError):
                    stream.close()
            worker.free()

    def _attend(self, worker: Worker, streams: tuple[Any, Any, Any], began: float) -> tuple[Ended, int]:
        request, limits = self._request, self._request.limits
        launch = Launch(request.argv, request.stdin, limits.wall, limits.output, limits.file, request.spill)
        watch = Watch(streams, os.dup(worker.fileno()), launch, self._wake_read, worker.end)
        try:
            reason = watch.loop(began + limits.wall)
        except SandboxError:
            worker.end()
            raise
        finally:
            watch.close()
        code = None if reason else worker.status()
        if worker.over and not worker.gone(START):  # nothing of it may write any more when this returns
            raise SandboxError("a process outlived the sandbox it ran in")
        out, err = watch.kept["out"], watch.kept["err"]
        truncated = out.truncated or err.truncated
        ended = Ended(0, out.value(), err.value(), truncated, reason, time.monotonic() - began)
        return ended, _KILLED if code is None else code


_KILLED = 128 + 9


def _pipes() -> tuple[list[int], tuple[Any, Any, Any]]:
    """The program's ends of stdin, stdout and stderr, and ours."""
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe(), os.pipe()
    ours = (os.fdopen(in_write, "wb", 0), os.fdopen(out_read, "rb", 0), os.fdopen(err_read, "rb", 0))
    return [in_read, out_write, err_write], ours


Start = Callable[[SandboxRequest, tuple[int, ...]], "Attempt | None"]


class Workers:
    """The workers of one backend, by grant. The first program with a grant starts none: most come alone."""

    def __init__(self) -> None:
        self._by_grant: dict[Any, Worker] = {}
        self._works: dict[Any, Path] = {}
        self._lock = threading.Lock()

    def of(self, grant: Any, request: SandboxRequest, start: Start) -> Worker | None:
        """The worker with this grant, started when there is none; None where it cannot be started, or not yet."""
        with self._lock:
            worker = self._by_grant.get(grant)
            if worker is not None and not worker.over:
                return worker
            if grant not in self._works:
                self._works[grant] = request.grants.work
                return None
            self._make_room()
            worker = _started(request, start)
            if worker is not None:
                self._by_grant[grant] = worker
            return worker

    def _make_room(self) -> None:
        oldest = sorted(self._by_grant, key=lambda grant: self._by_grant[grant].used)
        for grant in oldest[: max(0, len(oldest) + 1 - MOST)]:
            if self._by_grant[grant].over or self._by_grant[grant].take():
                self._by_grant.pop(grant).end()

    def end(self, work: Path) -> None:
        """Those of a work folder. Nothing runs in them: who calls this has no call there any more."""
        with self._lock:
            for grant in [g for g, folder in self._works.items() if folder == work]:
                del self._works[grant]
                worker = self._by_grant.pop(grant, None)
                if worker is not None:
                    worker.end()


def _started(request: SandboxRequest, start: Start) -> Worker | None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = (request.argv[0], "-c", _SERVER.read_text(encoding="utf-8"), str(theirs.fileno()), *modules_of(request))
    limits = request.limits.model_copy(update={"wall": FOREVER})
    server = request.model_copy(update={"argv": words, "stdin": b"", "spill": None, "limits": limits})
    with suppress(SandboxError):  # the cold way says what is wrong
        attempt = start(server, (theirs.fileno(),))
        if attempt is not None:
            return Worker(attempt, ours, theirs)
    ours.close()
    theirs.close()
    return None


def identity(places: tuple[Path, ...]) -> tuple[tuple[str, int, int], ...]:
    """What lies behind names now: a folder that was made anew is another one."""
    found = []
    for place in places:
        with suppress(OSError):
            info = place.stat()
            found.append((str(place), info.st_dev, info.st_ino))
    return tuple(found)
