"""Anti-unification: the least general template that several JSON values are instances of.

Plotkin (1970) and Reynolds (1970): where the values agree the template is constant, where they differ it has a hole, and two
places that differ in the same way share one hole. Trees are compared by structure, texts token by token (longest common
subsequences, Ratcliff and Obershelp as in `difflib`), so that a hole never cuts a word, number or file name in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from skvm.plan import Template, Text, Var
from skvm.plan.guards import spelled as spelled

Column = tuple[Any, ...]
"""What one hole holds in each of the values, in their order."""

Stop = Callable[[Column], bool]
"""Asked before a node is opened: True makes it one hole although its parts may agree."""

MAX_TOKENS = 4000
"""Texts with more tokens are compared as a whole: alignment costs the square of the length."""

MAX_KEPT = 4000
"""Longer texts are cut into tokens anew each time they are met."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<open>["`“])(?P<quoted>[^"`“”\n]{1,200})(?P<close>["`”])         # what stands between quotes is one token
    | [^\W_](?:(?:[\w./@#%+~-]|:(?=//|[0-9]))*[^\W_])?                    # a word, number, date, path or address
    | .""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[str]:
    """Tokens of a text; joined they are the text again."""
    return list(_tokens(text)) if len(text) <= MAX_KEPT else list(_scan(text))


def _scan(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        if match["open"]:
            yield from (match["open"], match["quoted"], match["close"])
        else:
            yield match[0]


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_scan(text))


def same(one: Any, two: Any) -> bool:
    """Are two JSON values the same, types included (1, 1.0, true and "1" are four things)?"""
    return spelled(one) == spelled(two)


@dataclass
class Unified:
    """A template and what its holes hold in each value: `table[name][i]` belongs to the i-th value."""

    template: Template
    table: dict[str, Column] = field(default_factory=dict)

    def row(self, index: int) -> dict[str, Any]:
        """The substitution that makes the `index`-th value out of the template."""
        return {name: column[index] for name, column in self.table.items()}


@dataclass
class Unifier:
    """Names holes `prefix1`, `prefix2`, ... across several templates; equal columns share one name."""

    prefix: str = "h"
    stop: Stop = field(default=lambda column: False)
    table: dict[str, Column] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def unify(self, values: Sequence[Any]) -> Template:
        """Least general template of the values; holes are added to `table`."""
        first = values[0]
        if all(same(first, v) for v in values[1:]):
            return first
        if self.stop(tuple(values)):
            return self.hole(tuple(values))
        if all(isinstance(v, dict) for v in values) and all(v.keys() == first.keys() for v in values):
            return {key: self.unify([v[key] for v in values]) for key in sorted(first)}
        if all(isinstance(v, (list, tuple)) for v in values) and all(len(v) == len(first) for v in values):
            return [self.unify(column) for column in zip(*values, strict=True)]
        if all(isinstance(v, str) for v in values):
            return self.text(values)
        return self.hole(tuple(values))

    def text(self, values: Sequence[str]) -> Template:
        """Template of several texts; a plain hole where they share no token."""
        aligned = align([tokens(v) for v in values])
        if aligned is None or not any(isinstance(p, str) for p in aligned):
            return self.hole(tuple(values))
        return Text(tuple(p if isinstance(p, str) else self.hole(p) for p in aligned))

    def hole(self, column: Column) -> Var:
        """The hole with these contents, new or shared."""
        key = spelled(list(column))
        if key not in self._names:
            self._names[key] = f"{self.prefix}{len(self._names) + 1}"
            self.table[self._names[key]] = column
        return Var(self._names[key])


def unify(values: Sequence[Any], prefix: str = "h") -> Unified:
    """Least general generalisation of one or more JSON values."""
    unifier = Unifier(prefix)
    template = unifier.unify(values)
    return Unified(template, unifier.table)


def align(rows: Sequence[Sequence[str]]) -> list[str | Column] | None:
    """Literals and columns in turn for several token lists; None where some would hold nothing or the rows are too long.

    Joined with the i-th entry of each column the result is the i-th text again.
    """
    if any(len(row) > MAX_TOKENS or not row for row in rows):
        return None
    parts: list[str | Column] = []
    ends = [0] * len(rows)
    for anchor in [*_anchors(rows), [len(row) for row in rows]]:
        gaps = tuple("".join(row[end:at]) for row, end, at in zip(rows, ends, anchor, strict=True))
        if any(gaps) and not all(gaps):
            continue  # one side has more here: the gap grows over this anchor until no side is empty
        if all(gaps):
            parts.append(gaps)
        if anchor[0] < len(rows[0]):
            parts.append(rows[0][anchor[0]])
        ends = [at + 1 for at in anchor]
    if ends[0] <= len(rows[0]):
        return None
    return _joined(parts)


def _joined(parts: list[str | Column]) -> list[str | Column]:
    merged: list[str | Column] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _anchors(rows: Sequence[Sequence[str]]) -> list[list[int]]:
    """Positions (one per row) of tokens that all rows share, in order."""
    if all(len(row) == len(rows[0]) for row in rows):
        fixed = [[at] * len(rows) for at, column in enumerate(zip(*rows, strict=True)) if len(set(column)) == 1]
        if 2 * len(fixed) >= len(rows[0]):
            return fixed
    kept = {at: [at] for at in range(len(rows[0]))}
    for row in rows[1:]:
        blocks = SequenceMatcher(None, rows[0], row, autojunk=False).get_matching_blocks()
        there = {block.a + i: block.b + i for block in blocks for i in range(block.size)}
        kept = {at: [*places, there[at]] for at, places in kept.items() if at in there}
    return [kept[at] for at in sorted(kept)]
