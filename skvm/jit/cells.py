"""Tables in results: CSV with a head, read strictly, so that a cell is the same cell for whoever looks."""

from __future__ import annotations

import csv

from skvm.plan import Unfilled

MAX_TABLE = 64_000
"""Longer texts are no table: reading one costs its length each time."""


def table(text: str) -> list[dict[str, str]] | None:
    """Rows of a CSV text by the names in its first line; None for a text that is no table of two columns and a row at least."""
    if len(text) > MAX_TABLE or "," not in text.partition("\n")[0]:
        return None
    try:
        head, *rows = csv.reader(text.rstrip("\r\n").splitlines(), strict=True)
    except (csv.Error, ValueError):
        return None
    if not rows or not all(head) or len(set(head)) < len(head) or any(len(row) != len(head) for row in rows):
        return None
    return [dict(zip(head, row, strict=True)) for row in rows]


def cell(text: str, row: str, name: str) -> str:
    """A cell of the first (`0`) or last (`-1`) row of a table."""
    rows = table(text)
    if rows is None or name not in rows[0]:
        raise Unfilled(name)
    return rows[int(row)][name]
