"""What counts say about one primitive: a posterior over success curves p(L1) >= p(L2) >= p(L3).

Curves lie on a grid of GRID probabilities, all monotone triples of it. A prior mixes two: three draws from a Beta distribution
put in order; and every verdict as likely as another and within a verdict every curve. Probabilities and intervals have one of
their own, which is the vaguer: an interval must be right about levels that few or no results speak of, too. A level is held
when its probability is at least HELD; the verdict is the highest level held. For the verdict most levels count as either well
within or well beyond a model's reach, and curves inside the zone of indifference around HELD count less, as in Wald's
sequential test (1945): either verdict does there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import log
from typing import NamedTuple

GRID = 20


class Mixed(NamedTuple):
    """A prior: `shape` of the Beta distribution, `even` the weight of the part in which verdicts are alike."""

    shape: tuple[float, float]
    even: float


ESTIMATE = Mixed((1.0, 0.6), 0.6)
VERDICT = Mixed((0.7, 0.4), 0.4)
ZONE = (0.6, 0.9)
INDIFFERENT = 0.6
"""Weight of each level inside the zone; like the priors tuned on three generators of `bench/profiling.py`, not on the fourth.
ESTIMATE is, of the priors tried, the one whose worst coverage over the three is best while none is above 92 %."""

HELD = 0.8
INTERVAL = 0.90
RANKS = (1, 2, 3)

Counts = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""(passed, n) for L1, L2, L3."""

NOTHING: Counts = ((0, 0), (0, 0), (0, 0))


class LevelEstimate(NamedTuple):
    """Posterior mean and shortest INTERVAL interval of the success probability at one level."""

    mean: float
    interval: tuple[float, float]


class Curve(NamedTuple):
    """Posterior of one primitive: weight per curve (sums to 1) and per verdict L0 to L3."""

    weights: tuple[float, ...]
    verdicts: tuple[float, float, float, float]

    @property
    def level(self) -> int:
        """The median verdict, which is seldom off by two."""
        seen, rank = self.verdicts[0], 0
        while seen < 0.5 and rank < 3:
            rank += 1
            seen += self.verdicts[rank]
        return rank

    @property
    def safe(self) -> float:
        """Probability that the verdict is right."""
        return self.verdicts[self.level]

    @property
    def open(self) -> float:
        """How much is still open about the verdict: its entropy in bits and twice its variance in squared levels, since being
        off by two is worse than twice being off by one."""
        mean = sum(rank * p for rank, p in enumerate(self.verdicts))
        spread = sum(p * (rank - mean) ** 2 for rank, p in enumerate(self.verdicts))
        return 2 * spread - sum(p * log(p, 2) for p in self.verdicts if p > 0)


class _Space(NamedTuple):
    """All curves: grid index per level, prior, verdict, and how much each counts for the verdict."""

    indices: tuple[tuple[int, int, int], ...]
    prior: tuple[float, ...]
    verdict: tuple[int, ...]
    says: tuple[float, ...]


@cache
def posterior(counts: Counts) -> Curve:
    """Posterior of the curve after `counts` (Bayes; binomial likelihood per level)."""
    space = _space()
    tables = [_likelihood(passed, n) for passed, n in counts]
    weights = [p * tables[0][i] * tables[1][j] * tables[2][k] for p, (i, j, k) in zip(space.prior, space.indices, strict=True)]
    return _curve(weights)


def _curve(weights: list[float]) -> Curve:
    space, total = _space(), sum(weights)
    masses = [0.0, 0.0, 0.0, 0.0]
    for weight, verdict, says in zip(weights, space.verdict, space.says, strict=True):
        masses[verdict] += weight * says
    whole = sum(masses)
    return Curve(
        tuple(w / total for w in weights), (masses[0] / whole, masses[1] / whole, masses[2] / whole, masses[3] / whole)
    )


def estimate(curve: Curve, rank: int) -> LevelEstimate:
    """Mean and interval at level `rank` (1 to 3); inside a cell of the grid the mass counts as spread evenly."""
    masses = [0.0] * GRID
    for weight, triple in zip(curve.weights, _space().indices, strict=True):
        masses[triple[rank - 1]] += weight
    mean = sum(mass * _middle(i) for i, mass in enumerate(masses))
    return LevelEstimate(round(mean, 6), _shortest(masses))


@cache
def gain(counts: Counts, rank: int) -> float:
    """By how much one more instance of level `rank` is expected to settle the verdict."""
    now = posterior(counts)
    chance = estimate(now, rank).mean
    after = [posterior(added(counts, rank, passed)).open for passed in (True, False)]
    return max(0.0, now.open - chance * after[0] - (1 - chance) * after[1])


def added(counts: Counts, rank: int, passed: bool) -> Counts:
    """`counts` after one more result at level `rank`."""
    rows = list(counts)
    p, n = rows[rank - 1]
    rows[rank - 1] = (p + passed, n + 1)
    return rows[0], rows[1], rows[2]


@cache
def _likelihood(passed: int, n: int) -> tuple[float, ...]:
    return tuple(_middle(i) ** passed * (1 - _middle(i)) ** (n - passed) for i in range(GRID))


def _middle(index: int) -> float:
    return (index + 0.5) / GRID


def _shortest(masses: list[float]) -> tuple[float, float]:
    """The shortest interval with mass INTERVAL that begins or ends at an edge of a cell.

    Where the mass lies at an end of the scale a central interval would leave that very end out.
    """
    found = (0.0, 1.0)
    seen = 0.0
    for index in range(GRID + 1):
        edge = index / GRID
        begins = (edge, _quantile(masses, seen + INTERVAL)) if seen + INTERVAL <= 1 else found
        ends = (_quantile(masses, seen - INTERVAL), edge) if seen >= INTERVAL else found
        found = min(found, begins, ends, key=lambda pair: round(pair[1] - pair[0], 6))
        seen += masses[index] if index < GRID else 0.0
    return round(found[0], 4), round(found[1], 4)


def _quantile(masses: list[float], mass: float) -> float:
    seen = 0.0
    for index, weight in enumerate(masses):
        if weight and seen + weight >= mass:
            return round((index + (mass - seen) / weight) / GRID, 4)
        seen += weight
    return 1.0


@cache
def _space() -> _Space:
    indices = tuple((i, j, k) for i in range(GRID) for j in range(i + 1) for k in range(j + 1))
    verdict = tuple(sum(_middle(x) > HELD for x in triple) for triple in indices)
    prior, decisive = (_prior(mixed, indices, verdict) for mixed in (ESTIMATE, VERDICT))
    zone = [INDIFFERENT ** sum(ZONE[0] < _middle(x) < ZONE[1] for x in triple) for triple in indices]
    says = tuple(p * weight / q for p, weight, q in zip(decisive, zone, prior, strict=True))
    return _Space(indices, prior, verdict, says)


def _prior(mixed: Mixed, indices: Sequence[tuple[int, int, int]], verdict: Sequence[int]) -> tuple[float, ...]:
    a, b = mixed.shape
    density = [_middle(i) ** (a - 1) * (1 - _middle(i)) ** (b - 1) for i in range(GRID)]
    ordered = [density[i] * density[j] * density[k] for i, j, k in indices]
    whole, alike = sum(ordered), [4 * verdict.count(rank) for rank in range(4)]
    return tuple((1 - mixed.even) * p / whole + mixed.even / alike[rank] for p, rank in zip(ordered, verdict, strict=True))
