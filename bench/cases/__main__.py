"""`python -m bench.cases`: each case from its first request until no model is needed, then requests it must not serve.

The model is scripted (solution files) and takes a fixed time a call; files, programs, network and sandbox are real. Time to
result is the wall time from the request to its result with the plan compiled; least and median.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cases.asked import CASES, Asked, Case, wrong
from bench.cases.station import station
from bench.skillruns import SKILLS, SOLUTIONS, lacking
from skvm.adapters.simulation.model import LATENCY_SCALE
from skvm.adapters.simulation.oracle import Done, Query, Script, load_oracle
from skvm.app import Settings, Skvm
from skvm.app.evidence import with_book
from skvm.app.running import RunOptions
from skvm.capability import Cell, Level, Profile, load_catalog
from skvm.diag import SkvmError
from skvm.jit.show import review
from skvm.plan import Artifact, SolidState

MODEL = "sim/scripted"
SURE = 10**6
"""So many passed probes of as many that no draw fails."""

STATED = "localhost:8931"
"""Where the skills say that the station is; a copy of the skill names the real one."""


@dataclass
class Found:
    """What came of a case. Times in seconds; `mutated` requests that no code may serve, `served_wrong` of all served ones."""

    skill: str
    published: str
    skipped: str = ""
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    first_served: int = 0
    promoted: list[str] = field(default_factory=list)
    by_person: int = 0
    served: int = 0
    served_wrong: int = 0
    model_wrong: int = 0
    mutated: int = 0
    handed_back: int = 0
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Figures; seconds rounded to a tenth of a millisecond."""
        times = {name: [round(s, 4) for s in getattr(self, name)] for name in ("before", "after")}
        middle = {f"{n}_median": round(statistics.median(t), 4) if t else None for n, t in times.items()}
        ratio = round(middle["before_median"] / middle["after_median"], 1) if self.before and self.after else None
        return {**vars(self), **times, **middle, "ratio": ratio, "simulated": True}


class Refusing:
    """The oracle for requests that are not what a skill is for: nothing is done."""

    def script(self, query: Query) -> Script | None:
        """Ends without a call."""
        return _nothing()

    def choice(self, query: Query) -> str | bool | None:
        """Nothing to choose."""
        return None


def _nothing() -> Script:
    yield from ()
    return Done({}, "This is not what the skill is for; nothing was done.")


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


class Runner:
    """One case in a state folder of its own."""

    def __init__(self, case: Case, root: Path, seconds: float, address: str) -> None:
        self.case, self.root = case, root
        self.settings = Settings(home=root / "home", cache=root / "cache", sandbox=os.environ.get("SKVM_SANDBOX") or None)
        self.skvm = Skvm(self.settings)
        _scripted(self.settings.home, seconds)
        self.artifact = self._compiled(address)

    def _compiled(self, address: str) -> Artifact:
        skill = self.root / "skill" / self.case.skill
        shutil.copytree(SKILLS / self.case.skill, skill, ignore=shutil.ignore_patterns("tasks"))
        main = skill / "SKILL.md"
        main.write_text(main.read_text(encoding="utf-8").replace(STATED, address), encoding="utf-8")
        return self.skvm.compile(skill, MODEL)

    def run(self, asked: Asked, number: int, oracle: Any = None) -> tuple[Any, float]:
        """One request; its outcome and the wall time."""
        folder = self.root / "inputs" / str(number)
        folder.mkdir(parents=True)
        files = {}
        for name, data in asked.files.items():
            (folder / name).write_bytes(data)
            files[name] = folder / name
        oracle = oracle or load_oracle(SOLUTIONS / f"{self.case.skill}.py", asked.prompt, {n: n for n in files})
        options = RunOptions(model=MODEL, task=asked.prompt, files=files, deadline=120.0, yes=True, oracle=oracle)
        began = time.perf_counter()
        outcome = self.skvm.run(self.artifact, options)
        return outcome, time.perf_counter() - began

    def accept(self) -> list[str]:
        """A person reads and accepts what acts outside of the work folder; ids."""
        shadows = with_book(lambda book: [v for r in book.records() for v in r.versions], self.settings)
        ids = [v.id for v in shadows if v.state is SolidState.SHADOW and v.recorded.get("outside") and len(v.evidence) >= 3]
        for id in ids:
            with_book(lambda book, id=id: review(book, id, True), self.settings)
        return ids

    def promoted(self) -> list[str]:
        """Steps with promoted code."""
        rows = with_book(lambda book: [(r.step_id, v.state) for r in book.records() for v in r.versions], self.settings)
        return sorted({step for step, state in rows if state is SolidState.PROMOTED})


