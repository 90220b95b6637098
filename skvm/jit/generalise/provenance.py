"""Provenance: where a value that differs between runs came from.

A column holds one value per observation. An origin explains a column when, evaluated in each observation, it gives exactly
that value in all of them. Origins are looked for shortest first and in one fixed order. What no origin explains is not
known, and nobody may fill it. Several origins that fit are all kept: they are one version space (Mitchell 1982), and the
code is used only where all of its members agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from skvm.jit.generalise.cells import cells, counts
from skvm.jit.generalise.origins import MAX_LEAVES, MAX_TEXT, World, apply, evaluate, parsed, rank
from skvm.jit.generalise.patterns import core, looks_like_data
from skvm.jit.generalise.spelled import SPELLINGS
from skvm.jit.generalise.unify import Column, spelled, tokens
from skvm.plan import Origin, Text, Unfilled, Var, as_text

MAX_EACH = 60
"""Parts of an item that are looked at over a whole list."""

MAX_OCCURRENCES = 8
MIN_ONLY = 4
"""Shorter things are found by their label only, never by their kind."""

MAX_ALSO = 6
MAX_GROUPED = 300
MAX_SEARCH = 400
"""Nodes of the search for a concatenation."""


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
                for pointer in _shared_leaves(column):
                    self._derive(origin, column, ("each", "pointer", pointer))
                for kind in ("column", "stem", "name"):
                    self._derive(origin, column, ("each", kind))

    def lists_of(self, lengths: Sequence[int]) -> list[tuple[Origin, Column]]:
        """All lists of these lengths, the best first; not those made of the parts of another one's items."""
        found = [
            (origin, column)
            for origin, column in self._columns.items()
            if not any(step[0] == "each" for step in origin.via)
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
        tables = [dict(_leaves(tree)) for tree in trees]
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
        return tuple(sorted(self._index.get(spelled(list(column)), ()), key=rank)[:MAX_ALSO])

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
            if origin.source not in ("call", "value") or origin.via or not all(_prose(t) for t in texts):
                continue
            steps: list[tuple[tuple[str, ...], ...]] = [(("between", *place),) for place in _neighbours(texts, wanted)]
            if all(looks_like_data(w) and len(w) >= MIN_ONLY for w in wanted):
                steps.append((("only", core(wanted)),))
            for name, told in _spellings(wanted):
                steps += [(("between", *place), (name,)) for place in _neighbours(texts, told)]
            for step in steps:
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
        budget = [MAX_SEARCH]
        return _concatenate(tuple(column), pieces, budget)


def _concatenate(
    column: Sequence[str], pieces: Sequence[tuple[Origin, Column]], budget: list[int]
) -> list[str | tuple[Origin, ...]] | None:
    if len(set(column)) == 1:
        return [column[0]] if column[0] else []
    budget[0] -= 1
    if budget[0] < 0 or not all(column):
        return None
    for origin, texts in pieces:
        if all(c.startswith(t) for c, t in zip(column, texts, strict=True)):
            rest = _concatenate([c[len(t) :] for c, t in zip(column, texts, strict=True)], pieces, budget)
            if rest is not None:
                return [(origin,), *rest]
    head = _common_head(column)
    if not head:
        return None
    rest = _concatenate([c[len(head) :] for c in column], pieces, budget)
    return None if rest is None else [head, *rest]


_RUN = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)


def _common_head(column: Sequence[str]) -> str:
    """Longest common prefix that does not cut a run of letters or digits."""
    head = ""
    for runs in zip(*(_RUN.findall(c) for c in column), strict=False):
        if len(set(runs)) > 1:
            break
        head += runs[0]
    return head


def _leaves(tree: Any, pointer: str = "", budget: list[int] | None = None) -> Iterator[tuple[str, Any]]:
    """All nodes below the root by JSON pointer, in order, at most `MAX_LEAVES`."""
    budget = [MAX_LEAVES] if budget is None else budget
    rows: Iterator[tuple[str, Any]] = iter(())
    if isinstance(tree, dict):
        rows = ((str(k).replace("~", "~0").replace("/", "~1"), v) for k, v in sorted(tree.items()))
    elif isinstance(tree, list):
        rows = ((str(i), v) for i, v in enumerate(tree))
    for key, value in rows:
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield f"{pointer}/{key}", value
        yield from _leaves(value, f"{pointer}/{key}", budget)


def _shared_leaves(column: Column) -> list[str]:
    """Pointers that lead somewhere in every item of every list; none where items are no objects or arrays."""
    try:
        trees = [parsed(item) for items in column for item in items[:MAX_LEAVES]]
    except Unfilled:
        return []
    if not trees or not all(isinstance(tree, (dict, list)) for tree in trees):
        return []
    shared = [pointer for pointer, _ in islice(_leaves(trees[0]), MAX_EACH)]
    tables = [{pointer for pointer, _ in _leaves(tree)} for tree in trees[1:]]
    return [pointer for pointer in shared if all(pointer in table for table in tables)]


def _prose(text: Any) -> bool:
    """A text in which something can stand among other words."""
    return isinstance(text, str) and len(text) <= MAX_TEXT and any(c.isspace() for c in text)


def _spellings(wanted: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The ways to spell all of these otherwise, with what then stands in a text."""
    for name, spelling in SPELLINGS.items():
        told = [spelling.spell(w) for w in wanted]
        if all(told) and told != list(wanted):
            yield name, [t for t in told if t]


def _typed(column: Column) -> tuple[tuple[str, ...], ...]:
    return () if all(isinstance(v, str) for v in column) else (("number",),)


def _neighbours(texts: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Literal contexts (left, right, anchors) that all texts may share, longest left context first in each place."""
    rows = [_places(text, value) for text, value in zip(texts, wanted, strict=True)]
    if not all(rows):
        return
    for left, right in rows[0]:
        chosen = [(left, right)]
        for row in rows[1:]:
            chosen.append(max(row, key=lambda place: (len(_shared_end(left, place[0])), len(_shared_start(right, place[1])))))
        lefts, rights = [c[0] for c in chosen], [c[1] for c in chosen]
        begin, end = lefts[0], rights[0]
        for other in lefts[1:]:
            begin = _shared_end(begin, other)
        for other in rights[1:]:
            end = _shared_start(end, other)
        anchors = ("^" if all(text == begin for text in lefts) else "") + ("$" if all(text == end for text in rights) else "")
        if ("^" in anchors or re.search(r"[^\W\d_]", begin)) and (end or "$" in anchors):
            yield begin, end, anchors


def _places(text: str, value: str) -> list[tuple[str, str]]:
    """What stands before and behind `value` on its line, wherever it stands as a whole word."""
    found = []
    for match in re.finditer(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text):
        begin = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        found.append((text[begin : match.start()], text[match.end() : end if end >= 0 else len(text)]))
        if len(found) == MAX_OCCURRENCES:
            break
    return found


def _shared_start(one: str, two: str) -> str:
    shared = []
    for a, b in zip(tokens(one), tokens(two), strict=False):
        if a != b:
            break
        shared.append(a)
    return "".join(shared)


def _shared_end(one: str, two: str) -> str:
    shared: list[str] = []
    for a, b in zip(reversed(tokens(one)), reversed(tokens(two)), strict=False):
        if a != b:
            break
        shared.insert(0, a)
    return "".join(shared)


def template_of(pieces: Sequence[str | Var]) -> Any:
    """A text of pieces; a lone hole stands for itself, a lone literal is the text."""
    if len(pieces) == 1:
        return pieces[0]
    return Text(tuple(pieces)) if pieces else ""
