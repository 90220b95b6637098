"""Solidified steps as data. `jit` writes them, the executor looks them up; a plan is never edited."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from skvm.ir import Frozen
from skvm.plan.guards import Guard


class SolidState(StrEnum):
    """The ladder."""

    OBSERVED = "observed"
    CANDIDATE = "candidate"
    SHADOW = "shadow"
    PROMOTED = "promoted"
    DEMOTED = "demoted"
    REJECTED = "rejected"


class Hole(Frozen):
    """A typed hole with its provenance.

    `source`: `task` (the task text), `file` (name of an input file), `value` (earlier step value), `call` (result of an
    earlier call of this step), `item`, `env`, `const`. `path`: how to get at it (input name, `ID.values.X`,
    `INDEX.stdout`, a JSON pointer, or a regular expression with one group for `task`). `type`: JSON type.
    """

    name: str
    source: str
    path: str
    type: str
    pattern: str = ""


class SolidCall(Frozen):
    """One call with `{{hole}}` markers inside its argument template (whole-value markers keep the type)."""

    tool: str
    args: Any
    effect: str
    expect_ok: bool = True
    expect_exit: int | None = None


class SolidStep(Frozen):
    """The code of one step: calls in order, then the values it finishes with."""

    id: str
    step_key: str
    step_id: str
    skill: str
    state: SolidState
    holes: tuple[Hole, ...] = ()
    calls: tuple[SolidCall, ...] = ()
    values: Any = {}
    summary: Any = ""
    guards: tuple[Guard, ...] = ()
    evidence: tuple[str, ...] = ()
    baseline: dict[str, float] = {}
    agreed: int = 0
    disagreed: int = 0
    recorded: dict[str, str] = {}
