"""A simulated model: an oracle that knows right answers plus an error model out of a profile. It calls the offered tools.

Nothing is remembered between requests: where a step stands is read from the messages. The step's script is replayed against
the results in them; the first call that has no result yet is the reply. So order of requests, concurrency and names cannot
matter, and calls that somebody else already made in the conversation are not made again.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio

from skvm.adapters.simulation.faults import (
    Fault,
    Mutation,
    arguments_text,
    break_json,
    draw_faults,
    repairs,
    slip_tool,
    wrong_call,
    wrong_end,
)
from skvm.adapters.simulation.oracle import Call, Done, Oracle, ProbeSolver, Query, Result, Script
from skvm.adapters.simulation.pieces import Said, say_of_pieces
from skvm.capability import Profile
from skvm.diag import TargetError
from skvm.ir import canonical_json
from skvm.ports import Message, ModelReply, ModelRequest, TokenCounter, ToolCall, ToolSpec, Usage

NO_SOLUTION = "simulated model has no solution for this step"
"""Start of the reason in the placeholder answer; a run that meets it ends with exit 4."""

FIRST_TOKEN = 0.9
PER_TOKEN = 0.012
"""Seconds to the first and per output token where the profile has no latency (a typical hosted model; an assumption)."""

LATENCY_SCALE = 0.1
"""By default a simulated second takes a tenth of one: short for a demonstration, long enough that overlap shows."""


ITEM = re.compile(r"^Current item: (.+)$", re.MULTILINE)
"""How a step inside a map is told its item."""


class SimModel:
    """Simulated model for one run; `oracle` None or without an answer gives the marked placeholder."""

    simulated = True

    def __init__(
        self,
        profile: Profile,
        oracle: Oracle | None,
        counter: TokenCounter,
        *,
        seed: int = 0,
        latency_scale: float = LATENCY_SCALE,
        probes: ProbeSolver | None = None,
    ) -> None:
        self.profile = profile
        self.oracle = oracle
        self.counter = counter
        self.seed = seed
        self.latency_scale = latency_scale
        self.probes = probes

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer one request after the profile's latency: what it cannot do shows in the answer.

        An answer longer than `max_tokens` is cut off and its calls are lost; one later than `timeout` is a TargetError.
        """
        said = self.say(request)
        usage = self._usage(request, said)
        cut = request.max_tokens is not None and usage.completion > request.max_tokens
        if cut:
            said, usage = Said(), usage.model_copy(update={"completion": request.max_tokens})
        seconds = self.latency_scale * self._latency(usage.completion)
        await _wait(seconds, request.timeout)
        if said.text and on_text is not None:
            on_text(said.text)
        calls = tuple(
            ToolCall(id=f"call_{len(request.messages)}_{i}", name=name, arguments=args)
            for i, (name, args) in enumerate(said.calls)
        )
        finish = "length" if cut else "tool_calls" if calls else "stop"
        return ModelReply(text=said.text, calls=calls, usage=usage, finish=finish, seconds=seconds, simulated=True)

    async def close(self) -> None:
        """Nothing is held."""

    def say(self, request: ModelRequest) -> Said:
        """The answer without latency: a pure function of the request, the profile, the seed and the oracle."""
        tag = request.tag
        faults = draw_faults(self.profile, self.seed, tag)
        if tag.question == "probe":
            return self._probe(request)
        if tag.question == "shared":
            return say_of_pieces(request, bool(faults), self.say)
        query = query_of(request)
        if tag.question in ("branch", "until"):
            return self._choose(request, query, faults)
        script = self.oracle.script(query) if self.oracle is not None else None
        if script is None:
            return _finish(request.tools, Done(), status="cannot", reason=f"{NO_SOLUTION} ({tag.step or tag.question})")
        return _Performance(script, faults, request).next_turn()

    def _probe(self, request: ModelRequest) -> Said:
        reply = self.probes.solve(request) if self.probes is not None else None
        if reply is None:
            return Said(text=f"{NO_SOLUTION} (probe)")
        return Said(reply.text, tuple((c.name, c.arguments) for c in reply.calls))

    def _choose(self, request: ModelRequest, query: Query, faults: tuple[Fault, ...]) -> Said:
        answer = self.oracle.choice(query) if self.oracle is not None else None
        if answer is None:
            return _finish(request.tools, Done(), status="cannot", reason=f"{NO_SOLUTION} ({query.step} {query.question})")
        if faults:
            answer = _other(answer, query.options)
        return _answer(request.tools, answer)

    def _usage(self, request: ModelRequest, said: Said) -> Usage:
        count = self.counter.count
        prompt = sum(count(m.content) + sum(count(c.name) + count(c.arguments) for c in m.calls) for m in request.messages)
        prompt += sum(count(t.name) + count(t.description) + count(json.dumps(t.parameters)) for t in request.tools)
        completion = count(said.text) + sum(count(name) + count(args) for name, args in said.calls)
        return Usage(prompt=prompt, completion=completion, estimated=bool(getattr(self.counter, "estimated", False)))

    def _latency(self, completion: int) -> float:
        latency = self.profile.latency
        return latency.get("first", FIRST_TOKEN) + latency.get("token", PER_TOKEN) * completion


