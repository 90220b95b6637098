"""Several pieces of work in one conversation: what every turn carries is sent once, and all their next calls go out together.

Each piece keeps what is its own: its calls with their places and grants, its result, its start and end in the journal. A piece
that is not answered, not accepted, refused a place or stuck is left open with the calls it made, just as a run that was cut
off leaves it, and whoever asked for it takes it up by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from skvm.diag import SkvmError, StoreError
from skvm.plan import EventKind, Joint, PlanNode, Requires, StepResult, StepStatus
from skvm.ports import Message, ModelReply, RequestTag, ToolCall
from skvm.runtime.agent.ask import Question, ask
from skvm.runtime.agent.calls import Denied
from skvm.runtime.agent.code import stated
from skvm.runtime.agent.guarded import context_of, observe
from skvm.runtime.agent.loop import MALFORMED, Conversation, Ended, Spent, first_of, named
from skvm.runtime.agent.messages import shared_messages
from skvm.runtime.agent.step import StepRun, status_of, why_ended
from skvm.runtime.lanes import Holder
from skvm.runtime.session import Session, shared_tools
from skvm.runtime.state.replay import Attempt
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools.specs import of_piece

NOTED = "noted: this piece is done"
LEFT = "left: this piece is done by itself later"


@dataclass
class Piece:
    """One piece: its attempt, and what became of it. `left`: it is done by itself afterwards."""

    run: StepRun
    talk: Conversation
    command: str
    ended: Ended | None = None
    left: bool = False

    @property
    def open(self) -> bool:
        """Is it still to be done here?"""
        return self.ended is None and not self.left

    async def take(self, calls: tuple[ToolCall, ...]) -> None:
        """Its calls of one turn; answers are left in its part of the conversation."""
        try:
            ended = await self.talk.take(calls)
        except Denied:
            self.left = True
            return
        self.left = bool(self.talk.stuck) or (ended is not None and ended.status is not StepStatus.DONE)
        self.ended = None if self.left else ended


@dataclass
class JointTalk:
    """The conversation about some pieces. `place`: where its questions stand in the journal, below the map or batch `owner`."""

    session: Session
    owner: PlanNode
    rule: Joint
    place: Scope
    pieces: list[Piece]
    messages: list[Message] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    bad: int = 0
    began: float = 0.0

    async def run(self) -> None:
        """Talk until all pieces are done or left, the model says nothing more of them, or turns run out."""
        session = self.session
        rows = [(p.run.node, p.run.scope, p.command) for p in self.pieces]
        self.messages += shared_messages(session, rows)
        model = session.model_of(self.pieces[0].run.node.executor.target)
        for turn in range(session.request.turns):
            question = Question(self.owner.id, self.place, model, tuple(self.messages), shared_tools(), self._tag(), turn)
            reply = await ask(session, question)
            self.spent.add(reply)
            if not reply.calls or self.bad >= MALFORMED:
                return
            await self._answer(reply)
            if not any(piece.open for piece in self.pieces):
                return

    def _tag(self) -> RequestTag:
        first = self.pieces[0].run
        return RequestTag.made(
            run=self.session.recorder.run,
            step=self.owner.id,
            key=self.owner.key,
            scope=self.place.draw,
            seed=self.session.request.seed,
            question="shared",
            requires=(Requires(primitive=self.rule.primitive, level=self.rule.level),),
            workdir=first.tag("").workdir,
            pieces=tuple(piece.run.tag(piece.command) for piece in self.pieces),
        )

    async def _answer(self, reply: ModelReply) -> None:
        """Do all calls of one turn, those of different pieces at the same time; every call gets an answer."""
        calls = named(reply.calls, len(self.messages))
        self.messages.append(Message.made(role="assistant", content=reply.text, calls=calls))
        shares: dict[int, list[ToolCall]] = {}
        answers: dict[str, str] = {}
        for call in calls:
            number, arguments = of_piece(call.arguments)
            if number is None or not 1 <= number <= len(self.pieces):
                self.bad += 1
                answers[call.id] = f"error: `piece` must be a number from 1 to {len(self.pieces)} in one JSON object"
            elif self.pieces[number - 1].open:
                shares.setdefault(number - 1, []).append(call.model_copy(update={"arguments": arguments}))
        await self._together(shares)
        for index in shares:
            talk = self.pieces[index].talk
            answers |= {m.call_id: m.content for m in talk.messages if m.call_id is not None}
            talk.messages.clear()
        for call in calls:
            number = of_piece(call.arguments)[0] or 0
            over = LEFT if number in range(1, len(self.pieces) + 1) and self.pieces[number - 1].left else NOTED
            self.messages.append(Message.made(role="tool", content=answers.get(call.id, over), call_id=call.id))

    async def _together(self, shares: dict[int, list[ToolCall]]) -> None:
        try:
            async with anyio.create_task_group() as group:
                for index, calls in shares.items():
                    group.start_soon(self._take, self.pieces[index], tuple(calls))
        except BaseExceptionGroup as errors:
            raise first_of(errors) from None

    async def _take(self, piece: Piece, calls: tuple[ToolCall, ...]) -> None:
        await piece.take(calls)
        if piece.ended is not None:
            run = piece.run
            self.session.replay.finished[run.node.id, run.scope.path] = run.close(run.result(piece.ended))


async def talk_jointly(session: Session, owner: PlanNode, rule: Joint, place: Scope, rows: Sequence[StepRun]) -> None:
    """Do some pieces in one conversation, none of which has begun yet.

    Raises SkvmError when the run must end; the ends of pieces are journalled before.
    """
    pieces = [_piece(session, run) for run in rows]
    effects = pieces[0].run.node.effects
    for piece in pieces[1:]:
        effects = effects | piece.run.node.effects
    talk = JointTalk(session, owner, rule, place, pieces)
    holder = Holder(owner.id, place.parts, effects)
    await session.locks.take(holder)
    session.course.begin(len(pieces))
    status, reason = StepStatus.FAILED, "an internal error"
    try:
        _open(talk)
        await talk.run()
        status, reason = StepStatus.DONE, ""
    except anyio.get_cancelled_exc_class():
        status, reason = StepStatus.CANCELLED, why_ended(session)
        session.course.unasked = session.course.unasked or not talk.spent.model_calls
        raise
    except StoreError:
        raise  # nothing more can be written
    except SkvmError as error:
        status, reason = status_of(error), error.line()
        raise
    finally:
        session.course.end(len(pieces))
        session.locks.leave(holder)
        _close(talk, status, reason)
    for piece in pieces:
        if piece.ended is not None:
            await _show(session, talk, piece)


def _piece(session: Session, run: StepRun) -> Piece:
    run.shown = "model"
    run.calls.kept = Attempt(run.attempt)
    command = stated(session, run.node.command, run.scope)
    model = session.model_of(run.node.executor.target)
    talk = Conversation(session, run.node, run.scope, run.calls, model, run.tag(command), [], last=False)
    return Piece(run, talk, command)


def _open(talk: JointTalk) -> None:
    """Journal that the conversation begins, and all its pieces."""
    talk.began = talk.session.ports.clock.monotonic()
    talk.session.emit(
        EventKind.NODE_START, talk.owner.id, talk.place,
        executor="model", attempt=0, effect="pure", key=talk.owner.key, title=f"{len(talk.pieces)} pieces in one conversation",
    )  # fmt: skip
    for piece in talk.pieces:
        piece.run.open()


def _close(talk: JointTalk, status: StepStatus, reason: str) -> None:
    """Journal the end of the conversation; pieces that are open stay as a run that is cut off leaves them."""
    session, spent = talk.session, talk.spent
    done = sum(piece.ended is not None for piece in talk.pieces)
    for piece in talk.pieces:
        if piece.ended is not None:
            continue
        if status is not StepStatus.DONE:
            session.row(piece.run.node, piece.run.scope, piece.run.close(piece.run.cut(status, reason)))
        assert piece.run.calls.kept is not None
        session.replay.attempts[piece.run.node.id, piece.run.scope.path] = piece.run.calls.kept
    result = StepResult.made(
        status=status,
        summary=f"{done} of {len(talk.pieces)} pieces done in one conversation",
        reason=reason
        or ("" if done == len(talk.pieces) else f"{len(talk.pieces) - done} of {len(talk.pieces)} are done one by one"),
        executor="model",
        model_calls=spent.model_calls,
        prompt_tokens=spent.prompt,
        completion_tokens=spent.completion,
        cost=None if spent.unknown else spent.cost,
        seconds=round(session.ports.clock.monotonic() - talk.began, 6),
        simulated=spent.simulated,
    )
    session.emit(EventKind.NODE_END, talk.owner.id, talk.place, result=result.model_dump(mode="json"))
    session.row(talk.owner, talk.place, result)


async def _show(session: Session, talk: JointTalk, piece: Piece) -> None:
    """Show the book of code a finished piece, with its share of what the conversation took."""
    if session.ports.solid is None:
        return
    count, spent, run = len(talk.pieces), talk.spent, piece.run
    result = session.replay.finished[run.node.id, run.scope.path].altered(
        model_calls=-(-spent.model_calls // count),
        prompt_tokens=spent.prompt // count,
        completion_tokens=spent.completion // count,
        cost=None if spent.unknown else spent.cost / count,
        simulated=spent.simulated,
    )
    observe(session, await context_of(session, run.node, run.scope), run.scope, result)
