"""Every way out of each sandbox, as root and as a user without rights; and what a sandbox adds to one command.

Escapes are counted by a process of its own for each backend and user (`bench.safety.escapes`). Cost: `true` run as a bare
subprocess and in each sandbox, in turns in one process, so that other load meets all alike.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
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
from skvm.testing.conformance.outlet import permits

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


def measure(repeats: int = 40) -> dict[str, Any]:
    """`escapes`: rows `{backend, user, attempts, through}`; `cost`: rows `{way, least_ms, median_ms, cpu_ms, ratio}`."""
    ways = [(name, kept, user) for name in BACKENDS for kept in ("", "kept") for user in ("root", "nobody")]
    return {"escapes": [_escapes(*way) for way in ways], "cost": _cost(repeats)}


def text(result: dict[str, Any]) -> str:
    """Both tables."""
    rows = [f"{'backend':<18}{'user':<9}{'attempts':>9}{'escapes':>9}"]
    for row in result["escapes"]:
        rows.append(f"{row['backend']:<18}{row['user']:<9}{row['attempts']:>9}{len(row['through']):>9}  {row.get('why', '')}")
        rows += [f"  {name}" for name in row["through"]]
    rows += ["", f"{'one command':<22}{'least ms':>10}{'median ms':>11}{'cpu ms':>9}{'ratio of least':>16}"]
    for row in result["cost"]:
        rows.append(
            f"{row['way']:<22}{row['least_ms']:>10.1f}{row['median_ms']:>11.1f}{row['cpu_ms']:>9.1f}{row['ratio']:>16.1f}"
        )
    return "\n".join(rows)


def failed(result: dict[str, Any]) -> bool:
    """Did anything get through?"""
    return any(row["through"] for row in result["escapes"])


def _escapes(backend: str, kept: str, user: str) -> dict[str, Any]:
    words = (backend, kept) if kept else (backend,)
    row = {"backend": ", ".join(words), "user": user, "attempts": 0, "through": []}
    if (user == "root") != (os.geteuid() == 0) and os.geteuid() != 0:
        return {**row, "why": "not tried: only root can be root"}
    done = _as_root(words) if user == "root" else _as_nobody(words)
    if isinstance(done, str):
        return {**row, "why": done}
    try:
        return {**json.loads(done.stdout), "backend": row["backend"], "user": user}
    except ValueError:
        return {**row, "through": [f"the attempts did not end well: {done.stderr[-400:]}"]}


def _as_root(words: tuple[str, ...]) -> subprocess.CompletedProcess[str] | str:
    command = [sys.executable, "-m", "bench.safety.escapes", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _as_nobody(words: tuple[str, ...]) -> subprocess.CompletedProcess[str] | str:
    """From a copy outside of the home folder, with an interpreter that everybody may start."""
    sys.path.insert(0, str(ROOT / "tests" / "adapters"))
    from test_sandbox_unprivileged import interpreter

    program = interpreter()
    if program is None:
        return "not tried: no interpreter that an unprivileged user can start"
    home = Path(tempfile.mkdtemp(prefix="skvm-nobody-", dir="/var/tmp"))
    try:
        for name in ("skvm", "bench", "grammar", "profiles"):
            shutil.copytree(ROOT / name, home / "copy" / name, ignore=shutil.ignore_patterns("__pycache__", "skills"))
        os.chown(home, NOBODY, NOBODY)
        packages = [p for p in sys.path if p.endswith("site-packages")]
        path = ":".join([str(home / "copy"), *packages])
        return subprocess.run(
            [program, "-B", "-m", "bench.safety.escapes", *words],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env={"PYTHONPATH": path, "HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin"},
            cwd=home / "copy",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _cost(repeats: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        ways: dict[str, Callable[[], Any]] = {"bare subprocess": lambda: subprocess.run(["true"], check=True, env={})}
        for name, build in BACKENDS.items():
            try:
                sandbox = build()
            except SandboxError:
                continue
            for label, reach in ((name, None), (f"{name}, hosts granted", permits("good.invalid"))):
                request = SandboxRequest(
                    argv=("true",), cwd=work, grants=SandboxGrants(work=work), env={"PATH": "/usr/bin:/bin"}, reach=reach
                )
                ways[label] = lambda sandbox=sandbox, request=request: anyio.run(sandbox.run, request)
        return _timed(ways, repeats)


def _timed(ways: dict[str, Callable[[], Any]], repeats: int) -> list[dict[str, Any]]:
    for run in ways.values():
        run()
    walls: dict[str, list[float]] = {way: [] for way in ways}
    cpus: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, run in ways.items():
            cpu, began = _cpu(), time.perf_counter()
            run()
            walls[way].append(1000 * (time.perf_counter() - began))
            cpus[way].append(1000 * (_cpu() - cpu))
    bare = min(walls["bare subprocess"])
    return [
        {
            "way": way,
            "least_ms": min(found),
            "median_ms": statistics.median(found),
            "cpu_ms": min(cpus[way]),
            "ratio": min(found) / bare,
        }
        for way, found in walls.items()
    ]


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
