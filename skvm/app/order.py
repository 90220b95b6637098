"""Order between steps for the outline: transitive reduction of the plan's edges, or the declared order without a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from skvm.ir import ControlKind, Program
from skvm.source import Span

if TYPE_CHECKING:
    from skvm.compile import Analysis


def after_of(program: Program, analysis: Analysis | None) -> dict[str, tuple[str, ...]]:
    """Direct predecessors of every step. Exclusive arms have no edge between them (decisions, "Program, order, export")."""
    if analysis is None:
        return declared_order(program)
    order = {step.id: at for at, step in enumerate(program.steps)}
    table: dict[str, set[str]] = {step.id: set() for step in program.steps}
    for edge in analysis.edges:
        table[edge.after].add(edge.before)
    return {step: tuple(sorted(before, key=order.__getitem__)) for step, before in table.items()}


def declared_order(program: Program) -> dict[str, tuple[str, ...]]:
    """The order of the text: a chain, in which arms that exclude each other share predecessor and successor."""
    arms = _arms(program)
    after: dict[str, tuple[str, ...]] = {}
    frontier: tuple[str, ...] = ()
    group: str | None = None
    fork: tuple[str, ...] = ()
    for step in program.steps:
        mine = arms.get(step.id)
        if mine is not None and mine == group:
            after[step.id] = fork
            frontier = (*frontier, step.id)
            continue
        after[step.id] = frontier
        group, fork, frontier = mine, frontier, (step.id,)
    return after


def _arms(program: Program) -> dict[str, str]:
    """Step to the group of arms it belongs to."""
    return {c.owner: c.group for c in program.controls if c.kind is ControlKind.BRANCH and c.group is not None}


def parallel_of(
    program: Program, analysis: Analysis | None, after: dict[str, tuple[str, ...]], at: Callable[[Span], list[int]]
) -> list[dict[str, Any]]:
    """Groups of steps that may overlap: those an author names, and steps that wait for exactly the same ones.

    Arms, ways that exclude each other and failure handlers never run at the same time.
    """
    out: list[dict[str, Any]] = []
    named: set[str] = set()
    for control in program.controls:
        if control.kind is ControlKind.PARALLEL and len(control.members) > 1:
            out.append({"steps": list(control.members), "explicit": True, "lines": at(control.span)})
            named.update(control.members)
    never = {*named, *_arms(program), *(analysis.handlers if analysis is not None else ())}
    ways = analysis.ways if analysis is not None else {}
    waiting: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for step in program.steps:
        if step.id not in never:
            waiting.setdefault((ways.get(step.id, ""), after[step.id]), []).append(step.id)
    spans = {step.id: step.span for step in program.steps}
    for steps in waiting.values():
        if len(steps) > 1:
            out.append({"steps": steps, "explicit": False, "lines": at(spans[steps[0]])})
    return out
