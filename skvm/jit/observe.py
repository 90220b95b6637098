"""Observations: what one model run of a step saw, called and returned. Plain records, kept by content."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from skvm.ir import Frozen, digest_json
from skvm.plan import CallRecord, GuardContext, StepResult
from skvm.ports import StepContext

FINISH = "finish"
MAX_CALLS = 64
"""Longer traces are kept as counts only: a step of that many calls is not a step."""


class Observation(Frozen):
    """One finished model run of a step. `mixed`: its first calls were made by solidified code that then handed back."""

    run: str
    scope: str = ""
    step_key: str
    step_id: str
    skill: str
    inputs: dict[str, Any]
    guard: GuardContext
    primitives: tuple[str, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    values: dict[str, Any] = {}
    summary: str = ""
    cost: dict[str, float] = {}
    simulated: bool = False
    mixed: bool = False

    @property
    def id(self) -> str:
        """Short content id; two runs that saw and did the same in the same place are one observation."""
        body = self.model_dump(mode="json", exclude={"cost"})
        for call in body["calls"]:
            call.pop("seconds")
        return digest_json(body).removeprefix("sha256:")[:16]

    @property
    def input_id(self) -> str:
        """Digest of the inputs alone, file contents included where the executor gave their digests."""
        return digest_json({"inputs": self.inputs, "files": self.guard.files})


def inputs_of(context: StepContext) -> dict[str, Any]:
    """All that a step may use, as one JSON object: `task`, `files` as sorted [name, path] rows, `values`, `item`."""
    rows = sorted(context.files.items(), key=lambda row: (PurePosixPath(row[1]).suffix, row[0]))
    return {
        "task": context.task.strip(),
        "files": [list(row) for row in rows],
        "values": context.values,
        "item": context.item,
    }


def observation(context: StepContext, result: StepResult, simulated: bool, mixed: bool) -> Observation:
    """The record of a finished model run of a step."""
    calls = tuple(c for c in result.calls if c.tool != FINISH)
    return Observation(
        run=context.run,
        scope=context.scope,
        step_key=context.node.key,
        step_id=context.node.id,
        skill=context.skill,
        inputs=inputs_of(context),
        guard=context.guard,
        primitives=tuple(sorted({r.primitive for r in context.node.requires})),
        calls=calls[: MAX_CALLS + 1],
        values=result.values,
        summary=result.summary,
        cost=cost_of(result),
        simulated=simulated or result.simulated,
        mixed=mixed,
    )


def cost_of(result: StepResult) -> dict[str, float]:
    """What a step cost: model calls, tokens both ways, seconds, and money where the price is known."""
    row: dict[str, float] = {
        "model_calls": float(result.model_calls),
        "tokens": float(result.prompt_tokens + result.completion_tokens),
        "seconds": result.seconds,
    }
    return row if result.cost is None else {**row, "usd": result.cost}
