"""The conversation of a piece of work that stands by itself: only its own tools, and the first answer without calls ends it."""

from __future__ import annotations

import json
from typing import Any

from skvm.plan import CallRecord, StepStatus
from skvm.ports import HarnessCall, HarnessTurn, ModelReply, ToolCall
from skvm.runtime.agent.loop import Conversation, Ended, groups
from skvm.runtime.tools.specs import decode

ACCEPTED = "accepted"


class TaskTalk(Conversation):
    """Notes every turn in the session as it ends, so that a conversation that is cut off shows what was done."""

    async def _answer(self, reply: ModelReply) -> Ended | None:
        calls = self._said(reply)
        if not calls:
            self.session.turns.append(HarnessTurn(text=reply.text))
            return Ended(StepStatus.DONE, reply.text)
        done: list[HarnessCall] = []
        try:
            for group in groups(calls):
                done += await self._group(group)
        finally:
            self.session.turns.append(HarnessTurn(text=reply.text, calls=tuple(done)))
        return None

    async def _group(self, group: list[ToolCall]) -> list[HarnessCall]:
        if group[0].name in self._functions():
            return [self._function(call) for call in group]
        results = await self._act(group)
        return [_noted(call, result) for call, result in zip(group, results, strict=True)]

    def _function(self, call: ToolCall) -> HarnessCall:
        """A tool of the task's own: what it was called with is all that matters."""
        args = _object(call.arguments)
        if args is None:
            self.bad += 1
        result = ACCEPTED if args is not None else "error: the arguments are not one JSON object"
        self._reply(call, result)
        return HarnessCall(tool=call.name, arguments=call.arguments, args=args, ok=args is not None, result=result)

    def _decode(self, call: ToolCall) -> tuple[dict[str, Any] | None, str]:
        offered = [tool.name for tool in self.session.tools(self.node)]
        if call.name not in offered:
            return None, f"there is no tool called {call.name!r}; the tools are {', '.join(offered) or 'none'}"
        return decode(call.name, call.arguments)

    def _functions(self) -> frozenset[str]:
        brief = self.session.request.brief
        return frozenset(tool.name for tool in brief.functions) if brief is not None else frozenset()


def _noted(call: ToolCall, result: CallRecord | str) -> HarnessCall:
    args = _object(call.arguments)
    if isinstance(result, str):
        return HarnessCall(tool=call.name, arguments=call.arguments, args=args, ok=False, result=result)
    return HarnessCall(
        tool=call.name, arguments=call.arguments, args=args, ok=result.ok, result=result.result, exit_code=result.exit_code
    )


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
