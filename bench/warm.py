"""`python -m bench.warm`: a Python program in a sandbox of its own, and in a worker that was kept.

Wall time in turn with a bare interpreter without any sandbox, so that the load of the machine is in all of them alike; CPU of
this process alone.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from skvm.adapters.sandboxes import BACKENDS
from skvm.diag import SandboxError
from skvm.ports import SandboxGrants, SandboxRequest

ROUNDS = 60
PYTHON = os.path.realpath(sys.executable)
PROGRAM = "import argparse, csv, json, sys\nprint(json.dumps(sys.argv))\n"


def main() -> int:
    """Measure and print, for every sandbox that is here."""
    print(f"{ROUNDS} rounds, load {os.getloadavg()[0]:.1f}")
    for name, build in BACKENDS.items():
        try:
            box: Any = build()
        except SandboxError as error:
            print(f"{name}: {error.message}")
            continue
        with tempfile.TemporaryDirectory(prefix="skvm-warm-") as folder:
            print(name)
            anyio.run(_measure, box, Path(folder).resolve())
            box.rest(Path(folder).resolve())
    return 0


async def _measure(box: Any, work: Path) -> None:
    (work / "p.py").write_text(PROGRAM)
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    cold = SandboxRequest(argv=(PYTHON, "p.py", "a"), cwd=work, grants=SandboxGrants(work=work), env=env)
    warm = cold.model_copy(update={"warm": True})
    for _ in range(3):
        await box.run(warm)
    for name, row in (await _in_turn(box, {"cold": cold, "warm": warm}, work)).items():
        print(f"  {name:<28} least {min(row) * 1000:6.1f} ms, median {statistics.median(row) * 1000:6.1f} ms")
    for name, request in (("cold", cold), ("warm", warm)):
        print(f"  {name:<28} {await _own_cpu(box, request):6.1f} ms of CPU of the process that asks")


async def _in_turn(box: Any, requests: dict[str, SandboxRequest], work: Path) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {"interpreter, no sandbox": [], **{name: [] for name in requests}}
    bare: Callable[[], object] = lambda: subprocess.run([PYTHON, "p.py", "a"], cwd=work, capture_output=True, check=True)  # noqa: E731
    for _ in range(ROUNDS):
        began = time.perf_counter()
        bare()
        rows["interpreter, no sandbox"].append(time.perf_counter() - began)
        for name, request in requests.items():
            began = time.perf_counter()
            done = await box.run(request)
            rows[name].append(time.perf_counter() - began)
            assert done.exit_code == 0, done.stderr
    return rows


async def _own_cpu(box: Any, request: SandboxRequest) -> float:
    began = time.process_time()
    for _ in range(ROUNDS):
        await box.run(request)
    return (time.process_time() - began) / ROUNDS * 1000


if __name__ == "__main__":
    sys.exit(main())
