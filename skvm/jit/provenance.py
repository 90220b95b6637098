"""Provenance: where a value that differs between runs came from.

A column holds one value per observation. An origin explains a column when, evaluated in each observation, it gives exactly
that value in all of them. Origins are looked for shortest first and in one fixed order. What no origin explains is not
known, and nobody may fill it. Several origins that fit are all kept: they are one version space (Mitchell 1982), and the
code is used only where all of its members agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from skvm.jit.cells import cell, cells, count, counts
from skvm.jit.patterns import core, looks_like_data
from skvm.jit.unify import Column, spelled, tokens
from skvm.plan import CallRecord, Origin, Text, Unfilled, Var, as_text

MAX_LEAVES = 2000
"""Leaves of one JSON result that are looked at."""

MAX_TEXT = 64_000
MAX_OCCURRENCES = 8
MIN_ONLY = 4
"""Shorter things are found by their label only, never by their kind."""

MAX_ALSO = 6
MAX_SEARCH = 400
"""Nodes of the search for a concatenation."""

_ROOTS = ("item", "task", "file", "value", "call", "const")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class World:
    """What can be referred to in one run: captures of the inputs and the calls made so far."""

    captures: Mapping[str, Any]
    calls: Sequence[CallRecord] = ()


def evaluate(origin: Origin, world: World) -> Any:
    """The value of an origin; raises Unfilled when it has none here."""
    value = _root(origin, world)
    for step in origin.via:
        value = apply(step, value)
    return value


def _root(origin: Origin, world: World) -> Any:
    if origin.source == "const":
        return json.loads(origin.path)
    if origin.source != "call":
        if origin.path not in world.captures:
            raise Unfilled(origin.path)
        return world.captures[origin.path]
    index, _, name = origin.path.partition(".")
    if int(index) >= len(world.calls):
        raise Unfilled(origin.path)
    call = world.calls[int(index)]
    value = call.stdout if name == "stdout" else call.result
    if value is None:
        raise Unfilled(origin.path)
    return value


def apply(step: Sequence[str], value: Any) -> Any:
    """One derivation; raises Unfilled where it does not apply."""
    kind = step[0]
    if kind == "pointer":
        return _pointer(parsed(value), step[1])
    if kind == "text":
        return as_text(value, "text")
    if not isinstance(value, str):
        raise Unfilled(kind)
    if kind == "between":
        return _between(value, step[1], step[2], step[3])
    if kind == "only":
        return _only(value, step[1])
    if kind == "cell":
        return cell(value, step[1], step[2])
    if kind == "count":
        return count(value, step[1])
    if kind == "number":
        if not NUMBER.fullmatch(value):
            raise Unfilled(kind)
        return json.loads(value)
    return _DERIVED[kind](value)


def _path(text: str) -> PurePosixPath:
    if not text or len(text) > 255 or re.search(r"\s", text):
        raise Unfilled("path")
    return PurePosixPath(text)


_DERIVED = {
    "strip": str.strip,
    "name": lambda text: _path(text).name,
    "stem": lambda text: _path(text).stem,
    "parent": lambda text: str(_path(text).parent),
    "lower": str.lower,
    "upper": str.upper,
}


def parsed(value: Any) -> Any:
    """JSON in a text, or the value itself when it is not a text; raises Unfilled for other texts."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_TEXT:
        raise Unfilled("json")
    try:
        return json.loads(value)
    except ValueError:
        raise Unfilled("json") from None


def _pointer(value: Any, pointer: str) -> Any:
    """RFC 6901."""
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Unfilled(pointer)
    return value


def _between(text: str, left: str, right: str, anchors: str) -> str:
    """The one stretch of a line between two literals; raises Unfilled when there is none or more than one."""
    begin, end = ("^" if "^" in anchors else ""), ("$" if "$" in anchors else "")
    pattern = f"{begin}{re.escape(left)}([^\\s](?:[^\\n]*?[^\\s])?){re.escape(right)}{end}"
    found = {(m.start(1), m[1]) for m in re.finditer(pattern, text[:MAX_TEXT], re.MULTILINE)}
    if len(found) != 1:
        raise Unfilled(left)
    return found.pop()[1]


