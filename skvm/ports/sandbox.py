"""The sandbox port: run one program with explicit grants and limits; tells "the program failed" from "the sandbox broke"."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.ports.network import Reach


class SandboxLimits(Frozen):
    """Bounds of one program: seconds, bytes, counts. `output` bounds each of stdout and stderr kept in memory."""

    wall: float = 60.0
    cpu: float = 60.0
    memory: int = 2 * 1024**3
    output: int = 64 * 1024
    file: int = 256 * 1024**2
    processes: int = 128


class SandboxGrants(Frozen):
    """Absolute host paths. `work` is writable; `write` narrows it to those places below `work` when it is not None.

    `programs`: names of those programs in the folders that PATH usually names which are there, None = all.
    """

    work: Path
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] | None = None
    skill: Path | None = None
    programs: tuple[str, ...] | None = None


class SandboxRequest(Frozen):
    """`argv` without a shell; `env` is the whole environment; `cwd` lies in `grants.work`. `spill` gets all output.

    `warm`: may run in a sandbox that was kept since a program with exactly these grants; nobody can tell but by the time.
    `reach` is asked for every connection; without it there is no network. With it the program is told of a proxy in
    `http_proxy` and `https_proxy` (and in capitals), which is the only way out.
    """

    argv: tuple[str, ...]
    cwd: Path
    grants: SandboxGrants
    env: dict[str, str] = {}
    stdin: bytes = b""
    limits: SandboxLimits = SandboxLimits()
    spill: Path | None = None
    reach: Reach | None = None
    warm: bool = False


class SandboxResult(Frozen):
    """What came of it. `reason` is empty, `timeout`, `memory`, `output`, `signal` or `not_found`.

    `notes` says what was asked for and not granted (a network where the sandbox cannot prove that it holds).
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool = False
    reason: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class SelfTest(Frozen):
    """Did the sandbox prove on this machine that it denies? `failed` names what was not denied or did not work."""

    ok: bool
    backend: str
    version: str
    denied: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    detail: str = ""


@runtime_checkable
class Sandbox(Protocol):
    """A sandbox backend."""

    name: str

    async def run(self, request: SandboxRequest) -> SandboxResult:
        """Run one program. Raises SandboxError when the sandbox itself fails; kills the whole process group at the limit."""
        ...

    async def self_test(self) -> SelfTest:
        """Prove denial: write outside, read a planted secret, TCP, UDP, Unix socket, survive the deadline."""
        ...

    @property
    def version(self) -> str:
        """Identity of backend and policy, part of solidified keys."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """A sandbox that keeps something for `warm` requests."""

    def rest(self, work: Path) -> None:
        """Let go of what is kept for a work folder in which nothing runs any more."""
        ...
