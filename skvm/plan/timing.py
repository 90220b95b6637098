"""Work, span and simulated schedules of a plan by its estimates. Pure arithmetic over nodes and edges.

Blocks count as one node whose time is the time of what is in them: a branch its longest arm, a loop its body once per stated
pass and once where the bound is assumed, a map its body once (how many items there are is known at run time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from skvm.plan.graph import BranchNode, DelegateNode, Edge, Estimate, PlanNode, StepNode
from skvm.plan.queue import FREE, Flattener, Job, Rate, makespan, passes

OTHER_SECONDS = 0.0
"""Gates wait for people: no time of this plan."""


ESTIMATED = (StepNode, DelegateNode)
"""Nodes with an estimate of their own."""


class Row(NamedTuple):
    """One node in a schedule by estimate: seconds from the start of its block; `slack` = how much later it may start."""

    id: str
    start: float
    end: float
    slack: float


class Timing:
    """Times of one plan."""

    def __init__(self, nodes: Sequence[PlanNode], edges: Iterable[Edge]) -> None:
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self._children: dict[str | None, list[PlanNode]] = {}
        for node in self.nodes:
            self._children.setdefault(node.parent, []).append(node)
        self._before: dict[str, list[str]] = {}
        self._after: dict[str, list[str]] = {}
        for edge in self.edges:
            self._before.setdefault(edge.after, []).append(edge.before)
            self._after.setdefault(edge.before, []).append(edge.after)
        self._seconds: dict[str, float] = {}

    def seconds(self, node: PlanNode) -> float:
        """Time of a node with unlimited workers."""
        if node.id not in self._seconds:
            self._seconds[node.id] = self._time(node)
        return self._seconds[node.id]

    def _time(self, node: PlanNode) -> float:
        if isinstance(node, ESTIMATED):
            return node.estimate.seconds
        below = self._children.get(node.id, [])
        if not below:
            return OTHER_SECONDS
        if isinstance(node, BranchNode):
            return max(self.span([c for c in below if c.arm == arm]) for arm in {c.arm for c in below})
        return self.span(below) * passes(node)

    def span(self, members: Sequence[PlanNode]) -> float:
        """Longest path through nodes of one block."""
        return max((end for _, end in self.finish(members).values()), default=0.0)

    def finish(self, members: Sequence[PlanNode]) -> dict[str, tuple[float, float]]:
        """(start, end) of each node of a block when workers are unlimited. Members are in plan order, so edges run forward."""
        times: dict[str, tuple[float, float]] = {}
        for node in members:
            start = max((times[b][1] for b in self._before.get(node.id, ()) if b in times), default=0.0)
            times[node.id] = (start, start + self.seconds(node))
        return times

    def rows(self, members: Sequence[PlanNode]) -> tuple[Row, ...]:
        """Start, end and slack of each node of a block."""
        times = self.finish(members)
        total = max((end for _, end in times.values()), default=0.0)
        latest: dict[str, float] = {}
        for node in reversed(members):
            latest[node.id] = min(
                (latest[a] - self.seconds(self._node(a)) for a in self._after.get(node.id, ()) if a in latest), default=total
            )
        return tuple(Row(n.id, *times[n.id], round(latest[n.id] - times[n.id][1], 6)) for n in members)

    @cached_property
    def _by_id(self) -> dict[str, PlanNode]:
        return {n.id: n for n in self.nodes}

    def _node(self, id: str) -> PlanNode:
        return self._by_id[id]

    @property
    def top(self) -> tuple[PlanNode, ...]:
        """Nodes that lie in no block."""
        return tuple(self._children.get(None, ()))

    @cached_property
    def work(self) -> float:
        """Time of everything one after another, loops and branches as in `seconds`."""
        return sum(self._work(n) for n in self.top)

    def _work(self, node: PlanNode) -> float:
        below = self._children.get(node.id, [])
        if not below:
            return self.seconds(node)
        if isinstance(node, BranchNode):
            return max(sum(self._work(c) for c in below if c.arm == arm) for arm in {c.arm for c in below})
        once = sum(self._work(c) for c in below)
        return once * passes(node)

    @cached_property
    def _jobs(self) -> list[Job]:
        return Flattener(self._children, self._before, self.seconds).run()

    def makespan(self, workers: int | None = None, rate: Rate = FREE) -> float:
        """Time with at most `workers` steps at once (None: any number) on targets with this rate."""
        return makespan(self._jobs, workers, rate)

    def without(self, edge: Edge) -> float:
        """Span of the top level if this edge were not there."""
        if self._node(edge.before).parent is not None:
            return self.span(self.top)
        return Timing(self.nodes, [e for e in self.edges if e != edge]).span(self.top)


def critical_path(nodes: Sequence[PlanNode], edges: Sequence[Edge]) -> tuple[str, ...]:
    """Ids along the longest path of the top level; among equals the one that comes first in the plan."""
    timing = Timing(nodes, edges)
    times = timing.finish(timing.top)
    if not times:
        return ()
    order = {n.id: i for i, n in enumerate(nodes)}
    at = min(times, key=lambda id: (-times[id][1], order[id]))
    path = [at]
    while True:
        before = [e.before for e in edges if e.after == at and e.before in times]
        if not before:
            return tuple(reversed(path))
        at = min(before, key=lambda id: (-times[id][1], order[id]))
        path.append(at)


def groups(nodes: Sequence[PlanNode], edges: Sequence[Edge]) -> tuple[tuple[str, ...], ...]:
    """Groups of two or more children of one block that nothing orders and that share all their predecessors' depth."""
    timing = Timing(nodes, edges)
    found: list[tuple[str, ...]] = []
    for members in timing._children.values():
        arms: dict[int | None, list[PlanNode]] = {}
        for node in members:
            arms.setdefault(node.arm, []).append(node)
        for part in arms.values():
            found += _levels(part, timing._before)
    order = {n.id: i for i, n in enumerate(nodes)}
    return tuple(sorted(found, key=lambda g: order[g[0]]))


def _levels(members: list[PlanNode], before: dict[str, list[str]]) -> list[tuple[str, ...]]:
    rows: dict[int, list[str]] = {}
    for id, depth in depths(members, before).items():
        rows.setdefault(depth, []).append(id)
    return [tuple(row) for row in rows.values() if len(row) > 1]


def depths(members: Iterable[PlanNode], before: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """For each node of a block the most edges on a way to it; `members` in plan order, `before` by the node that waits."""
    depth: dict[str, int] = {}
    for node in members:
        depth[node.id] = 1 + max((depth[b] for b in before.get(node.id, ()) if b in depth), default=-1)
    return depth


def estimate_of(nodes: Sequence[PlanNode], edges: Iterable[Edge]) -> Estimate:
    """A whole plan as one step: the time of its longest path, and what all its steps ask of models."""
    parts = [n.estimate for n in nodes if isinstance(n, ESTIMATED)]
    timing = Timing(nodes, edges)
    return Estimate(
        seconds=round(timing.span(timing.top), 6),
        calls=sum(p.calls for p in parts),
        tokens=sum(p.tokens for p in parts),
        cost=round(sum(p.cost for p in parts), 9),
        basis="; ".join(sorted({p.basis for p in parts if p.basis})),
    )
