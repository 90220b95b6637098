"""Which pieces of a map or batch go into one conversation, now that it is known what they are.

Only those that have not begun, that no solidified code serves and that are small enough; what is left over, and what comes
back open, is done one by one as if no rule were there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio

from skvm.diag import InternalError, SkvmError
from skvm.plan import BatchNode, ExecutorKind, Joint, MapNode, StepNode
from skvm.runtime.agent.foretold import rules_of
from skvm.runtime.agent.guarded import context_of, look_up
from skvm.runtime.agent.joint import talk_jointly
from skvm.runtime.agent.step import StepRun
from skvm.runtime.flow.scheduler import Flow
from skvm.runtime.session import Session
from skvm.runtime.state.scope import Scope


async def share_items(flow: Flow, node: MapNode, scope: Scope, scopes: Sequence[Scope], width: anyio.CapacityLimiter) -> None:
    """Do the items of a map that may share a conversation."""
    body = flow.session.graph.body(node.id)
    step = body[0] if len(body) == 1 else None
    if node.joint is None or not isinstance(step, StepNode) or step.executor.kind is not ExecutorKind.MODEL:
        return
    numbered = {inside.path: i for i, inside in enumerate(scopes, 1)}
    small = [(step, inside) for inside in scopes if _size(flow.session, inside.item) <= node.joint.small]
    for_later = await _fresh(flow, small)
    await _share(flow, node, node.joint, scope, for_later, width, [numbered[inside.path] for _, inside in for_later])


async def share_calls(flow: Flow, node: BatchNode, scope: Scope) -> None:
    """Do the calls of a batch that may share a conversation."""
    if node.joint is None:
        return
    steps = [n for n in flow.session.graph.body(node.id) if isinstance(n, StepNode) and n.executor.kind is ExecutorKind.MODEL]
    numbered = {step.id: i for i, step in enumerate(steps, 1)}
    for_later = await _fresh(flow, [(step, scope) for step in steps])
    width = anyio.CapacityLimiter(max(1, flow.session.request.lanes))
    await _share(flow, node, node.joint, scope, for_later, width, [numbered[step.id] for step, _ in for_later])


async def _fresh(flow: Flow, rows: Sequence[tuple[StepNode, Scope]]) -> list[tuple[StepNode, Scope]]:
    """Pieces that nobody began, and that only a model can do."""
    session = flow.session
    if session.request.brief is not None:
        return []
    found = []
    for step, scope in rows:
        place = (step.id, scope.path)
        begun = place in session.replay.finished or place in session.replay.attempts
        if begun or session.overlap.apart(step.id) or rules_of(session, step, scope) is not None:
            continue
        if session.ports.solid is not None and look_up(session, await context_of(session, step, scope), scope) is not None:
            continue
        found.append((step, scope))
    return found


async def _share(
    flow: Flow,
    owner: MapNode | BatchNode,
    rule: Joint,
    scope: Scope,
    rows: Sequence[tuple[StepNode, Scope]],
    width: anyio.CapacityLimiter,
    numbers: Sequence[int],
) -> None:
    """Conversations of at most so many pieces, side by side; a rest of one is left to be done by itself."""

    async def one(part: Sequence[tuple[StepNode, Scope]], key: str, cancel: anyio.CancelScope) -> None:
        runs = [StepRun(flow.session, step, inside, 0, last=False) for step, inside in part]
        place = scope.of_pieces(owner.id, key, [inside for _, inside in part])
        try:
            async with width:
                await talk_jointly(flow.session, owner, rule, place, runs)
        except SkvmError as error:
            flow.end_run(error)
            cancel.cancel()
        except Exception as error:
            flow.end_run(InternalError(f"{type(error).__name__}: {error}", where=owner.id))
            cancel.cancel()

    async with anyio.create_task_group() as group:
        for at in range(0, len(rows), rule.most):
            part = rows[at : at + rule.most]
            if len(part) > 1:
                key = f"pieces {numbers[at]}-{numbers[at + len(part) - 1]}"
                group.start_soon(partial(one, part, key, group.cancel_scope))
    flow.raise_fatal()


def _size(session: Session, item: Any) -> int:
    """Bytes of an item: of the file that it names, else of its value."""
    if isinstance(item, str) and "\0" not in item:
        try:
            return (session.space.work / item).lstat().st_size
        except OSError:
            return len(item)
    return len(str(item))
