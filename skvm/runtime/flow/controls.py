"""Control nodes: branch, loop, map, batch, sub-task, gate, delegate."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import anyio

from skvm.diag import InternalError, SkvmError
from skvm.plan import (
    BatchNode,
    BranchNode,
    DelegateNode,
    EventKind,
    GateNode,
    LoopNode,
    MapNode,
    PlanNode,
    StepResult,
    StepStatus,
    TaskNode,
)
from skvm.ports import ModelReply
from skvm.runtime.agent.asked import gate
from skvm.runtime.flow.conditions import MET, NONE, NOT_MET, choose_arm, exit_reached
from skvm.runtime.flow.delegates import delegate
from skvm.runtime.flow.scheduler import GOOD, Flow
from skvm.runtime.flow.shared import share_calls, share_items
from skvm.runtime.flow.tasks import sub_task
from skvm.runtime.session import Session
from skvm.runtime.state.board import Missing
from skvm.runtime.state.scope import Scope
from skvm.runtime.work.snapshot import digest_file

MAP_WIDTH = 16
MAX_ITEMS = 10_000


async def control(flow: Flow, node: PlanNode, scope: Scope) -> StepResult:
    """Run one control node to its end."""
    if isinstance(node, GateNode):
        return await _gate(flow, node, scope)
    if isinstance(node, BranchNode):
        return await _branch(flow, node, scope)
    if isinstance(node, LoopNode):
        return await _loop(flow, node, scope)
    if isinstance(node, MapNode):
        return await _map(flow, node, scope)
    if isinstance(node, BatchNode):
        await share_calls(flow, node, scope)
        return await flow.block(node.id, scope)
    if isinstance(node, TaskNode):
        return await sub_task(flow, node, scope)
    assert isinstance(node, DelegateNode)
    return await delegate(flow, node, scope)


async def _gate(flow: Flow, node: GateNode, scope: Scope) -> StepResult:
    session = flow.session
    began = session.ports.clock.monotonic()
    approved, by = await gate(session, node, scope, node.question)
    if approved is None:
        session.waiting.append(session.place(node.id))
        result = StepResult(status=StepStatus.WAITING, reason=f"nobody approved: {node.question}", executor="person")
    elif approved:
        result = StepResult(status=StepStatus.DONE, summary=f"approved by {by}", executor="person")
    else:
        result = StepResult(status=StepStatus.FAILED, reason=f"declined by {by}: {node.question}", executor="person")
        flow.note(result, node)
    result = result.model_copy(update={"seconds": session.ports.clock.monotonic() - began})
    session.row(node, scope, result)
    return result


async def _branch(flow: Flow, node: BranchNode, scope: Scope) -> StepResult:
    session = flow.session
    arm, reply, seconds = await _decide(session, node, scope)
    decided = _counted(StepResult(status=StepStatus.DONE, executor="model" if reply else "code", seconds=seconds), reply)
    label = "none of the arms" if arm is None else node.arms[arm].label or node.arms[arm].condition
    session.row(node, scope, decided.model_copy(update={"summary": label}))
    for index in range(len(node.arms)):
        if index != arm:
            flow.skip_below(node.id, scope, f"not chosen: {label} was", index)
    return decided if arm is None else await flow.block(node.id, scope, arm)


async def _decide(session: Session, node: BranchNode, scope: Scope) -> tuple[int | None, ModelReply | None, float]:
    earlier = session.replay.choices.get((node.id, scope.path))
    if earlier is not None:
        index = earlier.get("index")
        return (int(index) if index is not None else None), None, 0.0
    began = session.ports.clock.monotonic()
    arm, by, reply = await choose_arm(session, node, scope)
    label = NONE if arm is None else node.arms[arm].label or node.arms[arm].condition
    session.emit(EventKind.BRANCH_CHOOSE, node.id, scope, arm=label, index=arm, by=by)
    return arm, reply, session.ports.clock.monotonic() - began


async def _loop(flow: Flow, node: LoopNode, scope: Scope) -> StepResult:
    """Body, exit condition, at most `bound` times. A body that fails is a failed try while tries are left."""
    session = flow.session
    result = StepResult(status=StepStatus.DONE)
    for index in range(max(1, node.bound)):
        inside = scope.iteration(node.id, index)
        last = index + 1 >= max(1, node.bound)
        if not last and session.replay.began(scope.iteration(node.id, index + 1).path):
            continue  # before a resume, the run had gone past this iteration
        result = await flow.block(node.id, inside)
        if result.status is StepStatus.WAITING:
            return result
        if result.status in GOOD and await _exit(session, node, inside, last):
            return result
        if result.status not in GOOD and not last:
            flow.forget_failure()
    if result.status not in GOOD:
        return result
    if node.until or node.expr:
        return _unreached(flow, node, scope)
    return result


def _unreached(flow: Flow, node: LoopNode, scope: Scope) -> StepResult:
    """The bound is used up and the exit was not reached: the plan goes on and says so, as the author's text would."""
    reason = f"`{node.until or node.expr}` was not reached in {node.bound} tries"
    flow.session.emit(EventKind.LIMIT_HIT, node.id, scope, limit="loop", value=node.bound)
    flow.session.emit(EventKind.DIAG, node.id, scope, code="loop-bound", message=reason)
    return StepResult(status=StepStatus.DONE, reason=reason)


