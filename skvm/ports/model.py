"""The model port: one request, one reply with usage. Errors are `TargetError`s with a kind; retry is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.plan import Requires


class ToolCall(Frozen):
    """A call a model asks for. `arguments` is the raw text, which may not be valid JSON."""

    id: str
    name: str
    arguments: str


class Message(Frozen):
    """One message. `calls` on assistant messages, `call_id` on tool messages."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


class ToolSpec(Frozen):
    """A tool on offer; `parameters` is a JSON schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


class RequestTag(Frozen):
    """Which step asks. Never sent to a real model; the simulated one draws from it, so that call order cannot matter.

    `key` is the step's key (digest of content, not a name), `scope` the iteration, `attempt` counts from 0. `question` says
    what is asked: `step` (do the step), `raw` (the whole skill), `branch`, `until`, `probe`, `shared`
    (several pieces of work in one conversation, whose own tags are `pieces`).
    """

    run: str = ""
    step: str = ""
    key: str = ""
    scope: str = ""
    attempt: int = 0
    seed: int = 0
    question: str = "step"
    requires: tuple[Requires, ...] = ()
    command: str = ""
    workdir: str = ""
    pieces: tuple[RequestTag, ...] = ()


class ModelRequest(Frozen):
    """One turn. `timeout` in seconds is what is left of the tightest limit."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    timeout: float | None = None
    tag: RequestTag = RequestTag()


class Usage(Frozen):
    """Tokens of one call; `prompt` includes the cached ones. `estimated` when the backend gave none."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    estimated: bool = False


class ModelReply(Frozen):
    """One answer. `cost` in USD is None when the price is unknown; `finish` is stop, tool_calls, length or filter."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish: str = "stop"
    cost: float | None = None
    seconds: float = 0.0
    simulated: bool = False


@runtime_checkable
class ModelClient(Protocol):
    """A model backend. `simulated` is shown wherever its numbers are."""

    simulated: bool

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer one request, streaming text to `on_text`. Raises TargetError; cancellation must be prompt."""
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...


@runtime_checkable
class TokenCounter(Protocol):
    """Counts tokens offline."""

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        ...
