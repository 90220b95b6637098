"""kill -9 right after events of seven plans; what is resumed ends like a run that was never killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from crash_judge import EVENTS, Left, folder, judge, left
from crash_plans import PLANS

from skvm.store import open_store

CHILD = str(Path(__file__).parent / "crash_child.py")
FEW = {
    "steps": [1, 3, 6, 10, 13, 20, 27, 33],
    "controls": [25, 50],
    "gated": [5, 9, 14],
    "edited": [12, 17, 22],
    "spread": [9, 12],
    "handed": [7, 9, 15, 20, 24],
    "shared": [10, 14, 17, 22, 26, 33, 36],
}


def child(plan: str, home: Path, work: Path, last: int | str, resume: str = "-") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, CHILD, plan, str(home), str(work), str(last), resume]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Left]:
    """What a plan leaves behind when nothing happens to it."""

    @cache
    def of(plan: str) -> Left:
        root = tmp_path_factory.mktemp(plan)
        work = folder(root)
        return left(json.loads(child(plan, root / "home", work, 0).stdout), work)

    return of


@pytest.mark.parametrize("late", ["", "-"], ids=["at once", "late"])
@pytest.mark.parametrize(("plan", "last"), [(plan, last) for plan, some in FEW.items() for last in some])
def test_killed_after_some_events(tmp_path: Path, unbroken: Callable[[str], Left], plan: str, last: int, late: str) -> None:
    """Every event is the bench's (`python -m bench kill`, and `tests/bench/test_safety.py`)."""
    work, home = folder(tmp_path), tmp_path / "home"
    killed = child(plan, home, work, f"{last}{late}")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with open_store(home) as store:
        (row,) = store.journal.runs()
        seen = store.journal.read(row.run)
    assert [e.seq for e in seen] == list(range(1, last + 1)), "nothing of the journal is lost"
    resumed = child(plan, home, work, 0, row.run)
    assert resumed.returncode == 0, resumed.stderr
    judge(plan, unbroken(plan), list(seen), json.loads(resumed.stdout), work)


@pytest.mark.parametrize("plan", PLANS)
def test_an_unbroken_run_is_as_expected(tmp_path: Path, plan: str) -> None:
    work = folder(tmp_path)
    done = child(plan, tmp_path / "home", work, 0)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    now = left(outcome, work)
    assert now.status == "done" and outcome["exit_code"] == 0, outcome["reason"]
    assert dict(now.sent) == dict.fromkeys(PLANS[plan].sent, 1)
    assert outcome["events"] == EVENTS[plan]
    if plan == "steps":
        expected = {
            "a.txt": "one 2",
            "count.txt": "3\n",
            "j.txt": "joined",
            "p1.txt": "p1",
            "p2.txt": "p2",
            "in.txt": "1\n2\n3\n",
        }
        assert now.files == expected
        assert outcome["values"]["m1"] == {"n": 7} and outcome["values"]["j"] == {"all": True}
        paths = ["a.txt", "c1.again", "count.txt", "j.txt", "mail.log", "p1.txt", "p2.txt"]
        assert [o["path"] for o in outcome["outputs"]] == paths


def test_an_effect_in_doubt_stops_and_asks(tmp_path: Path) -> None:
    work, home = folder(tmp_path), tmp_path / "home"
    child("steps", home, work, "tool.intent:e1")
    with open_store(home) as store:
        (row,) = store.journal.runs()
    outcome = json.loads(child("steps", home, work, 0, row.run).stdout)
    assert (outcome["status"], outcome["exit_code"]) == ("in_doubt", 4)
    assert "mail.log" in outcome["reason"]
