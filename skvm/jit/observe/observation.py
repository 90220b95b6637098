"""Observations: what one model run of a step saw, called and returned. Plain records, kept by content."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Self, TypeVar

from skvm.ir import Frozen, digest_json
from skvm.jit.observe.courtesy import bare
from skvm.plan import CallRecord, GuardContext, StepResult
from skvm.ports import StepContext

FINISH = "finish"
_VALUES = re.compile(r"\$step\.(?P<id>[A-Za-z0-9_.-]+?)\.values(?:\.(?P<path>.+))?", re.DOTALL)
UNSOLVED = "simulated model has no solution"
"""Start of the reason that a simulated model gives where it has no oracle: nobody's inability."""

MAX_CALLS = 64
"""Longer traces are kept as counts only: a step of that many calls is not a step."""


class Observation(Frozen):
    """One finished model run of a step.

    `mixed`: its first calls were made by solidified code that then handed back. `hosts`: network hosts its commands reach.
    """

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
    hosts: tuple[str, ...] = ()

    @cached_property
    def id(self) -> str:
        """Short content id; two runs that saw and did the same in the same place are one observation."""
        body = self.model_dump(mode="json", exclude={"cost"})
        for call in body["calls"]:
            call.pop("seconds")
        return digest_json(body).removeprefix("sha256:")[:16]

    @cached_property
    def input_id(self) -> str:
        """Digest of the inputs alone, file contents included where the executor gave their digests."""
        return digest_json({"inputs": self.inputs, "files": self.guard.files})

    def same(self, other: Observation) -> bool:
        """Have they one id? Most differ in their run already."""
        return (self.run, self.scope) == (other.run, other.scope) and self.id == other.id

    def same_inputs(self, other: Observation) -> bool:
        """Have they one `input_id`? Most differ in something that is seen sooner."""
        return self.inputs == other.inputs and self.input_id == other.input_id

    def __copy__(self) -> Self:
        """A copy is made to be another: it works out its own ids."""
        return _forgetful(super().__copy__())

    def altered(self, **values: Any) -> Self:
        """See `Frozen`."""
        return _forgetful(super().altered(**values))


Seen = TypeVar("Seen", bound=Observation)


def _forgetful(new: Seen) -> Seen:
    for name in ("id", "input_id"):
        new.__dict__.pop(name, None)
    return new


def inputs_of(context: StepContext) -> dict[str, Any]:
    """All that the step sees, as one JSON object: `task`, `files` as sorted [name, path] rows, `values`, `item`.

    The task and earlier values count only where the step names them: what it never sees, it cannot depend on.
    """
    rows = sorted(context.files.items(), key=lambda row: (PurePosixPath(row[1]).suffix, row[0]))
    command = context.node.command
    named = context.node.inputs or ("$task",)
    names = {*named, *(command.placeholders.values() if command is not None else ())}
    return {
        "task": bare(context.task) if "$task" in names else "",
        "files": [list(row) for row in rows],
        "values": _named_values(names, context.values) if context.seen is None else context.seen,
        "item": context.item,
    }


def _named_values(names: set[str], values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Of the values of earlier steps those that a reference `$step.ID.values[.NAME...]` names."""
    found: dict[str, Any] = {}
    for reference in sorted(names):
        match = _VALUES.fullmatch(reference)
        if match is None or match["id"] not in values:
            continue
        own = values[match["id"]]
        name = (match["path"] or "").partition(".")[0]
        row = {name: own[name]} if name in own else {} if name else own
        found[match["id"]] = {**found.get(match["id"], {}), **row}
    return found


def observation(context: StepContext, result: StepResult, simulated: bool, mixed: bool, seconds: float = 0.0) -> Observation:
    """The record of a finished model run of a step; `seconds` is used where the result has none."""
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
        cost=cost_of(result, seconds),
        simulated=simulated or result.simulated,
        mixed=mixed,
        hosts=context.node.hosts,
    )


def cost_of(result: StepResult, seconds: float = 0.0) -> dict[str, float]:
    """What a step cost: model calls, tokens both ways, seconds (the given ones where it has none), money where it is known."""
    row: dict[str, float] = {
        "model_calls": float(result.model_calls),
        "tokens": float(result.prompt_tokens + result.completion_tokens),
        "seconds": result.seconds or seconds,
    }
    return row if result.cost is None else {**row, "usd": result.cost}
