"""The workbench of graders: one program in a fresh folder inside the sandbox, without network."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.to_thread

from skvm.ports import Sandbox, SandboxGrants, SandboxLimits, SandboxRequest
from skvm.profile.kit.instance import Job, JobResult
from skvm.profile.run.trial import files_below

PATH = "/usr/local/bin:/usr/bin:/bin"
MOST_OUTPUT = 1024 * 1024

PYTHON = "python3"
"""As the first word of a job: the interpreter that runs us, so that scripts built on packages that we have can run."""


class SandboxBench:
    """`Workbench` on a sandbox that is chosen at first use; folders are made below `scratch` and removed."""

    def __init__(self, source: Callable[[], Awaitable[Sandbox]], scratch: Path) -> None:
        self._source = source
        self._scratch = scratch
        self._sandbox: Sandbox | None = None
        self._choosing = anyio.Lock()

    async def run(self, job: Job) -> JobResult:
        """Run one program to its end or deadline; raises SandboxError when there is no sandbox or it fails itself."""
        async with self._choosing:
            self._sandbox = self._sandbox or await self._source()
        folder = await anyio.to_thread.run_sync(self._laid_out, job)
        try:
            done = await self._sandbox.run(
                SandboxRequest(
                    argv=(sys.executable, *job.argv[1:]) if job.argv[0] == PYTHON else job.argv,
                    cwd=folder,
                    grants=SandboxGrants(work=folder, read=_interpreter() if job.argv[0] == PYTHON else ()),
                    env={"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},  # noqa: S108
                    stdin=job.stdin,
                    limits=SandboxLimits(wall=job.seconds, output=MOST_OUTPUT),
                )
            )
            files = await anyio.to_thread.run_sync(files_below, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        code = {"timeout": 124, "not_found": 127}.get(done.reason, done.exit_code)
        return JobResult(code, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), files)

    def _laid_out(self, job: Job) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._scratch)).resolve()
        for path, data in job.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return folder


def _interpreter() -> tuple[Path, ...]:
    """Where our interpreter and its packages are, as far as the sandbox does not show it anyway."""
    places = {str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix)}
    return tuple(Path(place) for place in sorted(places) if not place.startswith("/usr"))
