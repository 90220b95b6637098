"""Folds: what is composed out of all items of a list, and which folds may lead from some lists to what was seen.

Comes in: a list; goes out: a number, an item, another list or a text. Items are values, or JSON whose parts are named by
pointers. A fold never guesses: the most of something with two items that have it is no item, unless the fold says which one
to take. What a fold cannot do raises Unfilled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Any

from skvm.jit.generalise.parts import parsed, pointed, shared_leaves
from skvm.plan import Unfilled, as_text
from skvm.plan.guards import spelled

Steps = tuple[tuple[str, ...], ...]
Lists = tuple[list[Any], ...]
"""One list for each observation."""

Plan = tuple[Lists, Steps, Steps]
"""Lists that some derivations have given, and folds to try on them."""

MAX_PARTS = 16
"""Items with more parts are not compared by them: the readings would be too many to tell apart."""

MAX_KINDS = 8
"""A part with more different values than these sorts nothing into kinds; only that it is empty may."""

JOINTS = ("\n", ", ", "; ", " ", ",")
COUNTING = frozenset({"sum", "max", "min", "length"})
"""Folds whose outcome is a number."""

_EMPTY: tuple[Any, ...] = ("", [], None)


def _part(item: Any, pointer: str) -> Any:
    return pointed(parsed(item), pointer)


def _numeric(values: Sequence[Any]) -> bool:
    return all((isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and isfinite(v)) for v in values)


def _ordered(values: Sequence[Any]) -> bool:
    """Can values be put in order: numbers by size, texts by code points, lists not at all?"""
    return _numeric(values) or all(isinstance(v, str) for v in values)


def _sum(items: list[Any]) -> Any:
    """Exact in decimal digits."""
    if not _numeric(items):
        raise Unfilled("sum")
    if all(isinstance(v, int) for v in items):
        return sum(items)
    total = float(sum((Decimal(repr(v)) for v in items), Decimal()))
    if not isfinite(total):
        raise Unfilled("sum")
    return total


def _extreme(items: list[Any], choose: Callable[[Sequence[Any]], Any]) -> Any:
    if not items or not _numeric(items):
        raise Unfilled("extreme")
    return choose(items)


def _distinct(items: list[Any]) -> list[Any]:
    """In the order of their first appearance."""
    known: dict[str, Any] = {}
    for item in items:
        known.setdefault(spelled(item), item)
    return list(known.values())


def _sorted(items: list[Any]) -> list[Any]:
    if not _ordered(items):
        raise Unfilled("sorted")
    return sorted(items)


def _flat(items: list[Any]) -> list[Any]:
    if not all(isinstance(v, list) for v in items):
        raise Unfilled("flat")
    return [inner for v in items for inner in v]


def _joined(items: list[Any], joint: str) -> str:
    return joint.join(as_text(v, "joined") for v in items)


def _where(items: list[Any], pointer: str, value: str) -> list[Any]:
    return [item for item in items if spelled(_part(item, pointer)) == value]


def _unlike(items: list[Any], pointer: str, value: str) -> list[Any]:
    return [item for item in items if spelled(_part(item, pointer)) != value]


def _best(items: list[Any], kind: str, pointer: str, tie: str = "", by: str = "") -> Any:
    """The item with the best part."""
    others = [_part(item, by) for item in items] if by else []
    return items[_place(kind, [_part(item, pointer) for item in items], tie, others)]


def _place(kind: str, keys: Sequence[Any], tie: str = "", others: Sequence[Any] = ()) -> int:
    """Where the best key stands; of several the one that `tie` says, and without it none."""
    if not keys or not _ordered(keys):
        raise Unfilled(kind)
    best = max(keys) if kind == "most" else min(keys)
    found = [at for at, key in enumerate(keys) if key == best]
    if len(found) == 1 or tie in ("first", "last"):
        return found[-1 if tie == "last" else 0]
    if not tie:
        raise Unfilled(kind)
    return found[_place(tie, [others[at] for at in found])]


FOLDS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "max": lambda items: _extreme(items, max),
    "min": lambda items: _extreme(items, min),
    "flat": _flat,
    "distinct": _distinct,
    "sorted": _sorted,
    "joined": _joined,
    "where": _where,
    "unlike": _unlike,
    "most": lambda items, *named: _best(items, "most", *named),
    "least": lambda items, *named: _best(items, "least", *named),
}


def folded(steps: Steps, items: Any) -> Any:
    """What several folds of one list after another give."""
    for kind, *named in steps:
        items = len(items) if kind == "length" else FOLDS[kind](items, *named)
    return items


def looked_at(via: Steps) -> Iterator[tuple[int, list[str]]]:
    """Parts of items that a derivation takes over or orders by, each with how many derivations come before."""
    for at, (kind, *named) in enumerate(via):
        if kind == "each" and named[0] == "pointer" and len(via) > at + 1:
            yield at, [named[1]]
        elif kind in ("most", "least"):
            then = via[at + 1][1:2] if len(via) > at + 1 and via[at + 1][0] == "pointer" else ()
            yield at, [*named[0::2], *then]


@dataclass(frozen=True)
class Folding:
    """The lists that one origin holds, and what may be composed out of them."""

    lists: Lists

    @cached_property
    def _unique(self) -> tuple[Lists, list[int]]:
        """In a loop many observations hold the same list."""
        known: dict[str, int] = {}
        rows = [known.setdefault(spelled(row), len(known)) for row in self.lists]
        first = dict(zip(reversed(rows), reversed(self.lists), strict=True))
        return tuple(first[row] for row in range(len(known))), rows

    @cached_property
    def pointers(self) -> list[str]:
        """Parts that all items have; none where they are too many."""
        found = shared_leaves(self._unique[0])
        return found if len(found) <= MAX_PARTS else []

    @cached_property
    def parts(self) -> dict[str, Lists]:
        """What stands in each part of the items, list by list."""
        opened = [[parsed(item) for item in row] for row in self._unique[0]] if self.pointers else []
        return {pointer: tuple([pointed(item, pointer) for item in row] for row in opened) for pointer in self.pointers}

    def readings(self) -> Iterator[tuple[Steps, tuple[Any, ...]]]:
        """All that is made of whole lists without a choice among their items, with what it gives."""
        _, rows = self._unique
        for lists, before, steps in self._plans():
            try:
                given = [folded(steps, items) for items in lists]
            except Unfilled:
                continue
            yield (*before, *steps), tuple(given[row] for row in rows)

    def _plans(self) -> Iterator[Plan]:
        lists = self._unique[0]
        if max(map(len, lists)) < 2 or (len(lists) == 1 and len(self.lists) > 1):
            return  # nothing to compose, or nothing that varies
        yield from ((lists, (), steps) for steps in _of_scalars(lists))
        for pointer, column in self.parts.items():
            each = (("each", "pointer", pointer),)
            if all(isinstance(v, list) for row in column for v in row):
                flat = tuple(_flat(row) for row in column)
                yield column, each, (("flat",),)
                yield flat, (*each, ("flat",)), (("length",),)
                yield from ((flat, (*each, ("flat",)), steps) for steps in _of_scalars(flat))
            else:
                yield from ((column, each, steps) for steps in _of_scalars(column))
            yield from self._by_kind(pointer, column)

    def _by_kind(self, pointer: str, column: Lists) -> Iterator[Plan]:
        """How many items are of a kind, and what those are."""
        for value in _kinds(column):
            for kind in ("where", "unlike"):
                wanted = [[(spelled(v) == value) == (kind == "where") for v in row] for row in column]
                yield _kept(self._unique[0], wanted), ((kind, pointer, value),), (("length",),)
                for other, held in self.parts.items():
                    before = ((kind, pointer, value), ("each", "pointer", other))
                    kept = _kept(held, wanted)
                    values = [v for row in held for v in row]
                    if other != pointer and _numeric(values):
                        yield kept, before, (("sum",),)
                    elif other != pointer and all(isinstance(v, str) for v in values):
                        yield kept, before, ()
                        yield from ((kept, before, (("joined", joint),)) for joint in JOINTS)

    def choices(self, column: tuple[Any, ...]) -> Iterator[Steps]:
        """The item with the best part, and which part of it is the column; all of them, with every rule for ties that fits."""
        lists, rows = self._unique
        wanted: dict[int, Any] = {}
        for row, value in zip(rows, column, strict=True):
            if spelled(wanted.setdefault(row, value)) != spelled(value):
                return
        goal = [spelled(wanted[row]) for row in range(len(lists))]
        if not all(lists) or max(map(len, lists)) < 2:
            return
        keys = [p for p, column in self.parts.items() if _ordered([v for row in column for v in row])]
        for part, held in self.parts.items():
            told = [[spelled(v) for v in row] for row in held]
            if not all(value in row for value, row in zip(goal, told, strict=True)):
                continue
            for steps in self._rules(keys):
                if self._gives(steps, told, goal):
                    yield (*steps, ("pointer", part))

    def _rules(self, keys: Sequence[str]) -> Iterator[Steps]:
        for kind in ("most", "least"):
            for key in keys:
                if self._chosen((kind, key)) is not None:
                    yield ((kind, key),)
                    continue
                for tie in ("first", "last"):
                    yield ((kind, key, tie),)
                for tie in ("most", "least"):
                    yield from (((kind, key, tie, by),) for by in keys if by != key)

    def _gives(self, steps: Steps, told: Sequence[Sequence[str]], goal: Sequence[str]) -> bool:
        places = self._chosen(steps[0])
        return places is not None and all(row[at] == want for at, row, want in zip(places, told, goal, strict=True))

    def _chosen(self, step: tuple[str, ...]) -> list[int] | None:
        """Where the chosen item stands in each list; None where one has none."""
        if step not in self._places:
            self._places[step] = self._search(step)
        return self._places[step]

    @cached_property
    def _places(self) -> dict[tuple[str, ...], list[int] | None]:
        return {}

    def _search(self, step: tuple[str, ...]) -> list[int] | None:
        kind, key, *rule = step
        tie = rule[0] if rule else ""
        others = self.parts[rule[1]] if len(rule) > 1 else ((),) * len(self._unique[0])
        try:
            return [_place(kind, keys, tie, by) for keys, by in zip(self.parts[key], others, strict=True)]
        except Unfilled:
            return None


def _kept(lists: Lists, wanted: Sequence[Sequence[bool]]) -> Lists:
    return tuple([v for v, keep in zip(row, keeps, strict=True) if keep] for row, keeps in zip(lists, wanted, strict=True))


def _of_scalars(column: Lists) -> Iterator[Steps]:
    """Folds of lists whose items are texts or numbers."""
    values = [v for row in column for v in row]
    if not values or not all(isinstance(v, (str, int, float)) for v in values):
        return
    if _numeric(values):
        yield from (((kind,),) for kind in ("sum", "max", "min"))
    orders: list[Steps] = [(), (("distinct",),)]
    if _ordered(values) and any(row != sorted(row) for row in column):
        orders += [(("sorted",),), (("distinct",), ("sorted",))]
    for order in orders:
        if order:
            yield order
        yield from ((*order, ("joined", joint)) for joint in JOINTS)
    yield (("distinct",), ("length",))


def _kinds(column: Lists) -> list[str]:
    """Values of a part, spelled, that sort items into kinds."""
    found = {spelled(v): v for row in column for v in row if not isinstance(v, (list, dict)) or v == []}
    if len(found) > MAX_KINDS:
        found = {text: v for text, v in found.items() if any(v == e and type(v) is type(e) for e in _EMPTY)}
    return sorted(found) if len({spelled(v) for row in column for v in row}) > 1 else []
