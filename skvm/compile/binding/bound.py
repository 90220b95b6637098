"""What the steps that are not chosen yet cost at least, failures priced.

Of all links into a step only the one over which most context is sent again is kept, so that what is left is a forest; there
the cheapest choice is found step by step from the leaves (dynamic programming). Leaving switches out only lowers the cost,
so it is a bound. Failures are priced by Lagrange's multiplier of the limit on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from skvm.compile.binding.table import Link, Option, Table

HALVINGS = 16
"""Steps of the search for the multiplier; it only sharpens the bound, so that its precision decides nothing."""

DEAREST = 1e12
"""USD that a failure is priced at most."""

Best = tuple[float, float, int]
"""Least priced cost, and of the choice that has it the loss and the option of the first step (-1: of several trees)."""

NOTHING: Best = (0.0, 0.0, -1)


@dataclass(frozen=True)
class Kept:
    """A table with the options of each step that are still looked at, and the links of the forest by the step they lead to."""

    table: Table
    options: list[list[int]]

    def forest(self) -> list[Link | None]:
        """The link into each step over which most is sent again; None where nothing is."""
        out: list[Link | None] = []
        for links in self.table.before:
            heaviest = max(links, key=lambda link: (link.resent, -link.before), default=None)
            out.append(heaviest if heaviest is not None and heaviest.resent and self.table.switching else None)
        return out


class Bound:
    """Least priced cost of everything after a step, given the models of the steps before that are still built on."""

    def __init__(self, kept: Kept, weight: float) -> None:
        self.kept = kept
        self.weight = weight
        self.links = kept.forest()
        size = len(self.links)
        self.after: list[dict[str | None, Best]] = [{} for _ in range(size)]
        """For each step: least cost of its tree by the model of the step it builds on."""
        self.roots: list[Best] = [NOTHING] * (size + 1)
        """Least cost of all trees that begin at a step or later."""
        self.first: list[int] = [-1] * size
        """For each step that builds on none: its option in the cheapest choice."""
        below: list[list[int]] = [[] for _ in range(size)]
        for step in range(size - 1, -1, -1):
            link = self.links[step]
            values = [(option, self._value(option, i, below[step])) for i, option in self._options(step)]
            if link is None:
                best = min(best for _, best in values)
                self.first[step] = best[2]
                self.roots[step] = _plus(self.roots[step + 1], best)
                continue
            self.roots[step] = self.roots[step + 1]
            below[link.before].append(step)
            self.after[step] = _by_model({option.model for _, option in self._options(link.before)}, link.resent, values)
        self._of: dict[tuple[int, tuple[str | None, ...]], float] = {}

    def _options(self, step: int) -> list[tuple[int, Option]]:
        return [(i, self.kept.table.steps[step][i]) for i in self.kept.options[step]]

    def _value(self, option: Option, place: int, trees: list[int]) -> Best:
        total = (option.cost + self.weight * option.loss, option.loss, place)
        for step in trees:
            total = _plus(total, self.after[step][option.model])
        return total

    def choice(self) -> tuple[int, ...]:
        """The choice that the bound stands for, as an option of every step."""
        picked: list[int] = []
        for step, link in enumerate(self.links):
            if link is None:
                picked.append(self.first[step])
            else:
                model = self.kept.table.steps[link.before][picked[link.before]].model
                picked.append(self.after[step][model][2])
        return tuple(picked)

    @property
    def loss(self) -> float:
        """Loss of the choice that the bound on the whole stands for."""
        return self.roots[0][1]

    @property
    def cost(self) -> float:
        """USD below which no choice within the limit on failures comes."""
        return self.roots[0][0] - (self.weight * self.kept.table.loss if self.weight else 0.0)

    def rest(self, step: int, models: dict[int, str | None], key: tuple[str | None, ...]) -> float:
        """Least priced cost after `step`. `models`: of the steps that are still built on; `key`: the same as a tuple."""
        known = self._of.get((step, key))
        if known is None:
            known = self.roots[step + 1][0]
            for later in range(step + 1, len(self.links)):
                link = self.links[later]
                if link is not None and link.before <= step:
                    known += self.after[later][models[link.before]][0]
            self._of[step, key] = known
        return known


def _plus(one: Best, other: Best) -> Best:
    return one[0] + other[0], one[1] + other[1], one[2]


def _by_model(models: set[str | None], resent: float, values: list[tuple[Option, Best]]) -> dict[str | None, Best]:
    """Least cost of a tree by the model of the step before: with nothing sent again, or as if the model always changed."""
    changed = min((best[0] + (option.context * resent if option.model else 0.0), best[1], best[2]) for option, best in values)
    same: dict[str | None, Best] = {}
    for option, best in values:
        same[option.model] = min(same.get(option.model, best), best)
    same[None] = min(best for _, best in values)
    return {model: min(changed, same.get(model, changed)) for model in models}


def bounds(kept: Kept) -> list[Bound]:
    """The bound without a price on failures; where the limit on them binds, also the one whose price raises it most."""
    free = Bound(kept, 0.0)
    limit = kept.table.loss
    if limit == inf or free.loss <= limit:
        return [free]
    low, high = 0.0, 1.0
    while Bound(kept, high).loss > limit and high < DEAREST:
        low, high = high, high * 4
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if Bound(kept, middle).loss > limit else (low, middle)
    return [free, Bound(kept, high)]
