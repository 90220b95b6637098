"""What a loopback server is asked and what it is told to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived. `results` are the texts of its tool results, in order."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages (of the responses protocol: the input items) as sent."""
        found = self.body.get("messages", self.body.get("input", []))
        return found if isinstance(found, list) else []

    @property
    def tools(self) -> list[str]:
        """Names of the offered tools."""
        return [str(t.get("name") or t.get("function", {}).get("name")) for t in self.body.get("tools", [])]

    @property
    def results(self) -> list[str]:
        """Texts of the tool results in the conversation."""
        return [text for message in self.messages for text in _results(message)]


@dataclass(frozen=True, slots=True)
class Say:
    """An answer: text, calls as (tool, arguments as object or raw text), usage (prompt with cached, completion, cached)."""

    text: str = ""
    calls: Sequence[tuple[str, dict[str, Any] | str]] = ()
    usage: tuple[int, int, int] = (20, 10, 0)
    finish: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong.

    `status`: an error answer with that HTTP status, `message` and, when given, Retry-After. `hang`: no answer at all.
    `stall`: the first piece, then nothing. `trickle`: a piece every 0.1 s without end. `cut`: the connection breaks inside the
    body. `end`: the stream ends cleanly in the middle. `garbage`: 200 with something that is no answer. `foreign`: a stream of
    JSON of another shape. `plain`: one object of another shape and no stream.
    """

    kind: str = "status"
    status: int = 500
    message: str = "scripted failure"
    code: str = ""
    retry_after: float | None = None


Script = Callable[[Asked], Say | Fault]


def _results(message: dict[str, Any]) -> list[str]:
    if message.get("type") == "function_call_output":
        return [_flat(message.get("output"))]
    content = message.get("content")
    if message.get("role") == "tool":
        return [_flat(content)]
    if isinstance(content, list):
        return [_flat(part.get("content")) for part in content if isinstance(part, dict) and part.get("type") == "tool_result"]
    return []


def _flat(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
