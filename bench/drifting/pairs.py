"""Errors and power of accepting a variant, by the product's own comparison and by its whole loop. SIMULATED outcomes."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median
from typing import Any

from skvm.capability import Cell, Level, Profile
from skvm.ir import EffectClass
from skvm.jit.adapt import (
    AdaptPolicy,
    AdaptRecord,
    Outcome,
    RecompileRequest,
    VariantState,
    admit,
    compared,
    requested,
    watched,
)
from skvm.plan import Artifact, Executor, ExecutorKind, Plan, Requires, Slice, StepNode
from skvm.plan.artifact import SourceInfo, TargetInfo
from skvm.source import Span

PAIRS, WARM, TASKS = 400, 150, 500
FLIPS = 0.27
SUCCESS = 0.839
"""Two independent runs at this success differ in 27 % of pairs: 2 p (1 - p)."""

DROP = 0.20
MOST_ACCEPTED = 6
LEAST_POWER = 0.90

Pair = tuple[bool, bool]
NEED = Requires(primitive="tool.exec", level=Level.L1)
REQUEST = RecompileRequest(
    skill="s", target="m", source="x", primitives=("tool.exec",), steps=("S1.s1",), counts={}, reason="by the bench"
)
PROFILE = Profile(name="m", model="m", harness="builtin", cells={"tool.exec": Cell(counts={Level.L1: (5, 6)})})


def trial(draw: Callable[[], Pair], policy: AdaptPolicy) -> int | None:
    """After how many pairs a variant was accepted; None when it was not."""
    record = admit(AdaptRecord(skill="s", target="m", source="x"), "sha256:v", "plan", REQUEST, policy)
    for number in range(1, policy.pairs + 1):
        record = compared(record, *draw(), policy)
        if record.active:
            return number
    return None


def one_step() -> Artifact:
    """A plan of one model step that needs one primitive."""
    node = StepNode(
        id="S1.s1", key="k", title="t", span=Span("SKILL.md", 0, 1), executor=Executor(kind=ExecutorKind.MODEL),
        slice=Slice(goal="g", text="t"), requires=(NEED,), effect_class=EffectClass.PURE,
    )  # fmt: skip
    source = SourceInfo(name="s", digest="x", program="p")
    return Artifact.model_validate(
        {"source": source, "target": TargetInfo(model="m", harness="builtin"), "plan": Plan(nodes=(node,))}
    )


def loop(rng: random.Random, success: float, policy: AdaptPolicy) -> tuple[int | None, int | None]:
    """The whole loop on `TASKS` tasks after `WARM` usual ones: tasks until a request, and until a variant at the usual success
    was accepted; None where it did not come to that. A request before the change counts as task 0."""
    plan, asked_at = one_step(), None
    record = AdaptRecord(skill="s", target="m", source="x")
    for number in range(WARM + TASKS):
        ran = rng.random() < (SUCCESS if number < WARM else success)
        seen = Outcome(
            run=f"r{number}", step="S1.s1", requires=(NEED,), ok=ran, suspects=() if ran else ("tool.exec",), input=str(number)
        )
        record = watched(record, [seen], PROFILE, policy)
        if record.variant(VariantState.SHADOW) is not None:
            record = compared(record, ran, rng.random() < SUCCESS, policy)
            if record.active:
                return asked_at, max(0, number - WARM + 1)
        asked = requested(record, plan, PROFILE, policy)
        if asked is not None:
            asked_at = max(0, number - WARM + 1) if asked_at is None else asked_at
            record = admit(record, f"sha256:v{number}", f"plan {number}", asked, policy)
    return asked_at, None


def same(trials: int, seed: int) -> dict[str, Any]:
    """Nothing drifted: a variant that is the plan itself is forced into comparison, and the whole loop left to itself."""
    policy = AdaptPolicy(pairs=PAIRS)
    rng = random.Random(f"same {seed}")

    def draw() -> Pair:
        return rng.random() < SUCCESS, rng.random() < SUCCESS

    accepted = sum(trial(draw, policy) is not None for _ in range(trials))
    whole = [loop(random.Random(f"same loop {seed} {n}"), SUCCESS, policy) for n in range(trials)]
    requests, wrong = sum(a is not None for a, _ in whole), sum(b is not None for _, b in whole)
    held = max(accepted, wrong) <= MOST_ACCEPTED * trials / 200
    lines = [
        f"same (SIMULATED): error {policy.error:g} stated beforehand over all variants, {trials} trials (bar {MOST_ACCEPTED})",
        f"  comparison forced, {PAIRS} pairs of which {FLIPS:.0%} differ by chance: {accepted} accepted",
        f"  whole loop, {WARM + TASKS} tasks, nothing changed: {requests} compiled again, {wrong} accepted  {_mark(held)}",
    ]
    figures = {"accepted": accepted, "loop_requests": requests, "loop_accepted": wrong}
    return {"error": policy.error, "trials": trials, "pairs": PAIRS, **figures, "held": held, "text": "\n".join(lines)}


def power(trials: int, seed: int) -> dict[str, Any]:
    """The plan's model lost 20 points, the variant's did not: by pairs alone, with more noise, and by the whole loop."""
    policy = AdaptPolicy(pairs=PAIRS)
    head = f"power (SIMULATED): success {SUCCESS:.2f} fell by {DROP:.2f}, {trials} trials"
    rows, lines = [], [head]
    for name, flips in (("compared in pairs", 0.0), (f"with {FLIPS:.0%} of all outcomes turned round on top", FLIPS)):
        rng = random.Random(f"power {name} {seed}")

        def draw(rng: random.Random = rng, flips: float = flips) -> Pair:
            ran, variant = rng.random() < SUCCESS - DROP, rng.random() < SUCCESS
            return ran != (rng.random() < flips), variant != (rng.random() < flips)

        taken = [f for f in (trial(draw, policy) for _ in range(trials)) if f is not None]
        rows.append({"how": name, "accepted": len(taken), "median": median(taken) if taken else None})
    found = [loop(random.Random(f"power loop {seed} {n}"), SUCCESS - DROP, policy) for n in range(trials)]
    taken = [b for _, b in found if b is not None]
    noticed = [a for a, _ in found if a is not None]
    rows.append({"how": f"whole loop within {TASKS} tasks", "accepted": len(taken), "median": median(taken) if taken else None})
    held = min(rows[0]["accepted"], rows[2]["accepted"]) >= LEAST_POWER * trials
    for row in rows:
        lines.append(f"  {row['how']}: accepted in {row['accepted']}, median after {row['median']}")
    lines[-1] += f", asked after {median(noticed) if noticed else None}  {_mark(held)}"
    return {"trials": trials, "rows": rows, "held": held, "text": "\n".join(lines)}


def _mark(held: bool) -> str:
    return "held" if held else "MISSED"
