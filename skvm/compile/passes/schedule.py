"""schedule: estimates per node, the longest path by estimate, and which nodes can run at the same time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.capability import load_prices
from skvm.compile.unit import Pass, Unit
from skvm.plan import Estimate, ExecutorKind, PlanNode, StepNode
from skvm.plan.timing import critical_path, groups

FIRST = 1.0
TOKEN = 0.015
"""Seconds to the first token and per output token where a profile says nothing: 65 tokens a second, a usual hosted model."""

TURNS = 3
"""Model turns of a step: look, act, finish. Each sends the slice again."""

OVERHEAD = 700
"""Prompt tokens that every turn carries besides the slice: instructions and tool descriptions of the step agent."""

ANSWER = 220
"""Output tokens of a turn: a tool call with its arguments, or the final result."""

COMMAND = 2.0
"""Seconds of a command."""


@dataclass(frozen=True)
class SchedulePass(Pass):
    """Estimates, critical path, parallel groups."""

    id: ClassVar[str] = "schedule"
    summary: ClassVar[str] = "estimates, the critical path and what can run at the same time"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "edges")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "critical_path", "parallel")

    def run(self, unit: Unit) -> Unit:
        """The unit with estimates on its steps, its critical path and its parallel groups."""
        made = unit.with_nodes(lambda node: _estimated(unit, node))
        return replace(made, critical_path=critical_path(made.nodes, made.edges), parallel=groups(made.nodes, made.edges))


def _estimated(unit: Unit, node: PlanNode) -> PlanNode:
    return node.model_copy(update={"estimate": estimate(unit, node)}) if isinstance(node, StepNode) else node


def estimate(unit: Unit, node: StepNode) -> Estimate:
    """Seconds, tokens and USD of one run of a step; what they rest on is in `basis`."""
    if node.executor.kind is not ExecutorKind.MODEL:
        return Estimate(seconds=COMMAND, basis="assumed time of a command")
    sent = node.slice
    size = len(sent.text) + len(sent.goal) + sum(map(len, (*sent.constraints, *sent.knowledge, *(a.text for a in sent.added))))
    prompt = TURNS * (OVERHEAD + (size + 3) // 4)
    profile = unit.request.profile
    latency = profile.latency if profile is not None else {}
    first, token = latency.get("first", FIRST), latency.get("token", TOKEN)
    price = load_prices().get(unit.request.target.model)
    basis = "4 characters a token, 3 turns"
    basis += ", latency of the profile" if latency else ", assumed latency"
    basis += "" if price is not None else ", price unknown"
    return Estimate(
        seconds=round(TURNS * (first + ANSWER * token), 3),
        tokens=prompt + TURNS * ANSWER,
        cost=round(price.cost(prompt, TURNS * ANSWER), 6) if price is not None else 0.0,
        basis=basis,
    )
