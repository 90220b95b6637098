"""From events to rows: when each step ran, what it called, what the run waited for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skvm.ir import Frozen
from skvm.plan import Artifact, Event, EventKind
from skvm.runtime.timeline.live import said

EPSILON = 0.000_5
"""Seconds: a step that starts this soon after another ended is taken to have waited for it."""


class CallRow(Frozen):
    """One model or tool call. `text` is what was said or returned, `asked` what was asked or passed; times in seconds."""

    kind: str
    name: str
    start: float
    end: float
    ok: bool = True
    tokens: int = 0
    asked: str = ""
    text: str = ""


class TraceRow(Frozen):
    """One execution of one node. `lane` counts from 0: rows of one lane never overlap. `critical`: the run waited for it."""

    node: str
    scope: str
    title: str
    executor: str
    status: str
    start: float
    end: float
    lane: int = 0
    model: str = ""
    tokens: int = 0
    reason: str = ""
    critical: bool = False
    calls: tuple[CallRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def model_calls(self) -> int:
        """Answered and failed questions to a model."""
        return sum(1 for c in self.calls if c.kind == "model")

    @property
    def tool_calls(self) -> int:
        """Calls of tools."""
        return sum(1 for c in self.calls if c.kind == "tool")


class Trace(Frozen):
    """A run as rows, by start time."""

    run: str
    skill: str
    status: str
    reason: str
    model: str
    simulated: bool
    seconds: float
    rows: tuple[TraceRow, ...]

    @property
    def model_calls(self) -> int:
        """All questions to a model."""
        return sum(r.model_calls for r in self.rows)

    @property
    def tokens(self) -> int:
        """All tokens, both ways."""
        return sum(r.tokens for r in self.rows)

    def to_json(self) -> dict[str, Any]:
        """JSON form, with the counts spelled out."""
        body = self.model_dump(mode="json")
        for row, source in zip(body["rows"], self.rows, strict=True):
            row["model_calls"], row["tool_calls"] = source.model_calls, source.tool_calls
        return {**body, "model_calls": self.model_calls, "tokens": self.tokens}


class _Open:
    """A node while its events are read."""

    def __init__(self, event: Event) -> None:
        self.node, self.scope = event.node, event.scope
        self.start = self.end = event.time
        self.executor = str(event.data.get("executor", ""))
        self.status, self.reason, self.model = "running", "", ""
        self.title = str(event.data.get("title", ""))
        self.tokens = 0
        self.calls: list[CallRow] = []
        self.notes: list[str] = []
        self.asked: tuple[float, str] = (event.time, "")
        self.intents: dict[str, tuple[float, str, str]] = {}
        self.ended = False


def trace(events: Iterable[Event], artifact: Artifact | None = None) -> Trace:
    """Rows of a run's events, ended or not; titles come from the events, else from the plan where it is given."""
    titles = {n.id: n.title for n in artifact.plan.nodes} if artifact else {}
    ordered = list(events)
    opened = _read(ordered)
    rows = [_row(o, titles) for o in sorted(opened, key=lambda o: (o.start, o.node, o.scope))]
    rows = _critical(_lanes(rows))
    first = next((e for e in ordered if e.kind is EventKind.RUN_START), None)
    last = next((e for e in reversed(ordered) if e.kind is EventKind.RUN_END), None)
    simulated = any(e.data.get("simulated") for e in ordered if e.kind in (EventKind.RUN_START, EventKind.MODEL_REPLY))
    return Trace(
        run=ordered[0].run if ordered else "",
        skill=str(first.data.get("skill", "")) if first else "",
        status=str(last.data.get("status")) if last else "running",
        reason=str(last.data.get("reason", "")) if last else "",
        model=str(first.data.get("model", "")) if first else "",
        simulated=simulated,
        seconds=round(ordered[-1].time, 6) if ordered else 0.0,
        rows=tuple(rows),
    )


def timeline_json(events: Iterable[Event], artifact: Artifact | None = None) -> dict[str, Any]:
    """The rows of a run as one JSON object, with the events they come from."""
    kept = list(events)
    return {**trace(kept, artifact).to_json(), "events": [e.model_dump(mode="json") for e in kept]}


def _read(events: list[Event]) -> list[_Open]:
    opened: list[_Open] = []
    current: dict[tuple[str, str], _Open] = {}
    for event in events:
        if not event.node:
            continue
        place = (event.node.rstrip("?"), event.scope)
        known = current.get(place)
        if event.kind is EventKind.NODE_START or known is None or (known.ended and event.kind in _BEGINNERS):
            if event.kind not in _BEGINNERS:
                continue
            known = current[place] = _Open(event)
            opened.append(known)
        _apply(known, event)
    return opened


_BEGINNERS = (
    EventKind.NODE_START,
    EventKind.NODE_SKIP,
    EventKind.GATE_ASK,
    EventKind.MODEL_CALL,
    EventKind.BRANCH_CHOOSE,
)


def _apply(row: _Open, event: Event) -> None:
    handler = _HANDLERS.get(event.kind)
    if not row.ended:  # a browser's connections may come later
        row.end = max(row.end, event.time)
    if handler is not None:
        handler(row, event)


def _end(row: _Open, event: Event) -> None:
    result = event.data.get("result", {})
    row.status, row.reason = result.get("status", ""), result.get("reason", "")
    row.executor = result.get("executor") or row.executor
    row.ended = True


def _skip(row: _Open, event: Event) -> None:
    row.status, row.executor, row.reason, row.ended = "skipped", "skipped", str(event.data.get("reason", "")), True


