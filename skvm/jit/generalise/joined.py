"""Texts that are a concatenation of literals and explained pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.jit.generalise.unify import Column
from skvm.plan import Origin

MAX_SEARCH = 400
"""Nodes of the search for a concatenation."""


def concatenated(
    column: Sequence[str], pieces: Sequence[tuple[Origin, Column]], budget: list[int]
) -> list[str | tuple[Origin, ...]] | None:
    """Few and long pieces first; None where there is none within the budget."""
    if len(set(column)) == 1:
        return [column[0]] if column[0] else []
    budget[0] -= 1
    if budget[0] < 0 or not all(column):
        return None
    for origin, texts in pieces:
        if all(c.startswith(t) for c, t in zip(column, texts, strict=True)):
            rest = concatenated([c[len(t) :] for c, t in zip(column, texts, strict=True)], pieces, budget)
            if rest is not None:
                return [(origin,), *rest]
    head = _common_head(column)
    if not head:
        return None
    rest = concatenated([c[len(head) :] for c in column], pieces, budget)
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
