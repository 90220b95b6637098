"""The same through real runs of an example skill: plan, sandbox, scripts, journal, store and checks are real, models are not.

The model that a name stands for is exchanged in mid-stream; nothing but its answers can tell.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from bench.demo import COLUMNS, write_export
from bench.drifting.streams import BARS, NAME, POOL, phase, profile, spread
from bench.skillruns import SKILLS, SOLUTIONS
from skvm.adapters.simulation.model import SimModel
from skvm.adapters.simulation.oracle import load_oracle
from skvm.adapters.tokens import OfflineCounter
from skvm.app.active import active_plan
from skvm.app.adapting import Adapting
from skvm.app.running import RunOptions, named, ports_of, request_of, settled
from skvm.app.settings import Settings
from skvm.capability import Profile
from skvm.capability.profiles import find_profile, parse_target, profile_bytes
from skvm.jit.adapt import AdaptPolicy, AdaptRecord
from skvm.plan import Artifact
from skvm.ports import ModelClient, Storage
from skvm.runtime import RunOutcome, execute
from skvm.store import open_store

SKILL = SKILLS / "sales-report"
LOST_AT = 15
AFTER = 20
"""Runs that are made after the accepted plan took over."""

LOST = "tool.exec"
LEVELS = (0.05, 0.05, 0.05)


@dataclass
class Models:
    """What stands behind the names at the moment."""

    now: Profile
    other: Profile

    def client(self, options: RunOptions) -> Callable[[str], ModelClient]:
        """Clients of one run; they answer at once."""

        def make(model: str) -> ModelClient:
            found = self.other if model == POOL else self.now
            return SimModel(found, options.oracle, OfflineCounter(), seed=options.seed, latency_scale=0.0)

        return make


@dataclass
class Made:
    """One run beside raw mode on the same input and seed. `plan`: did the plan do it; `adaptive`: was the result right in the
    end; `again`: did the original text do it once more."""

    number: int
    plan: bool
    adaptive: bool
    raw: bool
    active: str
    shadow: bool
    again: bool


@dataclass
class Stream:
    """Runs until the lost ability is mended and `AFTER` more. `detected`, `recovered`: at which run."""

    rows: list[Made]
    detected: int | None = None
    recovered: int | None = None
    why: str = ""
    steps: tuple[str, ...] = ()

    def phases(self) -> dict[str, list[Made]]:
        """Before the loss, until another plan took over, and from there."""
        end = self.recovered + 1 if self.recovered is not None else len(self.rows)
        return {"before": self.rows[:LOST_AT], "window": self.rows[LOST_AT:end], "after": self.rows[max(end, LOST_AT) :]}


def measure(most: int, streams: int, seed: int) -> dict[str, Any]:
    """Streams of at most `most` runs each."""
    began = time.process_time()
    made = [stream(most, seed + number) for number in range(streams)]
    return _summed(made, time.process_time() - began)


def stream(most: int, seed: int) -> Stream:
    """One stream in a home folder of its own."""
    with TemporaryDirectory(prefix="skvm-drift-") as folder:
        home = Path(folder)
        settings = Settings(home=home / "state", cache=home / "cache")
        settings.profiles.mkdir(parents=True)
        (settings.profiles / f"{NAME}.json").write_bytes(profile_bytes(profile()))
        other = find_profile(parse_target(POOL)).profile
        assert other is not None
        with open_store(settings.home) as storage:
            return _stream(home, settings, storage, Models(profile(), other), most, seed)


def _stream(home: Path, settings: Settings, storage: Storage, models: Models, most: int, seed: int) -> Stream:
    made = Stream([])
    for number in range(most):
        if number == LOST_AT:
            models.now = profile(LOST, LEVELS)
        row, record = _one(home, settings, storage, models, number, seed)
        made.rows.append(row)
        if record.tried and made.detected is None:
            made.detected, made.why, made.steps = number, record.variants[-1].why, record.variants[-1].steps
        if record.active and made.recovered is None:
            made.recovered = number
        if made.recovered is not None and number >= max(made.recovered, LOST_AT) + AFTER:
            break
    return made


def _one(home: Path, settings: Settings, storage: Storage, models: Models, number: int, seed: int) -> tuple[Made, AdaptRecord]:
    name, by = f"orders_{number:03}.csv", COLUMNS[number % len(COLUMNS)]
    path = write_export(home / "inputs" / name, seed=number % 40)
    task = f"Summarise the sales in {name} by {by}."
    oracle = load_oracle(SOLUTIONS / "sales-report.py", task, {name: name})
    options = RunOptions(
        model=f"sim/{NAME}", task=task, files={name: path}, seed=seed * 10_000 + number, oracle=oracle, solid=False, yes=True
    )

    def run(plan: Artifact, given: RunOptions) -> RunOutcome:
        made = settled(named(plan, given, settings), storage, settings)
        ports = replace(ports_of(made, storage, settings, None), model_for=models.client(given))
        return anyio.run(execute, replace(request_of(made), skill_dir=SKILL), ports, settings.home)

    def judge(outcome: RunOutcome) -> bool:
        return outcome.exit_code == 0 and right(outcome.work, path)

    adapting = Adapting(SKILL, options, settings, storage, AdaptPolicy(), run, judge, pool=(POOL,))
    plan = active_plan(storage, adapting.compiled)
    before = adapting.record()
    outcome = run(plan, options)
    record = adapting.after(outcome)
    raw = run(adapting.compiled, replace(options, mode="raw"))
    shadow = sum(v.wins + v.losses + v.ties for v in record.variants) > sum(v.wins + v.losses + v.ties for v in before.variants)
    did = judge(outcome)
    again = record.again > before.again
    return Made(number, did, did or adapting.instead is not None, judge(raw), record.active, shadow, again), record


def right(work: Path, export: Path) -> bool:
    """Do the files in the work folder say what the export says? Reckoned here, not by the skill's scripts."""
    with export.open(newline="", encoding="utf-8") as handle:
        orders = list(csv.DictReader(handle))
    revenue = sum(int(row["quantity"]) * round(100 * float(row["unit_price"])) for row in orders)
    total = f"{revenue // 100}.{revenue % 100:02}"
    files = [work / "out" / name for name in ("report.md", "summary.md", "outliers.csv", "groups.csv")]
    if not all(f.is_file() for f in files):
        return False
    report, summary = (f.read_text(encoding="utf-8", errors="replace").splitlines() for f in files[:2])
    return f"Orders: {len(orders)}" in report and f"Revenue: {total}" in report and any(total in line for line in summary)


