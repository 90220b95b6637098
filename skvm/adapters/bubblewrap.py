"""Sandbox on bubblewrap: own mount, process, network, user, IPC and host-name namespaces, a seccomp filter, limits.

The program sees the system folders and the interpreter's prefixes read-only, an empty private /tmp, and the work folder. No
home, no other file, no network device but its own loopback (where a proxy answers when hosts are granted), no environment but
the request's. Limits are put on the waiting first
process of the sandbox (`prlimit`), so that no helper program has to start inside. The kernel does not apply the limit on the
number of processes to root; there only the deadline ends a fork storm.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skvm.adapters.confine.backend import Backend
from skvm.adapters.confine.outlet import Outlet
from skvm.adapters.confine.places import (
    SYSTEM,
    etc_files,
    hidden_program,
    inside,
    permitted_programs,
    program_folders,
    python_prefixes,
    read_places,
    write_places,
)
from skvm.adapters.confine.process import Ended, Job, Launch
from skvm.adapters.confine.seccomp import FilterPolicy, build_filter, filter_digest
from skvm.adapters.confine.selftest import Attempt
from skvm.adapters.confine.verdict import not_found, read_ending, resource_limits
from skvm.adapters.confine.warm import identity
from skvm.diag import SandboxError
from skvm.ports import SandboxRequest, SandboxResult

POLICY = 2
_UID = "1000"
_SHM = 64 * 1024**2
_SETUP = 20.0  # seconds bubblewrap may take until its first process waits; far above the 10 ms it takes


@dataclass(slots=True)
class _Pipes:
    """Descriptors of one start: filter to read, status to report on, gate to open."""

    filter: int
    status_read: int
    status_write: int
    gate_read: int
    gate_write: int


class Bubblewrap(Backend):
    """The `bwrap` program as a Sandbox. Raises SandboxError when it is not installed or too old."""

    name = "bubblewrap"
    own_places = ("rooms", "/tmp", "/dev/shm")  # noqa: S108 - file systems of the sandbox alone

    def __init__(self, program: str | None = None) -> None:
        found = program or shutil.which("bwrap")
        if not found:
            raise SandboxError("bubblewrap is not installed", help="install it, e.g. `apt-get install bubblewrap`")
        self._program = found
        self._release = _release(found)
        try:
            self._filter = build_filter(FilterPolicy(namespaced=True))
            self._speaking = build_filter(FilterPolicy(namespaced=True, outlet=True))
        except LookupError as error:
            raise SandboxError(f"bubblewrap: {error}") from None

    @property
    def version(self) -> str:
        """Release of bubblewrap, version of this policy, digest of the filter."""
        return f"bubblewrap {self._release} policy {POLICY} filter {filter_digest(self._filter)}"

    def blocked(self, request: SandboxRequest) -> str:
        """The first process inside opens the outlet, so the interpreter must be there."""
        return "the user's policy does not permit python3, which opens it" if hidden_program(request, _PYTHON) else ""

    def start(
        self, request: SandboxRequest, work: Path, program: str, outlet: Outlet | None, passed: tuple[int, ...] = ()
    ) -> Attempt:
        """A job ready to run; see `Backend`."""
        program_filter = self._filter if outlet is None else self._speaking
        return _Start(self._program, program_filter, request, work, program, outlet, passed).attempt()

    def grant(self, request: SandboxRequest, work: Path, program: str) -> tuple[Any, ...]:
        """The walls as they would be built now, what lies behind them, limits and interpreter."""
        options = tuple(walls(request, work, lambda place: ["--bind", str(place), str(place)]))
        places = (work, *write_places(request, work), *read_places(request))
        limits = (*resource_limits(request.limits), request.limits.processes, request.limits.file)
        return program, options, identity(places), limits


class _Start:
    """One start: the descriptors it needs and what came of it."""

    def __init__(
        self, bwrap: str, program_filter: bytes, request: SandboxRequest, work: Path, program: str, outlet: Outlet | None,
        passed: tuple[int, ...],
    ) -> None:  # fmt: skip
        self._request = request
        self._passed = passed
        self._status = b""
        self._inner: int | None = None
        self._stack = ExitStack()
        self._outlet = outlet
        if outlet is not None:
            self._stack.callback(outlet.close)
        self._places: list[int] = []
        self._work = work
        self._by_descriptor = _binds_descriptors(bwrap)
        self._pipes = self._open(program_filter)
        try:
            options = walls(request, work, self._place)
            options += ["--seccomp", str(self._pipes.filter), "--json-status-fd", str(self._pipes.status_write)]
            options += ["--block-fd", str(self._pipes.gate_read)]
            # Through a descriptor: a command line can be read by every user of the machine, values of variables included.
            self._options = self._memory("options", b"".join(os.fsencode(part) + b"\0" for part in options))
            self._argv = [bwrap, "--args", str(self._options), "--", *_words(program, request, outlet)]
        except BaseException:
            self._stack.close()
            raise

    def attempt(self) -> Attempt:
        """The job and how to read its end."""
        limits = self._request.limits
        pipes = self._pipes
        ways = () if self._outlet is None else (self._outlet.inner,)
        launch = Launch(
            argv=self._argv,
            stdin=self._request.stdin,
            wall=limits.wall,
            keep=limits.output,
            cap=limits.file,
            spill=self._request.spill,
            pass_fds=(pipes.filter, pipes.status_write, pipes.gate_read, self._options, *self._places, *ways, *self._passed),
            started=self._started,
            kill=self._kill,
        )
        return Attempt(Job(launch), self._result, self._stack.close, self._outlet)

    def _open(self, program_filter: bytes) -> _Pipes:
        filter_fd = self._memory("filter", program_filter)
        status, gate = os.pipe(), os.pipe()
        for fd in (*status, *gate):
            self._stack.callback(os.close, fd)
        return _Pipes(filter_fd, *status, *gate)

    def _place(self, place: Path) -> list[str]:
        """Options that make one place writable. A place inside the work folder is opened and looked at, and then bound as
        what was opened: another step that works in the folder could swap it for a link in between."""
        if place == self._work or not self._by_descriptor:
            return ["--bind", str(place), str(place)]
        fd = os.open(place, os.O_PATH | os.O_NOFOLLOW)
        self._stack.callback(os.close, fd)
        if not inside(Path(os.readlink(f"/proc/self/fd/{fd}")), self._work):  # noqa: PTH115 - a magic link, not a path
            raise SandboxError("a place to write lies outside the work folder", where=str(place))
        self._places.append(fd)
        return ["--bind-fd", str(fd), str(place)]

    def _memory(self, name: str, data: bytes) -> int:
        fd = os.memfd_create(name)
        self._stack.callback(os.close, fd)
        with os.fdopen(fd, "wb", closefd=False) as stream:
            stream.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def _started(self, child: subprocess.Popen[bytes]) -> None:
        """Limits go on while the first process of the sandbox waits at the gate. Without a status `_result` tells why."""
        os.set_blocking(self._pipes.status_read, False)
        line = self._first_line(child)
        if not line:
            return
        self._inner = int(json.loads(line)["child-pid"])
        with suppress(ProcessLookupError):
            limits = self._request.limits
            processes = (limits.processes, limits.processes)
            for which, value in (*resource_limits(limits), (resource.RLIMIT_NPROC, processes)):
                resource.prlimit(self._inner, which, value)
        os.write(self._pipes.gate_write, b"go")

    def _first_line(self, child: subprocess.Popen[bytes]) -> bytes:
        """bubblewrap writes its first status line in pieces; b"" when it ended or hung before the line was whole."""
        pidfd = os.pidfd_open(child.pid)
        end = time.monotonic() + _SETUP
        try:
            while b"\n" not in self._status:
                ready, _, _ = select.select([self._pipes.status_read, pidfd], [], [], max(0.0, end - time.monotonic()))
                if self._pipes.status_read not in ready:
                    return b""
                self._status += os.read(self._pipes.status_read, 4096)
        finally:
            os.close(pidfd)
        return self._status.split(b"\n", 1)[0]

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        """The first process of the namespace first: with it the kernel ends every process in it."""
        if self._inner is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._inner, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def _result(self, ended: Ended) -> SandboxResult:
        with suppress(BlockingIOError):
            self._status += os.read(self._pipes.status_read, 4096)
        code = _exit_code(self._status)
        if code is None and not ended.reason:
            text = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            last = text[-1] if text else f"it ended with {ended.returncode} and said nothing"
            if "execvp" in last:
                return not_found(self._request, last)
            raise SandboxError(f"bubblewrap failed: {last}", help="see `skvm doctor`")
        return read_ending(self._request, ended, code if code is not None else 128 + signal.SIGKILL)


_OUTWARD = Path(__file__).parent / "confine" / "outward.py"
_PYTHON = os.path.realpath(sys.executable)


def _words(program: str, request: SandboxRequest, outlet: Outlet | None) -> list[str]:
    """What bubblewrap starts: the program, or what opens the outlet and becomes it."""
    if outlet is None:
        return [program, *request.argv[1:]]
    opener = [_PYTHON, "-I", "-S", "-B", "-c", _OUTWARD.read_text(encoding="utf-8"), str(outlet.inner)]
    return [*opener, request.env.get("LC_CTYPE", ""), program, *request.argv]


_ISOLATION = (
    "--unshare-all", "--unshare-user", "--uid", _UID, "--gid", _UID, "--hostname", "skvm",
    "--cap-drop", "ALL", "--new-session", "--die-with-parent",
)  # fmt: skip

_MASKED = (
    "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg", "/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags",
    "/proc/slabinfo", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/vmallocinfo",
)  # fmt: skip


def walls(request: SandboxRequest, work: Path, writable: Callable[[Path], list[str]]) -> list[str]:
    """Options that shut a program in: namespaces, mounts, environment, working directory. `writable` as for `mounts`."""
    return [*_ISOLATION, *mounts(request, work, writable), *_environment(request), "--chdir", str(request.cwd)]


def mounts(request: SandboxRequest, work: Path, writable: Callable[[Path], list[str]]) -> list[str]:
    """Mount options, outer folders before inner ones, so that what lies deeper decides. `writable` gives those of a place."""
    rows: list[tuple[Path, list[str]]] = [
        (Path("/proc"), ["--proc", "/proc"]),
        (Path("/dev"), ["--dev", "/dev"]),
        (Path("/dev/shm"), ["--size", str(_SHM), "--tmpfs", "/dev/shm"]),  # noqa: S108 - a mount point inside the sandbox
        (Path("/tmp"), ["--size", str(request.limits.file), "--tmpfs", "/tmp"]),  # noqa: S108 - as above
    ]
    for folder in (Path(p) for p in SYSTEM):
        if folder.is_symlink():
            rows.append((folder, ["--symlink", str(folder.readlink()), str(folder)]))
        elif folder.is_dir():
            rows.append((folder, ["--ro-bind", str(folder), str(folder)]))
    places = write_places(request, work)
    readable = {*etc_files(), *read_places(request), *(python_prefixes())}
    if work not in places:
        readable.add(work)
    rows += [(p, ["--ro-bind", str(p), str(p)]) for p in readable if p not in places]
    rows += [(p, writable(p)) for p in places]
    hidden = _programs(request, rows)
    rows.sort(key=lambda row: (len(row[0].parts), str(row[0])))
    flat = [part for _, option in rows for part in option]
    # /proc too: started by root, the program's user is still the owner of the kernel's settings in /proc/sys.
    closing = [*_masks(), *(part for folder in hidden for part in ("--remount-ro", str(folder)))]
    closing += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*flat, *_aliases(request, [p for p, option in rows if "bind" in option[0]]), *closing]


def _programs(request: SandboxRequest, rows: list[tuple[Path, list[str]]]) -> tuple[Path, ...]:
    """Where only some programs are permitted: empty folders in the place of those that hold programs, with those inside."""
    if request.grants.programs is None:
        return ()
    folders = program_folders(request)
    links, files = permitted_programs(request)
    rows += [(folder, ["--tmpfs", str(folder)]) for folder in folders]
    rows += [(path, ["--symlink", target, str(path)]) for path, target in links.items()]
    rows += [(path, ["--ro-bind", str(path), str(path)]) for path in files]
    return folders


def _masks() -> list[str]:
    """Kernel-wide files in /proc that the owner root may read without any capability; covered by an empty device."""
    return [part for name in _MASKED if Path(name).exists() for part in ("--ro-bind", "/dev/null", name)]


def _aliases(request: SandboxRequest, bound: list[Path]) -> list[str]:
    """Links for granted paths that are spelled through a link on the host, so that they work inside as spelled. What is bound
    brings its own links along."""
    options: list[str] = []
    named = [request.grants.work, *request.grants.read, *([request.grants.skill] if request.grants.skill else [])]
    for path in sorted({Path(os.path.normpath(p)) for p in named}):
        real = path.resolve()
        if real != path and not any(inside(path, root) for root in bound):
            options += ["--symlink", str(real), str(path)]
    return options


def _environment(request: SandboxRequest) -> list[str]:
    options = ["--clearenv"]
    for key, value in sorted(request.env.items()):
        options += ["--setenv", key, value]
    return options


def _exit_code(status: bytes) -> int | None:
    for line in status.splitlines():
        with suppress(ValueError):
            row = json.loads(line)
            if "exit-code" in row:
                return int(row["exit-code"])
    return None


@functools.cache
def _binds_descriptors(program: str) -> bool:
    """Does this bubblewrap bind an open descriptor (0.10, and Debian's 0.8 with its security fix)."""
    try:
        done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=10, check=False, env={})
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "--bind-fd" in done.stdout


@functools.cache
def _release(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"bubblewrap does not start: {error}", where=program) from None
    words = done.stdout.split()
    if done.returncode != 0 or len(words) < 2:
        raise SandboxError("bubblewrap does not tell its version", where=program)
    return words[1]
