"""A workbench for laws over many seeds: as the local one, with interpreters that are already up. Not a sandbox."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_local import LocalBench

from skvm.profile.kit.instance import Job

HERE = Path(__file__).parent
MEMORY = "/dev/shm"
PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nowhere"}
PACKAGES = ("networkx", "pydantic", "yaml")
"""What scripts on packages find loaded."""
PLAINLY = re.compile(r"\A(?=.*\bpython3 )[^|<&]*(?:&& [^|<&]*)*\Z", re.DOTALL)
"""Commands that start Python without feeding it or running it beside anything else."""
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
            self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=PLAIN)
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


class ForShells:
    """A Python that the shells of warm_shell.sh ask; one shell at a time."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def env(self) -> tuple[dict[str, str], tuple[int, int]]:
        """What a shell needs to know to ask it, and the descriptors it then uses."""
        if self.process is None:
            argv = (sys.executable, "-I", str(HERE / "warm_python.py"), "-")
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=PLAIN)
        assert self.process.stdin is not None and self.process.stdout is not None
        ask, answer = self.process.stdin.fileno(), self.process.stdout.fileno()
        known = {"BASH_ENV": str(HERE / "warm_shell.sh"), "WARM_ASK": str(ask), "WARM_ANSWER": str(answer)}
        return known, (ask, answer)

    def close(self) -> None:
        """End it; what a shell has not read yet goes with it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self.process = None


class WarmBench(LocalBench):
    """Scripts of Python and of Node go to interpreters that are up, from shells too; other programs are started as in the
    local bench."""

    def __init__(self, patience: float = 1) -> None:
        super().__init__(MEMORY if Path(MEMORY).is_dir() else None, patience)
        python = (sys.executable, "-I", str(HERE / "warm_python.py"))
        self.python = {packages: Warm((*python, *packages)) for packages in ((), PACKAGES)}
        self.node = Warm(("node", str(HERE / "warm_node.cjs")))
        self.shells = ForShells()

    def close(self) -> None:
        """End the interpreters."""
        for python in self.python.values():
            python.close()
        self.node.close()
        self.shells.close()

    def started(self, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        if job.argv[0] == "python3":
            script = job.files.get(job.argv[1], b"")
            return self._asked(self.python[PACKAGES if b"import yaml" in script else ()], job, folder)
        if job.argv[0] == "node" and not job.stdin:
            return self._asked(self.node, job, folder)
        if job.argv[:2] == ("bash", "-c") and not job.stdin and PLAINLY.search(job.argv[2]):
            env, fds = self.shells.env()
            done = self.program(job, folder, env, fds)
            if done[0] == 124:
                self.shells.close()
            return done
        return super().started(job, folder)

    def _asked(self, warm: Warm, job: Job, folder: Path) -> tuple[int, bytes, bytes]:
        order = {
            "folder": str(folder),
            "argv": job.argv[1:],
            "stdin": job.stdin.decode(),
            "seconds": job.seconds * self.patience,
        }
        done = warm.asked(order, (job.seconds + 0.5) * self.patience)
        if done is None:
            return 124, b"", b""
        if done.get("last"):
            warm.close()
        return done["code"], done["stdout"].encode(), done["stderr"].encode()
