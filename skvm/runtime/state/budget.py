"""Limits of a run that hold: wall time, tokens, cost, model calls, tool calls."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from skvm.diag import LimitHit, UsageError
from skvm.plan import StepResult
from skvm.ports import Clock, ModelReply

LEAST_ANSWER = 16
"""Tokens that must be left for an answer, else asking is pointless."""

ANSWER = 8192
"""Most tokens of one answer under a token limit, so that calls at once share what is left."""


@dataclass(slots=True)
class Used:
    """What was spent."""

    calls: int = 0
    replies: int = 0
    prompt: int = 0
    completion: int = 0
    cost: float = 0.0
    unknown_cost: bool = False
    simulated: bool = False
    tools: int = 0

    @property
    def tokens(self) -> int:
        """Tokens both ways."""
        return self.prompt + self.completion


@dataclass
class Budget:
    """Limits and what is used of them. `ends` is the monotonic time the run must be over at, None without a deadline."""

    clock: Clock
    ends: float | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_tools: int | None = None
    used: Used = field(default_factory=Used)
    _reserved: int = 0
    _freed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def left(self) -> float | None:
        """Seconds left, None without a deadline; never negative."""
        return None if self.ends is None else max(0.0, self.ends - self.clock.monotonic())

    async def reserve(self, prompt: int) -> int | None:
        """Set tokens of a prompt aside and say how many the answer may have (None = no limit); raises LimitHit.

        Calls that run at once each reserve, so that together they stay within the limit; one that finds no room while
        others hold reservations waits for theirs.
        """
        if self.max_cost is not None and self.used.cost >= self.max_cost:
            raise LimitHit(f"the limit of {self.max_cost} USD is used up", limit="cost", help="raise --max-cost and resume")
        if self.max_tokens is None:
            return None
        while (room := self.max_tokens - self.used.tokens - self._reserved - prompt) < LEAST_ANSWER:
            if not self._reserved:
                text = f"the limit of {self.max_tokens} tokens is used up"
                note = f"{self.used.tokens} used, the next prompt has {prompt}"
                raise LimitHit(f"{text} ({note})", limit="tokens", help="raise --max-tokens and resume")
            await self._freed.wait()
        room = min(room, ANSWER)
        self._reserved += prompt + room
        return room

    def release(self, prompt: int, room: int | None) -> None:
        """Give back a reservation."""
        if room is not None:
            self._reserved -= prompt + room
            self._freed.set()
            self._freed = anyio.Event()

    def spend(self, reply: ModelReply) -> None:
        """Count one answer; raises LimitHit when it passes a limit, UsageError when its cost is unknown under a limit."""
        self.used.replies += 1
        self.used.prompt += reply.usage.prompt
        self.used.completion += reply.usage.completion
        self.used.simulated = self.used.simulated or reply.simulated
        if reply.cost is None:
            self.used.unknown_cost = True
            if self.max_cost is not None and not reply.simulated:
                raise UsageError("the price of this model is not known", help="leave --max-cost out or use --max-tokens")
        else:
            self.used.cost += reply.cost
        if self.max_tokens is not None and self.used.tokens > self.max_tokens:
            raise LimitHit(f"the limit of {self.max_tokens} tokens was passed", limit="tokens", help="raise it and resume")
        if self.max_cost is not None and self.used.cost > self.max_cost:
            raise LimitHit(f"the limit of {self.max_cost} USD was passed", limit="cost", help="raise it and resume")

    def tool(self) -> None:
        """Count one tool call; raises LimitHit."""
        self.used.tools += 1
        if self.max_tools is not None and self.used.tools > self.max_tools:
            raise LimitHit(f"the limit of {self.max_tools} tool calls was reached", limit="calls")

    def restore(self, result: StepResult) -> None:
        """Count what an earlier part of the same run spent on a finished step."""
        self.used.calls += result.model_calls
        self.used.replies += result.model_calls
        self.used.prompt += result.prompt_tokens
        self.used.completion += result.completion_tokens
        self.used.simulated = self.used.simulated or result.simulated
        self.used.cost += result.cost or 0.0
        self.used.unknown_cost = self.used.unknown_cost or (result.model_calls > 0 and result.cost is None)
