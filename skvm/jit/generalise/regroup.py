"""Holes drawn anew: an alignment cuts a value in two where its words stand around, or share, a word that all values have.

`Invoice 7 of Harbour Paper Ltd` and `Invoice 8 of Zenit Kurier` align at the blank inside the names. Where what a hole holds
has no known source, but has one together with its neighbours on either side, the hole is drawn around all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skvm.jit.generalise.unify import Column, tokens

MAX_WIDTH = 12
"""Tokens and holes that one hole may be drawn around."""

LABELLED_WIDTH = 6
"""The same where parts of results are looked for by what stands around them: each look goes through all of them."""

Known = Callable[[Column], bool]


def regrouped(pieces: Sequence[str | Column], settled: Known, known: Known, most: int = MAX_WIDTH) -> list[str | Column]:
    """Literals and columns with the same texts; a column that is not `settled` grows to the least stretch that is `known`."""
    cells: list[str | Column] = []
    for piece in pieces:
        cells += tokens(piece) if isinstance(piece, str) else [piece]
    at = 0
    while at < len(cells):
        cell = cells[at]
        if not isinstance(cell, str) and not settled(cell):
            at = _widen(cells, at, known, most)
        at += 1
    return _joined(cells)


def _widen(cells: list[str | Column], at: int, known: Known, most: int) -> int:
    """Put one hole in place of the least stretch around `at` that is known; returns where it is, `at` when there is none."""
    for width in range(2, most + 1):
        for low in range(max(0, at - width + 1), min(at, len(cells) - width) + 1):
            column = _column(cells[low : low + width])
            if column is not None and known(column):
                cells[low : low + width] = [column]
                return low
    return at


def _column(cells: Sequence[str | Column]) -> Column | None:
    count = max(len(c) for c in cells if not isinstance(c, str))
    rows = [[c] * count if isinstance(c, str) else c for c in cells]
    if not all(isinstance(v, str) for row in rows for v in row):
        return None
    return tuple("".join(row) for row in zip(*rows, strict=True))


def _joined(cells: Sequence[str | Column]) -> list[str | Column]:
    pieces: list[str | Column] = []
    for cell in cells:
        if isinstance(cell, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += cell
        else:
            pieces.append(cell)
    return pieces
