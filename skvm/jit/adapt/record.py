"""Everything that is known about one skill on one target: one record, so that every change is one atomic write."""

from __future__ import annotations

from enum import StrEnum

from skvm.ir import Frozen

HISTORY = 200


class AdaptPolicy(Frozen):
    """What moves estimates, and when a variant may take a plan's place. The errors are stated before anything is seen.

    `sure` and `false_alarm` only decide when something is compiled and compared, which costs runs; `error` alone decides what
    takes the place of a plan.

    `strength`: probes of a profile count at most this much, and fade like older outcomes. `half_life`: outcomes after which an
    older one counts half; after an alarm estimates begin from those with the half-life `recent`. `sure`: probability beyond a
    policy line at which a verdict changes. `marks`: numbers of outcomes of a primitive at which what is usual is taken down;
    `reference_error`: chance that it is taken for better than the truth at any of them. `false_alarm`: mean number of outcomes
    between false alarms of the detector of drops. `error`: chance that, over all variants ever tried for this skill and
    target, one is accepted that is no better. `pairs`: comparisons after which a variant that has not shown itself better is
    put away, which is done sooner where it has never won and a share of `least_gain` won is excluded at error `futility`; in
    the same way failed tasks are no longer done once more by the original text where that did not help so often in a row.
    `stubborn`: failures of one input in a row that make them the input's matter; `inputs`: how many are remembered.
    """

    strength: float = 10.0
    half_life: float = 30.0
    sure: float = 0.9
    recent: float = 8.0
    marks: tuple[int, ...] = (20, 40, 80)
    false_alarm: float = 1_000.0
    reference_error: float = 0.05
    error: float = 0.01
    pairs: int = 400
    least_gain: float = 0.05
    futility: float = 0.05
    stubborn: int = 3
    inputs: int = 256


class Tally(Frozen):
    """Outcomes that bear on one primitive at one level, older ones fading."""

    passed: float = 0.0
    n: float = 0.0


class Usual(Frozen):
    """What is usual for the steps that need a primitive: their first outcomes, and the detector of drops from there.

    `reference`: success that the detector holds outcomes against, 0 before the first mark. `since`: outcomes since the detector
    began; `alarm`: after how many it went off, 0 before that.
    """

    passed: int = 0
    n: int = 0
    reference: float = 0.0
    held: tuple[float, ...] = ()
    since: int = 0
    alarm: int = 0


class Stubborn(Frozen):
    """An input with which a step failed again and again while others went well: the task's matter, not the model's."""

    step: str
    input: str
    failures: int
    run: str


class VariantState(StrEnum):
    """`shadow`: compared beside the plan that runs; `active`: runs; `former`: ran before; `rejected`: was not better."""

    SHADOW = "shadow"
    ACTIVE = "active"
    FORMER = "former"
    REJECTED = "rejected"


class Variant(Frozen):
    """One compiled plan by digest; `plan` is the digest of what it does. `number` counts from 1; the original is 0. `error`: at
    which it is tested. `source`: digest of the skill it was made from. `steps`: those that were recompiled, under `counts` of
    live evidence. `wins`, `losses`, `ties` against the plan that ran."""

    digest: str
    state: VariantState
    number: int = 0
    error: float = 0.0
    source: str = ""
    plan: str = ""
    steps: tuple[str, ...] = ()
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    why: str = ""
    wins: int = 0
    losses: int = 0
    ties: int = 0


class RecompileRequest(Frozen):
    """Compile these steps again. `requirements`: (primitive, level) whose estimate crossed a line or dropped; `counts`: the
    live counts (passed, n) per primitive and level to compile with; `reason` in words."""

    skill: str
    target: str
    source: str
    primitives: tuple[str, ...]
    steps: tuple[str, ...]
    counts: dict[str, dict[str, tuple[int, int]]]
    reason: str


class Line(Frozen):
    """One line of history, oldest first. `digest` empty: about the skill as a whole."""

    digest: str
    what: str
    run: str = ""


class AdaptRecord(Frozen):
    """One skill on one target.

    `source`: digest of the skill the evidence is about; `profile`: of the profile it was compiled under. `active`: digest of
    the plan that runs, empty while that is what compiling gives. `tried`: variants made so far. `tallies`: by primitive, then
    level, and `recent` ones that fade sooner; `usual`: by primitive; `changed`: those the profile no longer tells of.
    `inputs`: outcomes in a row per step and input, failures negative. `asked`: by primitive, the outcomes from which on a
    request may come again. `simulated`: those of `outcomes` that are a simulated model's. `runs`: ids of the last runs that
    were taken in, `compared`: of those a variant was compared beside. `again`: failed tasks that the original text did once
    more since another plan runs, `helped`: those it did right, `vain`: those in a row that it did not.
    """

    skill: str
    target: str
    source: str = ""
    profile: str = ""
    active: str = ""
    variants: tuple[Variant, ...] = ()
    tried: int = 0
    tallies: dict[str, dict[str, Tally]] = {}
    recent: dict[str, dict[str, Tally]] = {}
    usual: dict[str, Usual] = {}
    changed: tuple[str, ...] = ()
    inputs: dict[str, int] = {}
    stubborn: tuple[Stubborn, ...] = ()
    asked: dict[str, int] = {}
    outcomes: int = 0
    failures: int = 0
    simulated: int = 0
    runs: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    again: int = 0
    helped: int = 0
    vain: int = 0
    history: tuple[Line, ...] = ()

    def noted(self, what: str, digest: str = "", run: str = "") -> AdaptRecord:
        """The record with one more line of history."""
        line = Line(digest=digest, what=what, run=run)
        return self.model_copy(update={"history": (*self.history, line)[-HISTORY:]})

    def variant(self, state: VariantState) -> Variant | None:
        """The newest variant in a state."""
        return next((v for v in reversed(self.variants) if v.state is state), None)
