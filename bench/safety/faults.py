"""A model server that fails in every way, under a deadline, through the real command line from a cold start."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.safety.cli import KEY, skill_in, start
from skvm.testing.loopback import Fault, LoopbackServer

FAULTS = {
    "401": Fault("status", 401),
    "429": Fault("status", 429, retry_after=60),
    "500": Fault("status", 500),
    "hang": Fault("hang"),
    "cut body": Fault("cut"),
    "garbage": Fault("garbage"),
    "slow trickle": Fault("trickle"),
}
PATIENCE = 60.0


def measure(deadline: float = 2.0) -> dict[str, Any]:
    """One row a fault: `seconds` of wall from start to exit, `exit`, `message`, `asked` requests, `leaks` (files and streams in
    which the key was found). One run before them is not counted: it fills the caches of the file system."""
    _row("", FAULTS["hang"], deadline)
    return {"deadline": deadline, "rows": [_row(name, fault, deadline) for name, fault in FAULTS.items()]}


def text(result: dict[str, Any]) -> str:
    """The rows as a table."""
    rows = [f"deadline {result['deadline']:g} s", f"{'fault':<14}{'wall s':>8}{'exit':>6}{'asked':>7}  message"]
    for row in result["rows"]:
        rows.append(f"{row['fault']:<14}{row['seconds']:>8.2f}{row['exit']:>6}{row['asked']:>7}  {row['message']}")
    return "\n".join(rows)


def failed(result: dict[str, Any]) -> bool:
    """An ending that is no failure of the target or of the deadline, one without words, or a key that leaked."""
    return any(row["exit"] not in (3, 4) or not row["message"] or row["leaks"] for row in result["rows"])


def _row(name: str, fault: Fault, deadline: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, LoopbackServer(fault) as server:
        root, home = Path(folder), Path(folder) / "home"
        skill = skill_in(root)
        began = time.monotonic()
        child = start(home, skill, server.base_url, "--deadline", f"{deadline:g}", "--format", "json")
        out, err = child.communicate(timeout=PATIENCE)
        seconds = time.monotonic() - began
        leaks = [str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]
        leaks += [stream for stream, said in (("stdout", out), ("stderr", err)) if KEY in said]
        lines = [line for line in reversed(err.splitlines()) if line.startswith("skvm: ")]
        message = lines[0] if lines else json.loads(out or "{}").get("reason", "")
        row = {"fault": name, "seconds": seconds, "exit": child.returncode, "asked": len(server.requests)}
        return {**row, "message": message.removeprefix("skvm: "), "leaks": leaks}
