"""The cheapest choice within the limits, exactly.

Where every step's own cheapest executor keeps all limits, that is the answer. Else good choices are sought first, and partial
ones are walked (see `walk`) until none is left that could be cheaper, or what is known of the rest already proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import inf

from skvm.compile.binding.table import Option, Table, cost_of, loss_of, roomy, time_of
from skvm.compile.binding.walk import Effort, Walk

BEAMS = (8, 200)
"""Widths of the walks that look for a good choice before the one that proves: only speed depends on them."""


@dataclass(frozen=True)
class Choice:
    """An option per step, and what they come to.

    `least`: no choice within the limits costs less; equal to `cost`, up to rounding, when the choice is proved the cheapest.
    `compared`: partial choices that were looked at for that.
    """

    options: tuple[int, ...]
    cost: float
    loss: float
    time: float
    least: float
    compared: int

    @property
    def proved(self) -> bool:
        """Is no choice cheaper?"""
        return self.cost <= roomy(self.least)


def solve(table: Table, most: float = inf) -> Choice | None:
    """The cheapest choice within all limits, always the same one; None when no choice keeps them.

    `most`: after so many partial choices the best known is the answer, and `Choice.least` tells how far off it can be; a table
    with limits is then answered None when no choice that keeps them was found by that time.
    """
    picked = [min(range(len(options)), key=lambda i: _rank(options[i], i)) for options in table.steps]
    if not table.switching and within(table, _take(table, picked)):
        return _choice(table, picked, None, len(picked))
    search = _Search(table, most)
    for models in _model_sets(table):
        search.within(models)
    return search.answer()


def _rank(option: Option, place: int) -> tuple[float, float, float, int]:
    return option.cost, option.loss, option.time, place


def _take(table: Table, picked: Iterable[int]) -> list[Option]:
    return [options[i] for options, i in zip(table.steps, picked, strict=True)]


def within(table: Table, chosen: list[Option]) -> bool:
    """Does a whole choice keep every limit?"""
    used = {option.model for option in chosen if option.model is not None}
    return (
        loss_of(chosen) <= roomy(table.loss)
        and time_of(table, chosen) <= roomy(table.time)
        and (table.models is None or len(used) <= table.models)
    )


def _choice(table: Table, picked: Iterable[int], least: float | None, compared: int) -> Choice:
    places = tuple(picked)
    chosen = _take(table, places)
    cost = cost_of(table, chosen)
    return Choice(places, cost, loss_of(chosen), time_of(table, chosen), cost if least is None else min(least, cost), compared)


def _model_sets(table: Table) -> Iterator[frozenset[str] | None]:
    """Sets of models to choose from: all of them, or every largest set that the limit allows."""
    names = sorted({o.model for options in table.steps for o in options if o.model is not None})
    if table.models is None or len(names) <= table.models:
        yield None
        return
    for some in combinations(names, table.models):
        yield frozenset(some)


class _Search:
    """Best whole choice over several sets of models."""

    def __init__(self, table: Table, most: float) -> None:
        self.table = table
        self.best: tuple[float, float, float, tuple[int, ...]] | None = None
        self.effort = Effort(most=most)
        self.open: list[float] = []
        """What the choices at least cost that were not walked to the end."""

    def within(self, models: frozenset[str] | None) -> None:
        """Look for a better choice that uses only these models (None: all)."""
        kept = [
            [i for i, option in enumerate(options) if models is None or option.model is None or option.model in models]
            for options in self.table.steps
        ]
        if not all(kept):
            return
        walk = Walk(self.table, kept)
        for guess in walk.guesses():
            self._offer(guess)
        for width in (*BEAMS, None):
            if self.effort.bar <= roomy(walk.least):
                return
            if not walk.run(self.effort, self._offer, width):
                self.open.append(walk.least)

    def _offer(self, picked: tuple[int, ...]) -> None:
        chosen = _take(self.table, picked)
        if not within(self.table, chosen):
            return
        found = (cost_of(self.table, chosen), loss_of(chosen), time_of(self.table, chosen), picked)
        if self.best is None or found < self.best:
            self.best = found
            self.effort.bar = found[0]

    def answer(self) -> Choice | None:
        """The best of all that was offered."""
        if self.best is None:
            return None
        return _choice(self.table, self.best[3], min(self.open, default=None), self.effort.compared)
