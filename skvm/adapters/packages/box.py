"""One folder that clients fill from inside the sandbox, with bounds on time and size."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from skvm.adapters.packages.reach import Hosts
from skvm.adapters.packages.sources import EXTRA_HOSTS, Sources
from skvm.diag import EnvironmentFailure, SkvmError
from skvm.ports import Sandbox, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.store.prefixes import folder_bytes

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LARGEST_FILE = 2 * 1024**3
ADDRESS_SPACE = 64 * 1024**3
"""Virtual memory: a JavaScript engine reserves far more than it uses."""

_FILE_TOO_LARGE = os.strerror(errno.EFBIG).encode()
"""What a program says when one file alone is larger than the whole may be: the kernel is quicker than the watch."""

_LOOK_SECONDS = 0.5
_NAME_ONE = "check the network, or name one: PIP_INDEX_URL, PIP_FIND_LINKS, NPM_CONFIG_REGISTRY"
_UNREACHED = re.compile(r"(?i)max retries|ProxyError|NewConnectionError|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH")


@dataclass(frozen=True)
class BuildLimits:
    """Bounds of one build: seconds of the wall clock for each client call, bytes of the folder."""

    seconds: float = 1800.0
    size: int = 4 * 1024**3


@dataclass(frozen=True)
class Box:
    """The sandbox, the folder that may be written, where packages come from, and who hears of progress."""

    sandbox: Sandbox
    folder: Path
    sources: Sources
    limits: BuildLimits = field(default_factory=BuildLimits)
    say: Callable[[str], None] = field(default=lambda text: None)

    @property
    def scratch(self) -> Path:
        """A folder for what is not part of the result."""
        place = self.folder / ".scratch"
        place.mkdir(exist_ok=True)
        return place

    async def run(
        self,
        argv: tuple[str, ...],
        env: dict[str, str] | None = None,
        *,
        hosts: Hosts | None = None,
        read: tuple[Path, ...] = (),
        seconds: float | None = None,
        write: tuple[Path, ...] | None = None,
    ) -> SandboxResult:
        """Run one program; raises EnvironmentFailure when the folder outgrows its bound, SandboxError as the sandbox does."""
        scratch = str(self.scratch)
        request = SandboxRequest(
            argv=argv,
            cwd=self.folder,
            grants=SandboxGrants(work=self.folder, read=read, write=write),
            env={"PATH": PATH, "HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", **(env or {})},
            limits=SandboxLimits(
                wall=min(seconds or self.limits.seconds, self.limits.seconds),
                cpu=self.limits.seconds,
                memory=ADDRESS_SPACE,
                output=256 * 1024,
                file=min(LARGEST_FILE, self.limits.size),
                processes=256,
            ),
            reach=hosts.reach if hosts is not None else None,
        )
        found: list[SandboxResult | SkvmError] = []
        async with anyio.create_task_group() as group:

            async def work() -> None:
                try:
                    found.append(await self.sandbox.run(request))
                except SkvmError as error:  # raised outside of the group, which would wrap it
                    found.append(error)
                group.cancel_scope.cancel()

            group.start_soon(work)
            group.start_soon(self._watch, group.cancel_scope)
        if not found:
            raise self._too_large()
        if isinstance(found[0], SkvmError):
            raise found[0]
        if found[0].exit_code and _FILE_TOO_LARGE in found[0].stdout + found[0].stderr:
            raise self._too_large()
        if hosts is not None and found[0].notes:
            raise EnvironmentFailure("; ".join(found[0].notes), help="see `skvm doctor`, or take packages from a folder")
        return found[0]

    def _too_large(self) -> EnvironmentFailure:
        mebibytes = self.limits.size // 1024**2
        return EnvironmentFailure(f"the environment is larger than {mebibytes} MiB", help="give more with --max-size")

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """Ends the build when the folder outgrows its bound."""
        while True:
            if await anyio.to_thread.run_sync(folder_bytes, self.folder) > self.limits.size:
                scope.cancel()
            await anyio.sleep(_LOOK_SECONDS)


def failure(client: str, result: SandboxResult, hosts: Hosts | None = None) -> EnvironmentFailure:
    """Why a client failed, in one line; `hosts`: what it was allowed to reach, and tried to."""
    text = (result.stderr + b"\n" + result.stdout).decode("utf-8", "replace")
    if result.reason == "timeout":
        return EnvironmentFailure(f"{client} took longer than its time limit", help="give more with --deadline")
    if hosts is not None and hosts.refused:
        names = ", ".join(hosts.refused)
        return EnvironmentFailure(
            f"{client} was sent to a host that nobody named: {names}", help=f"allow it with {EXTRA_HOSTS}"
        )
    if (hosts is not None and hosts.failed) or _UNREACHED.search(text):
        return EnvironmentFailure(f"{client} cannot reach its index", help=_NAME_ONE)
    return EnvironmentFailure(f"{client} failed: {_said(text)}", help="leave a package out with --without NAME")


_ERROR = re.compile(r"(?m)^(?:ERROR:|npm (?:error|ERR!)(?! A complete log)) *(.*\S)")


def _said(text: str) -> str:
    """The line that says most: the last error of pip, the first two of npm, else the last line."""
    if "npm er" in text.lower():
        lines = [m.group(1) for m in _ERROR.finditer(text)]
        return " ".join(line for line in lines[:3] if not line.startswith("code "))[:300] or "it said nothing"
    lines = [m.group(1) for m in _ERROR.finditer(text) if m.group(1) != "Exception:"]
    lines = lines or [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
