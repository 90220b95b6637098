"""One step from start to end: who does it, in which order of trust, and what is journalled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio

from skvm.diag import InDoubtError, LimitHit, SkvmError, StoreError
from skvm.plan import CallRecord, EventKind, ExecutorKind, StepNode, StepResult, StepStatus
from skvm.ports import Foretelling, Message, RequestTag
from skvm.runtime.agent.act import Acting, part_from
from skvm.runtime.agent.asked import gate
from skvm.runtime.agent.calls import Denied, StepCalls
from skvm.runtime.agent.code import Bound, bind, stated
from skvm.runtime.agent.foretold import Beforehand, report, rules_of
from skvm.runtime.agent.guarded import context_of, look_up, observe, serve, served
from skvm.runtime.agent.loop import Conversation, Ended
from skvm.runtime.agent.messages import raw_messages, replayed, step_messages, task_messages
from skvm.runtime.agent.task import TaskTalk
from skvm.runtime.agent.verify import problems
from skvm.runtime.lanes import Holder
from skvm.runtime.session import Session
from skvm.runtime.state.board import Missing
from skvm.runtime.state.replay import Attempt
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools.shell import Unbindable

RAW = "raw"


@dataclass
class StepRun:
    """One attempt at one step. `alone`: after a denied access, beside nobody and with the whole work folder. `handed`: what
    was denied when effects had already happened, so that a stated command is not run again and the model goes on. `last`: no
    attempt follows when this one fails.
    """

    session: Session
    node: StepNode
    scope: Scope
    attempt: int
    recorded: Attempt | None = None
    prior: tuple[CallRecord, ...] = ()
    data_exit: bool = False
    alone: bool = False
    handed: str = ""
    last: bool = True
    calls: StepCalls = None  # type: ignore[assignment]
    talk: Conversation | None = None
    ends: float | None = None
    began: float = 0.0
    shown: str = ""

    def __post_init__(self) -> None:
        if self.node.timeout is not None:
            self.ends = self.session.ports.clock.monotonic() + self.node.timeout
        free = self.alone or not self.session.overlap.possible(self.node.id)
        confined = None if free else self.node.effects.writes
        hands = Acting(self.session, self.node, self.scope, self.ends, confined)
        self.calls = StepCalls(self.session, self.node, self.scope, hands, self.attempt, self.recorded)

    def open(self) -> None:
        """Journal that the attempt begins."""
        node = self.node
        more = {"handed": self.handed} if self.handed else {}
        self.began = self.session.ports.clock.monotonic()
        self.session.emit(
            EventKind.NODE_START, node.id, self.scope,
            executor=node.executor.kind.value, attempt=self.attempt,
            effect=node.effect_class.value, key=node.key, title=node.title, **more,
        )  # fmt: skip

    def close(self, result: StepResult) -> StepResult:
        """Journal how the attempt ended."""
        self.session.emit(EventKind.NODE_END, self.node.id, self.scope, result=result.model_dump(mode="json"))
        return result

    async def run(self) -> StepResult:
        """Do it: stated command, solidified code, model; each only when the one before it does not apply or fails."""
        return self.result(await self._bounded())

    async def _bounded(self) -> Ended:
        if self.node.timeout is None:
            return await self._do()
        ended: Ended | None = None
        with anyio.move_on_after(self.node.timeout):
            ended = await self._do()
        if ended is None:
            self.session.emit(EventKind.LIMIT_HIT, self.node.id, self.scope, limit="step", value=self.node.timeout)
            return Ended(StepStatus.LIMIT, reason=f"the step's own limit of {self.node.timeout:g} s was reached")
        return ended

    async def _do(self) -> Ended:
        if self.node.executor.kind is ExecutorKind.PERSON:
            return await self._by_person()
        if self.node.executor.kind is ExecutorKind.NOTHING:
            return Ended(StepStatus.DONE, "left out: nothing needs it")
        if self.node.executor.kind in (ExecutorKind.CODE, ExecutorKind.SCRIPT) and self.node.command is not None:
            ended = self._not_again() if self.handed else await self._by_code()
            if ended is not None:
                return ended
        return await self._by_model()

    async def _by_person(self) -> Ended:
        self.shown = "person"
        question = f"{self.node.title}\n{self.node.slice.text}\nIs it done?"
        done, by = await gate(self.session, self.node, self.scope, question)
        if done is None:
            self.session.waiting.append(self.session.place(self.node.id))
            return Ended(StepStatus.WAITING, reason="nobody is there to do it")
        return Ended(StepStatus.DONE, f"done by {by}") if done else Ended(StepStatus.FAILED, reason=f"not done, says {by}")

    def _not_again(self) -> Ended | None:
        """After a command that was stopped halfway only a model can tell what is left to do."""
        return None if self.session.model_of("") else Ended(StepStatus.FAILED, reason=self.handed)

    async def _by_code(self) -> Ended | None:
        """None when the model must take over: a value is missing, or the command failed and nobody else handles that."""
        assert self.node.command is not None
        try:
            bound = bind(self.session, self.node.command, self.scope)
        except (Missing, Unbindable, ValueError) as error:
            text = f"the stated command cannot be bound ({error}); the model does the step"
            self.session.emit(EventKind.DIAG, self.node.id, self.scope, code="unbound", message=text)
            return None
        self.shown = self.node.executor.kind.value
        return await self._run_bound(bound)

    async def _run_bound(self, bound: Bound) -> Ended | None:
        record = await self.calls.run("execute_command", {"command": bound.text}, words=bound.words)
        values: dict[str, Any] = {
            "exit_code": record.exit_code,
            "stdout": self.session.redactor.text(record.stdout or "").strip(),
        }
        wrong = (await problems(self.calls, self.node, values)).all if record.ok else ()
        if (record.ok and not wrong) or (self.data_exit and record.exit_code is not None):
            return Ended(StepStatus.DONE, f"ran `{self.session.redactor.text(bound.text)}`", values)
        reason = "; ".join(wrong) or f"`{self.session.redactor.text(bound.text)}` failed: {record.result[-600:]}"
        if self.session.graph.recovery.get(self.node.id) or not self.session.model_of(""):
            return Ended(StepStatus.FAILED, "", values, reason)
        text = "the stated command did not do it; the model goes on from there"
        self.session.emit(EventKind.DIAG, self.node.id, self.scope, code="code-failed", message=text)
        return None

    async def _by_model(self) -> Ended:
        try:
            return await self._served_or_asked()
        except anyio.get_cancelled_exc_class():
            self.session.course.unasked = self.session.course.unasked or not self.calls.records
            raise

    async def _served_or_asked(self) -> Ended:
        session = self.session
        fresh = not self.calls.records and not self.prior
        if session.ports.solid is None or self.node.id == RAW or not fresh:
            self.shown = "model"
            return await self._converse()
        if self.recorded is not None and self.recorded.asked:  # what a model began, a model ends
            self.shown = "model"
            return await self._converse(None if self.recorded.unasked else rules_of(session, self.node, self.scope))
        context = await context_of(session, self.node, self.scope)
        offer = look_up(session, context, self.scope)
        finished = await serve(session, context, offer, self.calls, self.scope) if offer is not None else None
        if finished is not None:
            self.shown = "solid"
            ended = Ended(StepStatus.DONE, finished.summary, finished.values)
            served(session, context, finished.offer, self.result(ended))
            return ended
        self.shown = "model"
        rules = None if self.calls.records else rules_of(session, self.node, self.scope)
        ended = await self._converse(rules)
        result = self.result(ended)
        before = self.talk.before if self.talk is not None else None
        if before is not None and before.made:
            report(before, result)
        else:
            observe(session, context, self.scope, result)
        return ended

    async def _converse(self, rules: Foretelling | None = None) -> Ended:
        session, node = self.session, self.node
        await self.calls.go_on()
        command = stated(session, node.command, self.scope)
        messages = self._messages(command)
        messages += replayed((*self.prior, *self.calls.records), "done_")
        model = session.model_of(node.executor.target)
        kind = Conversation if session.request.brief is None else TaskTalk
        self.talk = kind(
            session, node, self.scope, self.calls, model, self.tag(command), list(messages), self.recorded, self.ends
        )
        self.talk.last = self.last
        if rules is not None or self.recorded is not None:
            self.talk.before = Beforehand(session, node, self.calls, rules, self.recorded)
        return await self.talk.run()

    def _messages(self, command: str) -> tuple[Message, ...]:
        if self.session.request.brief is not None:
            return task_messages(self.session.request.brief, self.node)
        if self.node.id == RAW:
            return raw_messages(self.session, self.node)
        return step_messages(self.session, self.node, self.scope, command)

    def tag(self, command: str) -> RequestTag:
        """Who asks, for a simulated model."""
        if self.session.request.brief is not None:
            return self.session.request.brief.tag
        return RequestTag.made(
            run=self.session.recorder.run,
            step=self.node.id,
            key=self.node.key,
            scope=self.scope.draw,
            attempt=self.attempt,
            seed=self.session.request.seed,
            question="raw" if self.node.id == RAW else "step",
            requires=self.node.requires,
            command=command,
            workdir=str(self.session.space.work),
        )

    def result(self, ended: Ended) -> StepResult:
        """How the attempt ended, with all it did and used."""
        spent = self.talk.spent if self.talk is not None else None
        redact = self.session.redactor
        return StepResult.made(
            status=ended.status,
            summary=redact.text(ended.summary),
            values=redact.value(ended.values),
            files=self.calls.hands.changed_files(),
            calls=tuple(r for r in (*self.prior, *self.calls.records) if r.tool),
            reason=redact.text(ended.reason),
            executor=self.shown or self.node.executor.kind.value,
            model_calls=spent.model_calls if spent else 0,
            prompt_tokens=spent.prompt if spent else 0,
            completion_tokens=spent.completion if spent else 0,
            cost=(None if spent.unknown else spent.cost) if spent else 0.0,
            seconds=round(self.session.ports.clock.monotonic() - self.began, 6),
            simulated=spent.simulated if spent else False,
        )

    def cut(self, status: StepStatus, reason: str) -> StepResult:
        """Result of an attempt that was ended from outside: what is done so far is kept."""
        return self.result(Ended(status, reason=reason))

    def stopped(self) -> StepResult:
        """Result of an attempt that was denied a place: the next one starts over unless an effect has happened."""
        result = self.cut(StepStatus.CANCELLED, f"{self.calls.hands.denied}, which its text does not show; it runs again alone")
        return result if self.calls.acted else result.model_copy(update={"calls": self.prior})


async def run_step(session: Session, node: StepNode, scope: Scope, data_exit: bool = False) -> StepResult:
    """A step with its attempts. `data_exit`: a later condition reads the exit code, so a failing command is an answer.

    Raises SkvmError when the run must end; the step's own end is journalled before.
    """
    place = (node.id, scope.path)
    finished = session.replay.finished.get(place)
    if finished is not None:
        return finished
    recorded = session.replay.open_attempt(place)
    number, last = session.replay.earlier(place)
    first = recorded.number if recorded is not None else number
    prior = last.calls if recorded is None and last is not None else ()
    prior = recorded.prior if recorded is not None else prior
    run = StepRun(session, node, scope, first, recorded, prior, data_exit, handed=recorded.handed if recorded else "")
    tries = max(1, node.attempts - first)
    run.last = tries <= 1
    while True:
        result = await _attempt(run)
        denied = run.calls.hands.denied if result.status is StepStatus.CANCELLED else ""
        if denied:
            part_from(session, node, scope, denied)
        elif result.status is not StepStatus.FAILED or tries <= 1:
            return result
        else:
            tries -= 1
        handed = run.handed or (denied if run.calls.acted else "")
        run = StepRun(session, node, scope, run.attempt + 1, None, result.calls, data_exit, bool(denied), handed, tries <= 1)


async def _attempt(run: StepRun) -> StepResult:
    session, node, scope = run.session, run.node, run.scope
    holder = Holder(node.id, scope.parts, node.effects, run.alone)
    await session.locks.take(holder)
    session.course.begin()
    try:
        run.open()
        return run.close(await run.run())
    except anyio.get_cancelled_exc_class():
        session.row(node, scope, run.close(run.cut(StepStatus.CANCELLED, why_ended(session))))
        raise
    except Denied:
        return run.close(run.stopped())
    except StoreError:
        raise  # nothing more can be written
    except SkvmError as error:
        session.row(node, scope, run.close(run.cut(status_of(error), error.line())))
        raise
    finally:
        session.course.end()
        session.locks.leave(holder)


def why_ended(session: Session) -> str:
    """Why a step was ended from outside."""
    return session.course.ending or ("the deadline was reached" if session.budget.left == 0 else "cancelled")


def status_of(error: SkvmError) -> StepStatus:
    """How a step ended that an error of the run cut off."""
    if isinstance(error, LimitHit):
        return StepStatus.LIMIT
    return StepStatus.IN_DOUBT if isinstance(error, InDoubtError) else StepStatus.FAILED
