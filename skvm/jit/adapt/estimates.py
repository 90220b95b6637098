"""Estimates that move: a beta-binomial whose prior is the profile at a stated strength, and whose outcomes fade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import comb, inf

from skvm.capability import Cell, Level
from skvm.capability.estimate import LETTER_FAIL, LETTER_PASS, probability
from skvm.capability.gaps import MET_AT, WEAK_AT
from skvm.ir import Frozen
from skvm.jit.adapt.outcomes import Outcome
from skvm.jit.adapt.record import Tally

LINES = (WEAK_AT, MET_AT)
"""Where verdicts change, lowest first."""


class Moved(Frozen):
    """A requirement whose estimate is beyond a policy line with the stated probability. `sure`: that probability."""

    primitive: str
    level: Level
    before: float
    now: float
    sure: float


def tallied(
    tallies: Mapping[str, Mapping[str, Tally]], seen: Outcome, half_life: float, held: Mapping[str, float]
) -> dict[str, dict[str, Tally]]:
    """Tallies after one outcome. A step that went well held all it needs. Of one that failed, each suspect takes the share of
    the failure that is likely its own: P(it failed | at least one did) under `held`, the probabilities before."""
    fade = 0.5 ** (1.0 / half_life)
    new = {name: dict(levels) for name, levels in tallies.items()}
    shares = blame(seen, held)
    for need in seen.requires:
        levels = new.setdefault(need.primitive, {})
        old = levels.get(need.level.value, Tally())
        passed = 1.0 - shares.get(need.primitive, 0.0)
        levels[need.level.value] = Tally(passed=old.passed * fade + passed, n=old.n * fade + 1.0)
    return new


def blame(seen: Outcome, held: Mapping[str, float]) -> dict[str, float]:
    """Share of a failure per suspect; empty for a success. One suspect alone takes all of it."""
    if seen.ok or not seen.suspects:
        return {}
    alone = 1.0
    for name in seen.suspects:
        alone *= held.get(name, 0.5)
    failed = max(1.0 - alone, 1e-9)
    return {name: min(1.0, (1.0 - held.get(name, 0.5)) / failed) for name in seen.suspects}


def live_cell(cell: Cell | None, tallies: Mapping[str, Tally], strength: float, half_life: float = inf) -> Cell:
    """The profile's cell with live outcomes in it. Probes count at most `strength`, letters as decisions has it; with every
    outcome of the level they fade as older outcomes do."""
    base = cell or Cell()
    lost = 1.0 - 0.5 ** (1.0 / half_life)
    counts = {}
    for level, found in _stated(base).items():
        left = max(0.0, 1.0 - tallies.get(level.value, Tally()).n * lost)
        counts[level] = _weakened(found, strength * left)
    for name, tally in tallies.items():
        level = Level(name)
        if level is Level.L0 or not tally.n:
            continue
        passed, n = counts.get(level, (0, 0))
        counts[level] = (passed + round(tally.passed), n + max(round(tally.n), round(tally.passed)))
    return base.model_copy(update={"counts": counts})


def _stated(cell: Cell) -> dict[Level, tuple[int, int]]:
    counts = {level: (passed, n) for level, (passed, n) in cell.counts.items() if n}
    if cell.level is not None and not counts:
        if cell.level.rank:
            counts[cell.level] = LETTER_PASS
        if cell.level.rank < 3:
            counts[Level.of(cell.level.rank + 1)] = LETTER_FAIL
    return counts


def _weakened(found: tuple[int, int], strength: float) -> tuple[int, int]:
    passed, n = found
    if n <= strength:
        return found
    kept = round(strength)
    return min(round(passed * strength / n), kept), kept


def held_at(cell: Cell | None, level: Level) -> float:
    """Probability that a level is held; one half where nothing is known."""
    found = probability(cell, level) if cell is not None and cell.offered else None
    return 0.5 if found is None else found.mean


def moved(primitive: str, level: Level, cell: Cell | None, live: Cell, sure: float) -> Moved | None:
    """Has the estimate of a requirement left the band of its verdict, with probability `sure`?"""
    before, now = probability(cell, level) if cell is not None else None, probability(live, level)
    if before is None or now is None or _band(before.mean) == _band(now.mean):
        return None
    passed, n = live.counts.get(level, (0, 0))
    falls = now.mean < before.mean
    line = LINES[_band(before.mean) - 1] if falls else LINES[_band(before.mean)]
    below = beta_below(passed, n, line)
    certain = below if falls else 1.0 - below
    if certain < sure:
        return None
    return Moved(primitive=primitive, level=level, before=before.mean, now=now.mean, sure=round(certain, 6))


def _band(mean: float) -> int:
    return sum(mean >= line for line in LINES)


def beta_below(passed: int, n: int, line: float) -> float:
    """P(p < line) under Beta(1 + passed, 1 + n - passed): P(Bin(n + 1, line) > passed)."""
    total = n + 1
    return sum(comb(total, k) * line**k * (1 - line) ** (total - k) for k in range(passed + 1, total + 1))


@lru_cache(maxsize=1024)
def lower_quantile(passed: int, n: int, mass: float) -> float:
    """The value that p is below with probability `mass` under Beta(1 + passed, 1 + n - passed), by bisection."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(passed, n, middle) < mass else (low, middle)
    return low
