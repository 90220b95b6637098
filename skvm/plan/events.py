"""Events of a run: one flat record per event, appended to the journal in order. The viewer and `jit` read the same stream."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from skvm.ir import Frozen


class EventKind(StrEnum):
    """Closed set of event kinds; the payload keys of each are listed here.

    run.start      plan, skill, source, target, model, mode, task, files {name: sha256}, paths {name: path}, workdir, seed,
                   env [names], simulated
    run.end        status, exit_code, reason
    node.start     executor, attempt, effect, key, title; items [...] of a map; handed (why a model goes on after a command)
    node.end       result (StepResult as JSON)
    node.skip      reason
    model.call     model, attempt, turn, request (sha256 of the request), messages, tools, question
    model.reply    usage {prompt, completion, cached}, seconds, cost, text, calls [{tool, args, id}], finish, error, simulated
    tool.intent    call (id), tool, args, effect, idempotency; digests {before, after} of an edit; foretold (the
                   rule) of a read done before the model was asked
    tool.result    call (id), ok, result, exit_code, stdout, seconds; files [...] a command changed; denied (what was refused)
    gate.ask, gate.answer   question, answer, by; title of a step that only asks
    branch.choose  arm, index, by; of a loop's exit: arm met or not_met, in the scope of the iteration
    guard.miss     solid (id), guard, reason, done (calls made before the miss)
    solid.serve    solid (id), calls
    jit.state      solid (id), from, to, reason
    limit.hit      limit, value
    retry          kind, wait, attempt
    diag           code, message
    net.reach      host, port, ok, reason; a connection that a command or a browser tried, or the server named in its TLS
    denied         what (host, write), name, reason
    """

    RUN_START = "run.start"
    RUN_END = "run.end"
    NODE_START = "node.start"
    NODE_END = "node.end"
    NODE_SKIP = "node.skip"
    MODEL_CALL = "model.call"
    MODEL_REPLY = "model.reply"
    TOOL_INTENT = "tool.intent"
    TOOL_RESULT = "tool.result"
    GATE_ASK = "gate.ask"
    GATE_ANSWER = "gate.answer"
    BRANCH_CHOOSE = "branch.choose"
    GUARD_MISS = "guard.miss"
    SOLID_SERVE = "solid.serve"
    JIT_STATE = "jit.state"
    LIMIT_HIT = "limit.hit"
    RETRY = "retry"
    DIAG = "diag"
    NET_REACH = "net.reach"
    DENIED = "denied"


HANDED = ">"
"""Begins the key of a skill in a scope: `S2.s1[>other]` are the steps of `other`. Names of items have it percent-encoded."""


class Event(Frozen):
    """`seq` counts from 1 within a run; `time` is seconds since the run began; `node` is a plan node id or empty.

    `scope` tells iterations apart: `L1[2]/M1[a.csv]`, empty at the top; and steps of a skill that is handed over to, whose
    ids are those of its own plan.
    """

    run: str
    seq: int
    time: float
    kind: EventKind
    node: str = ""
    scope: str = ""
    data: dict[str, Any] = {}

    @property
    def handed(self) -> bool:
        """Is it of a skill that was handed over to, so that `node` is none of the run's own plan?"""
        return f"[{HANDED}" in self.scope
