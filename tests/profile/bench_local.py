"""A workbench for rehearsals: our own reference programs, in a temporary folder, with a deadline. Not a sandbox."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from skvm.profile.kit.instance import Job, JobResult


class LocalBench:
    """Programs are deterministic: what a job did is kept, as plays of one instance often end in the same job."""

    def __init__(self) -> None:
        self.known: dict[object, JobResult] = {}

    async def run(self, job: Job) -> JobResult:
        key = (job.argv, tuple(sorted(job.files.items())), job.stdin, job.seconds)
        if key not in self.known:
            self.known[key] = self._run(job)
        return self.known[key]

    def _run(self, job: Job) -> JobResult:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for path, data in job.files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            code, out, err = self.started(job, folder)
            files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        return JobResult(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), files)

    def started(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        """Exit code and output of a job's program, run in `folder`."""
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
        argv = (sys.executable, *job.argv[1:]) if job.argv[0] == "python3" else job.argv
        try:
            done = subprocess.run(argv, cwd=folder, env=env, input=job.stdin, capture_output=True, timeout=job.seconds)
        except subprocess.TimeoutExpired:
            return 124, b"", b""
        except FileNotFoundError:
            return 127, b"", b"no such program"
        return done.returncode, done.stdout, done.stderr
