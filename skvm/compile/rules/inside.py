"""What belongs to a step or stands in it, found without a look at all the rest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Generic, TypeVar

from skvm.ir import Step
from skvm.source import Span

T = TypeVar("T")


class Inside(Generic[T]):
    """Items with their span and the id of the node they belong to (None: to none), in source order."""

    def __init__(self, rows: Iterable[tuple[Span, str | None, T]]) -> None:
        self._rows = tuple(rows)
        self._by_start = sorted((span.file, span.start, at) for at, (span, _, _) in enumerate(self._rows))
        self._owned: dict[str, list[int]] = {}
        for at, (_, owner, _) in enumerate(self._rows):
            if owner is not None:
                self._owned.setdefault(owner, []).append(at)
        self._known: dict[str, list[T]] = {}

    def of(self, step: Step) -> list[T]:
        """Items that belong to the step or lie in its span, in source order."""
        found = self._known.get(step.id)
        if found is None:
            span = step.span
            first = bisect_left(self._by_start, (span.file, span.start, 0))
            last = bisect_right(self._by_start, (span.file, span.end, len(self._rows)))
            inside = {at for _, _, at in self._by_start[first:last] if span.contains(self._rows[at][0])}
            found = self._known[step.id] = [self._rows[at][2] for at in sorted(inside.union(self._owned.get(step.id, ())))]
        return list(found)
