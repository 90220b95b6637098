"""Rewrites looked for: which stated changes make the texts that were written out of those that were read.

All ways that explain all observations are kept and must agree later, each with all that may have been given to it. How two
texts differ says which ways there may be; whether one fits is tried on every observation. Too many explain nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from skvm.jit.generalise.origins import REWRITE, Rewrite
from skvm.jit.generalise.provenance import Sources
from skvm.jit.generalise.rewrites import differences
from skvm.jit.generalise.rewrites.mends import MENDS
from skvm.jit.generalise.rewrites.ways import KEPT, MAX_TEXT, Way, rewritten, style
from skvm.jit.generalise.unify import Column, spelled
from skvm.plan import Hole, Origin, Unfilled

MAX_FOUND = 16
"""Rewrites of one text that may explain it: more say nothing."""

MAX_WORD = 16
MAX_GIVEN = 40
"""Different things that may have been given to a way, of each of what it takes."""

Pieces = tuple[tuple[Origin, ...], ...]
"""Origins that must agree, for each piece of what is given; the pieces are joined."""

Given = tuple[Column, Pieces]
"""What was given in each observation, and where it came from: pieces, and origins of each piece."""

Search = tuple[Sequence[Way], Sequence[Sequence[Given]]]
"""Ways to be tried, and for each thing that they take what it may be."""

_INDENTS: tuple[int | str | None, ...] = (None, 0, 1, 2, 3, 4, 8, "\t")
STYLES = tuple(
    style(indent, sort=sort, ascii=ascii, end=end, tight=tight)
    for indent in _INDENTS
    for sort, ascii, end in product((False, True), (False, True), ("\n", ""))
    for tight in ((False, True) if indent is None else (False,))
)
_ADDED: Sequence[Way] = [("line added", where) for where in ("end", "start", "sorted")]
_TAKEN: Sequence[Way] = [("line removed",)]
READINGS = ("dotted", "pointer", "key")


def rewrites(sources: Sources, column: Column) -> tuple[Origin, ...]:
    """All rewrites of texts that were read which hold the column, the nearest first; empty when there is none."""
    if not all(isinstance(text, str) and _is_file(text) for text in column) or len(set(column)) == 1:
        return ()
    found: list[Origin] = []
    for origin, texts in sources.told():
        if all(isinstance(text, str) for text in texts) and any(a != b for a, b in zip(texts, column, strict=True)):
            pair = _Pair(sources, texts, column)
            found += [origin.altered(via=(rewrite.step(),)) for rewrite in pair.found()]
    return tuple(found) if len(found) <= MAX_FOUND else ()


def agreeing(sources: Sources) -> dict[int, list[Hole]]:
    """Texts that were read and were always others that were read, or stated changes of them, by the call from which on both are
    known. A run in which that is not so is another course of the step."""
    told = [(o, c) for o, c in sources.told() if all(isinstance(text, str) and "\n" in text.strip() for text in c)]
    holes: dict[int, list[Hole]] = {}
    for origin, column in told if len(told) > 1 else ():
        same = tuple(other for other, texts in told if other != origin and texts == column)
        found = same or tuple(o for o in rewrites(sources, column) if o.path != origin.path)
        if found:
            name = f"w{sum(map(len, holes.values())) + 1}"
            hole = Hole(name=name, source=origin.source, path=origin.path, via=origin.via, type="string", also=found)
            holes.setdefault(max(_call(o) for o in (origin, *found)), []).append(hole)
    return holes


def _is_file(text: str) -> bool:
    """Is a text what a file may hold: of several lines, or of one that is more than a word?"""
    return len(text) <= MAX_TEXT and ("\n" in text.strip() or len(text) > MAX_WORD)


def _call(origin: Origin) -> int:
    return int(origin.path.partition(".")[0])


def is_rewritten(origin: Origin) -> bool:
    """Does an origin end with a rewrite?"""
    return bool(origin.via) and origin.via[-1][0] == REWRITE


@dataclass(frozen=True)
class _Pair:
    """What was read and what was written, in each observation."""

    sources: Sources
    before: Column
    after: Column

    def found(self) -> list[Rewrite]:
        """All that explains the one by the other: for each of what may have been given, all ways that fit."""
        changed = all(before != after for before, after in zip(self.before, self.after, strict=True))
        kept: dict[tuple[Pieces, ...], list[Way]] = {}
        for ways, given in (([*_bare()], ()), *self._members(), *self._assignments(), *self._lines(), *self._stretches()):
            for row in product(*given):
                pieces = tuple(origins for _, origins in row)
                kept.setdefault(pieces, []).extend(self._fitting(ways, [column for column, _ in row]))
        return [Rewrite(tuple(ways), pieces, changed) for pieces, ways in kept.items() if ways]

    def _fitting(self, ways: Sequence[Way], given: Sequence[Column]) -> list[Way]:
        rows = list(zip(self.before, self.after, *given, strict=True))
        return [way for way in ways if all(_makes(way, row) for row in rows)]

    def _members(self) -> Iterator[Search]:
        """One value of a JSON text set, removed, or turned into a number or a text."""
        rows = [differences.member(one, two) for one, two in zip(self.before, self.after, strict=True)]
        if any(row is None for row in rows):
            return
        seen = [row if row is not None and row.path else None for row in rows]
        kinds = {row.kind for row in seen if row is not None}
        if not kinds or (len(kinds) > 1 and "removed" in kinds):
            return
        for reading in READINGS:
            paths = self._given([None if row is None else differences.named(row.path, reading) for row in seen])
            if reading == "pointer":  # what is always the same path needs no other spelling
                paths = [row for row in paths if not _is_const(row)]
            if kinds == {"removed"}:
                yield [("removed", reading, how) for how in (KEPT, *STYLES)], [paths]
                continue
            yield [("retyped", reading, kind) for kind in ("number", "text")], [paths]
            hows = (f"{KEPT} plain", f"{KEPT} ascii", *STYLES)
            for literal in ("literal", "text"):
                ways = [("set", reading, literal, where, how) for where in ("there", "last", "made") for how in hows]
                yield ways, [paths, self._values([None if row is None else row.value for row in seen], literal)]

    def _values(self, wanted: Sequence[Any], literal: str) -> list[Given]:
        """What may have been given as a value: itself, and where it is read as a literal also its spelling."""
        found = self._given(wanted)
        if literal == "literal":
            texts = [w if w is None or isinstance(w, str) else json.dumps(w, ensure_ascii=False) for w in wanted]
            found += [row for row in self._given(texts) if row not in found]
        return found

    def _assignments(self) -> Iterator[Search]:
        """The value of one line `NAME = VALUE`."""
        rows = [differences.assignment(one, two) for one, two in zip(self.before, self.after, strict=True)]
        if any(row is None for row in rows):
            return
        seen = [row if row is not None and row.path else None for row in rows]
        for reading in ("dotted", "key"):
            paths = self._given([None if row is None else differences.named(row.path, reading) for row in seen])
            values = self._given([None if row is None else row.value for row in seen])
            yield [("assigned", reading, quotes) for quotes in (KEPT, "bare")], [paths, values]

    def _lines(self) -> Iterator[Search]:
        """One line more, or one line less."""
        for ways, one, two in ((_ADDED, self.before, self.after), (_TAKEN, self.after, self.before)):
            rows = [differences.line(less, more) for less, more in zip(one, two, strict=True)]
            if all(rows):
                given = self._given(rows)
                pieces = None if given or len(set(rows)) == 1 else self.sources.concatenation([str(row) for row in rows])
                if pieces is not None:
                    given = [(tuple(rows), tuple(_piece(piece) for piece in pieces))]
                yield ways, [given]

    def _stretches(self) -> Iterator[Search]:
        """One stretch of text in the place of another."""
        if any(a == b for a, b in zip(self.before, self.after, strict=True)):
            return
        olds = [(column, (origins,)) for column, origins in self.sources.groups().items()]
        olds = [row for row in olds if self._hold(row[0])]
        for text in differences.stretches(self.before, self.after):
            olds.append(((text,) * len(self.before), ((_const(text),),)))
        for old in olds[:MAX_GIVEN]:
            for which in ("all", "first"):
                rows = [differences.other(*row, which) for row in zip(self.before, self.after, old[0], strict=True)]
                if all(row is not None for row in rows):
                    yield [("exchanged", which)], [[old], self._given(rows)]

    def _hold(self, column: Column) -> bool:
        return all(isinstance(v, str) and v != text and v in text for v, text in zip(column, self.before, strict=True))

    def _given(self, wanted: Sequence[Any]) -> list[Given]:
        """All that holds what was wanted wherever it is known (not None), by what it holds."""
        known = [at for at, value in enumerate(wanted) if value is not None]
        if not known:
            return []
        first = wanted[known[0]]
        spelling = spelled([wanted[at] for at in known])
        table = {c: o for c, o in self.sources.groups().items() if spelled([c[at] for at in known]) == spelling}
        if all(spelled(wanted[at]) == spelled(first) for at in known) and not isinstance(first, (dict, list)):
            constant = (first,) * len(wanted)
            table[constant] = (*table.get(constant, ()), _const(first))
        return [(column, (origins,)) for column, origins in list(table.items())[:MAX_GIVEN]]


def _bare() -> list[Way]:
    """Ways that take nothing beside the text."""
    mends = [("mended", repair, which) for repair, (_, how) in MENDS.items() for which in how]
    return [*mends, *(("dumped", how) for how in STYLES)]


def _makes(way: Way, row: Sequence[Any]) -> bool:
    before, after, *given = row
    try:
        return bool(rewritten(way, before, given) == after)
    except Unfilled:
        return False


def _is_const(given: Given) -> bool:
    return all(origin.source == "const" for piece in given[1] for origin in piece)


def _const(value: Any) -> Origin:
    return Origin(source="const", path=spelled(value))


def _piece(piece: str | tuple[Origin, ...]) -> tuple[Origin, ...]:
    return (_const(piece),) if isinstance(piece, str) else piece
