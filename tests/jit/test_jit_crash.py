"""A process killed before every statement it sends to the store: nothing half promoted, half accepted or half put back runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_killed_at_every_statement_nothing_half_done_is_served(tmp_path: Path) -> None:
    child = HERE / "crash_jit_child.py"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    ran = subprocess.run([sys.executable, str(child), str(tmp_path)], env=env, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    for part, least in (("solid", 20), ("adapt", 12)):
        own = [r for r in rows if r["part"] == part]
        assert len(own) > least, "statements were found to be killed at"
        assert [r["killed"] for r in own] == [True] * (len(own) - 1) + [False]
        assert own[-1]["exit"] == 0
        assert all(r["right"] for r in own), [r for r in own if not r["right"]]
        assert {r["served"] for r in own} == {True, False}, "some deaths come before and some after what changes"
