"""One line per event that a person wants to see while a run is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skvm.plan import Event, EventKind

MAX_WORDS = 120


def live_line(event: Event) -> str:
    """The line, empty for events that are not shown."""
    text = _TEXTS[event.kind](event) if event.kind in _TEXTS else ""
    if not text:
        return ""
    where = event.node + (f" {event.scope}" if event.scope else "")
    return f"{event.time:7.2f} s  {where:12} {_short(text)}".rstrip()


def said(answer: Any) -> str:
    """A person's decision about a gate, or words for a model, in words."""
    if isinstance(answer, str):
        return f"answered: {answer}"
    return "not answered" if answer is None else "approved" if answer else "declined"


def _end(event: Event) -> str:
    result = event.data.get("result", {})
    parts = [str(result.get("status", "")), f"by {result.get('executor', '')}", f"in {result.get('seconds', 0.0):.2f} s"]
    if result.get("model_calls"):
        tokens = result.get("prompt_tokens", 0) + result.get("completion_tokens", 0)
        parts.append(f"({result['model_calls']} model calls, {tokens} tokens)")
    if result.get("reason"):
        parts.append(f"- {result['reason']}")
    return " ".join(parts)


def _reply(event: Event) -> str:
    return f"model: {event.data['error']}" if event.data.get("error") else ""


def _tool(event: Event) -> str:
    args = event.data.get("args")
    shown = next((str(args[k]) for k in ("command", "path", "url", "pattern", "question") if k in args), "") if args else ""
    return f"{event.data.get('tool')} {shown}"


_TEXTS: dict[EventKind, Callable[[Event], str]] = {
    EventKind.RUN_START: lambda e: f"run {e.run} begins" + (" (SIMULATED model)" if e.data.get("simulated") else ""),
    EventKind.RUN_END: lambda e: f"run {e.data.get('status')}" + (f": {e.data['reason']}" if e.data.get("reason") else ""),
    EventKind.NODE_START: lambda e: f"starts ({e.data.get('executor')})",
    EventKind.NODE_END: _end,
    EventKind.NODE_SKIP: lambda e: f"skipped: {e.data.get('reason')}",
    EventKind.MODEL_REPLY: _reply,
    EventKind.TOOL_INTENT: _tool,
    EventKind.GATE_ASK: lambda e: f"asks: {e.data.get('question')}",
    EventKind.GATE_ANSWER: lambda e: f"{said(e.data.get('answer'))} by {e.data.get('by')}",
    EventKind.BRANCH_CHOOSE: lambda e: f"chooses {e.data.get('arm')}",
    EventKind.GUARD_MISS: lambda e: f"solidified code not used: {e.data.get('reason')}",
    EventKind.SOLID_SERVE: lambda e: f"served by solidified code ({e.data.get('calls')} calls, no model)",
    EventKind.JIT_STATE: lambda e: f"solidified code {e.data.get('solid')}: {e.data.get('to')}",
    EventKind.LIMIT_HIT: lambda e: f"limit {e.data.get('limit')}: {e.data.get('value')}",
    EventKind.RETRY: lambda e: f"target fails ({e.data.get('kind')}), tries again in {e.data.get('wait')} s",
    EventKind.DIAG: lambda e: str(e.data.get("message", "")),
    EventKind.DENIED: lambda e: f"denied: {e.data.get('reason')}",
}


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"
