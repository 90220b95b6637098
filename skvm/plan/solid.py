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


class Origin(Frozen):
    """Where a value comes from.

    `source`: `task`, `file`, `value`, `item` (then `path` is the capture of the input guards), `call` (`INDEX.stdout` or
    `INDEX.result` of an earlier call of this step), `each` (the item of loop `path`), `const` (`path` is the JSON spelling).
    `via`: what is done with it, in order: `["pointer", JSON_POINTER]`, `["between", LEFT, RIGHT, ANCHORS]`, `["number"]`,
    `["text"]`, `["stem"]`, `["lines"]` (a text as a list), `["each", ...]` (a step for every item of a list), `["length"]`,
    `["worded"]` and other spellings (a day, a number as a word), ...
    """

    source: str
    path: str
    via: tuple[tuple[str, ...], ...] = ()


class Hole(Origin):
    """A typed hole with its provenance (the origin it inherits).

    A hole that is a capture of the inputs has its own name as `path`. `type`: JSON type. `pattern`: what a text must fully
    match. `also`: other origins that explain all evidence as well; at run time they must all give the same value, otherwise
    nobody knows which one is meant and the step is handed back.
    """

    name: str
    type: str
    pattern: str = ""
    also: tuple[Origin, ...] = ()


class SolidCall(Frozen):
    """One call with `{{hole}}` markers inside its argument template (whole-value markers keep the type).

    `result`: what was constant in its results, checked before anything after it runs: `{"same": TEXT}`, `{"digest": ...}`,
    `{"as": "json" | "lines", "template": ..., "holes": {NAME: [TYPE, PATTERN]}}`, `{"head": FIRST LINE}`, or None; with
    `"ties": [NAME, ...]` the origins of these holes must agree then.
    """

    tool: str
    args: Any
    effect: str
    expect_ok: bool = True
    expect_exit: int | None = None
    result: Any = None


class SolidLoop(Frozen):
    """`calls` calls from call `first` on, made once for each item of the list in hole `items`, in its order.

    `tie` is a hole whose origins must agree: the part that is used, in other lists that held it too. `least`, `most`: lengths
    of the list that were seen. `item`: what every item must look like, as `SolidCall.result` is for
    JSON. Inside, a hole of source `each` (`path` is the number of the loop) is the item or a part of it, and a `call` of the
    same loop is that of the same round; behind the loop such a call is the list of all its rounds.
    """

    first: int
    calls: int
    items: str
    tie: str = ""
    least: int
    most: int
    item: Any


class SolidStep(Frozen):
    """The code of one step: calls in order (those of `loops` as often as there are items), then the values it finishes with.

    `id` is `STEP/N`, the N-th code of that step. `summary` None: the wording was not reproducible. `evidence`: observation
    ids it was generalised from. `agreed`, `disagreed`: later model runs it predicted. `reason`: why it is in its state.
    """

    id: str
    step_key: str
    step_id: str
    skill: str
    state: SolidState
    holes: tuple[Hole, ...] = ()
    calls: tuple[SolidCall, ...] = ()
    loops: tuple[SolidLoop, ...] = ()
    values: Any = {}
    summary: Any = ""
    guards: tuple[Guard, ...] = ()
    evidence: tuple[str, ...] = ()
    baseline: dict[str, float] = {}
    agreed: int = 0
    disagreed: int = 0
    recorded: dict[str, str] = {}
    slice_digest: str = ""
    simulated: bool = False
    reason: str = ""
