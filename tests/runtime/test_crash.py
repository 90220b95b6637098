"""kill -9 right after every event of a plan; what is resumed ends like a run that was never killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skvm.plan import EventKind
from skvm.store import open_store

CHILD = str(Path(__file__).parent / "crash_child.py")
EVENTS = 50
EXPECTED = {"a.txt": "one 2", "count.txt": "3\n", "j.txt": "joined", "p1.txt": "p1", "p2.txt": "p2", "in.txt": "1\n2\n3\n"}


def child(home: Path, work: Path, last: int | str, resume: str = "-") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, CHILD, str(home), str(work), str(last), resume], capture_output=True, text=True, check=False
    )


def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "in.txt").write_text("1\n2\n3\n")
    return work


def crash_and_resume(tmp_path: Path, last: int) -> tuple[dict[str, Any], Path, bool]:
    work, home = folder(tmp_path), tmp_path / "home"
    killed = child(home, work, last)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with open_store(home) as store:
        (row,) = store.journal.runs()
        seen = store.journal.read(row.run)
    assert [e.seq for e in seen] == list(range(1, last + 1)), "nothing of the journal is lost"
    resumed = child(home, work, 0, row.run)
    assert resumed.returncode == 0, resumed.stderr
    effect = [e.kind for e in seen if e.node == "e1" and e.kind in (EventKind.TOOL_INTENT, EventKind.TOOL_RESULT)]
    return json.loads(resumed.stdout), work, effect == [EventKind.TOOL_INTENT]


def check(outcome: dict[str, Any], work: Path, begun: bool) -> None:
    lines = (work / "mail.log").read_text().count("sent") if (work / "mail.log").exists() else 0
    if outcome["status"] == "in_doubt":
        assert begun, "only an effect that was begun can be in doubt"
        assert outcome["exit_code"] == 4 and lines <= 1
        return
    assert outcome["status"] == "done" and not begun, outcome["reason"]
    for name, text in EXPECTED.items():
        assert (work / name).read_text() == text
    assert lines == 1, "an effect happens exactly once"
    assert outcome["values"]["m1"] == {"n": 7} and outcome["values"]["j"] == {"all": True}
    assert [o["path"] for o in outcome["outputs"]] == ["a.txt", "c1.log", "count.txt", "j.txt", "mail.log", "p1.txt", "p2.txt"]


@pytest.mark.parametrize("last", [1, 3, 6, 10, 13, 20, 27, 33])
def test_killed_after_some_events(tmp_path: Path, last: int) -> None:
    check(*crash_and_resume(tmp_path, last))


@pytest.mark.slow
@pytest.mark.parametrize("last", range(1, EVENTS))
def test_killed_after_every_event(tmp_path: Path, last: int) -> None:
    check(*crash_and_resume(tmp_path, last))


def test_an_unbroken_run_is_as_expected(tmp_path: Path) -> None:
    work = folder(tmp_path)
    done = child(tmp_path / "home", work, 0)
    outcome = json.loads(done.stdout)
    check(outcome, work, False)
    assert outcome["events"] == EVENTS


def test_an_effect_in_doubt_stops_and_asks(tmp_path: Path) -> None:
    work, home = folder(tmp_path), tmp_path / "home"
    child(home, work, "tool.intent:e1")
    with open_store(home) as store:
        (row,) = store.journal.runs()
    outcome = json.loads(child(home, work, 0, row.run).stdout)
    assert (outcome["status"], outcome["exit_code"]) == ("in_doubt", 4)
    assert "mail.log" in outcome["reason"]