async def _exit(session: Session, node: LoopNode, scope: Scope, last: bool) -> bool:
    earlier = session.replay.choices.get((node.id, scope.path))
    if earlier is not None:
        return bool(earlier.get("arm") == MET)
    met, by, _ = await exit_reached(session, node, scope)
    session.emit(EventKind.BRANCH_CHOOSE, node.id, scope, arm=MET if met else NOT_MET, index=None, by=by, last=last)
    return met


async def _map(flow: Flow, node: MapNode, scope: Scope) -> StepResult:
    """The body once per item; a failing item cancels the others, as a failing sibling does."""
    session = flow.session
    items = session.replay.items.get((node.id, scope.path))
    if items is None:
        items = items_of(session, node, scope)
        session.emit(EventKind.NODE_START, node.id, scope, executor="map", attempt=0, effect="pure", key=node.key, items=items)
    if not items:
        flow.skip_below(node.id, scope, f"nothing matches {node.over}")
        return StepResult(status=StepStatus.DONE, reason=f"nothing matches {node.over}")
    width = anyio.CapacityLimiter(min(MAP_WIDTH, session.request.lanes) if node.parallel else 1)
    scopes = [scope.of_item(node.id, item, mark) for item, mark in zip(items, _marks(session, items), strict=True)]
    session.board.arrange(scopes)
    await share_items(flow, node, scope, scopes, width)
    failed: list[StepResult] = []

    async def one(inside: Scope, cancel: anyio.CancelScope) -> None:
        try:
            async with width:
                result = await flow.block(node.id, inside)
        except SkvmError as error:
            flow.end_run(error)
            cancel.cancel()
            return
        except Exception as error:
            flow.end_run(InternalError(f"{type(error).__name__}: {error}", where=node.id))
            cancel.cancel()
            return
        if result.status not in GOOD:
            failed.append(result)
            if result.status is not StepStatus.WAITING:
                cancel.cancel()

    async with anyio.create_task_group() as group:
        for inside in scopes:
            group.start_soon(partial(one, inside, group.cancel_scope))
    flow.raise_fatal()
    return failed[0] if failed else StepResult(status=StepStatus.DONE)


def items_of(session: Session, node: MapNode, scope: Scope) -> list[Any]:
    """Items of a map, known now: a list value, or files of the work folder that match a glob, in path order."""
    if node.over.startswith("$"):
        try:
            value = session.board.resolve(node.over, scope)
        except Missing:
            return []
        return list(value)[:MAX_ITEMS] if isinstance(value, list) else [value]
    work = session.space.work
    try:
        found = [p.relative_to(work).as_posix() for p in work.glob(node.over.removeprefix("./")) if p.is_file()]
    except (ValueError, NotImplementedError, IndexError):
        return []
    return sorted(found)[:MAX_ITEMS]


def _marks(session: Session, items: list[Any]) -> list[str]:
    """What stands for an item without its name: the digest of its content, or of its value; repeated ones are counted."""
    seen: dict[str, int] = {}
    marks = []
    for item in items:
        digest = digest_file(session.space.work / item) if isinstance(item, str) and "\0" not in item else None
        mark = (digest or hashlib.sha256(repr(item).encode("utf-8", "replace")).hexdigest())[:12]
        seen[mark] = seen.get(mark, 0) + 1
        marks.append(mark if seen[mark] == 1 else f"{mark}.{seen[mark]}")
    return marks


def _counted(result: StepResult, reply: ModelReply | None) -> StepResult:
    if reply is None:
        return result
    usage = {"prompt_tokens": reply.usage.prompt, "completion_tokens": reply.usage.completion, "cost": reply.cost}
    return result.model_copy(update={"model_calls": 1, "simulated": reply.simulated, **usage})
