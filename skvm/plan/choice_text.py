"""The choice among several targets, for people: who got what, what it comes to, the front, what noise would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from skvm.plan.artifact import Artifact
from skvm.plan.assignment import Assignment, Shift, Totals

Style = Callable[[str, str], str]
SHOWN = 12


def choice_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """The choice itself in a few lines; nothing for a plan with one target and no limits."""
    found = artifact.assignment
    if found is None:
        return
    counts = Counter(b.target for b in artifact.bindings if b.target)
    shares = ", ".join(f"{name} ({counts[name]})" for name in found.pool if counts[name]) or "no step needs a model"
    yield f"  steps by target: {style(shares, 'bold')}, chosen from {len(found.pool)}"
    yield f"    expected {_totals(found.totals)}{_weakest(found)}"
    proof = f"proved cheapest ({found.compared} partial choices compared)" if found.proved else f"not proved: {_off(found)}"
    yield f"    {style(proof, 'good' if found.proved else 'warning')}"
    if not found.kept:
        yield style("    the limits cannot be kept, see SKV404", "error")
    elif not found.capable:
        yield style("    to keep the limits some steps go to targets that do not hold what they need", "warning")
    if found.unpriced:
        yield style(f"    no price is known of {', '.join(found.unpriced)}: taken as the dearest known", "warning")


def _weakest(found: Assignment) -> str:
    return f", weakest step {found.weakest}" if found.weakest else ""


def _off(found: Assignment) -> str:
    off = found.totals.cost / found.least - 1 if found.least else 0.0
    return f"at most {off:.1%} dearer than the cheapest"


def _totals(item: Totals) -> str:
    return f"${item.cost:.4f}, success {item.success:.3f}, {item.seconds:.1f} s on the longest path"


def choice_details(artifact: Artifact, style: Style) -> Iterator[str]:
    """The front of cost against success, and the measurements whose noise would change the choice."""
    found = artifact.assignment
    if found is None:
        return
    if len(found.front) > 1:
        yield ""
        yield style("What more success would cost", "bold")
        for point in found.front:
            yield f"  ${point.cost:.4f}  success {point.success:.3f}  {point.seconds:.1f} s  {', '.join(point.targets)}"
    if found.shifts:
        yield ""
        yield style("Measurements whose noise would change the choice", "bold")
        yield from map(_shift, found.shifts[:SHOWN])
        if len(found.shifts) > SHOWN:
            yield f"  and {len(found.shifts) - SHOWN} more (--format json)"


def _shift(item: Shift) -> str:
    name = f"{item.target} {item.primitive} {item.level.value}"
    return f"  {name} at {item.probability:.2f}: {', '.join(item.steps)} elsewhere, ${item.totals.cost:.4f}"
