"""What success costs: every choice that nothing cheaper is as sure as."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf

from skvm.compile.binding.solve import Choice, solve
from skvm.compile.binding.table import Table

POINTS = 40
"""So many points are drawn at most; a longer front is cut at its dear end, and the last point then is not the surest choice."""


class Point(Choice):
    """A choice on the front."""

    @property
    def success(self) -> float:
        """Probability that all steps succeed, taken as independent."""
        return exp(-self.loss)


def front(table: Table, points: int = POINTS, most: float = inf) -> list[Point]:
    """Choices from the cheapest to the surest, each the cheapest that is surer than the one before; limits on time and models
    hold, the limit on success does not.

    Each point is a search of its own with the last one's loss as a limit that must be undercut (epsilon constraint, Haimes
    et al. 1971), so that every point is exact unless its search ended with `most`, see `solve`.
    """
    found: list[Point] = []
    limit = inf
    while len(found) < points:
        best = solve(replace(table, loss=limit), most)
        if best is None:
            break
        found.append(Point(**vars(best)))
        if best.loss <= 0:
            break
        limit = best.loss * (1 - 1e-9)
    return found