def _summed(made: list[Stream], cpu: float) -> dict[str, Any]:
    phases = {name: [row for one in made for row in one.phases()[name]] for name in BARS}
    found = [s.detected - LOST_AT + 1 for s in made if s.detected is not None and s.detected >= LOST_AT]
    mended = [s.recovered - LOST_AT + 1 for s in made if s.recovered is not None and s.recovered >= LOST_AT]
    total = sum(len(rows) for rows in phases.values())
    lines = [
        f"runs (SIMULATED models, real runs): sales-report, {LOST} lost at run {LOST_AT}, {len(made)} streams, {total} tasks, "
        f"{cpu:.0f} s of CPU"
    ]
    table: dict[str, Any] = {}
    for name, rows in phases.items():
        if not rows:
            continue
        pair = phase([(r.adaptive, r.raw) for r in rows], BARS[name])
        counts = {"plan": sum(r.plan for r in rows), "shadow": sum(r.shadow for r in rows), "again": sum(r.again for r in rows)}
        table[name] = {**pair, **counts, "right": sum(r.adaptive for r in rows), "raw_right": sum(r.raw for r in rows)}
        lines.append(
            f"  {name:<7} {len(rows)} tasks: {table[name]['right']} right ({counts['plan']} by the plan itself), raw mode "
            f"{table[name]['raw_right']}; {counts['shadow']} with a shadow run, {counts['again']} done once more; paired "
            f"{100 * pair['difference']:+.1f} points, lower bound {100 * pair['lower']:+.1f} (bar {100 * pair['bar']:+.0f})  "
            + ("held" if pair["held"] else "MISSED")
        )
    lines.append(f"  compiled again after {spread(found)} runs, the other plan took over after {spread(mended)}")
    early = sum(s.recovered is not None and s.recovered < LOST_AT for s in made)
    lines.append(f"  another plan accepted before the loss: {early}; e.g. {made[0].why} ({', '.join(made[0].steps)})")
    held = all(row["held"] for row in table.values()) and len(found) + early >= len(made)
    figures = {"streams": len(made), "tasks": total, "detected": found, "recovered": mended, "accepted_before": early}
    return {"phases": table, **figures, "held": held, "cpu_seconds": round(cpu, 1), "text": "\n".join(lines)}
