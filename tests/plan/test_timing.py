from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.ir import Hazard
from skvm.plan import BranchNode, Edge, Estimate, Executor, ExecutorKind, LoopNode, MapNode, Slice, StepNode
from skvm.plan.graph import Arm
from skvm.plan.queue import Rate
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


def asked(id: str, seconds: float, calls: int = 3, tokens: int = 0) -> StepNode:
    return step(id).model_copy(update={"estimate": Estimate(seconds=seconds, calls=calls, tokens=tokens)})


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 60), st.integers(1, 120))
def test_requests_a_minute_by_the_closed_form(count: int, turns: int, seconds: int, gap: int) -> None:
    """N equal steps side by side, each of Q turns of D/Q seconds, one request every G seconds.

    Where a round of N requests takes longer than a turn (N G >= D/Q), requests go out without a pause: the last of N Q goes out
    after (N Q - 1) G and takes one turn. Else every step runs as if alone and the last one starts after (N - 1) G.
    """
    plan = Timing([asked(f"n{i}", turns * seconds, turns) for i in range(count)], [])
    busy = count * gap >= seconds
    expected = (count * turns - 1) * gap + seconds if busy else (count - 1) * gap + turns * seconds
    assert plan.makespan(rate=Rate(requests=60 / gap)) == pytest.approx(expected)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 60), st.integers(1, 8))
def test_requests_at_once_by_the_closed_form(count: int, turns: int, seconds: int, lanes: int) -> None:
    """N Q equal turns on L lanes, first come first served: rounds of L, unless there are lanes for all."""
    plan = Timing([asked(f"n{i}", turns * seconds, turns) for i in range(count)], [])
    rounds = turns if lanes >= count else -(-count * turns // lanes)
    assert plan.makespan(rate=Rate(lanes=lanes)) == pytest.approx(rounds * seconds)


def test_tokens_a_minute_and_what_asks_no_model() -> None:
    two = [asked("a", 30, 3, 3000), asked("b", 30, 3, 3000)]
    assert Timing(two, []).makespan(rate=Rate(tokens=60_000)) == 31  # the second one waits a second for 1,000 tokens
    assert Timing(two, []).makespan(rate=Rate(tokens=6_000)) == 5 * 10 + 10
    commands = [step("a", 5), step("b", 5)]
    assert Timing(commands, []).makespan(rate=Rate(requests=1, lanes=1)) == 5


@settings(max_examples=150, deadline=None)
@given(plans(), st.integers(1, 600), st.integers(1, 8))
def test_a_limit_never_helps(plan: tuple[Sequence[StepNode], list[Edge]], rpm: int, lanes: int) -> None:
    """By Graham's bound and by the least time any schedule takes; a laxer rate is not slower on plans of equal turns."""
    nodes = [asked(n.id, n.estimate.seconds) for n in plan[0]]
    timing = Timing(nodes, plan[1])
    span = timing.span(timing.top)
    slow = timing.makespan(rate=Rate(requests=rpm))
    assert slow >= max(span, (3 * len(nodes) - 1) * 60 / rpm) - 1e-6
    assert span - 1e-6 <= timing.makespan(rate=Rate(lanes=lanes)) <= timing.work / lanes + span + 1e-6


def test_what_lies_in_blocks_is_counted_step_by_step() -> None:
    items = MapNode(id="N", key="N", title="N", span=SPAN, over="*.md", parallel=True)
    loop = LoopNode(id="L", key="L", title="L", span=SPAN, bound=3, bound_stated=True, executor=MODEL)
    nodes = [items, step("a", 2, "N"), step("b", 3, "N"), loop, step("c", 2, "L"), step("d", 1)]
    timing = Timing(nodes, [edge("N", "L"), edge("L", "d")])
    assert timing.makespan(1) == timing.work == 12 and timing.makespan(2) == 10
    long = loop.model_copy(update={"bound": 100})
    nested = [long.model_copy(update={"id": f"L{i}", "parent": f"L{i - 1}" if i else None}) for i in range(4)]
    assert Timing([*nested, step("x", 1, "L3")], []).makespan(1) == 100**4  # counted, not written out
