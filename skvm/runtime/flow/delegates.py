"""Delegation: another skill's own plan is run as a part of this run - its steps in the same journal, under scopes of their own.

The other skill keeps what its text shows: its files, its grants, its models. It shares what the run has once: the work folder,
the limits, the lanes, the journal. Where its plan is not at hand, a model follows the words of the step.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from skvm.diag import PlanError, SkvmError, StoreError
from skvm.ir import EffectClass, Effects
from skvm.plan import Artifact, DelegateNode, EventKind, FileResult, StepNode, StepResult, StepStatus
from skvm.plan.graph import DEEPEST
from skvm.runtime.agent.messages import inputs
from skvm.runtime.agent.step import run_step, status_of, why_ended
from skvm.runtime.flow.scheduler import GOOD, Flow
from skvm.runtime.lanes import EffectLocks, Holder
from skvm.runtime.session import Graph, Session
from skvm.runtime.state.board import Board
from skvm.runtime.state.overlap import Overlap
from skvm.runtime.state.scope import Scope
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.files import Places
from skvm.runtime.work.confined import Confined
from skvm.runtime.work.workspace import unpack
from skvm.source import digest_text

SKILL = "skill"
"""Executor of a step that another skill's plan does."""


async def delegate(flow: Flow, node: DelegateNode, scope: Scope) -> StepResult:
    """The step done by the other skill's plan, else by a model; its result is on the board under the id of the step."""
    session = flow.session
    finished = session.replay.finished.get((node.id, scope.path))
    if finished is not None:
        return finished
    if not node.plan:
        result = await _by_model(session, node, scope)
    else:
        result = await _by_plan(flow, node, scope)
    session.board.put(node.id, scope, result)
    session.row(node, scope, result)
    return result


async def _by_model(session: Session, node: DelegateNode, scope: Scope) -> StepResult:
    text = f"the skill {node.skill} is not available; a model does this step"
    session.emit(EventKind.DIAG, node.id, scope, code="delegate", message=text)
    return await run_step(session, _as_step(node), scope)


def _as_step(node: DelegateNode) -> StepNode:
    """The step as a model sees it; the other skill may touch anything."""
    return StepNode(
        id=node.id,
        key=node.key,
        title=node.title,
        parent=node.parent,
        arm=node.arm,
        optional=node.optional,
        span=node.span,
        executor=node.executor,
        slice=node.slice,
        inputs=node.inputs,
        effects=Effects(top=True),
        effect_class=EffectClass.EFFECTFUL,
    )


async def _by_plan(flow: Flow, node: DelegateNode, scope: Scope) -> StepResult:
    session = flow.session
    clock = session.ports.clock
    began = clock.monotonic()

    def end(result: StepResult) -> StepResult:
        result = result.model_copy(update={"seconds": round(clock.monotonic() - began, 6), "executor": SKILL})
        session.emit(EventKind.NODE_END, node.id, scope, result=result.model_dump(mode="json"))
        return result

    holder = Holder(node.id, scope.parts, Effects(top=True))
    await session.locks.take(holder)
    try:
        began = clock.monotonic()
        _open(session, node, scope)
        return end(await _run(flow, node, scope))
    except anyio.get_cancelled_exc_class():
        session.row(node, scope, end(StepResult(status=StepStatus.CANCELLED, reason=why_ended(session))))
        raise
    except StoreError:
        raise  # nothing more can be written
    except SkvmError as error:
        session.row(node, scope, end(StepResult(status=status_of(error), reason=error.line())))
        raise
    finally:
        session.locks.leave(holder)


def _open(session: Session, node: DelegateNode, scope: Scope) -> None:
    place = (node.id, scope.path)
    recorded = session.replay.open_attempt(place)
    number = recorded.number if recorded is not None else session.replay.earlier(place)[0]
    session.emit(
        EventKind.NODE_START, node.id, scope,
        executor=SKILL, attempt=number, effect=EffectClass.EFFECTFUL.value, key=node.key, title=node.title,
        skill=node.skill, plan=node.plan,
    )  # fmt: skip


async def _run(flow: Flow, node: DelegateNode, scope: Scope) -> StepResult:
    outer = flow.session
    if node.plan not in outer.skills:
        raise PlanError(f"the plan of the skill {node.skill} is missing", where=outer.place(node.id), help="compile it again")
    inner = await _handed(outer, node, scope, *outer.skills[node.plan])
    if len(inner.base.handed) > DEEPEST:
        raise PlanError(f"skills hand over to each other more than {DEEPEST} deep", where=outer.place(node.id))
    result = await Flow(inner, flow.control).block(None, inner.base)
    if result.status in GOOD:
        return _handed_back(inner)
    if node.optional or outer.graph.recovery.get(node.id):
        flow.forget_failure()
    return result.model_copy(update={"reason": f"{node.skill}: {result.reason}"})


async def _handed(outer: Session, node: DelegateNode, scope: Scope, artifact: Artifact, kept: Path) -> Session:
    """A session for the other skill, whose large files are `kept`; on resume with what it had on its board."""
    position = [n.id for n in outer.graph.plan.nodes if isinstance(n, DelegateNode)].index(node.id)
    base = scope.handed_over(node.id, node.skill, position)
    request = replace(outer.request, artifact=artifact, skill_dir=kept)
    folder = outer.space.folder / "skills" / digest_text(base.path)[7:23]
    space = await in_thread(unpack, artifact, folder, outer.space.work, outer.space.files, kept)
    graph = Graph(artifact.plan)
    overlap = Overlap(graph.plan, graph.declared, outer.ports.blobs)
    board = Board(_task(outer, node, scope), outer.board.files, request.env, graph.maps)
    board.restore(outer.replay.finished, base)
    return replace(
        outer,
        request=request,
        graph=graph,
        space=space,
        places=Places(Confined(space.work), Confined(space.skill), Confined(space.spill), space.bundle),
        commands=outer.commands.beside(space),
        board=board,
        locks=EffectLocks(graph.waived, overlap.apart),
        overlap=overlap,
        base=base,
    )


def _task(session: Session, node: DelegateNode, scope: Scope) -> str:
    """What the other skill is asked for: the words of the step, the rules around them, and what the step reads."""
    parts = [node.slice.text.strip()]
    if node.slice.constraints:
        parts.append("Rules that hold:\n" + "\n".join(f"- {c.strip()}" for c in node.slice.constraints))
    files = [text for text in inputs(session, _as_step(node), scope) if not text.startswith("Input files")]
    return "\n\n".join(parts + files)


def _handed_back(session: Session) -> StepResult:
    """Values, files and words of its steps together; of equal names those of the later step."""
    values: dict[str, Any] = {}
    files: dict[str, FileResult] = {}
    said: list[str] = []
    for node in session.graph.plan.nodes:
        for result in session.board.all(node.id, session.base):
            values |= result.values
            files |= {f.path: f for f in result.files}
            said += [result.summary] if result.summary else []
    return StepResult(status=StepStatus.DONE, summary="\n".join(said), values=values, files=tuple(files.values()))
