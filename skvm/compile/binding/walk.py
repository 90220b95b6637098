"""Partial choices, step after step, as in a shortest path with resources (label setting, Desrochers and Soumis 1988).

Of two partial choices that leave the same things open, one that costs, loses and takes no less than the other is dropped; so is
one whose cost plus the least that the rest can cost comes above the best whole choice known. Both drop only what cannot be
better, so what is left is the cheapest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from math import inf

from skvm.compile.binding.bound import Bound, Kept, bounds
from skvm.compile.binding.table import Option, Table, roomy, switch

Label = tuple[float, float, tuple[float, ...], tuple[int, ...]]
"""A partial choice: USD so far, loss so far, when each step that is still waited for ends, and the options picked."""

Key = tuple[str | None, ...]
"""Model of each step that another one still builds on."""


@dataclass
class Effort:
    """What a search has spent. `bar`: USD of the best choice known; `most`: partial choices that may be compared."""

    bar: float = inf
    compared: int = 0
    most: float = inf

    @property
    def spent(self) -> bool:
        """May no more be compared?"""
        return self.compared > self.most


class Walk:
    """Label setting over the steps of a table, with some options of each."""

    def __init__(self, table: Table, some: list[list[int]]) -> None:
        self.table = table
        self.kept = [_undominated(table, options, few) for options, few in zip(table.steps, some, strict=True)]
        self.size = len(table.steps)
        self.bounds = bounds(Kept(table, self.kept))
        self.limited = (table.loss < inf, table.time < inf)

    @cached_property
    def tail(self) -> list[float]:
        """Least seconds on the longest path after each step."""
        out = [0.0] * self.size
        for link in sorted(self.table.links, key=lambda link: -link.after):
            least = min(self.table.steps[link.after][i].time for i in self.kept[link.after])
            out[link.before] = max(out[link.before], least + out[link.after])
        return out

    @cached_property
    def open(self) -> list[tuple[int, ...]]:
        """After each step: the steps so far that a later one still waits for."""
        last = [-1] * self.size
        for link in self.table.links:
            last[link.before] = max(last[link.before], link.after)
        return [tuple(s for s in range(done + 1) if last[s] > done) for done in range(self.size)]

    @cached_property
    def rest_loss(self) -> list[float]:
        """Least loss of all steps from each one on."""
        out = [0.0] * (self.size + 1)
        for step in range(self.size - 1, -1, -1):
            out[step] = out[step + 1] + min(self.table.steps[step][i].loss for i in self.kept[step])
        return out

    def guesses(self) -> Iterator[tuple[int, ...]]:
        """Whole choices that may be good: they only raise the bar early."""
        steps = self.table.steps
        for bound in self.bounds:
            yield bound.choice()
        yield tuple(min(self.kept[s], key=lambda i: (steps[s][i].loss, steps[s][i].cost, i)) for s in range(self.size))
        yield tuple(min(self.kept[s], key=lambda i: (steps[s][i].time, i)) for s in range(self.size))
        for model in sorted({steps[s][i].model or "" for s in range(self.size) for i in self.kept[s]} - {""}):
            yield tuple(
                min(self.kept[s], key=lambda i: (steps[s][i].model != model, steps[s][i].cost, i)) for s in range(self.size)
            )

    @property
    def least(self) -> float:
        """USD below which no choice comes."""
        return max(bound.cost for bound in self.bounds)

    def run(self, effort: Effort, offer: Callable[[tuple[int, ...]], None], width: int | None) -> bool:
        """Offer every whole choice that no other dominates and that may not cost more than the best known.

        `width`: after each step only so many partial choices go on, those that look cheapest; None: all, which proves.
        False when the effort was spent before the end; nothing is offered then.
        """
        layer: dict[Key, list[Label]] = {(): [(0.0, 0.0, (), ())]}
        for step in range(self.size):
            grown: dict[Key, list[Label]] = {}
            for key, labels in layer.items():
                for label in labels:
                    for new_key, new in self._grow(step, key, label, effort.bar):
                        grown.setdefault(new_key, []).append(new)
                        effort.compared += 1
                if width is None and effort.spent:
                    return False
            layer = {key: undominated(labels, self.limited) for key, labels in grown.items()}
            if width is not None:
                layer = self._narrow(step, layer, width)
        for labels in layer.values():
            for label in labels:
                offer(label[3])
        return True

    def _narrow(self, step: int, layer: dict[Key, list[Label]], width: int) -> dict[Key, list[Label]]:
        bound = self.bounds[-1]
        rows = [
            (label[0] + bound.weight * label[1] + self._rest(bound, step, key), label, key)
            for key, labels in layer.items()
            for label in labels
        ]
        out: dict[Key, list[Label]] = {}
        for _, label, key in nsmallest(width, rows, key=lambda row: row[:2]):
            out.setdefault(key, []).append(label)
        return out

    def _grow(self, step: int, key: Key, label: Label, bar: float) -> Iterator[tuple[Key, Label]]:
        """The partial choice with each option of the next step that can still become the cheapest."""
        cost, loss, ends, picked = label
        was = self.open[step - 1] if step else ()
        end_of = dict(zip(was, ends, strict=True)) if self.limited[1] else {}
        start = max((end_of[link.before] for link in self.table.before[step]), default=0.0) if end_of else 0.0
        for i in self.kept[step]:
            option = self.table.steps[step][i]
            now = cost + option.cost + self._moved(step, picked, option)
            lost, end = loss + option.loss, start + option.time
            if lost + self.rest_loss[step + 1] > roomy(self.table.loss) or end + self.tail[step] > roomy(self.table.time):
                continue
            new_key = self._key(step, key, was, option)
            if not self._hopeless(step, new_key, now, lost, bar):
                yield new_key, (now, lost, self._ends(step, end_of, end), (*picked, i))

    def _moved(self, step: int, picked: tuple[int, ...], option: Option) -> float:
        if not self.table.switching:
            return 0.0
        steps = self.table.steps
        return sum(switch(steps[x.before][picked[x.before]].model, option, x.resent) for x in self.table.before[step])

    def _hopeless(self, step: int, key: Key, cost: float, loss: float, bar: float) -> bool:
        """Can it surely not come below the bar? Equal cost is kept: ties are decided later."""
        limit = roomy(bar)
        for bound in self.bounds:
            left = bound.weight * (self.table.loss - loss) if bound.weight else 0.0
            if cost + self._rest(bound, step, key) - left > limit:
                return True
        return False

    def _rest(self, bound: Bound, step: int, key: Key) -> float:
        return bound.rest(step, dict(zip(self.open[step], key, strict=True)) if key else {}, key)

    def _key(self, step: int, key: Key, was: tuple[int, ...], option: Option) -> Key:
        if not self.table.switching:
            return ()
        model_of = {**dict(zip(was, key, strict=True)), step: option.model}
        return tuple(model_of[s] for s in self.open[step])

    def _ends(self, step: int, end_of: dict[int, float], end: float) -> tuple[float, ...]:
        if not self.limited[1]:
            return ()
        ends = {**end_of, step: end}
        return tuple(ends[s] for s in self.open[step])


def _undominated(table: Table, options: tuple[Option, ...], some: list[int]) -> list[int]:
    """Options that no other one of the step is at least as good as. With switching, only those of one model are compared."""
    order = sorted(some, key=lambda i: (options[i].cost, options[i].loss, options[i].time, i))
    kept: list[int] = []
    for i in order:
        if not any(_covers(table, options[j], options[i]) for j in kept):
            kept.append(i)
    return kept


def _covers(table: Table, one: Option, other: Option) -> bool:
    same = one.model == other.model and one.context <= other.context
    return (same or not table.switching) and one.cost <= other.cost and one.loss <= other.loss and one.time <= other.time


def undominated(labels: list[Label], limited: tuple[bool, bool]) -> list[Label]:
    """Labels that no other one is at least as good as in everything that counts, cheapest first."""
    by_loss, by_time = limited
    labels.sort()
    kept: list[Label] = []
    least = inf
    for label in labels:
        if not by_time:
            if not kept or (by_loss and label[1] < least):
                kept.append(label)
                least = label[1]
        elif not any((not by_loss or k[1] <= label[1]) and all(map(float.__le__, k[2], label[2])) for k in kept):
            kept.append(label)
    return kept
