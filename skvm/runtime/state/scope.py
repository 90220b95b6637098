"""Scopes: which iteration of which loop or map a step runs in, and which skill that was handed over to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from skvm.plan.events import HANDED

_SAFE = " .,:;=+@~-_()"
_PART = re.compile(r"([^/\[\]]+)\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Scope:
    """`path` as in events (`L1[2]/M1[a.csv]`), `draw` the same without names (positions and content digests only).

    `item` is the current item of the innermost map. `parts` are (node id, key) pairs from the outside in.
    """

    parts: tuple[tuple[str, str], ...] = ()
    draw: str = ""
    item: Any = None

    @property
    def path(self) -> str:
        """The scope as text."""
        return "/".join([f"{node}[{key}]" for node, key in self.parts]) if self.parts else ""

    @classmethod
    def parse(cls, path: str) -> Scope:
        """The scope of a path as in events; draws and items are not part of it."""
        return cls(tuple((m[1], m[2]) for m in _PART.finditer(path)))

    def iteration(self, node: str, index: int) -> Scope:
        """Inside iteration `index` (from 0) of loop `node`; the item of an outer map stays visible."""
        return Scope((*self.parts, (node, str(index))), _join(self.draw, str(index)), self.item)

    def of_item(self, node: str, item: Any, mark: str) -> Scope:
        """Inside map `node` for one item; `mark` stands for it without its name."""
        key = quote(item if isinstance(item, str) else str(item), safe=_SAFE, errors="replace")[:120]
        return Scope((*self.parts, (node, f"{key}" or mark)), _join(self.draw, mark), item)

    def of_pieces(self, node: str, key: str, pieces: Iterable[Scope]) -> Scope:
        """Where several pieces of work share a conversation: `key` numbers them, what they are is their draws."""
        marks = "+".join(piece.draw.removeprefix(f"{self.draw}/") for piece in pieces)
        return Scope((*self.parts, (node, key)), _join(self.draw, marks), self.item)

    def handed_over(self, node: str, skill: str, place: int) -> Scope:
        """Inside the plan of another skill that `node`, the run's `place`-th such node, hands over to."""
        key = HANDED + quote(skill, safe=_SAFE, errors="replace")[:120]
        return Scope((*self.parts, (node, key)), _join(self.draw, str(place)), self.item)

    @property
    def handed(self) -> list[str]:
        """Skills around this scope that were handed over to, from the outside in."""
        return [key[len(HANDED) :] for _, key in self.parts if key.startswith(HANDED)]

    def within(self, base: Scope) -> bool:
        """Does this lie in `base` and in no skill that is handed over to from there?"""
        depth = len(base.parts)
        return self.parts[:depth] == base.parts and not any(key.startswith(HANDED) for _, key in self.parts[depth:])

    def prefixes(self) -> list[tuple[tuple[str, str], ...]]:
        """From this scope outwards to the top."""
        return [self.parts[:n] for n in range(len(self.parts), -1, -1)]


def _join(outer: str, inner: str) -> str:
    return f"{outer}/{inner}" if outer else inner


TOP_SCOPE = Scope()
