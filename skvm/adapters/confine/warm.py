"""Workers: sandboxes that stay, in which Python programs are forked from a started interpreter instead of started anew.

A worker is an ordinary sandboxed program (`forkserver`), started with the grant of the request that it was made for. It serves
only requests with exactly that grant: the same walls, limits, environment and interpreter, and the same folders behind the
names. Whatever it cannot do is done in a sandbox of its own, as all other programs are; what it has begun it ends, and when it
dies in the middle, that is how the program ended. At a deadline the whole worker dies.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

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

_SERVER, _ENDING = (Path(__file__).parent / name for name in ("forkserver.py", "ending.py"))
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
    code = text_of(request)
    named: dict[str, None] = {}
    for one, several in _IMPORT.findall(code):
        told = (one or several).decode("ascii", "replace").split(",")
        named.update(dict.fromkeys(name.split()[0] for name in told if name.strip()))
    tops = {name: name.partition(".")[0] for name in named if re.fullmatch(r"\w+(?:\.\w+)*", name)}
    return tuple(name for name, top in tops.items() if top in QUIET or _installed(request, top))


def text_of(request: SandboxRequest) -> bytes:
    """What a program says, or the beginning of it."""
    words = request.argv
    if words[1] == "-c":
        return words[2].encode("utf-8", "replace")
    with suppress(OSError), (request.cwd / words[1]).open("rb") as stream:
        return stream.read(LONGEST)
    return b""


def _identity_of(request: SandboxRequest) -> object:
    """Which program is it: its text, or the file as it is now."""
    if request.argv[1] == "-c":
        return request.argv[2]
    found = (request.cwd / request.argv[1]).stat()
    return request.argv[1], found.st_ino, found.st_size, found.st_mtime_ns


def _installed(request: SandboxRequest, name: str) -> bool:
    return any(list(place.glob(f"lib/python3*/site-packages/{name}")) for place in request.grants.read if name.isidentifier())


class Worker:
    """One sandbox with a server in it. `control` is our end of its socket, `theirs` the other."""

    def __init__(self, attempt: Attempt, control: socket.socket, theirs: socket.socket) -> None:
        self._attempt, self._control, self._theirs = attempt, control, theirs
        control.setblocking(False)
        attempt.job.begun = theirs.close  # then its death is seen here
        self._lock = threading.Lock()
        self._loaded: set[str] = set()
        self._seen: set[object] = set()
        self.used = time.monotonic()
        self.over = False
        self.served = 0
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

    def send(self, request: SandboxRequest, descriptors: list[int]) -> bool:
        """Hand over a call; False when nobody is there to take it."""
        words = (str(request.cwd), *request.argv[1:])
        try:
            self._load(request)
            socket.send_fds(self._control, [b"\0".join((b"call", *map(os.fsencode, words)))], descriptors)
        except OSError:
            self.end()
            return False
        return True

    def _load(self, request: SandboxRequest) -> None:
        """Have those modules imported that this program imports, and none before it did."""
        program = _identity_of(request)
        if program in self._seen:
            return
        self._seen.add(program)
        fresh = [name for name in modules_of(request) if name not in self._loaded]
        if fresh:
            self._control.send("\0".join(("load", *fresh)).encode())
            self._loaded.update(fresh)

    def fileno(self) -> int:
        """Readable when there is an answer."""
        return self._control.fileno()

    def answer(self) -> str | None:
        """What the server says next: nothing when it died, None when there is none yet."""
        try:
            said = self._control.recv(64).decode()
        except BlockingIOError:
            return None
        except OSError:
            said = ""
        self.over = self.over or not said or said.endswith("last")
        return said


class Call:
    """One program in a worker that was taken for it."""

    def __init__(self, worker: Worker, request: SandboxRequest) -> None:
        self._worker, self._request = worker, request
        self._begun = False
        self._code: int | None = None
        self._watch: Watch
        self._alarm: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> tuple[Ended, int] | None:
        """How the program ended, and its exit code; None when the worker did not begin it. A cancellation ends the worker, and
        returns only when it is gone: nothing of it may write to the work folder any more."""
        worker = self._worker
        inner, outer = _pipes()
        try:
            try:
                sent = worker.send(self._request, inner)
            finally:
                for fd in inner:
                    os.close(fd)
            done = await self._attended(outer) if sent else None
        except BaseException:
            worker.end()
            raise
        finally:
            for stream in outer:
                with suppress(OSError):
                    stream.close()
            if worker.over:
                await _buried(worker)
            worker.free()
        return done

    async def _attended(self, streams: tuple[Any, Any, Any]) -> tuple[Ended, int] | None:
        request, limits, began = self._request, self._request.limits, time.monotonic()
        launch = Launch(request.argv, request.stdin, limits.wall, limits.output, limits.file, request.spill)
        self._watch = watch = Watch(streams, os.dup(self._worker.fileno()), launch, self._worker.end, told=self._told)
        watch.limit = began + min(START, limits.wall)
        try:
            self._loop.add_reader(watch.fileno(), self._act, watch.step)
            self._set_alarm()
            await self._done
        finally:
            self._loop.remove_reader(watch.fileno())
            if self._alarm is not None:
                self._alarm.cancel()
            watch.close()
        if not self._begun:
            return None
        out, err = watch.kept["out"], watch.kept["err"]
        truncated = out.truncated or err.truncated
        ended = Ended(0, out.value(), err.value(), truncated, watch.reason, time.monotonic() - began)
        return ended, _KILLED if self._code is None or watch.reason else self._code

    def _act(self, act: Callable[[], None]) -> None:
        """Something is ready, or the limit has come."""
        if self._done.done():
            return
        limit = self._watch.limit
        try:
            act()
        except SandboxError as error:
            self._done.set_exception(error)
            return
        if self._watch.over:
            self._done.set_result(None)
        elif self._watch.limit != limit:
            self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(self._watch.limit - time.monotonic(), self._act, self._watch.expire)

    def _told(self) -> bool:
        """Is what the worker says the end of the call?"""
        said = self._worker.answer()
        if said == "go":
            self._begun = True
            self._worker.served += 1
            self._watch.limit = time.monotonic() + self._request.limits.wall
        elif said is not None and said.startswith("exit"):
            self._code = int(said.split()[1])
        return said not in (None, "go")


async def _buried(worker: Worker) -> None:
    """Wait until the sandbox of a worker that ends is gone."""
    with anyio.CancelScope(shield=True):
        if not await anyio.to_thread.run_sync(worker.gone, START, limiter=anyio.CapacityLimiter(1)):
            raise SandboxError("a process outlived the sandbox it ran in")


_KILLED = 128 + 9


def _pipes() -> tuple[list[int], tuple[Any, Any, Any]]:
    """The program's ends of stdin, stdout and stderr, and ours."""
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe(), os.pipe()
    ours = (os.fdopen(in_write, "wb", 0), os.fdopen(out_read, "rb", 0), os.fdopen(err_read, "rb", 0))
    return [in_read, out_write, err_write], ours


