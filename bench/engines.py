"""What an engine costs, and what a crash costs on it: `python -m bench.engines [--url URL] [--steps N] [--killed [COUNT]]`.

The same plan of N steps one after the other, whose scripted model answers at once, in turns on the in-process engine and on
DBOS, in one process; least of the rounds, CPU of this process and wall. A step's cost is that of N steps less that of one, so
what a run costs once (a workflow begun and ended) is its own figure. `--killed` kills a process of `skvm.testing.engine_plays`
right after each event of the journal in turn, lets a second one go on, and counts what was lost or done twice.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from skvm.adapters.engines import LocalEngine, queue_engine
from skvm.plan import Event, EventKind
from skvm.ports import Engine, Job, ModelReply, ModelRequest, QueueEngine
from skvm.runtime.work.workspace import run_folder
from skvm.testing.engine_plays import FILES, Part, chain, done, plan_of, play, step

FACTORY = "bench.engines:dbos"
SENT = (EventKind.TOOL_INTENT, EventKind.TOOL_RESULT)
EVENTS = 100
"""More than the plan of `--killed` has; the first number that nobody dies of ends the sweep."""


def dbos(home: Path) -> QueueEngine:
    """The engine under test, in any process."""
    return queue_engine("dbos", os.environ.get("SKVM_ENGINE_URL"), home)


async def answers(request: ModelRequest) -> ModelReply:
    """Every step ends at once."""
    return done()


async def seconds(engine: Engine, home: Path, steps: int, run: str) -> tuple[float, float]:
    """CPU of this process and wall, in seconds, of one run."""
    ids = [f"s{number}" for number in range(steps)]
    plan = plan_of([step(id) for id in ids], chain(*ids))

    async def work(job: Job) -> str:
        return (await play(engine.storage, home, job, plan, answers)).status

    cpu, wall = time.process_time(), time.perf_counter()
    await engine.carry(Job(run=run), work)
    return time.process_time() - cpu, time.perf_counter() - wall


async def compared(root: Path, steps: int, rounds: int) -> dict[str, Any]:
    """Both engines in turns."""
    engines: dict[str, Engine] = {"local": LocalEngine(root / "local"), "dbos": dbos(root / "dbos")}
    least: dict[tuple[str, int], list[float]] = {}
    mark = f"{time.time_ns()}"
    for number in range(rounds + 1):
        for size in (1, steps):
            for name, engine in engines.items():
                took = await seconds(engine, root / name, size, f"{mark}-{number}-{size}-{name}")
                if number:  # the first round warms up
                    least[name, size] = [min(pair) for pair in zip(took, least.get((name, size), took), strict=True)]
    for engine in engines.values():
        await engine.close()
    result: dict[str, Any] = {"steps": steps, "rounds": rounds}
    for place, clock in enumerate(("cpu", "wall")):
        rows = {
            name: {
                "step_ms": (least[name, steps][place] - least[name, 1][place]) / (steps - 1) * 1e3,
                "run_ms": least[name, 1][place] * 1e3,
            }
            for name in engines
        }
        ratio = {key: rows["dbos"][key] / rows["local"][key] for key in ("step_ms", "run_ms")}
        result[clock] = {**rows, "dbos_over_local": ratio}
    return result


def process(home: Path, **part: Any) -> subprocess.Popen[str]:
    """A process that does a part of a play."""
    words = Part(factory=FACTORY, home=str(home), **part).model_dump_json()
    argv = [sys.executable, "-m", "skvm.testing.engine_plays", words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def killed(root: Path, first: int, last: int) -> dict[str, Any]:
    """A queued run dies with its worker after event N, and a second worker goes on with it, for every N."""
    counts = {"killed": 0, "done": 0, "in_doubt": 0}
    wrong: list[str] = []
    for number in range(first, last):
        home, run = root / f"killed{number}", f"{time.time_ns()}-{number}"
        process(home, run=run, do="put").communicate(timeout=120)
        with process(home, do="serve", dies=str(number)) as dying:
            line = dying.stdout.readline() if dying.stdout else ""
            if line:  # it came to its end before event N
                dying.kill()
                break
        assert dying.returncode == -signal.SIGKILL
        written = len(anyio.run(_journal, home, run))  # events that announce nothing are written with the next one
        with process(home, do="serve") as other:
            end = json.loads(other.stdout.readline()) if other.stdout else {}
            other.kill()
        counts["killed"] += 1
        counts[end["status"]] = counts.get(end["status"], 0) + 1
        wrong += [f"after event {number}: {text}" for text in anyio.run(_faults, home, run, end, written)]
    return {**counts, "wrong": wrong}


async def _journal(home: Path, run: str) -> tuple[Event, ...]:
    engine = dbos(home)
    try:
        return engine.storage.journal.read(run)
    finally:
        await engine.close()


async def _faults(home: Path, run: str, end: dict[str, Any], number: int) -> list[str]:
    """What is wrong with a run that was killed when `number` events were written."""
    events = await _journal(home, run)
    found = {p.name: p.read_text() for p in (run_folder(home, run) / "work").iterdir()}
    begun = [e.kind for e in events[:number] if e.node == "send" and e.kind in SENT] == [EventKind.TOOL_INTENT]
    faults = []
    if [e.seq for e in events] != list(range(1, len(events) + 1)):
        faults.append("the journal has holes")
    if end["status"] != ("in_doubt" if begun else "done"):
        faults.append(f"ended {end}")
    if end["status"] == "done" and found != FILES:
        faults.append(f"left {found}")
    if found.get("mail.log", "") not in ("", "sent\n"):
        faults.append("an effect was repeated")
    return faults


def main() -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--url", help="the database; default: a SQLite file")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--killed", action="store_true", help="kill -9 after every event instead")
    parser.add_argument("--events", type=int, nargs=2, default=(1, EVENTS), metavar=("FIRST", "LAST"))
    given = parser.parse_args()
    if given.url:
        os.environ["SKVM_ENGINE_URL"] = given.url
    with tempfile.TemporaryDirectory() as folder:
        if given.killed:
            result = killed(Path(folder), *given.events)
        else:
            measure: Callable[..., Awaitable[dict[str, Any]]] = compared
            result = anyio.run(measure, Path(folder), given.steps, given.rounds)
    print(json.dumps(result, indent=1))
    return 1 if result.get("wrong") else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of the vendor must not hold the process