def _only(text: str, pattern: str) -> str:
    """The one thing of its kind in a text, however often it stands there; raises Unfilled when there is none or another."""
    found = {m[0] for m in re.finditer(rf"(?<![^\s(\[<\"'`,;:=]){pattern}(?![^\W_]|[-.@/][^\W_])", text[:MAX_TEXT])}
    if len(found) != 1:
        raise Unfilled(pattern)
    return found.pop()


@dataclass
class Sources:
    """Everything that can be referred to before a given call, over all observations, indexed by what it holds."""

    worlds: Sequence[World]
    kinds: Mapping[str, str]
    """Source kind of each capture name."""
    loose: frozenset[int] = frozenset()
    """Indices of calls whose results differ between observations; the others are guarded as a whole."""
    _index: dict[str, list[Origin]] = field(default_factory=dict)
    _columns: dict[Origin, Column] = field(default_factory=dict)
    _known: dict[str, tuple[Origin, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for origin, column in sorted(self._roots(), key=lambda row: rank(row[0])):
            self._add(origin, column)
        for origin, column in list(self._columns.items()):
            for step in (("strip",), ("number",), ("text",), ("name",), ("stem",), ("parent",), ("lower",), ("upper",)):
                self._derive(origin, column, step)

    def _roots(self) -> Iterator[tuple[Origin, Column]]:
        for name, kind in self.kinds.items():
            yield from self._opened(Origin(source=kind, path=name), tuple(w.captures[name] for w in self.worlds))
        for index in sorted(self.loose):
            for part in ("stdout", "result"):
                texts = tuple(getattr(w.calls[index], part) for w in self.worlds)
                if all(isinstance(t, str) for t in texts) and (part == "stdout" or texts != self._stdout(index)):
                    yield from self._opened(Origin(source="call", path=f"{index}.{part}"), texts)

    def _stdout(self, index: int) -> Column:
        return tuple(w.calls[index].stdout for w in self.worlds)

    def _opened(self, origin: Origin, column: Column) -> Iterator[tuple[Origin, Column]]:
        """A root and, where it holds JSON in every observation, all leaves that every observation has."""
        yield origin, column
        try:
            trees = [parsed(v) for v in column]
        except Unfilled:
            for step, held in (*cells(column), *(counts(column) if origin.source == "call" else ())):
                yield origin.model_copy(update={"via": (step,)}), held
            return
        if not all(isinstance(t, (dict, list)) for t in trees):
            return
        tables = [dict(_leaves(tree)) for tree in trees]
        for pointer in tables[0]:
            if all(pointer in table for table in tables[1:]):
                via = (("pointer", pointer),)
                yield origin.model_copy(update={"via": via}), tuple(table[pointer] for table in tables)

    def _add(self, origin: Origin, column: Column) -> None:
        self._columns[origin] = column
        self._index.setdefault(spelled(list(column)), []).append(origin)

    def _derive(self, origin: Origin, column: Column, step: tuple[str, ...]) -> None:
        try:
            derived = tuple(apply(step, v) for v in column)
        except Unfilled:
            return
        if spelled(list(derived)) != spelled(list(column)) and all(d != "" for d in derived):
            self._add(origin.model_copy(update={"via": (*origin.via, step)}), derived)

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
            steps: list[tuple[str, ...]] = [("between", *place) for place in _neighbours(texts, wanted)]
            if all(looks_like_data(w) and len(w) >= MIN_ONLY for w in wanted):
                steps.append(("only", core(wanted)))
            for step in steps:
                found = origin.model_copy(update={"via": (step, *_typed(column))})
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


def _prose(text: Any) -> bool:
    """A text in which something can stand among other words."""
    return isinstance(text, str) and len(text) <= MAX_TEXT and any(c.isspace() for c in text)


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


def rank(origin: Origin) -> tuple[int, int, int, tuple[Any, ...]]:
    """Order of preference: fewer derivations, nearer sources, earlier paths."""
    natural = tuple(int(p) if p.isdecimal() else p for p in re.split(r"([0-9]+)", origin.path))
    return (
        len(origin.via),
        _ROOTS.index(origin.source),
        sum(len(s) for step in origin.via for s in step),
        (natural, origin.via),
    )


def template_of(pieces: Sequence[str | Var]) -> Any:
    """A text of pieces; a lone hole stands for itself, a lone literal is the text."""
    if len(pieces) == 1:
        return pieces[0]
    return Text(tuple(pieces)) if pieces else ""
