"""What it means when a model does otherwise than promoted code: either may be wrong, and the model is known to be, at times.

Each check is one outcome. If the code is right, it differs from the model no more often than the model strays on this step
(`strays`); if the code is wrong in a share of cases, it differs more often. Two figures follow the checks of one code:

- the *detector* (`capability.sequential.drop_steps`) demotes: while the code is right and the model strays no more often than
  reckoned, a false demotion comes once in `Weighing.demote` checks or more, whenever one looks;
- the *weight*, likelihood of wrong against right code, says how many look-ups are checked: from 1 on all of them are, so that
  nothing is served while the evidence speaks against the code; it falls with agreements, never below `Weighing.floor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skvm.capability.sequential import drop_evidence, drop_steps
from skvm.ir import Frozen
from skvm.jit.prove.agreement import Reach

SHARES = (0.1, 0.2, 0.5, 1.0)
"""Shares of cases in which code may be wrong, over which the weight is spread."""


class Weighing(Frozen):
    """How disagreements are weighed.

    `demote`: least mean number of checks between demotions of code that is right. `begin`, `floor`: the weight after promotion
    and the least one; `burst`: the least one right after a disagreement. `unmeasured`: how often a model is taken to stray
    where nothing is known; `strength`: outcomes that this, or what the profile says, counts for. `most`: a model that strays
    more often is reckoned with this, as its opinion is worth next to nothing. `at_once`: reaches that one disagreement
    demotes, because nothing they do can be taken back.
    """

    demote: float = 2_000.0
    begin: float = 0.1
    floor: float = 0.05
    burst: float = 0.5
    unmeasured: float = 0.1
    strength: float = 4.0
    least: float = 0.02
    most: float = 0.5
    at_once: tuple[Reach, ...] = (Reach.EFFECTFUL,)


class Doubt(Frozen):
    """What the checks of one code say. `checks` counted, `otherwise` of them; `excused` were left out, as the model's own calls
    failed or it only read more. `strayed`: what the model was last reckoned with."""

    detector: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    checks: int = 0
    otherwise: int = 0
    excused: int = 0
    strayed: float = 0.0

    def weight(self, weighing: Weighing) -> float:
        """Likelihood of wrong against right code."""
        return sum(self.weights) / len(self.weights) if self.weights else weighing.begin

    def share(self, weighing: Weighing, tax: float) -> float:
        """Share of look-ups that are checked; `tax` at least."""
        return max(tax, min(1.0, self.weight(weighing))) if self.otherwise else tax

    def suspended(self, weighing: Weighing) -> bool:
        """Does the evidence speak against the code, so that it does not serve?"""
        return bool(self.otherwise) and self.weight(weighing) >= 1.0

    def shown_wrong(self, weighing: Weighing) -> bool:
        """Is the stated error reached?"""
        return drop_evidence(self.detector) >= weighing.demote

    def text(self, weighing: Weighing) -> str:
        """In words; empty where there was no disagreement."""
        if not self.otherwise:
            return ""
        told = f"otherwise than the model in {self.otherwise} of {self.checks} checks"
        told += f"; the model itself strays in {self.strayed:.0%}"
        return ("suspended: " if self.suspended(weighing) else "") + told


class Known(Frozen):
    """What a step's own runs say about its model: `attempts`, of which `failed` by the step's contract or its own word; pairs
    of runs on the very same inputs (`twice`), of which `differed`."""

    attempts: int = 0
    failed: int = 0
    twice: int = 0
    differed: int = 0

    def attempt(self, ok: bool) -> Known:
        """With one more attempt from the start."""
        return self.model_copy(update={"attempts": self.attempts + 1, "failed": self.failed + (not ok)})

    def compared(self, alike: Iterable[bool]) -> Known:
        """With pairs of runs on the same inputs."""
        pairs = list(alike)
        return self.model_copy(update={"twice": self.twice + len(pairs), "differed": self.differed + pairs.count(False)})


def strays(known: Known, held: float | None, weighing: Weighing) -> float:
    """How often the model strays on a step: the higher of what its failures and its disagreement with itself say, each drawn
    towards what the profile says (`held`: chance that it does the step right).

    A right answer is contradicted no more often than two answers contradict each other, as long as most are right.
    """
    before = weighing.unmeasured if held is None else 1.0 - held
    failing = _drawn(known.failed, known.attempts, before, weighing.strength)
    itself = _drawn(known.differed, known.twice, before, weighing.strength)
    return min(weighing.most, max(weighing.least, failing, itself))


def _drawn(bad: int, n: int, before: float, strength: float) -> float:
    return (strength * before + bad) / (strength + n)


def checked(doubt: Doubt, agrees: bool, strayed: float, weighing: Weighing) -> Doubt:
    """The doubt after one more check, of a model that strays as stated."""
    return doubt.model_copy(
        update={
            "detector": drop_steps(doubt.detector, agrees, 1.0 - strayed),
            "weights": _weighed(doubt.weights or (weighing.begin,) * len(SHARES), agrees, strayed, weighing),
            "checks": doubt.checks + 1,
            "otherwise": doubt.otherwise + (not agrees),
            "strayed": round(strayed, 4),
        }
    )


def _weighed(weights: Sequence[float], agrees: bool, strayed: float, weighing: Weighing) -> tuple[float, ...]:
    least = weighing.floor if agrees else weighing.burst
    ratios = [(1 - w) if agrees else (w + (1 - w) * strayed) / strayed for w in SHARES]
    return tuple(max(least, min(value * ratio, 1e6)) for value, ratio in zip(weights, ratios, strict=True))
