"""A model that answers from a script, chosen by what is asked: no counter, so order and repetition of calls cannot matter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio.lowlevel

from skvm.diag import SkvmError, TargetError
from skvm.ports import ModelReply, ModelRequest, ToolCall, Usage

Answer = ModelReply | SkvmError | str | tuple[str, Mapping[str, Any]] | Sequence[tuple[str, Mapping[str, Any]]]
"""A whole reply, an error to raise, plain text, one call, or several calls in one turn."""


class ScriptedModel:
    """A ModelClient for tests.

    `script` is a function of the request; or a list, whose item N answers a request that holds N assistant messages; or a
    mapping from a text to such a list, taken when the text occurs in the system or first user message (longest text first).
    Requests are kept in `requests`. A request for which nothing is scripted raises TargetError of kind `protocol`.
    """

    simulated = True

    def __init__(self, script: Callable[[ModelRequest], Answer] | Sequence[Answer] | Mapping[str, Sequence[Answer]]) -> None:
        self._script = script
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """The scripted answer."""
        await anyio.lowlevel.checkpoint()
        self.requests.append(request)
        reply = as_reply(self._find(request), request)
        if on_text is not None and reply.text:
            on_text(reply.text)
        return reply

    async def close(self) -> None:
        """Nothing is held."""

    def _find(self, request: ModelRequest) -> Answer:
        script = self._script
        if callable(script):
            return script(request)
        if isinstance(script, Mapping):
            opening = "\n".join(m.content for m in request.messages[:2])
            keys = sorted((k for k in script if k in opening), key=lambda k: (-len(k), k))
            if not keys:
                raise TargetError("nothing is scripted for this request", kind="protocol", help=opening[:200])
            script = script[keys[0]]
        turn = sum(1 for m in request.messages if m.role == "assistant")
        if turn >= len(script):
            raise TargetError(f"the script ends before turn {turn + 1}", kind="protocol")
        return script[turn]


def as_reply(answer: Answer, request: ModelRequest) -> ModelReply:
    """An answer as a reply; raises it when it is an error. Usage is made of lengths: four characters a token, estimated."""
    if isinstance(answer, SkvmError):
        raise answer
    if isinstance(answer, ModelReply):
        return answer
    if isinstance(answer, str):
        return ModelReply(text=answer, usage=_usage(request, answer), simulated=True)
    rows = [answer] if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], str) else list(answer)
    turn = len(request.messages)
    calls = tuple(
        ToolCall(id=f"call_{turn}_{i}", name=str(name), arguments=json.dumps(args, ensure_ascii=False))
        for i, (name, args) in enumerate(rows)
    )
    said = "".join(c.name + c.arguments for c in calls)
    return ModelReply(calls=calls, finish="tool_calls", usage=_usage(request, said), simulated=True)


def _usage(request: ModelRequest, said: str) -> Usage:
    sent = sum(len(m.content) + sum(len(c.arguments) for c in m.calls) for m in request.messages)
    return Usage(prompt=-(-sent // 4), completion=-(-len(said) // 4), estimated=True)