async def _wait(seconds: float, patience: float | None) -> None:
    """Wait for the simulated answer; raises TargetError at the timeout."""
    if patience is not None and seconds > patience:
        await anyio.sleep(patience)
        raise TargetError(f"no answer within {patience:.3g} s (simulated)", kind="timeout", transient=True)
    await anyio.sleep(seconds)


@dataclass
class _Performance:
    """One replay of a step's script against one conversation."""

    script: Script
    faults: tuple[Fault, ...]
    request: ModelRequest
    answers: dict[tuple[str, str], deque[str]] = field(default_factory=dict)
    wrong_done: bool = False
    first: bool = True

    def next_turn(self) -> Said:
        """Follow the script until something must be said."""
        early = self._early_end()
        if early is not None:
            return early
        self.answers = _answers(self.request.messages)
        reply: Any = None
        try:
            while True:
                wanted = self.script.send(reply)
                batch = wanted if isinstance(wanted, list) else [wanted]
                said, results = self._turn(batch)
                if said is not None:
                    return said
                reply = results if isinstance(wanted, list) else results[0]
        except StopIteration as stop:
            return self._end(stop.value if isinstance(stop.value, Done) else Done())
        except Exception:
            # The script could not work with what came back; a model then claims success all the same.
            return _finish(self.request.tools, Done(summary="The step is complete."))

    def _early_end(self) -> Said | None:
        if self._fault(Mutation.GIVES_UP):
            return _finish(self.request.tools, Done(), status="cannot", reason="I was not able to complete this step.")
        if self._fault(Mutation.SKIPPED_STEP):
            return _finish(self.request.tools, Done(summary="The step is complete."))
        return None

    def _turn(self, batch: list[Call]) -> tuple[Said | None, list[Result]]:
        """Results of a batch, or what must be said to get them."""
        missing: list[tuple[str, str]] = []
        results: list[Result] = []
        for call in batch:
            spoken = self._spoken(call)
            if spoken is None:
                return _finish(self.request.tools, Done(), status="cannot", reason="My tool calls keep failing."), []
            if isinstance(spoken, Result):
                results.append(spoken)
            else:
                missing.append(spoken)
        return (Said(calls=tuple(missing)) if missing else None), results

    def _spoken(self, call: Call) -> Result | tuple[str, str] | None:
        """The result of a call, the form in which it is still to be made, or None when the model gives up on it."""
        call = self._with_wrong_value(call)
        right = (call.tool, arguments_text(call.args))
        fault = self._form_fault() if self.first else None
        self.first = False
        if fault is None:
            return self._asked(right) or right
        broken = self._broken(call, fault)
        if self._asked(broken) is None:
            return broken
        if repairs(fault):
            return self._asked(right) or right
        return broken if self._asked(broken) is None else None

    def _with_wrong_value(self, call: Call) -> Call:
        fault = self._fault(Mutation.WRONG_VALUE)
        if fault is None or self.wrong_done:
            return call
        wrong = wrong_call(call, fault)
        self.wrong_done = wrong is not None
        return wrong or call

    def _broken(self, call: Call, fault: Fault) -> tuple[str, str]:
        if fault.mutation is Mutation.WRONG_TOOL:
            slipped = slip_tool(call)
            return slipped.tool, arguments_text(slipped.args)
        return call.tool, break_json(arguments_text(call.args), fault)

    def _end(self, done: Done) -> Said:
        fault = self._fault(Mutation.WRONG_VALUE)
        if fault is not None and not self.wrong_done:
            done = wrong_end(done, fault)
        form = self._form_fault() if self.first else None
        self.first = False
        if self._fault(Mutation.FORMAT_BROKEN):
            return Said(text=done.summary or "The step is complete.")
        said = _finish(self.request.tools, done)
        if form is None or not said.calls:
            return said
        name, args = said.calls[0]
        broken = (name, break_json(args, form)) if form.mutation is Mutation.MALFORMED_ARGUMENTS else ("done", "{}")
        if self._asked(broken) is None:
            return Said(calls=(broken,))
        return said if repairs(form) else Said(text=done.summary or "The step is complete.")

    def _asked(self, spoken: tuple[str, str]) -> Result | None:
        waiting = self.answers.get(_key(*spoken))
        return Result(waiting.popleft()) if waiting else None

    def _fault(self, mutation: Mutation) -> Fault | None:
        return next((f for f in self.faults if f.mutation is mutation), None)

    def _form_fault(self) -> Fault | None:
        return self._fault(Mutation.MALFORMED_ARGUMENTS) or self._fault(Mutation.WRONG_TOOL)


