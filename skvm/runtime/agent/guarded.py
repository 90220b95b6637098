"""Solidified steps: served behind guards, left at the step's border the moment anything is not as proved."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from skvm.diag import SandboxError, UsageError
from skvm.ir import digest_json
from skvm.plan import EventKind, GuardContext, SolidStep, StepNode, StepResult, StepStatus
from skvm.ports import Offer, Refusal, StepContext
from skvm.runtime.agent.ahead import looking_ahead
from skvm.runtime.agent.calls import StepCalls
from skvm.runtime.agent.verify import problems
from skvm.runtime.session import Session
from skvm.runtime.state.board import Missing
from skvm.runtime.state.scope import Scope
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.specs import BY_NAME, EFFECTS, TOOLS_VERSION, misfit
from skvm.runtime.work.snapshot import digest_file


async def context_of(session: Session, node: StepNode, scope: Scope) -> StepContext:
    """What a solidified step may look at."""
    artifact = session.request.artifact
    guard = GuardContext(
        slice_digest=slice_digest(session, node),
        tool_versions=dict.fromkeys(BY_NAME, TOOLS_VERSION),
        sandbox=await _sandbox_version(session),
        verdicts={r.primitive: _verdict(session, node, r.primitive) for r in node.requires},
        files=await in_thread(_file_digests, session),
        simulated=_simulated(session, node),
    )
    item = scope.item
    return StepContext(
        skill=artifact.source.name,
        run=session.recorder.run,
        node=node,
        scope=scope.path,
        task=session.board.task,
        files=dict(session.board.files),
        values=session.board.values(scope),
        item=item if item is None or isinstance(item, str) else str(item),
        seen=_seen(session, node, scope),
        held=_held(session, node),
        guard=guard,
    )


def _simulated(session: Session, node: StepNode) -> bool | None:
    """Is the model that would do this step a simulated one? None where no model can be had for it."""
    with suppress(UsageError):
        return session.client(session.model_of(node.executor.target)).simulated
    return None


def _file_digests(session: Session) -> dict[str, str]:
    """Digest of each input file as it is now, empty where it is gone; files that did not change are not read again."""
    digests: dict[str, str] = {}
    for name, path in session.board.files.items():
        full = session.space.work / path
        try:
            info = full.lstat()
        except OSError:
            digests[name] = ""
            continue
        mark = (path, info.st_size, info.st_mtime_ns, info.st_ino)
        if mark not in session.digests:
            session.digests[mark] = digest_file(full) or ""
        digests[name] = session.digests[mark]
    return digests


def _seen(session: Session, node: StepNode, scope: Scope) -> dict[str, Any]:
    """Every reference to earlier results that the step is shown, resolved."""
    named = [*node.inputs, *(node.command.placeholders.values() if node.command is not None else ())]
    found: dict[str, Any] = {}
    for reference in named:
        if reference.startswith("$step."):
            with suppress(Missing):
                found[reference] = session.board.resolve(reference, scope)
    return found


def slice_digest(session: Session, node: StepNode) -> str:
    """Digest of all that the step sees: texts (not where they stand), its contract, and bundle files it may use."""
    bundle = {f.path: f.digest for f in session.request.artifact.bundle}
    text = " ".join((node.slice.text, *node.slice.knowledge, node.command.text if node.command else ""))
    used = sorted(path for path in bundle if path in node.slice.files or path in text or path.rsplit("/", 1)[-1] in text)
    return digest_json(
        {
            "slice": node.slice.model_dump(mode="json", exclude={"spans", "scene"}),
            "command": node.command.text if node.command else "",
            "inputs": list(node.inputs),
            "outputs": [o.model_dump(mode="json") for o in node.outputs],
            "checks": [c.model_dump(mode="json") for c in node.checks],
            "files": {path: bundle[path] for path in used},
        }
    )


def look_up(session: Session, context: StepContext, scope: Scope) -> Offer | None:
    """A solidified step to serve; a refusal or a failing book is an event and the model's turn."""
    assert session.ports.solid is not None
    try:
        found = session.ports.solid.lookup(context)
    except Exception as error:
        _miss(session, context.node.id, scope, "", "book", repr(error), 0)
        return None
    if isinstance(found, Refusal):
        _miss(session, context.node.id, scope, found.solid, found.guard, found.reason, 0)
        return None
    return None if found is None or found.shadow else found


class Served(NamedTuple):
    """What came of an offer, and the code that did it: the one that led at the end."""

    values: dict[str, Any]
    summary: str
    offer: Offer


async def serve(session: Session, context: StepContext, offer: Offer, calls: StepCalls, scope: Scope) -> Served | None:
    """Make the offered calls; None when it must be left to the model with the calls already made."""
    calls.hands.warm = True
    try:
        with looking_ahead(session, context.node):
            return await _serve(session, context, offer, calls, scope)
    finally:
        calls.hands.warm = False


