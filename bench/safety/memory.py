"""A command that writes much: how far the size of `skvm run` grows over what it had after its first answer, and how large the
next request to the model is. Linux only (`/proc`).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from bench.safety.cli import skill_in, start
from skvm.testing.loopback import Asked, LoopbackServer, Say

PATIENCE = 300.0
MOST_GROWTH = 120.0
MOST_REQUEST = 200_000


def measure(megabytes: int = 200) -> dict[str, Any]:
    """`before` and `peak` resident size in MB (10^6), `growth`, `request` in bytes, `spilled` bytes on disk, `exit`."""
    sizes: dict[str, float] = {}

    def script(asked: Asked) -> Say:
        done = len(asked.results)
        if done == 0:
            return Say(calls=[("list_directory", {})])
        if done == 1:
            sizes["before"] = _status(child.pid, "VmRSS")
            Path(f"/proc/{child.pid}/clear_refs").write_text("5")  # the peak counts from here
            return Say(calls=[("execute_command", {"command": f"head -c {megabytes}000000 /dev/zero | tr '\\0' 'x'"})])
        sizes["peak"] = _status(child.pid, "VmHWM")
        sizes["request"] = len(json.dumps(asked.body))
        return Say(calls=[("finish", {"values": {}, "summary": "done"})])

    with tempfile.TemporaryDirectory() as folder, LoopbackServer(script) as server:
        home = Path(folder) / "home"
        child = start(home, skill_in(Path(folder)), server.base_url)
        _, err = child.communicate(timeout=PATIENCE)
        spilled = sum(p.stat().st_size for p in home.rglob("spill/*"))
        journal = sum(p.stat().st_size for p in home.glob("*.db*")) + sum(p.stat().st_size for p in home.glob("*.sqlite*"))
        if server.failures or "peak" not in sizes:
            raise RuntimeError(f"the run did not get that far: {err[-500:]} {server.failures}")
    growth = sizes["peak"] - sizes["before"]
    row = {"output": megabytes, **sizes, "growth": growth, "spilled": spilled, "journal": journal, "exit": child.returncode}
    return {"rows": [row]}


def text(result: dict[str, Any]) -> str:
    """One line a measurement."""
    return "\n".join(
        f"{row['output']} MB of output: {row['before']:.1f} MB before, peak {row['peak']:.1f} MB, "
        f"growth {row['growth']:.1f} MB (at most {MOST_GROWTH:g}); "
        f"next request {row['request']:.0f} bytes (at most {MOST_REQUEST}); "
        f"{row['spilled']} bytes kept on disk; exit {row['exit']}"
        for row in result["rows"]
    )


def failed(result: dict[str, Any]) -> bool:
    """Over a bound, or not all of the output was kept."""
    return any(
        row["growth"] >= MOST_GROWTH
        or row["request"] >= MOST_REQUEST
        or row["spilled"] != row["output"] * 1_000_000
        or row["exit"] != 0
        for row in result["rows"]
    )


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc does not tell {field}")
