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
from bench.drifting.streams import BARS, NAME, POOL, phase, profile
from bench.skillruns import SKILLS, SOLUTIONS
from skvm.adapters.simulation.model import SimModel
from skvm.adapters.simulation.oracle import load_oracle
from skvm.adapters.tokens import OfflineCounter
from skvm.app.active import active_plan
from skvm.app.adapting import Adapting
from skvm.app.running import RunOptions, ports_of, request_of, settled
from skvm.app.settings import Settings
from skvm.capability import Profile
from skvm.capability.profiles import find_profile, parse_target, profile_bytes
from skvm.jit.adapt import AdaptPolicy
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
    """One run beside raw mode on the same input and seed."""

    number: int
    adaptive: bool
    raw: bool
    active: str
    shadow: bool


def measure(most: int, seed: int) -> dict[str, Any]:
    """Runs until the lost ability is mended and `AFTER` more, at most `most`."""
    began = time.process_time()
    with TemporaryDirectory(prefix="skvm-drift-") as folder:
        home = Path(folder)
        settings = Settings(home=home / "state", cache=home / "cache")
        settings.profiles.mkdir(parents=True)
        (settings.profiles / f"{NAME}.json").write_bytes(profile_bytes(profile()))
        other = find_profile(parse_target(POOL)).profile
        assert other is not None
        with open_store(settings.home) as storage:
            rows, told = _stream(home, settings, storage, Models(profile(), other), most, seed)
    return _summed(rows, told, time.process_time() - began)


def _stream(
    home: Path, settings: Settings, storage: Storage, models: Models, most: int, seed: int
) -> tuple[list[Made], dict[str, Any]]:
    rows: list[Made] = []
    told: dict[str, Any] = {"detected": None, "recovered": None, "why": "", "history": []}
    for number in range(most):
        if number == LOST_AT:
            models.now = profile(LOST, LEVELS)
        made, record = _one(home, settings, storage, models, number, seed)
        rows.append(made)
        if record.tried and told["detected"] is None:
            told |= {"detected": number, "why": record.variants[-1].why, "steps": record.variants[-1].steps}
        if record.active and told["recovered"] is None:
            told["recovered"] = number
        told["history"] = [line.what for line in record.history]
        if told["recovered"] is not None and number >= told["recovered"] + AFTER:
            break
    return rows, told


def _one(home: Path, settings: Settings, storage: Storage, models: Models, number: int, seed: int) -> tuple[Made, Any]:
    name, by = f"orders_{number:03}.csv", COLUMNS[number % len(COLUMNS)]
    path = write_export(home / "inputs" / name, seed=number % 40)
    task = f"Summarise the sales in {name} by {by}."
    oracle = load_oracle(SOLUTIONS / "sales-report.py", task, {name: name})
    options = RunOptions(
        model=f"sim/{NAME}", task=task, files={name: path}, seed=seed * 10_000 + number, oracle=oracle, solid=False, yes=True
    )

    def run(plan: Artifact, given: RunOptions) -> RunOutcome:
        made = settled(plan, given, settings)
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
    return Made(number, judge(outcome), judge(raw), record.active, shadow), record


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


def _summed(rows: list[Made], told: dict[str, Any], cpu: float) -> dict[str, Any]:
    end = told["recovered"] + 1 if told["recovered"] is not None else len(rows)
    phases = {"before": rows[:LOST_AT], "window": rows[LOST_AT:end], "after": rows[end:]}
    held = told["recovered"] is not None and told["detected"] is not None and told["detected"] >= LOST_AT
    lines = [f"runs (SIMULATED models, real runs): sales-report, tool.exec lost at run {LOST_AT}, {cpu:.0f} s of CPU"]
    for name, found in phases.items():
        good, raw = sum(r.adaptive for r in found), sum(r.raw for r in found)
        shadows = sum(r.shadow for r in found)
        lines.append(f"  {name:<7} {len(found)} runs: {good} right, raw mode {raw} right, {shadows} with a shadow run")
        if found:
            pair = phase([(r.adaptive, r.raw) for r in found], BARS[name])
            lines[-1] += (
                f"; paired {100 * pair['difference']:+.0f} points, lower bound {100 * pair['lower']:+.0f} (few runs: no bar)"
            )
    if told["detected"] is not None:
        lines.append(
            f"  compiled again after {told['detected'] - LOST_AT + 1} runs, steps {', '.join(told['steps'])}: {told['why']}"
        )
    if told["recovered"] is not None:
        lines.append(f"  the other plan took over after {told['recovered'] - LOST_AT + 1} runs  {'held' if held else 'MISSED'}")
    counts = {n: {"runs": len(p), "right": sum(r.adaptive for r in p), "raw": sum(r.raw for r in p)} for n, p in phases.items()}
    return {"phases": counts, **told, "held": held, "cpu_seconds": round(cpu, 1), "text": "\n".join(lines)}