def _ask(row: _Open, event: Event) -> None:
    row.model = str(event.data.get("model", ""))
    row.executor = row.executor or "model"
    row.asked = (event.time, f"{event.data.get('messages', 0)} messages, tools: {', '.join(event.data.get('tools', ()))}")


def _answer(row: _Open, event: Event) -> None:
    data = event.data
    usage = data.get("usage") or {}
    tokens = int(usage.get("prompt", 0)) + int(usage.get("completion", 0))
    row.tokens += tokens
    said = [str(data.get("text", ""))] + [f"{c.get('tool')}({c.get('args')})" for c in data.get("calls", ())]
    text = str(data.get("error") or "\n".join(x for x in said if x))
    ok = not data.get("error")
    call = CallRow(
        kind="model", name=row.model, start=row.asked[0], end=event.time, ok=ok, tokens=tokens, asked=row.asked[1], text=text
    )
    row.calls.append(call)


def _intent(row: _Open, event: Event) -> None:
    if event.data.get("foretold"):
        row.notes.append(f"foretold: {event.data.get('tool')} ({_words(event.data.get('args'))}), {event.data['foretold']}")
    row.intents[str(event.data.get("call"))] = (event.time, str(event.data.get("tool")), _words(event.data.get("args")))


def _result(row: _Open, event: Event) -> None:
    start, tool, args = row.intents.pop(str(event.data.get("call")), (event.time, "?", ""))
    text = str(event.data.get("result", ""))
    row.calls.append(
        CallRow(kind="tool", name=tool, start=start, end=event.time, ok=bool(event.data.get("ok")), asked=args, text=text)
    )


def _gate(row: _Open, event: Event) -> None:
    row.executor = row.executor or "person"
    if event.kind is EventKind.GATE_ASK:
        row.status = "waiting"
        row.notes.append(f"asked: {event.data.get('question', '')}")
    else:
        answer = event.data.get("answer")
        row.status = "failed" if answer is False else "done"
        row.notes.append(f"{said(answer)} by {event.data.get('by', '')}")


def _choose(row: _Open, event: Event) -> None:
    row.executor = row.executor or "code"
    row.status = "done"
    row.notes.append(f"chose {event.data.get('arm', '')} by {event.data.get('by', '')}")


def _reach(row: _Open, event: Event) -> None:
    """Connections that were let through, each host once; the others are denials or failures and told as such."""
    note = f"reached {event.data.get('host')}:{event.data.get('port')}"
    if event.data.get("ok") and note not in row.notes:
        row.notes.append(note)


def _note(row: _Open, event: Event) -> None:
    shown = {k: v for k, v in event.data.items() if v not in ("", None)}
    row.notes.append(f"{event.kind.value}: " + ", ".join(f"{k} {v}" for k, v in shown.items()))


_HANDLERS = {
    EventKind.NODE_END: _end,
    EventKind.NODE_SKIP: _skip,
    EventKind.MODEL_CALL: _ask,
    EventKind.MODEL_REPLY: _answer,
    EventKind.TOOL_INTENT: _intent,
    EventKind.TOOL_RESULT: _result,
    EventKind.GATE_ASK: _gate,
    EventKind.GATE_ANSWER: _gate,
    EventKind.BRANCH_CHOOSE: _choose,
    EventKind.GUARD_MISS: _note,
    EventKind.SOLID_SERVE: _note,
    EventKind.JIT_STATE: _note,
    EventKind.LIMIT_HIT: _note,
    EventKind.RETRY: _note,
    EventKind.DIAG: _note,
    EventKind.DENIED: _note,
    EventKind.NET_REACH: _reach,
}


def _words(args: Any) -> str:
    if isinstance(args, dict):
        return ", ".join(f"{k}={v}" for k, v in args.items())
    return str(args)


def _row(row: _Open, titles: dict[str, str]) -> TraceRow:
    unanswered = [
        CallRow(kind="tool", name=tool, start=start, end=row.end, ok=False, asked=args, text="no result was recorded")
        for start, tool, args in row.intents.values()
    ]
    return TraceRow(
        node=row.node.rstrip("?"),
        scope=row.scope,
        title=row.title or titles.get(row.node, ""),
        executor=row.executor,
        status=row.status,
        start=row.start,
        end=row.end,
        model=row.model,
        tokens=row.tokens,
        reason=row.reason,
        calls=tuple(row.calls + unanswered),
        notes=tuple(row.notes),
    )


def _lanes(rows: list[TraceRow]) -> list[TraceRow]:
    """The lowest lane that is free when a row starts (greedy interval colouring, optimal in number of lanes)."""
    ends: list[float] = []
    placed = []
    for row in rows:
        lane = next((i for i, end in enumerate(ends) if end <= row.start), len(ends))
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = row.end
        placed.append(row.model_copy(update={"lane": lane}))
    return placed


def _critical(rows: list[TraceRow]) -> list[TraceRow]:
    """Back from the row that ended last, each time to the one that ended last before it started."""
    chosen: set[int] = set()
    ran = [i for i, r in enumerate(rows) if r.status != "skipped" and r.executor not in ("map", "skill")]
    here = max(ran, key=lambda i: (rows[i].end, -i), default=None)
    while here is not None:
        chosen.add(here)
        start = rows[here].start + EPSILON
        before = [i for i in ran if i not in chosen and rows[i].end <= start]
        here = max(before, key=lambda i: (rows[i].end, -i), default=None)
    return [r.model_copy(update={"critical": i in chosen}) for i, r in enumerate(rows)]
