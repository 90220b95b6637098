"""Judging a requirement against a profile. "Not measured" is neither a gap nor a capability (decisions, "Profiles")."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from skvm.capability.estimate import probability
from skvm.capability.model import Level, Profile, Requirement
from skvm.ir import Frozen
from skvm.source import Span

MET_AT = 0.7
"""Posterior mean at and above which a level is held: 3 of 3 gives .80, 2 of 3 gives .60 (Beta(1,1) prior)."""

WEAK_AT = 0.4


class Verdict(StrEnum):
    """What the profile says about one requirement."""

    MET = "met"
    WEAK = "weak"
    MISSING = "missing"
    UNMEASURED = "unmeasured"
    NOT_OFFERED = "not_offered"


class Gap(Frozen):
    """One judged requirement. `probability` and its 90 % `interval` are None when not measured.

    `target`: whose gap it is, where a plan has several targets and it is not the plan's first.
    """

    primitive: str
    required: Level
    verdict: Verdict
    measured: Level | None = None
    probability: float | None = None
    interval: tuple[float, float] | None = None
    inferred: bool = False
    steps: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    target: str = ""


def judge(requirement: Requirement, profile: Profile | None) -> Gap:
    """Verdict for one requirement under a profile (None: the target was never measured)."""
    steps = (requirement.step,) if requirement.step else ()
    cell = profile.cells.get(requirement.primitive) if profile else None
    base = Gap(
        primitive=requirement.primitive,
        required=requirement.level,
        verdict=Verdict.UNMEASURED,
        steps=steps,
        spans=requirement.spans,
    )
    if cell is None:
        return base
    if not cell.offered:
        return base.model_copy(update={"verdict": Verdict.NOT_OFFERED, "measured": cell.level})
    estimate = probability(cell, requirement.level)
    if estimate is None:
        return base.model_copy(update={"measured": cell.level})
    mean = estimate.mean
    verdict = Verdict.MET if mean >= MET_AT else Verdict.WEAK if mean >= WEAK_AT else Verdict.MISSING
    return base.model_copy(
        update={
            "verdict": verdict,
            "measured": cell.level,
            "probability": mean,
            "interval": estimate.interval,
            "inferred": estimate.inferred,
        }
    )


def product(known: Iterable[float]) -> float:
    """Probability that all of several things hold that are taken for independent."""
    value = 1.0
    for one in known:
        value *= one
    return round(value, 6)
