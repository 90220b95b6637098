"""Own runs as traces: each model step of a journalled run is a run of its own, whose user says the task.

Only steps outside of loops and maps that a model did from start to end at the first attempt, without calls made beforehand (by
solidified code or by a rule): what stands there is what a model does by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from skvm.jit.traces.call import Call
from skvm.jit.traces.record import Message, Run, run_of
from skvm.plan import Event, EventKind

FINISH = "finish"


@dataclass
class StepTrace:
    """One step as it was done: its key, the run, and whether the model was a simulated one."""

    key: str
    run: Run
    simulated: bool


@dataclass
class _Open:
    key: str
    messages: list[Message]
    fits: bool = True
    asked: bool = False
    simulated: bool = False
    waiting: list[tuple[str, Call]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


def step_traces(events: Iterable[Event]) -> Iterator[StepTrace]:
    """The steps of one run, in the order in which they ended."""
    task, run = "", ""
    steps: dict[str, _Open] = {}
    for event in events:
        data = event.data
        if event.kind is EventKind.RUN_START:
            task, run = str(data.get("task", "")), event.run
        elif event.scope or event.kind in (EventKind.MODEL_CALL, EventKind.RUN_END):
            continue
        elif event.kind is EventKind.NODE_START:
            first = event.node not in steps and not data.get("attempt")
            steps[event.node] = _Open(str(data.get("key", "")), [Message("user", task)], first)
        elif event.node in steps:
            if event.kind is EventKind.NODE_END and _whole(steps[event.node], data):
                made = steps[event.node]
                yield StepTrace(made.key, run_of(f"{run}/{event.node}", task, made.messages), made.simulated)
            _take(steps[event.node], event.kind, data)


def _whole(step: _Open, data: dict[str, Any]) -> bool:
    return step.fits and step.asked and bool(step.key) and data.get("result", {}).get("status") == "done"


def _take(step: _Open, kind: EventKind, data: dict[str, Any]) -> None:
    if kind is EventKind.MODEL_REPLY and not data.get("error"):
        step.asked = True
        step.simulated = step.simulated or bool(data.get("simulated"))
        calls = [c for c in data.get("calls", ()) if c["tool"] != FINISH and isinstance(c["args"], dict)]
        made = tuple((f"{len(step.messages)}.{at}", Call(str(c["tool"]), c["args"])) for at, c in enumerate(calls))
        step.messages.append(Message("assistant", str(data.get("text", "")), made))
        step.waiting += made
    elif kind is EventKind.TOOL_INTENT:
        step.fits = step.fits and step.asked and not data.get("foretold")
        wanted = Call(str(data["tool"]), data["args"]).key
        id = next((id for id, call in step.waiting if call.key == wanted), "")
        step.waiting = [row for row in step.waiting if row[0] != id]
        step.ids[str(data["call"])] = id
    elif kind is EventKind.TOOL_RESULT and step.ids.get(str(data["call"])):
        text, failed = str(data.get("result", "")), not data.get("ok")
        step.messages.append(Message("tool", text, of=step.ids[str(data["call"])], failed=failed))
