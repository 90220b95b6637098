"""Sub-tasks: a part of the plan that an agent of its own does, from what its contract lets in to what it must hand back."""

from __future__ import annotations

from skvm.diag import PlanError
from skvm.plan import Output, StepNode, StepResult, StepStatus, TaskNode
from skvm.runtime.agent.verify import matches
from skvm.runtime.flow.scheduler import GOOD, Flow
from skvm.runtime.state.scope import Scope
from skvm.runtime.threads import in_thread


async def sub_task(flow: Flow, node: TaskNode, scope: Scope) -> StepResult:
    """Its steps in their order; then what they made is put together under its own id and held against the contract.

    FAILED when something is missing that it must give. Raises PlanError when a step would read past the contract.
    """
    steps = [s for s in flow.session.graph.below(node.id) if isinstance(s, StepNode)]
    own = tuple(f"$step.{s.id}." for s in steps)
    outside = [ref for s in steps for ref in s.inputs if not ref.startswith(own) and ref not in node.takes]
    if outside:
        raise PlanError(f"it reads {outside[0]}, which its contract does not let in", where=node.id, help="compile it again")
    ended = await flow.block(node.id, scope)
    if ended.status not in GOOD:
        return ended
    result = _handed_back(flow, steps, scope)
    missing = [o.name for o in node.gives if o.required and not await _given(flow, o, result)]
    if missing:
        result = StepResult(status=StepStatus.FAILED, reason=f"the sub-task did not give {', '.join(missing)}")
        flow.note(result, node)
        return result
    flow.session.board.put(node.id, scope, result)
    return result


def _handed_back(flow: Flow, steps: list[StepNode], scope: Scope) -> StepResult:
    """Values and files of its steps together; of equal names those of the later step."""
    found = [r for r in (flow.session.board.get(s.id, scope) for s in steps) if r is not None]
    return StepResult(
        status=StepStatus.DONE,
        summary="\n".join(r.summary for r in found if r.summary),
        values={name: value for r in found for name, value in r.values.items()},
        files=tuple({f.path: f for r in found for f in r.files}.values()),
        executor="task",
    )


async def _given(flow: Flow, output: Output, result: StepResult) -> bool:
    if output.path is None:
        return result.values.get(output.name) is not None
    return await in_thread(matches, flow.session.space.work, output.path)
