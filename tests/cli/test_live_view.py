"""The live view: its lines, and a real terminal on which a run is drawn, asks, and leaves nothing half-drawn behind."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from skvm.cli.live_view import Limits, standing
from skvm.plan import Event, EventKind
from skvm.runtime.timeline.status import RunStatus

K = EventKind
LONGEST = 120.0


def status(*rows: tuple[float, EventKind, str, dict[str, Any]]) -> RunStatus:
    made = RunStatus()
    for seq, (at, kind, node, data) in enumerate(rows, 1):
        made.add(Event(run="r", seq=seq, time=at, kind=kind, node=node, data=data))
    return made


BEGUN = (0.0, K.RUN_START, "", {"skill": "report", "simulated": False})
FIRST = (1.0, K.NODE_START, "S1.s1", {"title": "Read it", "executor": "model"})
SECOND = (1.0, K.NODE_START, "S1.s2", {"title": "Count it", "executor": "code"})
ASKED = (2.0, K.MODEL_CALL, "S1.s1", {"model": "m"})
ANSWERED = (4.0, K.MODEL_REPLY, "S1.s1", {"usage": {"prompt": 900, "completion": 100}, "cost": 0.25})


def test_what_is_under_way_with_limits_and_lanes() -> None:
    lines = standing(status(BEGUN, FIRST, SECOND, ASKED), Limits(60, 5000, 1.5), 3.0)
    assert lines[0] == "report: 5.0 s of 60 s; 0 done, 2 under way; 0 model calls, 0 tokens of 5,000; 0.0000 USD of 1.5"
    assert lines[1] == "  asked: m 1"
    assert "asks its model, 3 s" in lines[2] and "Read it" in lines[2]
    assert "code" in lines[3] and "Count it" in lines[3]


def test_an_answer_empties_the_lane_and_counts() -> None:
    done = (5.0, K.NODE_END, "S1.s1", {"result": {"status": "done"}})
    lines = standing(status(BEGUN, FIRST, SECOND, ASKED, ANSWERED, done), Limits(), 0.0)
    assert lines[0] == "report: 5.0 s; 1 done, 1 under way; 1 model calls, 1,000 tokens; 0.2500 USD"
    assert len(lines) == 2 and "S1.s2" in lines[1]


def test_a_failed_question_costs_nothing() -> None:
    refused = (3.0, K.MODEL_REPLY, "S1.s1", {"error": "rate: too many"})
    found = status(BEGUN, FIRST, ASKED, refused)
    assert (found.model_calls, found.lanes["m"], found.cost) == (0, 0, 0.0)


def test_an_unknown_price_stays_unknown() -> None:
    unpriced = (4.0, K.MODEL_REPLY, "S1.s1", {"usage": {}, "cost": None})
    assert status(BEGUN, FIRST, ASKED, unpriced, ASKED, ANSWERED).cost is None


def test_many_steps_are_counted_and_titles_cannot_draw() -> None:
    rows = [(1.0, K.NODE_START, f"S1.s{i}", {"title": "a\x1b[2Jb", "executor": "model"}) for i in range(20)]
    lines = standing(status(BEGUN, *rows), Limits(), 0.0)
    assert lines[-1] == "  and 8 more" and len(lines) == 14
    assert not any("\x1b" in line for line in lines)


GATED = """---
name: gated
description: Use when a gate is wanted.
---
# Steps

1. Let it settle:
   ```bash
   sleep 2
   ```
2. **Wait for the user's approval before continuing.**
3. Mark it:
   ```bash
   touch done.txt
   ```
"""


class Terminal:
    """A child on a pseudo-terminal of its own; what it drew, as text."""

    def __init__(self, words: list[str], env: dict[str, str], cwd: Path) -> None:
        self.seen = ""
        self._main, child = pty.openpty()
        self._process = subprocess.Popen(
            words, stdin=child, stdout=child, stderr=child, env=env, cwd=cwd, start_new_session=True
        )
        os.close(child)

    def until(self, pattern: str) -> None:
        """Read until the pattern was drawn, or the child has ended."""
        ends = time.monotonic() + LONGEST
        while not re.search(pattern, self.seen) and time.monotonic() < ends:
            ready, _, _ = select.select([self._main], [], [], 1.0)
            if not ready:
                continue
            try:
                data = os.read(self._main, 65536)
            except OSError:
                break
            self.seen += data.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def end(self) -> int:
        """Exit code of the child, which is ended when it does not end itself."""
        self.until(r"\0never")
        try:
            return self._process.wait(10)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            os.close(self._main)


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals behave differently elsewhere")
def test_a_run_on_a_terminal(tmp_path: Path) -> None:
    from skvm.app.machine import examine
    from skvm.app.settings import Settings

    sandbox = next(r for r in examine(Settings.from_environment()) if r["what"] == "sandbox")
    if not sandbox["ok"]:
        pytest.skip(f"no sandbox: {sandbox['detail']}")
    (tmp_path / "gated").mkdir()
    (tmp_path / "gated" / "SKILL.md").write_text(GATED, encoding="utf-8")
    env = {**os.environ, "SKVM_HOME": str(tmp_path / "home"), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    words = [sys.executable, "-m", "skvm", "run", "gated", "--model", "sim/strong", "--input", "x", "--no-solid"]
    terminal = Terminal(words, env, tmp_path)
    terminal.until(r"under way")
    terminal.until(r"continue\? \[y/N\]")
    terminal.type("y\n")
    code = terminal.end()
    assert code == 0, terminal.seen
    assert re.search(r"gated: [\d.]+ s; \d done, 1 under way; 0 model calls, 0 tokens  SIMULATED", terminal.seen)
    assert "wrote done.txt" in terminal.seen
    last = terminal.seen.rsplit("continue? [y/N]", 1)[1]
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h"), "the cursor was hidden and not shown again"
    assert "run done" in last
