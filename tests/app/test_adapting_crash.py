"""A process killed before every statement it sends to the store while it adapts: no half-made plan runs, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_killed_at_every_statement_of_recompiling_and_accepting(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    words = [sys.executable, str(HERE / "crash_adapt_child.py"), str(tmp_path)]
    ran = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    for part, least in (("recompile", 12), ("accept", 12)):
        own = [r for r in rows if r["part"] == part]
        assert len(own) > least, "statements were found to be killed at"
        assert [r["killed"] for r in own] == [True] * (len(own) - 1) + [False]
        assert all(r["right"] for r in own), [r for r in own if not r["right"]]
        ends = [r["end"] for r in own]
        assert {e["tried"] for e in ends} == {1}, "the same request is not made twice"
        assert len({(e["active"], e["outcomes"], e["variants"][0][0]) for e in ends}) == 1, (
            "and done once more it ends the same"
        )
    assert {r["active"] for r in rows if r["part"] == "accept"} == {True, False}
