"""A workbench for laws over many seeds: as the local one, with interpreters that are already up. Not a sandbox."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_local import LocalBench

from skvm.profile.kit.instance import Job

HERE = Path(__file__).parent
PACKAGES = ("networkx", "pydantic", "yaml")
"""What scripts on packages find loaded."""
MOST_JOBS = 400
"""Jobs of one interpreter: modules of Node stay loaded as long as it runs."""


class Warm:
    """An interpreter that takes jobs as lines of JSON and answers with a line each."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        self.argv = argv
        self.process: subprocess.Popen[bytes] | None = None
        self.jobs = 0

    def asked(self, job: Mapping[str, Any], seconds: float) -> Any:
        """The answer; None when the deadline came first or the interpreter ended without one."""
        if self.jobs >= MOST_JOBS or self.process is None or self.process.poll() is not None:
            self.close()
            env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nowhere"}
            self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.jobs += 1
        self.process.stdin.write(json.dumps(job).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.close()
        return json.loads(line) if line else None

    def close(self) -> None:
        """End the interpreter."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self.process, self.jobs = None, 0


class WarmBench(LocalBench):
    """Scripts of Python and of Node go to interpreters that are up; other programs are started as in the local bench."""

    def __init__(self) -> None:
        super().__init__()
        python = (sys.executable, "-I", str(HERE / "warm_python.py"))
        self.python = {packages: Warm((*python, *packages)) for packages in ((), PACKAGES)}
        self.node = Warm(("node", str(HERE / "warm_node.cjs")))

    def close(self) -> None:
        """End the interpreters."""
        for python in self.python.values():
            python.close()
        self.node.close()

    def started(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        if job.argv[0] == "python3":
            return self._python(job, folder)
        if job.argv[0] == "node" and not job.stdin:
            return self._node(job, folder)
        return super().started(job, folder)

    def _python(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        with tempfile.TemporaryDirectory() as out:
            for name, data in (("stdin", job.stdin), ("stdout", b""), ("stderr", b"")):
                Path(out, name).write_bytes(data)
            order = {"folder": str(folder), "argv": job.argv[1:], "out": out, "seconds": job.seconds}
            packages = PACKAGES if b"import yaml" in job.files.get(job.argv[1], b"") else ()
            code = self.python[packages].asked(order, job.seconds + 0.5)
            return 124 if code is None else code, Path(out, "stdout").read_bytes(), Path(out, "stderr").read_bytes()

    def _node(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        done = self.node.asked({"folder": os.path.realpath(folder), "argv": job.argv[1:]}, job.seconds)
        if done is None:
            return 124, b"", b""
        if done["last"]:
            self.node.close()
        return (done["code"], done["stdout"].encode(), done["stderr"].encode())
