"""The loop of one model step: ask, act, until it finishes, gives up, repeats itself or runs out of turns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import anyio

from skvm.diag import InternalError
from skvm.ir import EffectClass
from skvm.plan import CallRecord, EventKind, StepNode, StepStatus
from skvm.ports import Message, ModelReply, RequestTag, ToolCall
from skvm.runtime.agent.ask import Question, ask
from skvm.runtime.agent.calls import StepCalls
from skvm.runtime.agent.foretold import Beforehand
from skvm.runtime.agent.verify import problems
from skvm.runtime.session import Session
from skvm.runtime.state.replay import Attempt
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools.specs import EFFECTS, FINISH, decode

REPEATS = 3
"""The same call this often is a loop: it is not made again and the model is told; once more ends the step.

Counting starts again after a call that may have changed something and had another result than the last time it was made:
asking the same again after a repair is no loop, undoing and redoing one is.
"""

MALFORMED = 6
MAX_VALUES = 256 * 1024
WIDEST = 12
"""Most characters that one of the arguments takes in JSON (two escapes): shorter ones need not be measured."""


@dataclass
class Ended:
    """How the conversation ended."""

    status: StepStatus
    summary: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass
class Spent:
    """What the conversation used."""

    model_calls: int = 0
    prompt: int = 0
    completion: int = 0
    cost: float = 0.0
    unknown: bool = False
    simulated: bool = False

    def add(self, reply: ModelReply) -> None:
        """Count one answer."""
        self.model_calls += 1
        self.prompt += reply.usage.prompt
        self.completion += reply.usage.completion
        self.cost += reply.cost or 0.0
        self.unknown = self.unknown or reply.cost is None
        self.simulated = self.simulated or reply.simulated


@dataclass
class Conversation:
    """One model at one step. `messages` starts with the slice and calls that were made before; `before`: reads that are
    done before the model is asked."""

    session: Session
    node: StepNode
    scope: Scope
    calls: StepCalls
    model: str
    tag: RequestTag
    messages: list[Message]
    recorded: Attempt | None = None
    ends: float | None = None
    last: bool = True
    spent: Spent = field(default_factory=Spent)
    repaired: bool = False
    bad: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    before: Beforehand | None = None

    async def run(self) -> Ended:
        """Talk until the step has ended."""
        for turn in range(self.session.request.turns):
            if self.before is not None:
                await self.before.read(self.messages)
            question = Question(
                self.node.id,
                self.scope,
                self.model,
                tuple(self.messages),
                self.session.tools(self.node),
                self.tag,
                turn,
                ends=self.ends,
            )
            reply = await ask(self.session, question, self.recorded)
            self.spent.add(reply)
            ended = await self._answer(reply)
            if ended is not None:
                return ended
            if self.stuck:
                return Ended(StepStatus.FAILED, reason=self.stuck)
        return Ended(StepStatus.FAILED, reason=f"not finished after {self.session.request.turns} turns")

    @property
    def stuck(self) -> str:
        """Why it makes no sense to go on; empty while it does."""
        if self.bad >= MALFORMED:
            return f"{self.bad} calls that could not be understood"
        if self.seen and max(self.seen.values()) > REPEATS:
            return "the model repeats the same call without getting anywhere"
        return ""

    async def _answer(self, reply: ModelReply) -> Ended | None:
        calls = self._said(reply)
        return await self.take(calls) if calls else await self._plain(reply)

    async def take(self, calls: tuple[ToolCall, ...]) -> Ended | None:
        """Do the calls of one turn and answer them; how the step ended, if it did."""
        ended: Ended | None = None
        for group in groups(calls):
            if ended is not None:
                self._reply(group[0], "not done: the step had ended")
            elif group[0].name == FINISH:
                ended = await self._finish(group[0])
            else:
                await self._act(group)
        return ended

    def _said(self, reply: ModelReply) -> tuple[ToolCall, ...]:
        """Put the answer into the conversation; its calls, each with an id."""
        calls = named(reply.calls, len(self.messages))
        self.messages.append(Message.made(role="assistant", content=reply.text, calls=calls))
        return calls

    async def _plain(self, reply: ModelReply) -> Ended | None:
        """Final text without `finish` is a summary only; where values or files are due, one repair turn."""
        if reply.finish == "length" and not self.repaired:
            self.repaired = True
            self._say("Your answer was cut off. Go on with tool calls, and call `finish` when the step is done.")
            return None
        return await self._accept(Ended(StepStatus.DONE, reply.text.strip()), None)

    async def _finish(self, call: ToolCall) -> Ended | None:
        args, problem = decode(FINISH, call.arguments)
        if args is None:
            self.bad += 1
            self._reply(call, f"error: {problem}")
            return None
        values, summary = args.get("values") or {}, str(args.get("summary", ""))
        if args.get("status") == "cannot":
            self._reply(call, "noted")
            reason = str(args.get("reason") or summary or "the model gave no reason")
            return Ended(StepStatus.CANNOT, summary, values, reason)
        if len(call.arguments) * WIDEST > MAX_VALUES and len(json.dumps(values)) > MAX_VALUES:
            self.bad += 1
            self._reply(call, f"error: values larger than {MAX_VALUES} bytes; write them to a file and pass its path")
            return None
        return await self._accept(Ended(StepStatus.DONE, summary, self.session.redactor.value(values)), call)

    async def _accept(self, ended: Ended, call: ToolCall | None) -> Ended | None:
        found = await problems(self.calls, self.node, ended.values)
        if not found.all:
            return ended
        text = "; ".join(found.all)
        if self.repaired and self.last and not found.wrong:
            self.session.emit(EventKind.DIAG, self.node.id, self.scope, code="check-failed", message=f"done, but {text}")
            return ended
        if self.repaired:
            return Ended(StepStatus.FAILED, ended.summary, ended.values, f"not accepted after one repair: {text}")
        self.repaired = True
        note = f"Not accepted: {text}. Put it right, then call `finish` again."
        if call is not None:
            self._reply(call, note)
        else:
            self._say(note)
        return None

    async def _act(self, group: list[ToolCall]) -> list[CallRecord | str]:
        """Run calls of one turn: several that change nothing at once, others alone, answers in order.

        Returns the record of each call, or what the model was told instead of running it.
        """
        records: dict[int, CallRecord] = {}
        prepared = [self._prepare(call) for call in group]

        async def one(index: int, name: str, args: dict[str, Any]) -> None:
            records[index] = record = await self.calls.run(name, args)
            self._progress(record, _mark(name, args))

        good = [(i, call.name, p) for i, (call, p) in enumerate(zip(group, prepared, strict=True)) if isinstance(p, dict)]
        if len(good) == 1:
            await one(*good[0])
        elif good:
            await _together(one, good)
        done: list[CallRecord | str] = [records.get(i) or f"error: {problem}" for i, problem in enumerate(prepared)]
        for call, result in zip(group, done, strict=True):
            self._reply(call, result.result if isinstance(result, CallRecord) else result)
        return done

    def _prepare(self, call: ToolCall) -> dict[str, Any] | str:
        """Arguments, or what to tell the model instead of running the call."""
        args, problem = self._decode(call)
        if args is None:
            self.bad += 1
            return problem
        mark = _mark(call.name, args)
        self.seen[mark] = count = self.seen.get(mark, 0) + 1
        if count >= REPEATS:
            return "you made this same call before and its result stands above; do something else, or finish"
        return args

    def _decode(self, call: ToolCall) -> tuple[dict[str, Any] | None, str]:
        return decode(call.name, call.arguments)

    def _progress(self, record: CallRecord, mark: str) -> None:
        """Forget what was asked before a change; a file tool that failed changed nothing."""
        if record.effect == EffectClass.PURE or not (record.ok or record.tool == "execute_command"):
            return
        if self.results.get(mark) != record.result:
            self.results[mark] = record.result
            self.seen = {mark: 1}

    def _reply(self, call: ToolCall, text: str) -> None:
        self.messages.append(Message.made(role="tool", content=text, call_id=call.id))

    def _say(self, text: str) -> None:
        self.messages.append(Message.made(role="user", content=text))


def _mark(name: str, args: dict[str, Any]) -> str:
    return f"{name}\0{json.dumps(args, sort_keys=True)}"


def groups(calls: tuple[ToolCall, ...]) -> list[list[ToolCall]]:
    """Runs of calls that change nothing together, every other call alone, in order."""
    groups: list[list[ToolCall]] = []
    for call in calls:
        quiet = EFFECTS.get(call.name) == "pure"
        if quiet and groups and EFFECTS.get(groups[-1][0].name) == "pure":
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups


def named(calls: tuple[ToolCall, ...], turn: int) -> tuple[ToolCall, ...]:
    """The calls, each with an id."""
    return tuple(c if c.id else c.model_copy(update={"id": f"c{turn}_{i}"}) for i, c in enumerate(calls))


async def _together(one: Any, good: list[tuple[int, str, dict[str, Any]]]) -> None:
    """At once; call numbers are given in order because tasks start in order."""
    try:
        async with anyio.create_task_group() as group:
            for item in good:
                group.start_soon(one, *item)
    except BaseExceptionGroup as errors:
        raise first_of(errors) from None


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group of tasks."""
    for error in errors.exceptions:
        return first_of(error) if isinstance(error, BaseExceptionGroup) else error
    return InternalError("an empty group of errors")
