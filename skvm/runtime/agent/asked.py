"""Questions to a person: gates of the plan, and what a model asks."""

from __future__ import annotations

from skvm.plan import EventKind, PlanNode
from skvm.runtime.session import Session
from skvm.runtime.state.scope import Scope

NOBODY = "Nobody is there to answer. Go on as the task allows, or finish with status 'cannot' and the question as reason."


async def gate(session: Session, node: PlanNode, scope: Scope, question: str) -> tuple[bool | None, str]:
    """(approved, by whom) of a gate; an approval given before a resume still holds. None: nobody can answer now."""
    earlier = session.replay.answers.get((node.id, scope.path))
    if earlier is not None and earlier.get("answer") is True:
        return True, str(earlier.get("by", ""))
    session.emit(EventKind.GATE_ASK, node.id, scope, question=question, title=node.title)
    approved, by = await _answer(session, node, question)
    if approved is not None:
        session.emit(EventKind.GATE_ANSWER, node.id, scope, question=question, answer=approved, by=by)
    return approved, by


async def ask_user(session: Session, node: PlanNode, scope: Scope, question: str) -> str:
    """What the user says to a model's question, or that nobody does. `--yes` speaks for gates of the author, not for these."""
    if session.request.yes or session.ports.gate is None:
        return NOBODY
    session.emit(EventKind.GATE_ASK, f"{node.id}?", scope, question=question)
    answer, by = await session.ports.gate.answer(session.place(node.id), question)
    session.emit(EventKind.GATE_ANSWER, f"{node.id}?", scope, question=question, answer=answer, by=by)
    return NOBODY if answer is None else f"The user says: {answer}"


async def _answer(session: Session, node: PlanNode, question: str) -> tuple[bool | None, str]:
    if session.request.yes:
        return True, "--yes"
    if session.ports.gate is None:
        return None, "nobody"
    return await session.ports.gate.ask(session.place(node.id), question)
