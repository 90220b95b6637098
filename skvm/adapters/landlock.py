"""Sandbox on Landlock, seccomp and resource limits, with nothing installed: where bubblewrap or user namespaces are missing.

Weaker than bubblewrap in what stays visible, not in what can be touched: a program can tell whether a path exists, has no
private /tmp (it gets a folder of its own in TMPDIR), no shared memory, and a change of file mode or time is accepted and
ignored, because Landlock does not govern those. As root it runs as an unprivileged user.

Granted hosts need a network namespace of their own here too: Landlock can bind a program to a port, but to that port of every
address. A kernel that refuses the namespace refuses the network.
"""

from __future__ import annotations

import ctypes
import functools
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from skvm.adapters.confine.backend import Backend
from skvm.adapters.confine.outlet import Outlet
from skvm.adapters.confine.places import (
    SYSTEM,
    etc_files,
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
from skvm.adapters.confine.warm import identity, text_of
from skvm.diag import SandboxError
from skvm.ports import SandboxRequest, SandboxResult

POLICY = 2
OLDEST_ABI = 3  # before it a file outside can be emptied (truncate is not governed)
SIGNAL_ABI = 6  # from it on signals to processes outside are denied by Landlock itself
UNPRIVILEGED = 65534

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = EXECUTE | READ_FILE | READ_DIR
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_MACHINE = (
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/version", "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/cap_last_cap", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu",
)  # fmt: skip

_LAUNCHER = Path(__file__).parent / "confine" / "launcher.py"


class Landlock(Backend):
    """The kernel's Landlock as a Sandbox. Raises SandboxError when the kernel has none or an older one than needed."""

    name = "landlock"
    own_places = ("folders", "$TMPDIR")

    def __init__(self, abi: int | None = None) -> None:
        self._abi = landlock_abi() if abi is None else abi
        if self._abi < OLDEST_ABI:
            found = f"ABI {self._abi}" if self._abi > 0 else "none"
            raise SandboxError(f"this kernel's Landlock is too old ({found}, needs ABI {OLDEST_ABI})", help="use bubblewrap")
        try:
            signals = self._abi < SIGNAL_ABI
            self._filter = build_filter(FilterPolicy(namespaced=False, signals=signals))
            self._speaking = build_filter(FilterPolicy(namespaced=False, signals=signals, outlet=True))
        except LookupError as error:
            raise SandboxError(f"landlock: {error}") from None

    @property
    def version(self) -> str:
        """ABI of the kernel, version of this policy, digest of the filter."""
        return f"landlock abi {self._abi} policy {POLICY} filter {filter_digest(self._filter)}"

    def start(
        self, request: SandboxRequest, work: Path, program: str, outlet: Outlet | None, passed: tuple[int, ...] = ()
    ) -> Attempt:
        """A job ready to run; see `Backend`."""
        program_filter = self._filter if outlet is None else self._speaking
        return _Start(self._abi, program_filter, request, work, program, outlet, passed).attempt()

    def grant(self, request: SandboxRequest, work: Path, program: str) -> tuple[Any, ...]:
        """The rules as they would be made now, what they lead to, environment, limits and interpreter."""
        granted = rules(request, work, Path("/"), handled_rights(self._abi))
        places = (work, *write_places(request, work), *read_places(request))
        limits = (*resource_limits(request.limits), request.limits.processes, request.limits.file)
        given = (request.cwd, *sorted(request.env.items()))
        return program, tuple(map(tuple, granted)), identity(places), given, limits

    def same_in_worker(self, request: SandboxRequest) -> bool:
        """What the kernel tells of a process can be granted to the first one of a sandbox only, which in a worker is the
        server: a program there is as one that a shell started. So one that speaks of it is given a sandbox of its own."""
        return b"/proc" not in text_of(request)


class _Start:
    """One start: its private temporary folder, descriptors, and what came of it."""

    def __init__(
        self, abi: int, program_filter: bytes, request: SandboxRequest, work: Path, program: str, outlet: Outlet | None,
        passed: tuple[int, ...],
    ) -> None:  # fmt: skip
        self._request = request
        self._passed = passed
        self._stack = ExitStack()
        self._outlet = outlet
        if outlet is not None:
            self._stack.callback(outlet.close)
        try:
            self._tmp = Path(tempfile.mkdtemp(prefix="skvm-tmp-")).resolve()
            self._stack.callback(shutil.rmtree, self._tmp, ignore_errors=True)
            self._uid = UNPRIVILEGED if os.geteuid() == 0 else None
            if self._uid is not None:
                os.chown(self._tmp, self._uid, self._uid)
            self._config_fd = self._memory(self._config(abi, program_filter, work, program))
            self._control_read, control = os.pipe()
            self._stack.callback(os.close, self._control_read)
            # A file, which is closed once only: the number may be somebody else's soon.
            self._control = self._stack.enter_context(os.fdopen(control, "wb", 0))
            self._status_read, self._status = os.pipe()
            for fd in (self._status_read, self._status):
                self._stack.callback(os.close, fd)
        except BaseException:
            self._stack.close()
            raise

    def attempt(self) -> Attempt:
        """The job and how to read its end."""
        limits = self._request.limits
        descriptors = (self._config_fd, self._control_read, self._status)
        ways = () if self._outlet is None else (self._outlet.inner,)
        launch = Launch(
            argv=[sys.executable, "-I", "-S", "-B", str(_LAUNCHER), *(str(fd) for fd in descriptors)],
            stdin=self._request.stdin,
            wall=limits.wall,
            keep=limits.output,
            cap=limits.file,
            spill=self._request.spill,
            pass_fds=(*descriptors, *ways, *self._passed),
            kill=self._kill,
        )
        return Attempt(Job(launch), self._result, self._stack.close, self._outlet)

    def _config(self, abi: int, program_filter: bytes, work: Path, program: str) -> bytes:
        handled = handled_rights(abi)
        limits = [[which, *values] for which, values in resource_limits(self._request.limits)]
        return marshal.dumps(
            {
                "program": program,
                "argv": list(self._request.argv),
                "env": {**self._request.env, "TMPDIR": str(self._tmp)},
                "cwd": str(self._request.cwd),
                "uid": self._uid,
                "outlet": None if self._outlet is None else self._outlet.inner,
                "limits": limits,
                "processes": self._request.limits.processes,
                "filter": program_filter.hex(),
                "handled_fs": handled,
                "handled_net": 3 if abi >= 4 else 0,
                "scoped": 3 if abi >= SIGNAL_ABI else 0,
                "attr_size": 24 if abi >= SIGNAL_ABI else 16 if abi >= 4 else 8,
                "proc_rights": READ_FILE | READ_DIR,
                "rules": rules(self._request, work, self._tmp, handled),
            }
        )

    def _memory(self, data: bytes) -> int:
        fd = os.memfd_create("config")
        self._stack.callback(os.close, fd)
        with os.fdopen(fd, "wb", closefd=False) as stream:
            stream.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        """Closing the control pipe makes the launcher kill every descendant; killing the launcher would orphan them."""
        self._control.close()

    def _result(self, ended: Ended) -> SandboxResult:
        os.set_blocking(self._status_read, False)
        told = b""
        with suppress(BlockingIOError):
            told = os.read(self._status_read, 4096)
        kind, _, text = told.decode("utf-8", "replace").partition(" ")
        if kind == "missing":
            return not_found(self._request, text)
        if kind != "exit":
            said = text or ended.stderr[-300:].decode("utf-8", "replace").strip() or "the launcher died"
            raise SandboxError(f"landlock failed: {said}", help="see `skvm doctor`")
        return read_ending(self._request, ended, int(text))


def rules(request: SandboxRequest, work: Path, tmp: Path, handled: int) -> list[list[object]]:
    """(path, rights, must lie within) for every grant. Raises SandboxError where a read-only place lies in a writable one:
    Landlock can only add rights further down, never take them away."""
    everything = handled & ~(_MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK)
    places = write_places(request, work)
    protected = [*read_places(request), *python_prefixes()]
    for place in places:
        for path in protected:
            if path != place and inside(path, place) and path != work:
                raise SandboxError(
                    f"{path} must stay read-only but lies in the writable folder {place}",
                    help="choose another --workdir, or install bubblewrap",
                )
    system = [p.resolve() for p in map(Path, SYSTEM) if p.exists()]
    if request.grants.programs is not None:
        folders = program_folders(request)
        system = [q for p in system for q in _without(p, folders)]
        protected = [q for p in protected for q in _without(p, folders)]
        system += permitted_programs(request)[1]
    readable = [*system, *etc_files(), *protected, *(p for p in map(Path, _MACHINE) if p.exists()), work]
    rows: list[list[object]] = [[str(p), _rights(p, _READ & handled), None] for p in sorted(set(readable))]
    rows += [[d, (READ_FILE | WRITE_FILE | _TRUNCATE) & handled, None] for d in _DEVICES]
    rows += [[str(p), _rights(p, everything), str(work)] for p in places]
    rows.append([str(tmp), everything, str(tmp)])
    return rows


def _without(place: Path, folders: tuple[Path, ...]) -> list[Path]:
    """What lies in a place but not in the folders; the place itself where it holds none of them."""
    if place in folders:
        return []
    if not any(inside(folder, place) for folder in folders):
        return [place]
    return [q for p in sorted(place.iterdir()) if not p.is_symlink() for q in _without(p, folders)]


def _rights(path: Path, rights: int) -> int:
    return rights if path.is_dir() else rights & _FILE_RIGHTS


def handled_rights(abi: int) -> int:
    """Every file right this ABI governs: what is not granted of these is denied."""
    bits = 13 if abi < 2 else 14 if abi == 2 else 15 if abi < 5 else 16
    return (1 << bits) - 1


@functools.cache
def landlock_abi() -> int:
    """ABI version of the running kernel; 0 when it has no Landlock or it is switched off."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))