def _scripted(home: Path, seconds: float) -> None:
    cell = Cell(counts=dict.fromkeys((Level.L1, Level.L2, Level.L3), (SURE, SURE)))
    cells = {p.id: cell for p in load_catalog().primitives}
    latency = {"first": seconds / LATENCY_SCALE, "token": 0.0}
    profile = Profile(name="scripted", model=MODEL, harness="builtin", synthetic=True, latency=latency, cells=cells)
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "scripted.json").write_text(profile.model_dump_json(), encoding="utf-8")


def measure(case: Case, seconds: float, most: int, times: int) -> Found:
    """Runs the case until `times` requests in a row needed no model, or `most` requests; then the mutated ones."""
    found = Found(case.skill, case.published, skipped=lacking(SKILLS / case.skill))
    if found.skipped:
        return found
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skvm-cases-")))
        address = stack.enter_context(station()) if case.network else STATED
        stack.enter_context(_variable("STATION", f"http://{address}"))
        runner = Runner(case, root, seconds, address)
        for number in range(most):
            _valid(runner, number, found)
            if len(found.after) >= times:
                break
        found.promoted = runner.promoted()
        for number, prompt in enumerate(case.others(1), most):
            _mutated(runner, Asked(prompt, case.request(1).files), number, found)
    return found


def _valid(runner: Runner, number: int, found: Found) -> None:
    asked = runner.case.request(number)
    outcome, wall = runner.run(asked, number)
    solid = [s.id for s in outcome.steps if s.executor == "solid"]
    faults = wrong(asked, lambda name: _read(outcome.work / name))
    if outcome.exit_code:
        faults.append(outcome.reason)
    found.problems += [f"request {number}: {fault}" for fault in faults]
    found.served += bool(solid)
    found.served_wrong += bool(solid and faults)
    found.model_wrong += bool(faults and not solid)
    if not outcome.totals.model_calls:
        found.first_served = found.first_served or number + 1
        found.after.append(wall)
    elif not solid and not found.served:
        found.before.append(wall)
    accepted = runner.accept()
    found.by_person += len(accepted)


def _mutated(runner: Runner, asked: Asked, number: int, found: Found) -> None:
    outcome, _ = runner.run(asked, number, Refusing())
    solid = [s.id for s in outcome.steps if s.executor == "solid"]
    found.mutated += 1
    found.served_wrong += bool(solid)
    found.handed_back += not solid
    if solid:
        found.problems.append(f"{asked.prompt!r} was served by code: {', '.join(solid)}")


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


def line(found: Found) -> str:
    """One case for people."""
    if found.skipped:
        return f"{found.skill:<18} skipped: {found.skipped}"
    row = found.to_json()
    if not found.after:
        return f"{found.skill:<18} never served without a model; promoted: {', '.join(found.promoted) or 'nothing'}"
    after = row["after_median"] * 1000
    return (
        f"{found.skill:<18} {row['before_median']:.2f} s -> {after:.0f} ms (least {min(found.after) * 1000:.0f}), "
        f"x{row['ratio']}, without a model from request {found.first_served} on; promoted {', '.join(found.promoted)} "
        f"({found.by_person} by a person); {found.served} requests served, {found.mutated} mutated, "
        f"{found.served_wrong} served wrongly; published: {found.published}"
    )


def main(words: list[str] | None = None) -> int:
    """Exit code 1: something was served wrongly, or a case was never served."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--case", action="append", choices=[c.skill for c in CASES], help="default: all")
    parser.add_argument("--seconds", type=float, default=1.0, help="that a model call takes")
    parser.add_argument("--requests", type=int, default=16, help="valid requests at most")
    parser.add_argument("--times", type=int, default=8, help="requests without a model that are timed")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(words)
    rows = []
    for case in CASES:
        if options.case and case.skill not in options.case:
            continue
        try:
            rows.append(measure(case, options.seconds, options.requests, options.times))
        except SkvmError as error:
            print(f"error: {error.line()}", file=sys.stderr)
            return error.exit_code
        out = sys.stdout if options.format == "text" else sys.stderr
        print(line(rows[-1]), *(f"  {p}" for p in rows[-1].problems), sep="\n", file=out, flush=True)
    if options.format == "json":
        print(json.dumps({"seconds_a_call": options.seconds, "cases": [r.to_json() for r in rows]}, indent=1))
    else:
        print("simulated: the model is scripted. The reference serves in 3.5 to 10 ms, in no sandbox, and looks at no result")
    return 1 if any(r.served_wrong or not (r.skipped or r.after) for r in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
