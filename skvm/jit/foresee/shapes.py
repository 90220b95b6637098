"""Shapes of values: the pattern that all values of one argument share, to find the next one in a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

ENOUGH = 0.95
"""Share of values that the alternatives of a shape must cover."""

MOST = 4
"""Alternatives of a shape; values of more kinds than these are described by their characters only."""

_PIECE = re.compile(r"[A-Z][a-z]+|[a-z]+|[A-Z]+|\d+|[^A-Za-z\d]", re.ASCII)
_KINDS = (("[A-Z][a-z]+", re.compile(r"[A-Z][a-z]+")), ("[a-z]+", re.compile(r"[a-z]+")), ("[A-Z]+", re.compile(r"[A-Z]+")))


def shape(values: Sequence[str]) -> str | None:
    """A regular expression for values like these; None when they have too little in common or are no more than any word."""
    kinds: dict[tuple[str, ...], list[list[str]]] = {}
    for value in values:
        pieces = _PIECE.findall(value)
        kinds.setdefault(tuple(_kind(p) for p in pieces), []).append(pieces)
    counts = Counter({kind: len(rows) for kind, rows in kinds.items()})
    chosen: list[tuple[str, ...]] = []
    for kind, _ in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        chosen.append(kind)
        if sum(counts[k] for k in chosen) >= ENOUGH * len(values):
            break
    if len(chosen) <= MOST:
        return "|".join(_pattern(kind, kinds[kind]) for kind in chosen)
    return _characters(values)


def _kind(piece: str) -> str:
    if piece.isascii() and piece.isdigit():
        return "digits"
    return next((name for name, pattern in _KINDS if pattern.fullmatch(piece)), piece)


def _pattern(kind: tuple[str, ...], rows: list[list[str]]) -> str:
    parts = []
    for at, name in enumerate(kind):
        lengths = {len(row[at]) for row in rows}
        if name == "digits":
            parts.append(f"[0-9]{{{lengths.pop()}}}" if len(lengths) == 1 else "[0-9]+")
        else:
            parts.append(name if name.startswith("[") and len(name) > 1 else re.escape(name))
    return "".join(parts)


def _characters(values: Sequence[str]) -> str | None:
    """By characters and length, for values with digits in them: `[A-Z0-9]{6}`."""
    if not all(re.search("[0-9]", v) for v in values):
        return None
    groups = [("A-Z", r"[A-Z]"), ("a-z", r"[a-z]"), ("0-9", r"[0-9]")]
    inside = "".join(name for name, pattern in groups if any(re.search(pattern, v) for v in values))
    inside += "".join(re.escape(c) for c in sorted({c for v in values for c in v if not (c.isascii() and c.isalnum())}))
    low, high = min(map(len, values)), max(map(len, values))
    return f"[{inside}]{{{low},{high}}}"
