"""Streams of tasks whose step outcomes are drawn; watching, requests, compiling and accepting are the product's. SIMULATED."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

from bench.skillruns import SKILLS
from skvm.adapters.simulation.faults import chance, uniform
from skvm.app.adapting import plan_digest, recompiled
from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.capability import Cell, Level, Profile
from skvm.capability.profiles import find_profile, parse_target, profile_bytes
from skvm.jit.adapt import (
    AdaptPolicy,
    AdaptRecord,
    Outcome,
    VariantState,
    admit,
    compared,
    done_again,
    requested,
    watched,
    worth_again,
)
from skvm.plan import Artifact, ExecutorKind, StepNode
from skvm.source import SkillSource, load_skill

TASKS, DRIFT = 500, 150
AGAIN = 1_000_003
"""Added to the number of a task that is done once more: a second try is another draw."""

NAME, POOL = "drifting", "sim/strong"
SKILL = "sales-report"
BARS = {"before": -0.02, "window": -0.05, "after": -0.02}


@dataclass(frozen=True)
class Scenario:
    """What is lost and who else is there. `levels`: success at L1 to L3 of the primitive `lost` afterwards."""

    name: str
    lost: str
    levels: tuple[float, float, float]
    pool: tuple[str, ...]


FINE = (0.97, 0.96, 0.95)
SCENARIOS = (
    Scenario("all of tool.exec lost, another model in the pool", "tool.exec", (0.05, 0.05, 0.05), (POOL,)),
    Scenario("half of tool.exec lost, another model in the pool", "tool.exec", (0.5, 0.5, 0.5), (POOL,)),
    Scenario("tool.file.read lost from L2 on, nobody else", "tool.file.read", (0.97, 0.1, 0.1), ()),
    Scenario("all of tool.exec lost, nobody else", "tool.exec", (0.05, 0.05, 0.05), ()),
    Scenario("nothing lost", "tool.exec", FINE, (POOL,)),
)


def profile(lost: str = "tool.exec", levels: tuple[float, float, float] = FINE) -> Profile:
    """A target that can do everything, but for the levels of one primitive; 1,000 probes a level, synthetic."""
    strong = find_profile(parse_target(POOL)).profile
    assert strong is not None
    fine = {Level.of(i + 1): (round(1000 * p), 1000) for i, p in enumerate(FINE)}
    cells = {name: Cell(counts=fine) for name in strong.cells}
    cells[lost] = Cell(counts={Level.of(i + 1): (round(1000 * p), 1000) for i, p in enumerate(levels)})
    return strong.model_copy(update={"name": NAME, "model": NAME, "harness": "builtin", "cells": cells})


@dataclass
class Stream:
    """What happened in one stream. `rows`: (adaptive succeeded, raw succeeded) by task; `again`: tasks that the original text
    did once more."""

    rows: list[tuple[bool, bool]] = field(default_factory=list)
    detected: int | None = None
    recovered: int | None = None
    variants: int = 0
    false_requests: int = 0
    shadows: int = 0
    again: int = 0


class World:
    """The skill, its compiled plan, and the models as they really are."""

    def __init__(self, home: Path, scenario: Scenario) -> None:
        self.settings = Settings(home=home, cache=home / "cache")
        self.settings.profiles.mkdir(parents=True, exist_ok=True)
        self.known = profile()
        (self.settings.profiles / f"{NAME}.json").write_bytes(profile_bytes(self.known))
        self.source: SkillSource = load_skill(SKILLS / SKILL)
        self.options = CompileOptions(target=f"sim/{NAME}", pool=scenario.pool)
        self.plan = compile_source(self.source, CompileOptions(target=f"sim/{NAME}"), self.settings)
        other = find_profile(parse_target(POOL)).profile
        assert other is not None
        self.other, self.lost = other, profile(scenario.lost, scenario.levels)

    def does(self, plan: Artifact, task: int, seed: int, drifted: bool) -> Iterator[tuple[StepNode, bool]]:
        """Model steps of a run in order until one fails."""
        for node in plan.plan.nodes:
            if not isinstance(node, StepNode) or node.executor.kind is not ExecutorKind.MODEL:
                continue
            elsewhere = node.executor.target.startswith(POOL)
            who = self.other if elsewhere else self.lost if drifted else self.known
            ok = all(
                uniform("common", seed, task, node.key, need.primitive) < chance(who, need.primitive, need.level)
                for need in node.requires
            )
            yield node, ok
            if not ok:
                return

    def raw(self, task: int, seed: int, drifted: bool) -> bool:
        """The whole skill in one agent: every requirement of every step, at the levels the author's text asks."""
        return all(ok for _, ok in self.does(self.plan.unedited(), task, seed, drifted))


def stream(world: World, seed: int, drifts: bool, policy: AdaptPolicy) -> Stream:
    """500 tasks; the record is what the product would keep."""
    made = Stream()
    record = AdaptRecord(skill=SKILL, target=world.plan.target.name, source=world.plan.source.digest)
    plans = {"": world.plan}
    for task in range(TASKS):
        lost = drifts and task >= DRIFT
        active = plans[record.active]
        steps = list(world.does(active, task, seed, lost))
        ok = all(done for _, done in steps)
        raw = world.raw(task, seed, lost)
        good = ok
        seen = [_outcome(node, done, task) for node, done in steps]
        record = watched(record, seen, world.known, policy)
        shadow = record.variant(VariantState.SHADOW)
        if shadow is not None:
            made.shadows += 1
            other = all(done for _, done in world.does(plans[shadow.digest], task, seed, lost))
            record = compared(record, ok, other, policy)
            good = ok or other
            if record.active == shadow.digest and made.recovered is None:
                made.recovered = task
        if not good and worth_again(record, policy):
            good = world.raw(task + AGAIN, seed, lost)
            record = done_again(record, good, policy)
            made.again += 1
        made.rows.append((good, raw))
        asked = requested(record, plans[record.active], world.known, policy)
        if asked is None:
            continue
        made.false_requests += not lost
        if lost and made.detected is None:
            made.detected = task
        new = recompiled(world.source, plans[record.active], asked, world.options, world.settings)
        if plan_digest(new) == plan_digest(plans[record.active]):
            record = record.model_copy(update={"asked": record.asked | dict.fromkeys(asked.primitives, record.outcomes + 100)})
            continue
        plans[new.digest] = new
        record = admit(record, new.digest, plan_digest(new), asked, policy)
    made.variants = record.tried
    return made


