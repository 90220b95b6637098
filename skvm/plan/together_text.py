"""What a plan does at the same time: of which kind, why that is allowed, how it is run, and what limits of a target cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from skvm.plan.graph import BatchNode, MapNode, Plan, PlanNode, TaskNode
from skvm.plan.queue import Rate
from skvm.plan.timing import Timing

RATES = (Rate(requests=600), Rate(requests=60), Rate(requests=20), Rate(lanes=1))
"""Limits that are shown where none is asked about: from a paid account down to a free one, and one request at a time."""

KINDS = {"data": "items", "instruction": "calls", "task": "sub-tasks"}


def together_rows(plan: Plan, line: Callable[[int], int]) -> list[dict[str, Any]]:
    """Every node that runs things at the same time: kind, node, members, basis, reason with its line, and how it is run."""
    return [row for node in plan.nodes for row in _row(plan, node, line)]


def _row(plan: Plan, node: PlanNode, line: Callable[[int], int]) -> Iterator[dict[str, Any]]:
    if isinstance(node, BatchNode):
        kind, how = "instruction", f"all go out at once, each with a result of its own; {_calls(node)}"
    elif isinstance(node, TaskNode):
        kind, how = "task", _task(node)
    elif isinstance(node, MapNode) and node.together is not None:
        kind, how = "data", _items(node)
    else:
        return
    why = node.together
    assert why is not None
    yield {
        "kind": kind,
        "node": node.id,
        "members": [n.id for n in plan.nodes if n.parent == node.id],
        "basis": why.basis,
        "reason": why.reason,
        "line": line(why.span.start),
        "how": how,
    }


def _items(node: MapNode) -> str:
    """How many items share a conversation, and why so many."""
    rule = node.joint
    if rule is None:
        return f"each item on its own{f': {node.alone}' if node.alone else ''}"
    return f"up to {rule.most} items of at most {rule.small} bytes in one conversation, larger ones on their own: {rule.why}"


def _calls(node: BatchNode) -> str:
    if node.joint is None:
        return f"a conversation each{f': {node.alone}' if node.alone else ''}"
    return f"up to {node.joint.most} of a model in one conversation and turn: {node.joint.why}"


def _task(node: TaskNode) -> str:
    gives = ", ".join(o.name for o in node.gives) or "values and files of its steps"
    return f"takes {', '.join(node.takes) or 'nothing'}; gives {gives}"


def together_lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The rows in words."""
    for row in rows:
        members = f" ({', '.join(row['members'])})" if row["kind"] != "data" else ""
        yield f"  {KINDS[row['kind']]} {row['node']}{members}: {row['how']}"
        yield f"      {row['basis']}, line {row['line']}: {row['reason']}"


def rate_rows(timing: Timing, rates: Sequence[Rate]) -> list[dict[str, Any]]:
    """How long the plan takes under each limit, any number of steps at once; `more`: seconds above no limit at all."""
    free = timing.makespan()
    rows = []
    for rate in rates or RATES:
        seconds = timing.makespan(rate=rate)
        more = round(seconds - free, 3)
        rows.append({**rate._asdict(), "words": rate.words(), "seconds": round(seconds, 3), "more": more})
    return rows
