"""How well the sequential measurement finds levels: simulated targets with known curves, beside the fixed rule.

The fixed rule runs 3 instances of each of 3 levels of each primitive (234 runs) and calls the highest level with 3 of 3 the
target's. Both see the same targets. `chained` was used neither for the prior nor for tuning.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from skvm.profile.measure.curve import HELD, NOTHING, RANKS, Counts, added, estimate, posterior
from skvm.profile.measure.policy import Policy

PRIMITIVES = tuple(f"p{i:02}" for i in range(26))
FIXED_RUNS = 234

Curve = tuple[float, float, float]


def logistic(rng: random.Random) -> Curve:
    """Ability against growing difficulty, with a lapse rate."""
    ability, lapse = rng.gauss(1.0, 2.2), rng.uniform(0, 0.06)
    steps = (-2.0 + rng.gauss(0, 0.5), rng.gauss(0, 0.5), 2.0 + rng.gauss(0, 0.5))
    low, middle, high = sorted(steps)
    p1, p2, p3 = ((1 - lapse) / (1 + math.exp(-1.6 * (ability - d))) for d in (low, middle, high))
    return p1, p2, p3


def stepwise(rng: random.Random) -> Curve:
    """A level that is held well, and what lies above it held badly."""
    level = rng.choices(range(4), (2, 2, 3, 4))[0]
    held = sorted((rng.uniform(0.82, 1.0) for _ in range(level)), reverse=True)
    missed = sorted((rng.uniform(0.0, 0.75) for _ in range(3 - level)), reverse=True)
    p1, p2, p3 = held + missed
    return p1, p2, p3


def descending(rng: random.Random) -> Curve:
    """Three draws of Beta(1.2, 0.7) in falling order."""
    p1, p2, p3 = sorted((rng.betavariate(1.2, 0.7) for _ in range(3)), reverse=True)
    return p1, p2, p3


def chained(rng: random.Random) -> Curve:
    """Each level is held only by those that hold the one below: products of Beta draws."""
    p1 = rng.betavariate(5, 0.8)
    p2 = p1 * rng.betavariate(3, 0.8)
    return p1, p2, p2 * rng.betavariate(2, 0.8)


GENERATORS: dict[str, Callable[[random.Random], Curve]] = {
    "logistic": logistic, "stepwise": stepwise, "sorted": descending, "chained": chained,
}  # fmt: skip


@dataclass
class Tally:
    """Counts over cells of one method."""

    clear: int = 0
    right: int = 0
    far: int = 0
    cells: int = 0
    runs: int = 0
    covered: int = 0
    intervals: int = 0
    targets: int = 0

    def cell(self, curve: Curve, level: int) -> None:
        """Judge one verdict."""
        self.cells += 1
        self.far += abs(level - true_level(curve)) >= 2
        if not any(0.6 < p < 0.9 for p in curve):
            self.clear += 1
            self.right += level == true_level(curve)

    def report(self) -> dict[str, float]:
        """Shares and counts."""
        row = {
            "accuracy_clear": round(self.right / self.clear, 4),
            "clear": self.clear,
            "off_by_two": self.far,
            "cells": self.cells,
            "runs_per_target": round(self.runs / self.targets, 1),
        }
        if self.intervals:
            row["coverage"] = round(self.covered / self.intervals, 4)
        return row


def true_level(curve: Curve) -> int:
    """Highest level with p >= HELD."""
    return max((rank for rank in RANKS if curve[rank - 1] >= HELD), default=0)


def outcome(seed: str, name: str, rank: int, number: int, p: float) -> bool:
    """Result of one instance, by its identity, so that every method sees the same."""
    return random.Random(f"{seed}|{name}|{rank}|{number}").random() < p


def fixed_rule(seed: str, name: str, curve: Curve) -> int:
    """Highest level with 3 of 3."""
    held = (all(outcome(seed, name, rank, i, curve[rank - 1]) for i in range(3)) for rank in RANKS)
    return max((rank for rank, ok in zip(RANKS, held, strict=True) if ok), default=0)


def sequential(seed: str, curves: dict[str, Curve], budget: int, policy: Policy) -> tuple[dict[str, Counts], int]:
    """Counts per primitive after at most `budget` runs, and the runs."""
    table, left = dict.fromkeys(curves, NOTHING), budget
    while following := policy.round(table, left):
        for name, rank, number in following:
            passed = outcome(seed, name, rank, number, curves[name][rank - 1])
            table[name] = added(table[name], rank, passed)
        left -= len(following)
    return table, budget - left


def measure(generator: str, targets: int, share: float, policy: Policy) -> tuple[Tally, Tally]:
    """Tallies of the fixed rule and of the sequential measurement on the same targets."""
    fixed, ours = Tally(targets=targets), Tally(targets=targets)
    for number in range(targets):
        seed = f"{generator}{number}"
        rng = random.Random(seed)
        curves = {name: GENERATORS[generator](rng) for name in PRIMITIVES}
        table, runs = sequential(seed, curves, int(FIXED_RUNS * share), policy)
        ours.runs += runs
        fixed.runs += FIXED_RUNS
        for name, curve in curves.items():
            fixed.cell(curve, fixed_rule(seed, name, curve))
            found = posterior(table[name])
            ours.cell(curve, found.level)
            for rank in RANKS:
                low, high = estimate(found, rank).interval
                ours.intervals += 1
                ours.covered += low <= curve[rank - 1] <= high
    return fixed, ours


def command(targets: int = 100) -> int:
    """Print the table; SIMULATED targets."""
    print(f"{targets} SIMULATED targets a generator; fixed rule: {FIXED_RUNS} runs a target")
    for generator in GENERATORS:
        for share in (0.4, 0.6):
            begin = time.process_time()
            f, o = (tally.report() for tally in measure(generator, targets, share, Policy()))
            print(
                f"{generator:9} {share:.0%}: runs {o['runs_per_target']:6}  clear cells {o['accuracy_clear']:.3f} "
                f"(fixed {f['accuracy_clear']:.3f}, n {o['clear']:.0f})  "
                f"off by two {o['off_by_two']:.0f} (fixed {f['off_by_two']:.0f}) of {o['cells']:.0f}  "
                f"90 % intervals cover {o['coverage']:.3f}  CPU {time.process_time() - begin:.1f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(command())
