"""schedule: estimates per node, the longest path by estimate, and which nodes can run at the same time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.estimates import estimate
from skvm.compile.unit import Pass, Unit
from skvm.plan import BranchNode, Original, PlanNode, StepNode
from skvm.plan.timing import critical_path, groups


@dataclass(frozen=True)
class SchedulePass(Pass):
    """Estimates, critical path, parallel groups."""

    id: ClassVar[str] = "schedule"
    summary: ClassVar[str] = "estimates, the critical path and what can run at the same time"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "edges")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "critical_path", "parallel", "originals")

    def run(self, unit: Unit) -> Unit:
        """The unit with estimates on its steps, its critical path and its parallel groups."""
        made = unit.with_nodes(lambda node: _estimated(unit, node))
        kept = tuple(_as_it_was(unit, item) for item in unit.originals)
        return replace(
            made, critical_path=critical_path(made.nodes, made.edges), parallel=groups(made.nodes, made.edges), originals=kept
        )


def _as_it_was(unit: Unit, item: Original) -> Original:
    """What an edited step would have taken."""
    node = _estimated(unit, item.node)
    assert isinstance(node, StepNode | BranchNode)  # nothing else is edited
    return item.model_copy(update={"node": node})


def _estimated(unit: Unit, node: PlanNode) -> PlanNode:
    if not isinstance(node, StepNode):
        return node
    found = unit.request.processor(node.executor.target)
    return node.model_copy(update={"estimate": estimate(node, found.target, found.profile)})
