"""Probability that a target holds a level, from counts or from a letter.

Beta(1,1) posterior means, pooled so that a higher level is never more likely than a lower one (pool adjacent violators).
A letter whose level has no counts is read as 3 of 3 at its level and 1 of 3 one above, and flagged as inferred; levels that
were counted keep their counts.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, log1p, sqrt
from typing import NamedTuple

from skvm.capability.model import Cell, Level

LETTER_PASS = (3, 3)
LETTER_FAIL = (1, 3)
INTERVAL = 0.90
STEPS = 2000
"""Cells of the grid on which a density is summed."""


class Estimate(NamedTuple):
    """Posterior mean and central interval (mass `INTERVAL`) of one level; `inferred` when it rests on a letter."""

    mean: float
    interval: tuple[float, float]
    inferred: bool


def probability(cell: Cell, level: Level) -> Estimate | None:
    """Estimate for one level of a cell; L0 is always held; None when nothing bears on that level."""
    if level is Level.L0:
        return Estimate(1.0, (1.0, 1.0), False)
    counts = _counts(cell)
    if not counts:
        return None
    pooled = _pool(counts)
    known = [rank for rank in pooled if rank >= level.rank]
    if not known:
        return _beyond(pooled, level)
    passed, n = pooled[min(known)]
    inferred = cell.counts.get(level, (0, 0))[1] == 0
    return Estimate(round((passed + 1) / (n + 2), 6), beta_interval(passed, n), inferred)


def _beyond(pooled: dict[int, tuple[float, float]], level: Level) -> Estimate | None:
    """Above the highest measured level only a failure below says something: it can be no better than that."""
    passed, n = pooled[max(pooled)]
    mean = (passed + 1) / (n + 2)
    if mean >= 0.5 or level.rank <= max(pooled):
        return None
    return Estimate(round(mean, 6), beta_interval(passed, n), True)


def _counts(cell: Cell) -> dict[int, tuple[float, float]]:
    table = {lvl.rank: (float(p), float(n)) for lvl, (p, n) in cell.counts.items() if n}
    if cell.level is None or cell.level.rank in table or (table and cell.level is Level.L0):
        return table
    if cell.level.rank:
        table[cell.level.rank] = LETTER_PASS
    if cell.level.rank < 3:
        table.setdefault(cell.level.rank + 1, LETTER_FAIL)
    return table


def _pool(counts: dict[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
    """Pool adjacent violators so that the mean does not rise with the level.

    Every level brings its own prior into a block, so a block's mean is the weighted mean of its levels' posterior means: only
    then does one more pass never lower any level.
    """
    blocks: list[tuple[list[int], float, float]] = []
    for rank in sorted(counts):
        passed, n = counts[rank]
        blocks.append(([rank], passed, n))
        while len(blocks) > 1 and _mean(blocks[-1]) > _mean(blocks[-2]):
            ranks, p, m = blocks.pop()
            before, q, k = blocks.pop()
            blocks.append((before + ranks, p + q, m + k))
    return {rank: (p / len(ranks), n / len(ranks)) for ranks, p, n in blocks for rank in ranks}


def _mean(block: tuple[list[int], float, float]) -> float:
    ranks, passed, n = block
    return (passed + len(ranks)) / (n + 2 * len(ranks))


@lru_cache(maxsize=4096)
def beta_interval(passed: float, n: float) -> tuple[float, float]:
    """Central interval of Beta(1 + passed, 1 + n - passed), by summing the density on a grid; any n from 0 on."""
    a, b = 1 + passed, 1 + n - passed
    tail = (1 - INTERVAL) / 2
    return round(_quantile(a, b, tail), 4), round(_quantile(a, b, 1 - tail), 4)


def _quantile(a: float, b: float, mass: float) -> float:
    """Weights are taken relative to the largest one, in logarithms, so that none of them all becomes zero for large counts."""
    low, high = _range(a, b)
    width = (high - low) / STEPS
    places = [low + (i + 0.5) * width for i in range(STEPS)]
    logs = [(a - 1) * log(x) + (b - 1) * log1p(-x) for x in places]
    top = max(logs)
    weights = [exp(value - top) for value in logs]
    goal, seen = mass * sum(weights), 0.0
    for i, weight in enumerate(weights):
        if weight and seen + weight >= goal:
            return low + (i + (goal - seen) / weight) * width
        seen += weight
    return high


def _range(a: float, b: float) -> tuple[float, float]:
    """Where the mass lies: everything for moderate counts, else twelve standard deviations about the mean (Beta moments)."""
    n = a + b
    if n <= 1000:
        return 0.0, 1.0
    mean, spread = a / n, 12 * sqrt(a * b / (n * n * (n + 1)))
    return max(0.0, mean - spread), min(1.0, mean + spread)
