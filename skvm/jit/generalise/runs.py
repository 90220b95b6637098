"""Runs laid over each other: how often each call of the code was made, and what it could refer to each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.jit.generalise.layout import Layout
from skvm.jit.generalise.origins import World
from skvm.jit.generalise.pieces import Inputs
from skvm.jit.observe.observation import Observation
from skvm.plan import CallRecord

Row = tuple[World, CallRecord]
"""One time that a call was made, and what it could refer to."""


@dataclass
class Runs:
    """Runs of one program; `items`: for each loop begun and each run what the loop goes over."""

    observations: Sequence[Observation]
    inputs: Inputs
    layout: Layout
    items: list[list[list[Any]]] = field(default_factory=list)

    def rows(self, index: int) -> list[Row]:
        """Every time that a call of the code was made: once for each run, in a loop once for each item."""
        loop = self.layout.loop_of(index)
        rows: list[Row] = []
        for run, seen in enumerate(self.observations):
            places = self.layout.places(run)
            first = index if loop is None else self.layout.loops[loop][0]
            before = self._before(run, first)
            for turn, at in enumerate(places[index]):
                inner = tuple(seen.calls[places[own][turn]] for own in range(first, index))
                items = {} if loop is None else {str(loop): self.items[loop][run][turn]}
                rows.append((World(self._captures(run), (*before, *inner), items), seen.calls[at]))
        return rows

    def _captures(self, run: int) -> dict[str, Any]:
        return {name: column[run] for name, column in self.inputs.table.items()}

    def _before(self, run: int, upto: int) -> tuple[Any, ...]:
        """The calls of a run before a place of the code; of a loop all rounds as one."""
        calls, places = self.observations[run].calls, self.layout.places(run)
        inside = [self.layout.loop_of(index) is not None for index in range(upto)]
        rounds = [tuple(calls[at] for at in places[index]) for index in range(upto)]
        return tuple(made if loop else made[0] for made, loop in zip(rounds, inside, strict=True))

    def ends(self, upto: int) -> list[World]:
        """What each run could refer to when it came to a place of the code outside of loops."""
        return [World(self._captures(run), self._before(run, upto)) for run in range(len(self.observations))]
