"""Which instances to run next. Rounds are decided from finished rounds only, so concurrency and interruption change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from skvm.profile.measure.curve import NOTHING, RANKS, Counts, gain, posterior

ROUND = 8
"""Instances of a round: enough to keep lanes busy, few enough to learn from."""


class Next(NamedTuple):
    """One more instance: primitive, level rank, and its number among those of the same level (from 0)."""

    primitive: str
    rank: int
    number: int


@dataclass(frozen=True)
class Policy:
    """`error`: a verdict is safe when it is wrong with at most this probability. `most`: instances of one primitive at most.

    `first`: level rank every primitive begins with (the highest one: a pass there speaks for all below).
    """

    error: float = 0.05
    most: int = 12
    first: int = 3

    def done(self, counts: Counts) -> bool:
        """Is the verdict safe, or has the primitive had all its instances?"""
        spent = sum(n for _, n in counts)
        return bool(spent) and (spent >= self.most or 1 - posterior(counts).safe <= self.error)

    def round(self, table: Mapping[str, Counts], left: int, size: int = ROUND) -> tuple[Next, ...]:
        """The next round: the instances that are expected to say most, by primitive; empty when all is done or spent.

        At most one instance of a primitive is in a round, and every primitive is begun before any is gone into.
        """
        room = min(left, size)
        fresh = [Next(name, self.first, 0) for name in sorted(table) if table[name] == NOTHING]
        if fresh:
            return tuple(fresh[:room])
        rows = [self._best(name, table[name]) for name in sorted(table) if not self.done(table[name])]
        rows.sort(key=lambda row: (-row[0], row[1].primitive))
        return tuple(following for _, following in rows[:room])

    def _best(self, name: str, counts: Counts) -> tuple[float, Next]:
        """The level whose next instance is expected to say most, the lower of two that are equal, and how much."""
        gains = {rank: round(gain(counts, rank), 9) for rank in RANKS}
        rank = max(RANKS, key=gains.__getitem__)
        return gains[rank], Next(name, rank, counts[rank - 1][1])
