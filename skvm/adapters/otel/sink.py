"""Events of one run to spans: the run, its steps, and in them model calls and tool calls.

Texts, arguments and results are left out: the convention asks for a decision of their own before content is sent anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from skvm.adapters.otel import names
from skvm.plan import Event, EventKind

Place = tuple[str, str]

_MARKS = {
    EventKind.RETRY: ("kind", "wait"),
    EventKind.LIMIT_HIT: ("limit",),
    EventKind.DIAG: ("code",),
    EventKind.GUARD_MISS: ("solid", "guard"),
    EventKind.SOLID_SERVE: ("solid", "calls"),
    EventKind.BRANCH_CHOOSE: ("arm", "by"),
    EventKind.GATE_ASK: (),
    EventKind.GATE_ANSWER: ("by",),
    EventKind.NODE_SKIP: (),
}
"""Events that are moments within a span, with what is told of them."""


class SpanSink:
    """An EventSink. `clock` gives nanoseconds since the epoch; times within a run come from its events."""

    def __init__(self, tracer: Tracer, clock: Callable[[], int] = time.time_ns) -> None:
        self._tracer = tracer
        self._clock = clock
        self._zero: int | None = None
        self._run: Span | None = None
        self._steps: dict[Place, Span] = {}
        self._asked: dict[Place, Span] = {}
        self._calls: dict[tuple[Place, Any], Span] = {}

    def emit(self, event: Event) -> None:
        """Open, mark or end the span that an event speaks of."""
        if self._zero is None:
            self._zero = self._clock() - int(event.time * 1e9)
        at = self._zero + int(event.time * 1e9)
        if self._run is None:
            self._run = self._open(f"{names.INVOKE} {event.data.get('skill', '')}".strip(), None, at, SpanKind.INTERNAL)
            self._run.set_attributes({names.OPERATION: names.INVOKE, names.CONVERSATION: event.run})
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event, at)
        elif event.kind in _MARKS:
            self._mark(event, at)

    def _open(self, name: str, parent: Span | None, at: int, kind: SpanKind) -> Span:
        context = set_span_in_context(parent) if parent is not None else None
        return self._tracer.start_span(name, context=context, kind=kind, start_time=at)

    def _around(self, event: Event) -> Span | None:
        return self._steps.get((event.node, event.scope), self._run)

    def _run_start(self, event: Event, at: int) -> None:
        given = {
            names.AGENT: event.data.get("skill"),
            names.REQUEST_MODEL: event.data.get("model"),
            names.PLAN: event.data.get("plan"),
            names.MODE: event.data.get("mode"),
            names.SIMULATED: event.data.get("simulated"),
        }
        assert self._run is not None
        self._run.set_attributes(_known(given))

    def _run_end(self, event: Event, at: int) -> None:
        for span in (*self._calls.values(), *self._asked.values(), *self._steps.values()):
            span.end(at)
        assert self._run is not None
        status = str(event.data.get("status", ""))
        self._run.set_attribute(names.STATUS, status)
        if event.data.get("exit_code"):
            self._fail(self._run, status)
        self._run.end(at)

    def _step_start(self, event: Event, at: int) -> None:
        span = self._open(f"step {event.node}", self._run, at, SpanKind.INTERNAL)
        given = {
            names.STEP: event.node,
            names.SCOPE: event.scope,
            names.TITLE: event.data.get("title"),
            names.EXECUTOR: event.data.get("executor"),
            names.ATTEMPT: event.data.get("attempt"),
            names.EFFECT: event.data.get("effect"),
        }
        span.set_attributes(_known(given))
        self._steps[event.node, event.scope] = span

    def _step_end(self, event: Event, at: int) -> None:
        span = self._steps.pop((event.node, event.scope), None)
        if span is None:
            return
        result = event.data.get("result") or {}
        span.set_attributes(_known({names.STATUS: result.get("status"), names.EXECUTOR: result.get("executor")}))
        if result.get("status") not in ("done", "skipped"):
            self._fail(span, str(result.get("status")))
        span.end(at)

    def _ask(self, event: Event, at: int) -> None:
        model = str(event.data.get("model", ""))
        span = self._open(f"{names.CHAT} {model}", self._around(event), at, SpanKind.CLIENT)
        span.set_attributes({names.OPERATION: names.CHAT, names.REQUEST_MODEL: model})
        self._asked[event.node, event.scope] = span

    def _answer(self, event: Event, at: int) -> None:
        span = self._asked.pop((event.node, event.scope), None)
        if span is None:
            return
        usage = event.data.get("usage") or {}
        given = {
            names.INPUT_TOKENS: usage.get("prompt"),
            names.OUTPUT_TOKENS: usage.get("completion"),
            names.CACHED_TOKENS: usage.get("cached"),
            names.FINISH_REASONS: (event.data["finish"],) if event.data.get("finish") else None,
            names.COST: event.data.get("cost"),
            names.SIMULATED: event.data.get("simulated"),
        }
        span.set_attributes(_known(given))
        if event.data.get("error"):
            self._fail(span, str(event.data["error"]).partition(":")[0])
        span.end(at)

    def _call(self, event: Event, at: int) -> None:
        tool = str(event.data.get("tool", ""))
        span = self._open(f"{names.TOOL} {tool}", self._around(event), at, SpanKind.INTERNAL)
        given = {names.TOOL_CALL: event.data.get("call"), names.EFFECT: event.data.get("effect")}
        span.set_attributes({names.OPERATION: names.TOOL, names.TOOL_NAME: tool, **_known(given)})
        self._calls[(event.node, event.scope), event.data.get("call")] = span

    def _called(self, event: Event, at: int) -> None:
        span = self._calls.pop(((event.node, event.scope), event.data.get("call")), None)
        if span is None:
            return
        if event.data.get("ok") is False:
            self._fail(span, "denied" if event.data.get("denied") else "failed")
        span.end(at)

    def _mark(self, event: Event, at: int) -> None:
        span = self._around(event)
        if span is not None:
            given = {f"skvm.{key}": event.data.get(key) for key in _MARKS[event.kind]}
            span.add_event(event.kind.value, _known({names.STEP: event.node or None, **given}), timestamp=at)

    @staticmethod
    def _fail(span: Span, kind: str) -> None:
        span.set_attribute(names.ERROR_TYPE, kind)
        span.set_status(Status(StatusCode.ERROR, kind))


def _known(given: dict[str, Any]) -> dict[str, Any]:
    """Attributes that are there; numbers, texts and flags as they are."""
    return {name: value for name, value in given.items() if value is not None and value != ""}


_HANDLERS: dict[EventKind, Callable[[SpanSink, Event, int], None]] = {
    EventKind.RUN_START: SpanSink._run_start,
    EventKind.RUN_END: SpanSink._run_end,
    EventKind.NODE_START: SpanSink._step_start,
    EventKind.NODE_END: SpanSink._step_end,
    EventKind.MODEL_CALL: SpanSink._ask,
    EventKind.MODEL_REPLY: SpanSink._answer,
    EventKind.TOOL_INTENT: SpanSink._call,
    EventKind.TOOL_RESULT: SpanSink._called,
}