def _outcome(node: StepNode, ok: bool, task: int) -> Outcome:
    names = tuple(sorted({r.primitive for r in node.requires}))
    return Outcome(
        run=f"t{task}", step=node.id, requires=node.requires, ok=ok, target=node.executor.target,
        suspects=() if ok else names, input=f"{task}", simulated=True,
    )  # fmt: skip


def measure(streams: int, seed: int) -> dict[str, Any]:
    """All scenarios, as a table and as figures."""
    policy = AdaptPolicy()
    found, held = [], True
    for scenario in SCENARIOS:
        drifts = scenario.levels != FINE
        with tempfile.TemporaryDirectory(prefix="skvm-drift-") as home:
            world = World(Path(home), scenario)
            made = [stream(world, seed * 1000 + n, drifts, policy) for n in range(streams)]
        row = summed(scenario, made, drifts)
        held = held and row["held"]
        found.append(row)
    return {"scenarios": found, "tasks": TASKS, "drift_at": DRIFT, "held": held, "text": "\n".join(_text(r) for r in found)}


def summed(scenario: Scenario, made: list[Stream], drifts: bool) -> dict[str, Any]:
    """Figures of a scenario; phases are before the loss, up to the accepted plan, and from there."""
    phases: dict[str, list[tuple[bool, bool]]] = {"before": [], "window": [], "after": []}
    for one in made:
        start = DRIFT if drifts else TASKS
        end = one.recovered + 1 if one.recovered is not None else TASKS
        phases["before"] += one.rows[:start]
        phases["window"] += one.rows[start:end]
        phases["after"] += one.rows[max(end, start) :]
    rows = {name: phase(pairs, BARS[name]) for name, pairs in phases.items() if pairs}
    whole = phase([r for one in made for r in one.rows], BARS["before"])
    one = phase(made[0].rows, BARS["before"])
    detected = sorted(s.detected - DRIFT + 1 for s in made if s.detected is not None)
    recovered = sorted(s.recovered - DRIFT + 1 for s in made if s.recovered is not None and s.recovered >= DRIFT and drifts)
    return {
        "scenario": scenario.name,
        "streams": len(made),
        "phases": rows,
        "all": whole,
        "first_stream": one,
        "detected": spread(detected),
        "recovered": spread(recovered),
        "variants": sum(s.variants for s in made),
        "accepted_before": sum(s.recovered is not None and (s.recovered < DRIFT or not drifts) for s in made),
        "requests_before": sum(s.false_requests for s in made),
        "shadow_runs": sum(s.shadows for s in made),
        "done_again": sum(s.again for s in made),
        "held": all(r["held"] for r in rows.values()),
    }


def phase(rows: list[tuple[bool, bool]], bar: float) -> dict[str, Any]:
    """Success of both, paired difference and its lower 95 % bound (Agresti and Min 2005: half a pair added to each cell)."""
    n = len(rows)
    wins, losses = sum(a and not b for a, b in rows), sum(b and not a for a, b in rows)
    m, b, c = n + 2, wins + 0.5, losses + 0.5
    low = (b - c) / m - 1.96 * sqrt(max((b + c) - (b - c) ** 2 / m, 0.0)) / m
    return {
        "tasks": n,
        "adaptive": round(sum(a for a, _ in rows) / n, 4),
        "raw": round(sum(b for _, b in rows) / n, 4),
        "difference": round((wins - losses) / n, 4),
        "lower": round(low, 4),
        "bar": bar,
        "held": low >= bar,
    }


def spread(values: list[int]) -> dict[str, Any]:
    """Least, median and most."""
    if not values:
        return {"n": 0}
    return {"n": len(values), "least": values[0], "median": median(values), "most": values[-1]}


def _text(row: dict[str, Any]) -> str:
    lines = [f"stream (SIMULATED): {row['scenario']}, {row['streams']} streams of {TASKS} tasks"]
    for name, p in (*row["phases"].items(), ("all", row["all"]), ("one stream", row["first_stream"])):
        mark = ("held" if p["held"] else "MISSED") if name in BARS else ""
        lines.append(
            f"  {name:<10} {p['tasks']:>6} tasks: success {p['adaptive']:.3f}, raw {p['raw']:.3f}, paired difference "
            f"{100 * p['difference']:+.1f} points, lower bound {100 * p['lower']:+.1f}"
            + (f" (bar {100 * p['bar']:+.0f})  {mark}" if mark else "")
        )
    lines.append(
        f"  runs until detected {row['detected']}, until recovered {row['recovered']}; {row['variants']} variants, "
        f"{row['shadow_runs']} shadow runs, {row['done_again']} failed tasks done once more"
    )
    lines.append(f"  before any loss {row['requests_before']} requests, {row['accepted_before']} variants accepted")
    return "\n".join(lines)
