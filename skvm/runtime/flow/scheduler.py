"""Runs the children of one block as a graph: a node starts the moment its last predecessor is done.

No waves, no polling: a finished node counts down its successors; the first that becomes ready goes on in the same task, others
in new ones. A failure cancels the block at once. Waiting nodes (gates) hold only what comes after them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from skvm.diag import InternalError, PlanError, SkvmError
from skvm.plan import EventKind, PlanNode, StepNode, StepResult, StepStatus
from skvm.runtime.agent.step import run_step
from skvm.runtime.flow.conditions import exit_readers
from skvm.runtime.session import Failure, Session
from skvm.runtime.state.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[["Flow", PlanNode, Scope], Awaitable[StepResult]]

GOOD = (StepStatus.DONE, StepStatus.SKIPPED)


@dataclass
class BlockRun:
    """The state of one block while it runs: how many predecessors each node still waits for."""

    waits: dict[str, int]
    successors: dict[str, list[PlanNode]]
    scope: Scope
    failed: StepResult | None = None
    waiting: bool = False
    done: int = 0
    recovered: set[str] = field(default_factory=set)


class Flow:
    """The scheduler of one skill. `control` handles nodes that are not steps."""

    def __init__(self, session: Session, control: Handler) -> None:
        self.session = session
        self.control = control
        self._exit_readers = exit_readers(session.graph.plan)
        self._recovered: dict[tuple[str, str], StepResult] = {}

    async def block(self, parent: str | None, scope: Scope, arm: int | None = None) -> StepResult:
        """Run all children of a node; DONE when all ended well, else the first failure, or WAITING."""
        nodes = self.session.graph.body(parent, arm)
        if not nodes:
            return StepResult(status=StepStatus.DONE)
        run = self._prepare(nodes, scope)
        first = [n for n in nodes if run.waits[n.id] == 0]
        if len(nodes) == 1:
            await self._guarded_chain(run, nodes[0], None)
        else:
            async with anyio.create_task_group() as group:
                for node in first:
                    group.start_soon(self._guarded_chain, run, node, group)
        self.raise_fatal()
        if run.failed is not None:
            return run.failed
        if run.waiting:
            return StepResult(status=StepStatus.WAITING, reason="waits for a person")
        if run.done < len(nodes):
            raise PlanError("steps wait for each other in a circle", where=parent or "plan", help="compile the skill again")
        return StepResult(status=StepStatus.DONE)

    def skip_below(self, parent: str, scope: Scope, reason: str, arm: int | None = None) -> None:
        """Journal that a whole block does not run."""
        for node in self.session.graph.body(parent, arm):
            self.skip(node, scope, reason)
            for deep in self.session.graph.below(node.id):
                self.skip(deep, scope, reason)

    def skip(self, node: PlanNode, scope: Scope, reason: str) -> StepResult:
        """Journal that a node does not run."""
        result = StepResult(status=StepStatus.SKIPPED, reason=reason, executor="skipped")
        if (node.id, scope.path) not in self.session.replay.skipped:
            self.session.emit(EventKind.NODE_SKIP, node.id, scope, reason=reason)
        self.session.row(node, scope, result)
        return result

    def _prepare(self, nodes: list[PlanNode], scope: Scope) -> BlockRun:
        inside = {n.id: n for n in nodes}
        waits = dict.fromkeys(inside, 0)
        successors: dict[str, list[PlanNode]] = {n.id: [] for n in nodes}
        for node in nodes:
            for after in {e.after for e in self.session.graph.out[node.id] if e.after in inside}:
                waits[after] += 1
                successors[node.id].append(inside[after])
        order = {n.id: i for i, n in enumerate(nodes)}
        for following in successors.values():
            following.sort(key=lambda n: order[n.id])
        return BlockRun(waits, successors, scope)

    async def _guarded_chain(self, run: BlockRun, node: PlanNode, group: anyio.abc.TaskGroup | None) -> None:
        """One task: errors that end the run are kept aside, so that a task group never wraps them."""
        try:
            await self._chain(run, node, group)
            return
        except SkvmError as error:
            self.end_run(error)
        except Exception as error:
            broken = InternalError(f"{type(error).__name__}: {error}", where=node.id)
            broken.__cause__ = error
            self.end_run(broken)
        if group is not None:
            group.cancel_scope.cancel()

    async def _chain(self, run: BlockRun, node: PlanNode | None, group: anyio.abc.TaskGroup | None) -> None:
        """Run a node, then whatever it made ready."""
        while node is not None:
            result = await self._node(run, node)
            if result.status is StepStatus.WAITING:
                run.waiting = True
                return
            if result.status not in GOOD:
                if run.failed is None:
                    run.failed = result
                if group is not None:
                    group.cancel_scope.cancel()
                return
            run.done += 1
            ready = []
            for after in run.successors[node.id]:
                run.waits[after.id] -= 1
                if run.waits[after.id] == 0:
                    ready.append(after)
            node = ready[0] if ready else None
            for other in ready[1:]:
                assert group is not None
                group.start_soon(self._guarded_chain, run, other, group)

    async def _node(self, run: BlockRun, node: PlanNode) -> StepResult:
        """One node to its end, recovery included; the result that its successors see."""
        scope = run.scope
        if isinstance(node, StepNode) and node.recover_of is not None:
            return self._recovery_turn(node, scope)
        result = self._left_behind(node, scope) or await self._do(node, scope)
        if result.status in (StepStatus.FAILED, StepStatus.CANNOT):
            result = await self._after_failure(node, scope, result)
        return result

    async def _do(self, node: PlanNode, scope: Scope) -> StepResult:
        if not isinstance(node, StepNode):
            return await self.control(self, node, scope)
        result = await run_step(self.session, node, scope, node.id in self._exit_readers)
        self.session.board.put(node.id, scope, result)
        self.session.row(node, scope, result)
        return result

    def _left_behind(self, node: PlanNode, scope: Scope) -> StepResult | None:
        """A failure that the run, before it was resumed, had got over: by recovery that began, or because it was optional."""
        replay = self.session.replay
        failed = replay.failed((node.id, scope.path))
        if failed is None:
            return None
        recovery = self.session.graph.recovery.get(node.id, [])
        over = any((step.id, scope.path) in replay.attempts for step in recovery) or (node.optional and not recovery)
        return failed if over else None

    async def _after_failure(self, node: PlanNode, scope: Scope, result: StepResult) -> StepResult:
        """The author's recovery steps, then whether the step was optional."""
        recovery = self.session.graph.recovery.get(node.id, [])
        for step in recovery:
            rescued = await self._do(step, scope)
            self._recovered[step.id, scope.path] = rescued
            if rescued.status not in GOOD:
                self.note(rescued, step)
                return rescued
        if recovery:
            return StepResult(status=StepStatus.DONE, reason=f"recovered: {result.reason}")
        if node.optional:
            return StepResult(status=StepStatus.SKIPPED, reason=f"optional, failed: {result.reason}")
        if isinstance(node, StepNode):
            self.note(result, node)
        return result

    def _recovery_turn(self, node: StepNode, scope: Scope) -> StepResult:
        """A recovery step ran when its step failed, or has nothing to do."""
        return self._recovered.get((node.id, scope.path)) or self.skip(node, scope, f"{node.recover_of} did not fail")

    def note(self, result: StepResult, node: PlanNode) -> None:
        """Remember the first step whose failure ends the run."""
        if self.session.course.failure is None:
            place = self.session.place(node.id)
            self.session.course.failure = Failure(status="failed", node=place, reason=result.reason)
            self.session.course.ending = f"cancelled: {place} failed"

    def forget_failure(self) -> None:
        """A loop tries again: what failed in it does not end the run."""
        self.session.course.failure, self.session.course.ending = None, ""

    def end_run(self, error: SkvmError) -> None:
        """Remember the first error that ends the run."""
        if self.session.course.fatal is None:
            self.session.course.fatal = error
            self.session.course.ending = error.line()

    def raise_fatal(self) -> None:
        """Go on ending the run, one block further out."""
        if self.session.course.fatal is not None:
            raise self.session.course.fatal