Start = Callable[[SandboxRequest, tuple[int, ...]], "Attempt | None"]


class Workers:
    """The workers of one backend, by grant. The first program with a grant starts none: most come alone.

    `places`: what of the sandbox is its own and must be as it was when a call has ended, as `forkserver` is told.
    """

    def __init__(self, places: tuple[str, ...]) -> None:
        self._places = places
        self._by_grant: dict[Any, Worker] = {}
        self._works: dict[Any, Path] = {}
        self._useless: set[Any] = set()
        self._lock = threading.Lock()

    def find(self, grant: Any) -> Worker | None:
        """The worker with this grant, where there is one."""
        worker = self._by_grant.get(grant)
        return None if worker is None or worker.over else worker

    def wanted(self, grant: Any, request: SandboxRequest) -> bool:
        """Is it time to start a worker for this grant? Not where one ended before it did anything."""
        with self._lock:
            worker = self._by_grant.get(grant)
            if worker is not None and worker.over and not worker.served:
                self._useless.add(grant)
            known = grant in self._works
            self._works[grant] = request.grants.work
            return known and grant not in self._useless

    def start(self, grant: Any, request: SandboxRequest, start: Start) -> Worker | None:
        """A new worker; None where it cannot be started."""
        with self._lock:
            if (found := self.find(grant)) is not None:
                return found
            self._make_room()
            worker = self._started(request, start)
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
                self._useless.discard(grant)
                worker = self._by_grant.pop(grant, None)
                if worker is not None:
                    worker.end()

    def _started(self, request: SandboxRequest, start: Start) -> Worker | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        texts = (place.read_text(encoding="utf-8") for place in (_SERVER, _ENDING))
        words = (request.argv[0], "-c", *texts, str(theirs.fileno()), *self._places)
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
