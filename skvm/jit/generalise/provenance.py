"""Provenance: where a value that differs between runs came from.

A column holds one value per observation. An origin explains a column when, evaluated in each observation, it gives exactly
that value in all of them. Origins are looked for shortest first and in one fixed order. What no origin explains is not
known, and nobody may fill it. Several origins that fit are all kept: they are one version space (Mitchell 1982), and the
code is used only where all of its members agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.jit.generalise.cells import cells, counts
from skvm.jit.generalise.folds import COUNTING, FOLDS, Folding, Steps
from skvm.jit.generalise.joined import MAX_SEARCH, concatenated
from skvm.jit.generalise.labelled import places_of
from skvm.jit.generalise.origins import World, apply, evaluate, rank
from skvm.jit.generalise.parts import leaves, parsed, shared_leaves
from skvm.jit.generalise.unify import Column, spelled
from skvm.plan import Origin, Text, Unfilled, Var, as_text

MAX_ALSO = 24
"""Other readings of one hole; with more of them nobody knows anything."""

MAX_GROUPED = 300

RESPELT = frozenset({"strip", "lower", "upper"})
"""Lists out of texts that say the same in other letters would only say it twice."""


@dataclass
class Sources:
    """Everything that can be referred to before a given call, over all observations, indexed by what it holds."""

    worlds: Sequence[World]
    kinds: Mapping[str, str]
    """Source kind of each capture name."""
    loose: frozenset[int] = frozenset()
    """Indices of calls whose results differ between observations; the others are guarded as a whole."""
    lists: bool = False
    """Is a list more than a value: something with a length, whose parts stand in several places?"""
    _index: dict[str, list[Origin]] = field(default_factory=dict)
    _columns: dict[Origin, Column] = field(default_factory=dict)
    _texts: dict[Origin, str] = field(default_factory=dict)
    _foldings: dict[Origin, Folding] = field(default_factory=dict)
    _explained: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    _known: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    _groups: dict[Column, tuple[Origin, ...]] | None = None

    def __post_init__(self) -> None:
        for origin, column in sorted(self._roots(), key=lambda row: rank(row[0])):
            self._add(origin, column, spelled(column))
        for origin, column in list(self._columns.items()):
            for step in (
                ("strip",),
                ("number",),
                ("literal",),
                ("text",),
                ("name",),
                ("stem",),
                ("parent",),
                ("lower",),
                ("upper",),
            ):
                self._derive(origin, column, step)
        if self.lists:
            self._derive_lists()

    def _derive_lists(self) -> None:
        for origin, column in list(self._columns.items()):
            self._derive(origin, column, ("lines",))
            self._derive(origin, column, ("column",))
        for origin, column in list(self._columns.items()):
            if all(isinstance(v, list) for v in column):
                self._derive(origin, column, ("length",))
                self._derive(origin, column, ("length",), ("text",))
                for pointer in shared_leaves(column):
                    self._derive(origin, column, ("each", "pointer", pointer))
                for kind in ("column", "stem", "name"):
                    self._derive(origin, column, ("each", kind))
                self._fold(origin, column)

    def _fold(self, origin: Origin, column: Column) -> None:
        if any(step[0] in RESPELT for step in origin.via):
            return
        folding = Folding(column)
        for steps, held in folding.readings():
            self._folded(origin, steps, held)
        if folding.pointers:
            self._foldings[origin] = folding

    def _folded(self, origin: Origin, steps: Steps, column: Column) -> None:
        if all(v not in ("", []) for v in column):
            made = origin.altered(via=(*origin.via, *steps))
            self._add(made, column, spelled(column))
            if steps[-1][0] in COUNTING:
                self._derive(made, column, ("text",))

    def lists_of(self, lengths: Sequence[int]) -> list[tuple[Origin, Column]]:
        """All lists of these lengths, the best first; not those made of another one's items."""
        found = [
            (origin, column)
            for origin, column in self._columns.items()
            if not any(step[0] == "each" or step[0] in FOLDS for step in origin.via)
            and all(isinstance(v, list) and len(v) == n for v, n in zip(column, lengths, strict=True))
        ]
        return sorted(found, key=lambda row: rank(row[0]))

    def _roots(self) -> Iterator[tuple[Origin, Column]]:
        for name, kind in self.kinds.items():
            yield from self._opened(Origin(source=kind, path=name), tuple(w.captures[name] for w in self.worlds))
        for name in self.worlds[0].items:
            yield from self._opened(Origin(source="each", path=name), tuple(w.items[name] for w in self.worlds))
        for index in sorted(self.loose):
            yield from self._told(index)

    def _told(self, index: int) -> Iterator[tuple[Origin, Column]]:
        """What a call told, where it told something in every observation; of a loop what all its rounds told, as lists."""
        known: list[Column] = []
        for part in ("stdout", "result"):
            origin = Origin(source="call", path=f"{index}.{part}")
            try:
                column = tuple(evaluate(origin, world) for world in self.worlds)
            except Unfilled:
                continue
            if column not in known:
                yield from self._opened(origin, column) if isinstance(column[0], str) else [(origin, column)]
            known.append(column)

    def _opened(self, origin: Origin, column: Column) -> Iterator[tuple[Origin, Column]]:
        """A root and, where it holds JSON in every observation, all leaves that every observation has."""
        yield origin, column
        try:
            trees = [parsed(v) for v in column]
        except Unfilled:
            for step, held in (*cells(column), *(counts(column) if origin.source == "call" else ())):
                yield origin.altered(via=(step,)), held
            return
        if not all(isinstance(t, (dict, list)) for t in trees):
            return
        tables = [dict(leaves(tree)) for tree in trees]
        for pointer in tables[0]:
            if all(pointer in table for table in tables[1:]):
                via = (("pointer", pointer),)
                yield origin.altered(via=via), tuple(table[pointer] for table in tables)

    def _add(self, origin: Origin, column: Column, text: str) -> None:
        self._columns[origin], self._texts[origin] = column, text
        self._index.setdefault(text, []).append(origin)

    def _derive(self, origin: Origin, column: Column, *steps: tuple[str, ...]) -> None:
        derived = column
        try:
            for step in steps:
                derived = tuple(apply(step, v) for v in derived)
        except Unfilled:
            return
        if all(d != "" for d in derived) and (text := spelled(derived)) != self._texts[origin]:
            self._add(origin.altered(via=(*origin.via, *steps)), derived, text)

    def told(self) -> list[tuple[Origin, Column]]:
        """What calls told, as a whole, the nearest first."""
        found = [(o, c) for o, c in self._columns.items() if o.source == "call" and not o.via]
        return sorted(found, key=lambda row: rank(row[0]))

    def groups(self) -> dict[Column, tuple[Origin, ...]]:
        """Single values that are known, each with all that holds it, the best first."""
        if self._groups is None:
            self._groups = {}
            for origins in self._index.values():
                column = self._columns[origins[0]]
                if all(isinstance(v, (str, int, float)) and len(str(v)) <= MAX_GROUPED for v in column):
                    self._groups[column] = tuple(sorted(origins, key=rank)[:MAX_ALSO])
        return self._groups

    def explain(self, column: Column) -> tuple[Origin, ...]:
        """Origins that hold the column as it is, the best first; empty when there is none."""
        key = spelled(list(column))
        if key not in self._explained:
            chosen = (origin for base, folding in self._foldings.items() for origin in _choices(base, folding, column))
            self._explained[key] = tuple(sorted([*self._index.get(key, ()), *chosen], key=rank))
        return self._explained[key]

    def contexts(self, column: Column) -> tuple[Origin, ...]:
        """Places in varying call results that hold the column between the same neighbours on a line, the best first."""
        key = spelled(list(column))
        if key not in self._known:
            self._known[key] = tuple(sorted(self._contexts(column), key=rank)[:MAX_ALSO])
        return self._known[key]

    def _contexts(self, column: Column) -> Iterator[Origin]:
        scalar = all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in column)
        if not scalar:
            return
        wanted = [as_text(v) for v in column]
        if any("\n" in w or not w for w in wanted):
            return
        for origin, texts in list(self._columns.items()):
            if origin.source not in ("call", "value") or origin.via:
                continue
            for step in places_of(texts, wanted):
                found = origin.model_copy(update={"via": (*step, *_typed(column))})
                if self._fits(found, column):
                    yield found

    def _fits(self, origin: Origin, column: Column) -> bool:
        try:
            return spelled([evaluate(origin, w) for w in self.worlds]) == spelled(list(column))
        except Unfilled:
            return False

    def concatenation(self, column: Sequence[str]) -> list[str | tuple[Origin, ...]] | None:
        """Literals and explained pieces whose concatenation is the column, few and long pieces first; None if there is none."""
        pieces = [
            (origin, texts)
            for origin, texts in self._columns.items()
            if all(isinstance(t, str) and t and len(t) <= 500 for t in texts) and len(set(texts)) > 1
        ]
        pieces.sort(key=lambda row: (-min(len(t) for t in row[1]), rank(row[0])))
        return concatenated(tuple(column), pieces, [MAX_SEARCH])


def _choices(base: Origin, folding: Folding, column: Column) -> Iterator[Origin]:
    for steps in folding.choices(column):
        yield base.altered(via=(*base.via, *steps))


def _typed(column: Column) -> tuple[tuple[str, ...], ...]:
    return () if all(isinstance(v, str) for v in column) else (("number",),)


def template_of(pieces: Sequence[str | Var]) -> Any:
    """A text of pieces; a lone hole stands for itself, a lone literal is the text."""
    if len(pieces) == 1:
        return pieces[0]
    return Text(tuple(pieces)) if pieces else ""
