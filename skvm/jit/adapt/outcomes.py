"""From the journal of a run to outcomes of its model steps: what the model could do, and which primitives it is about.

An attempt counts when a model made it from the start and its end is the model's own. Refused keys, dead servers, limits,
denials, cancelled steps and simulated models without a solution say nothing about ability (design, law 7).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from skvm.ir import Frozen, digest_json
from skvm.jit.observe.observation import UNSOLVED
from skvm.plan import Artifact, Event, EventKind, ExecutorKind, Requires, StepNode, StepStatus

OUTSIDE = 3
"""Exit code of a run that target or environment ended."""


class Outcome(Frozen):
    """One attempt of a model at a step. `suspects`: primitives that a failure may be about; all required ones where the trace
    shows no more. `input`: digest of task and input files, empty where unknown."""

    run: str
    step: str
    requires: tuple[Requires, ...]
    ok: bool
    target: str = ""
    suspects: tuple[str, ...] = ()
    input: str = ""
    simulated: bool = False
    reason: str = ""


class _Attempt:
    """What was seen of one attempt while it went on."""

    def __init__(self) -> None:
        self.error = self.denied = self.begun = self.unchecked = self.malformed = False
        self.offered: frozenset[str] | None = None

    def take(self, event: Event) -> None:
        """Note what bears on whose matter the end is."""
        if event.kind is EventKind.MODEL_CALL:
            self.offered = frozenset(event.data.get("tools") or ())
        elif event.kind is EventKind.MODEL_REPLY:
            self.error = bool(event.data.get("error"))
            self.malformed = self.malformed or any(_malformed(c, self.offered) for c in event.data.get("calls") or ())
        elif event.kind is EventKind.DENIED:
            self.denied = True
        elif event.kind is EventKind.GUARD_MISS:
            self.begun = self.begun or bool(event.data.get("done"))
        elif event.kind is EventKind.DIAG:
            self.unchecked = self.unchecked or event.data.get("code") == "check-failed"
            self.begun = self.begun or event.data.get("code") == "code-failed"


def outcomes_of(events: Iterable[Event], artifact: Artifact) -> tuple[Outcome, ...]:
    """Outcomes of a finished run in order; none of a run in raw mode, whose steps nobody sees."""
    events = tuple(events)
    start = next((e for e in events if e.kind is EventKind.RUN_START), None)
    end = next((e for e in reversed(events) if e.kind is EventKind.RUN_END), None)
    if start is None or end is None or start.data.get("mode") == "raw":
        return ()
    nodes = {n.id: n for n in artifact.plan.nodes if isinstance(n, StepNode) and n.executor.kind is ExecutorKind.MODEL}
    seen = digest_json({"task": start.data.get("task", ""), "files": start.data.get("files", {})})
    open_: dict[tuple[str, str], _Attempt] = {}
    found: list[Outcome] = []
    for event in events:
        place = (event.node, event.scope)
        if event.kind is EventKind.NODE_START:
            open_[place] = _Attempt()
        elif event.kind is EventKind.NODE_END and event.node in nodes:
            attempt, node = open_.pop(place, _Attempt()), nodes[event.node]
            made = _outcome(attempt, node, event, end.data.get("exit_code") == OUTSIDE)
            if made is not None:
                input = digest_json([seen, event.scope])
                found.append(made.model_copy(update={"input": input, "target": node.executor.target}))
        elif place in open_:
            open_[place].take(event)
    return tuple(found)


def together(seen: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """Outcomes of a run that ended well by its own account and failed its checks: some step did, nobody knows which.

    One failed outcome of all its steps takes their place; those that failed visibly keep theirs, and then nothing is hidden.
    """
    if not seen or not all(o.ok for o in seen):
        return seen
    needs = tuple(dict.fromkeys(r for o in seen for r in o.requires))
    highest = [r for r in needs if not any(o.primitive == r.primitive and o.level.rank > r.level.rank for o in needs)]
    names = tuple(sorted({r.primitive for r in highest}))
    reason = "the run failed its checks"
    change = {"step": "", "requires": tuple(highest), "ok": False, "suspects": names, "reason": reason}
    return (seen[0].model_copy(update=change),)


def _outcome(attempt: _Attempt, node: StepNode, event: Event, outside: bool) -> Outcome | None:
    result: dict[str, Any] = event.data.get("result") or {}
    status, reason = result.get("status"), str(result.get("reason", ""))
    if result.get("executor") != ExecutorKind.MODEL or attempt.begun or not node.requires:
        return None
    ok = status == StepStatus.DONE and not attempt.unchecked
    if not ok:
        own = status in (StepStatus.DONE, StepStatus.FAILED, StepStatus.CANNOT)
        if not own or attempt.error or attempt.denied or outside or reason.startswith(UNSOLVED):
            return None
    return Outcome(
        run=event.run,
        step=node.id,
        requires=node.requires,
        ok=ok,
        suspects=() if ok else _suspects(node, attempt),
        simulated=bool(result.get("simulated")),
        reason=reason,
    )


def _suspects(node: StepNode, attempt: _Attempt) -> tuple[str, ...]:
    """Broken calls point at the tools; anything else at whatever the step needs."""
    needed = tuple(sorted({r.primitive for r in node.requires}))
    tools = tuple(p for p in needed if p.startswith("tool."))
    return tools if tools and attempt.malformed else needed


def _malformed(call: Any, offered: frozenset[str] | None) -> bool:
    """Is this a call of a tool that was not offered, or its argument text no JSON object?"""
    if not isinstance(call, dict):
        return False
    if offered is not None and call.get("tool") not in offered:
        return True
    args = call.get("args")
    if isinstance(args, str):
        try:
            return not isinstance(json.loads(args), dict)
        except ValueError:
            return True
    return False