async def _serve(session: Session, context: StepContext, offer: Offer, calls: StepCalls, scope: Scope) -> Served | None:
    book, node = session.ports.solid, context.node
    assert book is not None
    while True:
        offer, going = _onward(session, context, offer, calls)
        call = _quiet(book.following, offer, context, tuple(calls.records)) if going else None
        if call is None:
            break
        index = len(calls.records)
        args = _quiet(book.fill, offer, context, index, tuple(calls.records))
        problem = _unusable(call.tool, args) or _otherwise(calls.begun(), call.tool, args)
        if not problem:
            record = await calls.run(call.tool, args)
            if offer.others or (record.ok == call.expect_ok and call.expect_exit in (None, record.exit_code)):
                continue
            problem = f"call {index + 1} ({call.tool}) ended otherwise than recorded: {record.result[:200]}"
        _deopt(session, context, scope, offer, calls, problem)
        return None
    finished = _quiet(book.finish, offer, context, tuple(calls.records)) if going else None
    if finished is None:
        reason = "its values could not be made" if going else "none of the codes of the step goes on"
        _deopt(session, context, scope, offer, calls, reason)
        return None
    values, summary = finished
    wrong = (await problems(calls, node, values)).all
    if wrong:
        reason = "; ".join(wrong)
        ended = StepResult.made(status=StepStatus.FAILED, reason=session.redactor.text(reason), executor="solid")
        _deopt(session, context, scope, offer, calls, reason, ended)
        return None
    session.emit(EventKind.SOLID_SERVE, node.id, scope, solid=offer.code.id, calls=len(calls.records))
    return Served(session.redactor.value(values), session.redactor.text(summary), offer)


def _onward(session: Session, context: StepContext, offer: Offer, calls: StepCalls) -> tuple[Offer, bool]:
    """The offer that goes on, and whether one does; code that stands alone is asked for its next call, no more."""
    book = session.ports.solid
    if book is None or not offer.others:
        return offer, True
    found = _quiet(book.onward, offer, context, tuple(calls.records))
    return (offer, False) if found is None else (found, True)


def served(session: Session, context: StepContext, offer: Offer, result: StepResult) -> None:
    """Tell the book that serving worked."""
    _report(session, context, offer, True, "", result)


def observe(session: Session, context: StepContext, scope: Scope, result: StepResult) -> None:
    """Show the book a model step that ended by itself; what changed its state becomes events."""
    book = session.ports.solid
    own = result.status in (StepStatus.DONE, StepStatus.FAILED, StepStatus.CANNOT)
    if book is None or not own:
        return
    moved = _quiet(book.observe, context, result, result.simulated) or ()
    for step in moved:
        _moved(session, context.node.id, scope, step)


def _moved(session: Session, node: str, scope: Scope, step: SolidStep) -> None:
    data = {"from": step.recorded.get("from", ""), "to": step.state.value, "reason": step.recorded.get("reason", "")}
    session.emit(EventKind.JIT_STATE, node, scope, solid=step.id, **data)


def _deopt(
    session: Session,
    context: StepContext,
    scope: Scope,
    offer: Offer,
    calls: StepCalls,
    reason: str,
    ended: StepResult | None = None,
) -> None:
    reason = session.redactor.text(reason)
    _miss(session, context.node.id, scope, offer.code.id, "run", reason, len(calls.records))
    _report(session, context, offer, False, reason, ended)


def _miss(session: Session, node: str, scope: Scope, solid: str, guard: str, reason: str, done: int) -> None:
    session.emit(EventKind.GUARD_MISS, node, scope, solid=solid, guard=guard, reason=reason, done=done)


def _report(session: Session, context: StepContext, offer: Offer, ok: bool, reason: str, result: StepResult | None) -> None:
    book = session.ports.solid
    assert book is not None
    _quiet(book.report, context, offer.code.id, ok, reason, result)


def _quiet(function: Any, *args: Any) -> Any:
    """A book that fails never harms a run: the model does the step."""
    try:
        return function(*args)
    except Exception:
        return None


def _otherwise(begun: dict[str, Any] | None, tool: str, args: Any) -> str:
    """Why code may not go on with what another one (or an older form of it) began before the run was cut off."""
    if begun is None or (begun["tool"], begun["args"]) == (tool, args):
        return ""
    return f"the run was cut off after another call ({begun['tool']}) had been begun in this place"


def _unusable(tool: str, args: Any) -> str:
    if not isinstance(args, dict):
        return "a hole could not be filled"
    return misfit(tool, args) if tool in EFFECTS else f"there is no tool {tool!r}"


async def _sandbox_version(session: Session) -> str:
    try:
        return (await session.commands.sandbox()).version
    except SandboxError:
        return ""


def _held(session: Session, node: StepNode) -> float | None:
    """How likely the plan takes it that the model does this step right."""
    own = next((b for b in session.request.artifact.bindings if b.step == node.id), None)
    return None if own is None or own.unproved else own.probability


def _verdict(session: Session, node: StepNode, primitive: str) -> str:
    gaps = [g for g in session.request.artifact.gaps if g.primitive == primitive]
    own = [g for g in gaps if node.id in g.steps] or gaps
    return own[0].verdict.value if own else "unmeasured"
