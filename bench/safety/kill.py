"""`kill -9` at every event of seven plans, as soon as it is written and again right before the next one is. Each run is
resumed: same result, nothing lost, what became of effects. A run that stops in doubt is then answered by a person: no; yes, and
killed right after the answer; yes.

The plans, and what must hold, are those of the suite (`tests/runtime/crash_plans.py`, `crash_judge.py`). A run is a process of
its own, forked from one that has imported everything, and kills itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr
from itertools import product
from pathlib import Path
from typing import Any

import anyio

from skvm.store import open_store

TESTS = Path(__file__).resolve().parents[2] / "tests" / "runtime"


def measure(every: int = 1, plan: str = "") -> dict[str, Any]:
    """One row a plan (or only that of one): `events`, `kills`, `same`, `in doubt`, `answered` (of those, with no and with yes),
    `wrong` (what was, after which event)."""
    sys.path.insert(0, str(TESTS))
    import crash_judge

    return {"rows": [_plan(name, count, every) for name, count in crash_judge.EVENTS.items() if plan in ("", name)]}


def text(result: dict[str, Any]) -> str:
    """The rows as a table."""
    rows = [f"{'plan':<10}{'events':>8}{'kills':>8}{'same result':>13}{'in doubt':>10}{'answered':>10}{'wrong':>7}"]
    for row in result["rows"]:
        rows.append(
            f"{row['plan']:<10}{row['events']:>8}{row['kills']:>8}{row['same']:>13}{row['in doubt']:>10}{row['answered']:>10}"
            f"{len(row['wrong']):>7}"
        )
        rows += [f"  {wrong}" for wrong in row["wrong"]]
    return "\n".join(rows)


def failed(result: dict[str, Any]) -> bool:
    """Was anything wrong?"""
    return any(row["wrong"] for row in result["rows"])


def _plan(name: str, count: int, every: int) -> dict[str, Any]:
    import crash_judge

    found: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        work = crash_judge.folder(root / "whole")
        whole = crash_judge.left(_run(name, root / "whole", work, "0", "-")[1], work)
        for last, late in product(range(1, count, every), ("", "-")):
            found["kills"] += 1
            try:
                verdict = _killed(name, root / f"{last}{late}", last, late, whole)
                found[verdict] += 1
                found["answered"] += verdict == "in doubt"
            except AssertionError as error:
                wrong.append(f"event {last}{late and ', late'}: {error}")
            print(f"\r{name} {last}/{count - 1}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        "plan": name,
        "events": count,
        "kills": found["kills"],
        **{k: found[k] for k in ("same", "in doubt", "answered")},
        "wrong": wrong,
    }


def _killed(name: str, root: Path, last: int, late: str, whole: Any) -> str:
    import crash_judge

    work = crash_judge.folder(root)
    status, _ = _run(name, root, work, f"{last}{late}", "-")
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "it was not killed"
    with open_store(root / "home") as store:
        (row,) = store.journal.runs()
        seen = list(store.journal.read(row.run))
    assert [e.seq for e in seen] == list(range(1, last + 1)), "events are lost"
    status, outcome = _run(name, root, work, "0", row.run)
    assert status == 0, "the resumed run ended badly"
    verdict: str = crash_judge.judge(name, whole, seen, outcome, work)
    if verdict == "in doubt":
        _answered(name, root, work, row.run, whole, crash_judge.begun(seen), outcome)
    return verdict


def _answered(name: str, root: Path, work: Path, run: str, whole: Any, doubt: list[str], outcome: dict[str, Any]) -> None:
    """Resume a run in doubt as a person at a terminal does."""
    import crash_judge

    doubtful = crash_judge.left(outcome, work)
    status, declined = _run(name, root, work, "0", run, "no")
    assert status == 0, "the declined run ended badly"
    crash_judge.judge_declined(doubtful, declined, work)
    with open_store(root / "home") as store:
        asked = [e.node for e in store.journal.read(run) if e.kind.value == "gate.ask" and e.node.endswith("?")]
    status, _ = _run(name, root, work, f"gate.answer:{asked[-1]}", run, "yes")
    assert os.WIFSIGNALED(status), "it was not killed after the answer"
    status, approved = _run(name, root, work, "0", run, "yes")
    assert status == 0, "the approved run ended badly"
    crash_judge.judge_approved(name, whole, doubt, doubtful, approved, work)


def _run(name: str, root: Path, work: Path, last: str, resume: str, says: str = "-") -> tuple[int, dict[str, Any]]:
    """Wait status of the process, and the outcome it wrote (empty when it was killed)."""
    import crash_child

    answer = root / "outcome.json"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with (root / "stderr").open("w") as stream, redirect_stderr(stream):
                done = anyio.run(crash_child.main, name, str(root / "home"), str(work), last, resume, says)
            answer.write_text(json.dumps(done))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status, json.loads(answer.read_text()) if answer.exists() else {}
