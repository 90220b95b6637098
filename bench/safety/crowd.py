"""Many runs at once, in one process and in several on one store: is an event lost, a run mixed with another, a lock met?

Every run has a word of its own as its task; the model hands it on through a file, a command and values, so that a run that got
hold of another's would show the wrong word.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from bench.safety.kill import TESTS
from skvm.plan import Artifact, EventKind
from skvm.ports import ModelReply, ModelRequest
from skvm.store import open_store

WORD = re.compile(r"word-[0-9]+")
LOCKED = "database is locked"


def measure(runs: int = 200, processes: int = 8) -> dict[str, Any]:
    """Two rows: all runs in one process, and `runs` spread over processes. `lost` events, `mixed` and `failed` runs, `locked`
    messages, `events` in the journal, wall `seconds`."""
    sys.path.insert(0, str(TESTS))
    return {"rows": [_row(runs, 1), _row(runs, processes)]}


def text(result: dict[str, Any]) -> str:
    """The rows as a table."""
    rows = [f"{'processes':>9}{'runs':>6}{'events':>8}{'lost':>6}{'mixed':>7}{'failed':>8}{'locked':>8}{'wall s':>8}"]
    for row in result["rows"]:
        rows.append("".join(f"{row[k]:>{w}}" for k, w in _COLUMNS.items()) + f"{row['seconds']:>8.1f}")
        rows += [f"  {line}" for line in row["why"][:5]]
    return "\n".join(rows)


_COLUMNS = {"processes": 9, "runs": 6, "events": 8, "lost": 6, "mixed": 7, "failed": 8, "locked": 8}


def failed(result: dict[str, Any]) -> bool:
    """Was anything lost, mixed, failed or locked?"""
    return any(row[k] for row in result["rows"] for k in ("lost", "mixed", "failed", "locked"))


def _row(runs: int, processes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        began = time.monotonic()
        share = runs // processes
        children = [_fork(root, range(i * share, (i + 1) * share)) for i in range(processes)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        seconds = time.monotonic() - began
        told = [json.loads(line) for p in sorted(root.glob("told-*")) for line in p.read_text().splitlines()]
        said = "".join(p.read_text() for p in root.glob("stderr-*"))
        row = {"processes": processes, "runs": share * processes, "seconds": seconds, "codes": codes}
        return {**row, **_judged(root, told, said, share * processes)}


def _judged(root: Path, told: list[dict[str, Any]], said: str, runs: int) -> dict[str, Any]:
    """What the store holds against what each run saw of itself."""
    lost = mixed = bad = events = 0
    why: list[str] = said.splitlines()[-3:]
    with open_store(root / "home") as store:
        known = {row.run for row in store.journal.runs(limit=runs + 1)}
        for one in told:
            journal = list(store.journal.read(one["run"]))
            events += len(journal)
            complete = [e.seq for e in journal] == list(range(1, one["events"] + 1)) and journal[-1].kind is EventKind.RUN_END
            lost += not complete or one["run"] not in known
            words = {w for e in journal for w in WORD.findall(json.dumps(e.data))}
            right = words == {one["word"]} and one["seen"] == [one["word"]] * 3 and all(e.run == one["run"] for e in journal)
            mixed += not right
            if one["status"] != "done":
                bad += 1
                why.append(f"{one['word']}: {one['status']} {one['reason']}")
    lost += runs - len({one["run"] for one in told})
    locked = (said + str(told)).count(LOCKED)
    return {"events": events, "lost": lost, "mixed": mixed, "failed": bad, "locked": locked, "why": why}


def _fork(root: Path, numbers: range) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        descriptor = os.open(root / f"stderr-{numbers.start}", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, 2)
        rows = anyio.run(_runs, root, numbers)
        (root / f"told-{numbers.start}").write_text("".join(json.dumps(row) + "\n" for row in rows))
        code = 0
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


async def _runs(root: Path, numbers: range) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with open_store(root / "home") as store:
        async with anyio.create_task_group() as group:
            for number in numbers:
                group.start_soon(_one, root / "home", store, f"word-{number}", rows)
    return rows


async def _one(home: Path, store: Any, word: str, rows: list[dict[str, Any]]) -> None:
    from runtime_kit import Run, ScriptedModel

    one = Run(home, store=store)
    outcome = await one.go(_plan(), ScriptedModel(_script), task=word)
    copied = (outcome.work / "b.txt").read_text().strip() if (outcome.work / "b.txt").exists() else ""
    seen = [outcome.values.get("w", {}).get("word"), outcome.values.get("z", {}).get("word"), copied]
    rows.append(
        {
            "run": outcome.run,
            "word": word,
            "status": outcome.status,
            "reason": outcome.reason,
            "events": len(one.events),
            "seen": seen,
        }
    )


def _plan() -> Artifact:
    from runtime_kit import artifact, chain, code, step

    from skvm.ir import EffectClass

    nodes = [step("w"), code("c", "bash -c 'cat a.txt > b.txt'", effect_class=EffectClass.IDEMPOTENT), step("z")]
    return artifact(nodes, chain("w", "c", "z"))


async def _script(request: ModelRequest) -> ModelReply:
    from runtime_kit import call, finish, reply

    await anyio.lowlevel.checkpoint()
    told = next(m.content for m in request.messages if m.role == "user")
    (word, *_) = WORD.findall(told)
    if request.tag.step == "w" and not any(m.role == "tool" for m in request.messages):
        return reply(call("write_file", path="a.txt", content=word))
    return finish(word=word)
