"""Parts of texts by what stands around them: the neighbours on a line that a value has in every observation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from skvm.jit.generalise.parts import MAX_TEXT
from skvm.jit.generalise.patterns import core, looks_like_data
from skvm.jit.generalise.spelled import SPELLINGS
from skvm.jit.generalise.unify import tokens

MAX_OCCURRENCES = 8
MIN_ONLY = 4
"""Shorter things are found by their label only, never by their kind."""


Steps = tuple[tuple[str, ...], ...]


def places_of(texts: Sequence[Any], wanted: Sequence[str]) -> list[Steps]:
    """Derivations that may lead from each text to what is wanted of it; whether they do is not said."""
    if not all(_prose(t) for t in texts):
        return []
    steps: list[Steps] = [(("between", *place),) for place in _neighbours(texts, wanted)]
    if all(looks_like_data(w) and len(w) >= MIN_ONLY for w in wanted):
        steps.append((("only", core(wanted)),))
    for name, told in _spellings(wanted):
        steps += [(("between", *place), (name,)) for place in _neighbours(texts, told)]
    return steps


def _spellings(wanted: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The ways to spell all of these otherwise, with what then stands in a text."""
    for name, spelling in SPELLINGS.items():
        told = [spelling.spell(w) for w in wanted]
        if all(told) and told != list(wanted):
            yield name, [t for t in told if t]


def _prose(text: Any) -> bool:
    """A text in which something can stand among other words."""
    return isinstance(text, str) and len(text) <= MAX_TEXT and any(c.isspace() for c in text)


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