def _answers(messages: tuple[Message, ...]) -> dict[tuple[str, str], deque[str]]:
    """Results in the conversation by the call they answer, oldest first."""
    asked = {call.id: call for message in messages for call in message.calls}
    found: dict[tuple[str, str], deque[str]] = defaultdict(deque)
    for message in messages:
        call = asked.get(message.call_id or "") if message.role == "tool" else None
        if call is not None:
            found[_key(call.name, call.arguments)].append(message.content)
    return found


def _key(name: str, arguments: str) -> tuple[str, str]:
    """Identity of a call: its name and its arguments in canonical form, or as they stand where they are not JSON."""
    try:
        return name, canonical_json(json.loads(arguments)).decode()
    except ValueError:
        return name, arguments


def query_of(request: ModelRequest) -> Query:
    """What a request asks; the item of a map is read from the conversation, the iteration of a loop from the scope."""
    tag = request.tag
    texts = [m.content for m in request.messages if m.role == "user"]
    items = [found.group(1) for text in texts for found in ITEM.finditer(text)]
    counts = [int(part) for part in tag.scope.split("/") if part.isdecimal()]
    return Query(
        question=tag.question,
        step=tag.step,
        item=items[-1] if items else None,
        iteration=counts[-1] if counts else None,
        command=tag.command,
        workdir=tag.workdir,
        options=options_of(request.tools),
    )


def options_of(tools: tuple[ToolSpec, ...]) -> tuple[str, ...]:
    """Labels of the first enumeration among the tools' parameters."""
    for tool in tools:
        for schema in tool.parameters.get("properties", {}).values():
            if isinstance(schema, dict) and "enum" in schema and tool.name != "finish":
                return tuple(str(option) for option in schema["enum"])
    return ()


def _other(answer: str | bool, options: tuple[str, ...]) -> str | bool:
    """A wrong choice: the next option, or the contrary."""
    if isinstance(answer, bool):
        return not answer
    if answer not in options:
        return answer
    return options[(options.index(answer) + 1) % len(options)]


def _answer(tools: tuple[ToolSpec, ...], answer: str | bool) -> Said:
    """The choice as a call of the tool that takes it, or as text when there is none."""
    wanted = "boolean" if isinstance(answer, bool) else "enum"
    for tool in tools:
        for name, schema in tool.parameters.get("properties", {}).items():
            if isinstance(schema, dict) and (wanted in schema or schema.get("type") == wanted):
                return Said(calls=((tool.name, arguments_text({name: answer})),))
    return Said(text=("yes" if answer else "no") if isinstance(answer, bool) else answer)


def _finish(tools: tuple[ToolSpec, ...], done: Done, *, status: str = "done", reason: str = "") -> Said:
    """The end of a step through `finish` where it is offered, else as text."""
    if all(tool.name != "finish" for tool in tools):
        return Said(text=reason or done.summary or "The step is complete.")
    args: dict[str, Any] = {"values": done.values, "summary": done.summary, "status": status}
    if reason:
        args["reason"] = reason
    return Said(calls=(("finish", arguments_text(args)),))
