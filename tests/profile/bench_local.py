"""A workbench for rehearsals: our own reference programs, in a temporary folder, with a deadline. Not a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from skvm.profile.kit.instance import Job, JobResult


def left(folder: str) -> dict[str, bytes]:
    """Files below a folder by their paths in it, sorted."""
    paths = sorted(Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.is_file()}


class LocalBench:
    """Programs are deterministic: what a job did is kept, as plays of one instance often end in the same job.

    `base`: where folders are made. `patience`: by what deadlines are multiplied, for a machine that other work keeps busy.
    """

    def __init__(self, base: str | None = None, patience: float = 1) -> None:
        self.known: dict[object, JobResult] = {}
        self.base, self.patience = base, patience

    async def run(self, job: Job) -> JobResult:
        key = (job.argv, tuple(sorted(job.files.items())), job.stdin, job.seconds)
        if key not in self.known:
            self.known[key] = self._run(job)
        return self.known[key]

    def _run(self, job: Job) -> JobResult:
        with tempfile.TemporaryDirectory(dir=self.base) as name:
            folder = Path(name)
            for path, data in job.files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            code, out, err = self.started(job, folder)
            files = left(name)
        return JobResult(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), files)

    def started(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        """Exit code and output of a job's program, run in `folder`."""
        return self.program(job, folder)

    def program(
        self, job: Job, folder: Path, more: Mapping[str, str] | None = None, fds: tuple[int, ...] = ()
    ) -> tuple[int, bytes, bytes]:
        """The program itself; `more`: variables of its environment, `fds`: descriptors it has besides."""
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), **(more or {})}
        argv = (sys.executable, *job.argv[1:]) if job.argv[0] == "python3" else job.argv
        seconds = job.seconds * self.patience
        try:
            done = subprocess.run(
                argv, cwd=folder, env=env, input=job.stdin, capture_output=True, timeout=seconds, pass_fds=fds
            )
        except subprocess.TimeoutExpired:
            return 124, b"", b""
        except FileNotFoundError:
            return 127, b"", b"no such program"
        return done.returncode, done.stdout, done.stderr
