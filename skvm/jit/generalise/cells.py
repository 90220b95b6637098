"""What texts of results hold beside words: cells and rows of tables, and how often a placeholder stands there.

A table is CSV with a head, read strictly, so that a cell is the same cell for whoever looks. A placeholder is one word in
brackets (`[email]`), as tools put where something was.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from skvm.plan import Unfilled

MAX_TABLE = 64_000
"""Longer texts are no table: reading one costs its length each time."""


Reading = tuple[tuple[str, ...], tuple[Any, ...]]
"""One derivation and what it gives for each text."""

MAX_PLACEHOLDERS = 32
"""Texts with more different ones have none: too many counts would explain anything."""

_PLACEHOLDER = re.compile(r"\[[^\W\d_][\w-]{0,38}\]|<[^\W\d_][\w-]{0,38}>|\{[^\W\d_][\w-]{0,38}\}")


def table(text: str) -> list[dict[str, str]] | None:
    """Rows of a CSV text by the names in its first line; None for a text that is no table of two columns at least."""
    if len(text) > MAX_TABLE or "," not in text.partition("\n")[0]:
        return None
    try:
        head, *rows = csv.reader(text.rstrip("\r\n").splitlines(), strict=True)
    except (csv.Error, ValueError):
        return None
    if not all(head) or len(set(head)) < len(head) or any(len(row) != len(head) for row in rows):
        return None
    return [dict(zip(head, row, strict=True)) for row in rows]


def cell(text: str, row: str, name: str) -> str:
    """A cell of the first (`0`) or last (`-1`) row of a table."""
    rows = table(text)
    if not rows or name not in rows[0]:
        raise Unfilled(name)
    return rows[int(row)][name]


def height(text: str) -> int:
    """How many rows a table has below its head."""
    rows = table(text)
    if rows is None:
        raise Unfilled("rows")
    return len(rows)


def placeholders(texts: Sequence[str]) -> list[str]:
    """All placeholders of the texts, in order of the alphabet; none when there are too many."""
    found = {word for text in texts if len(text) <= MAX_TABLE for word in _PLACEHOLDER.findall(text)}
    return sorted(found) if len(found) <= MAX_PLACEHOLDERS else []


def count(text: str, word: str) -> int:
    """How often a placeholder stands in a text."""
    if len(text) > MAX_TABLE:
        raise Unfilled(word)
    return text.count(word)


def cells(column: Sequence[Any]) -> Iterator[Reading]:
    """Number of rows, where all texts are tables; cells of the first and last row, where all have the same head."""
    tables = [table(v) if isinstance(v, str) else None for v in column]
    rows = [t for t in tables if t is not None]
    if len(rows) < len(tables):
        return
    yield ("rows",), tuple(map(len, rows))
    if not all(rows) or any(t[0].keys() != rows[0][0].keys() for t in rows):
        return
    for place in (0, -1):
        for name in rows[0][0]:
            yield ("cell", str(place), name), tuple(t[place][name] for t in rows)


def counts(column: Sequence[Any]) -> Iterator[Reading]:
    """How often each placeholder stands in each of the texts."""
    if all(isinstance(v, str) and len(v) <= MAX_TABLE for v in column):
        for word in placeholders(column):
            yield ("count", word), tuple(count(v, word) for v in column)
