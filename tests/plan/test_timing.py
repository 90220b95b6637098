from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.ir import Hazard
from skvm.plan import BranchNode, Edge, Estimate, Executor, ExecutorKind, LoopNode, MapNode, Slice, StepNode
from skvm.plan.graph import Arm
from skvm.plan.timing import Timing, critical_path, groups
from skvm.source import Span

SPAN = Span("SKILL.md", 0, 1)
MODEL = Executor(kind=ExecutorKind.MODEL, target="m")


def step(id: str, seconds: float = 1.0, parent: str | None = None, arm: int | None = None) -> StepNode:
    base = {"id": id, "key": id, "title": id, "span": SPAN, "executor": MODEL, "slice": Slice(goal="", text="")}
    return StepNode(**base, parent=parent, arm=arm, estimate=Estimate(seconds=seconds))


def edge(before: str, after: str) -> Edge:
    return Edge(before=before, after=after, hazard=Hazard.DECLARED_ORDER)


DIAMOND = (
    [step("a", 1), step("b", 5), step("c", 2), step("d", 1)],
    [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")],
)


def test_a_diamond() -> None:
    timing = Timing(*DIAMOND)
    assert timing.work == 9 and timing.span(timing.top) == 7
    assert critical_path(*DIAMOND) == ("a", "b", "d")
    assert groups(*DIAMOND) == (("b", "c"),)
    assert {r.id: r.slack for r in timing.rows(timing.top)} == {"a": 0, "b": 0, "c": 3, "d": 0}
    assert [timing.makespan(n) for n in (1, 2, 16)] == [9, 7, 7]
    assert timing.without(DIAMOND[1][0]) == 6  # b no longer waits for a


def test_blocks_count_as_what_is_in_them() -> None:
    arms = tuple(Arm(label=x, condition=x, span=SPAN) for x in "pq")
    branch = BranchNode(id="B", key="B", title="B", span=SPAN, arms=arms, executor=MODEL)
    loop = LoopNode(id="L", key="L", title="L", span=SPAN, bound=3, bound_stated=True, executor=MODEL)
    assumed = loop.model_copy(update={"id": "M", "bound_stated": False})
    items = MapNode(id="N", key="N", title="N", span=SPAN, over="*.md", parallel=True)
    nodes = [
        branch,
        step("x", 2, "B", 0),
        step("y", 5, "B", 1),
        loop,
        step("z", 2, "L"),
        assumed,
        step("u", 2, "M"),
        items,
        step("v", 4, "N"),
    ]
    timing = Timing(nodes, [])
    assert [timing.seconds(n) for n in timing.top] == [5, 6, 2, 4]
    assert timing.work == 17 and timing.span(timing.top) == 6


def test_nothing() -> None:
    timing = Timing([], [])
    assert timing.work == 0 and timing.span(timing.top) == 0 and timing.makespan(4) == 0
    assert critical_path([], []) == () and groups([], []) == ()


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[StepNode], list[Edge]]:
    count = draw(st.integers(1, 8))
    nodes = [step(f"n{i}", draw(st.integers(0, 5))) for i in range(count)]
    pairs = draw(st.sets(st.sampled_from([(i, j) for i in range(count) for j in range(i + 1, count)] or [(0, 0)])))
    return nodes, [edge(f"n{i}", f"n{j}") for i, j in sorted(pairs) if i < j]


@settings(max_examples=200, deadline=None)
@given(plans())
def test_schedules_keep_their_bounds(plan: tuple[Sequence[StepNode], list[Edge]]) -> None:
    timing = Timing(*plan)
    span = timing.span(timing.top)
    times = [timing.makespan(n) for n in (1, 2, 3, 8)]
    assert times[0] == pytest.approx(timing.work) and times[-1] == pytest.approx(span)
    for workers, time in zip((1, 2, 3, 8), times, strict=True):
        assert span - 1e-9 <= time <= timing.work / workers + span + 1e-9  # Graham's bound
    path = critical_path(*plan)
    assert sum(timing.seconds(n) for n in plan[0] if n.id in path) == pytest.approx(span)
    joined = {(e.before, e.after) for e in plan[1]}
    assert all(pair in joined for pair in itertools.pairwise(path))
    for row in timing.rows(timing.top):
        assert row.slack >= 0 and (row.id not in path or row.slack == 0)
    for item in plan[1]:
        assert timing.without(item) <= span + 1e-9
