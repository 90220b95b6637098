"""A model server that fails in every way, under a deadline, through the real command line from a cold start."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.safety.cli import KEY, skill_in, start, start_measuring
from skvm.testing.loopback import Fault, LoopbackServer

FAULTS = {
    "401": Fault("status", 401),
    "429": Fault("status", 429),
    "429, wait 60 s": Fault("status", 429, retry_after=60),
    "500": Fault("status", 500),
    "hang": Fault("hang"),
    "cut body": Fault("cut"),
    "no JSON": Fault("garbage"),
    "JSON, other": Fault("foreign"),
    "JSON, no stream": Fault("plain"),
    "slow trickle": Fault("trickle"),
}
COMMANDS = {"run": start, "profile": start_measuring}
PATIENCE = 60.0


def measure(deadline: float = 2.0, command: str = "run") -> dict[str, Any]:
    """One row a fault: `seconds` of wall from start to exit, `exit`, `message`, `asked` requests, `leaks` (files and streams in
    which the key was found), `stored` (what would count as measured). One run before them is not counted: it fills the caches
    of the file system."""
    _row("", FAULTS["hang"], deadline, command)
    rows = [_row(name, fault, deadline, command) for name, fault in FAULTS.items()]
    return {"command": command, "deadline": deadline, "rows": rows}


def text(result: dict[str, Any]) -> str:
    """The rows as a table."""
    rows = [f"skvm {result['command']}, deadline {result['deadline']:g} s"]
    rows.append(f"{'fault':<16}{'wall s':>8}{'exit':>6}{'asked':>7}{'stored':>8}  message")
    for row in result["rows"]:
        figures = f"{row['seconds']:>8.2f}{row['exit']:>6}{row['asked']:>7}{len(row['stored']):>8}"
        rows.append(f"{row['fault']:<16}{figures}  {row['message']}")
    return "\n".join(rows)


def failed(result: dict[str, Any]) -> bool:
    """An ending that is no failure of the target or of the deadline, one without words, a key that leaked, or a result."""
    codes = (3, 4) if result["command"] == "run" else (3,)
    return any(row["exit"] not in codes or not row["message"] or row["leaks"] or row["stored"] for row in result["rows"])


def _row(name: str, fault: Fault, deadline: float, command: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, LoopbackServer(fault) as server:
        root, home = Path(folder), Path(folder) / "home"
        skill = skill_in(root)
        began = time.monotonic()
        child = COMMANDS[command](home, skill, server.base_url, "--deadline", f"{deadline:g}", "--format", "json")
        out, err = child.communicate(timeout=PATIENCE)
        seconds = time.monotonic() - began
        leaks = [str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]
        leaks += [stream for stream, said in (("stdout", out), ("stderr", err)) if KEY in said]
        lines = [line for line in reversed(err.splitlines()) if line.startswith("skvm: ")]
        message = lines[0] if lines else json.loads(out or "{}").get("reason", "")
        row = {"fault": name, "seconds": seconds, "exit": child.returncode, "asked": len(server.requests)}
        return {**row, "message": message.removeprefix("skvm: "), "leaks": leaks, "stored": _stored(home)}


def _stored(home: Path) -> list[str]:
    """Profiles, rows in the ledger of a measurement, folders of probes."""
    found = [str(p.relative_to(home)) for name in ("profiles", "measuring") for p in home.glob(f"{name}/*")]
    for base in home.glob("*.sqlite"):
        with closing(sqlite3.connect(base)) as db:
            found += [" ".join(row) for row in db.execute("SELECT tab, key FROM records WHERE tab LIKE 'probes %'")]
    return found
