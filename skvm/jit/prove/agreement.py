"""What agreement with the model proves about code: a bound on how often it would do otherwise, and how much is still checked.

A prediction counts when it was made before the model run that it is held against. Code is never run beside the model: what it
would have done is computed and compared with what the model did, so a step with effects happens once, by one of them. The
bound may be looked at after every run (`capability.sequential.disagreement_bound`); over all codes ever made for a step its
stated error holds together, as the n-th code is tested at alpha / (n (n + 1)).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from skvm.capability.sequential import agreements_needed, at_turn, disagreement_bound, mixed_bound
from skvm.ir import Frozen, digest_json
from skvm.plan import SolidState, SolidStep


class Reach(StrEnum):
    """What code touches: nothing, its run's own work folder (done again, it is the same), or the world outside."""

    READ_ONLY = "read_only"
    IDEMPOTENT = "idempotent"
    EFFECTFUL = "effectful"


class Errors(Frozen):
    """Rates of disagreement that must be excluded before code counts as established, by reach, at error `alpha`.

    `provisional`: reaches that may serve before that, with their bound shown. Exact replay of all runs and the guards are then
    what speaks for the code; there is no prior, so three runs exclude little, and the bound says so.
    """

    read_only: float = 0.10
    idempotent: float = 0.05
    effectful: float = 0.02
    alpha: float = 0.05
    provisional: tuple[Reach, ...] = (Reach.READ_ONLY, Reach.IDEMPOTENT)

    def of(self, reach: Reach) -> float:
        """The rate to be excluded for a reach."""
        rates = {Reach.READ_ONLY: self.read_only, Reach.IDEMPOTENT: self.idempotent, Reach.EFFECTFUL: self.effectful}
        return rates[reach]


class Tax(Frozen):
    """Share of lookups that would serve but go to the model and are compared: `slope` times the bound, never below `least`."""

    slope: float = 0.10
    least: float = 0.02


class Standing(Frozen):
    """How code stands. `bound`: rate of disagreement not excluded yet; `error`: at which, twice that of the code once there was
    a disagreement, as it is then another test; `agreed` predictions of the `needed` ones; `share`: of served runs that are
    checked."""

    reach: Reach
    bound: float
    error: float
    rate: float
    agreed: int
    needed: int
    share: float

    @property
    def established(self) -> bool:
        """Is the stated rate excluded at the stated error?"""
        return self.bound <= self.rate

    def text(self) -> str:
        """In words."""
        if self.established:
            return f"disagrees in at most {self.bound:.3f} of runs (error {self.error:.3g}, {self.agreed} predictions)"
        return f"provisional: error bound {self.bound:.2f} ({self.agreed} of {self.needed} predictions for {self.rate:g})"


def reach_of(code: SolidStep) -> Reach:
    """What the calls of code touch."""
    if code.recorded.get("outside"):
        return Reach.EFFECTFUL
    return Reach.READ_ONLY if all(c.effect == "pure" for c in code.calls) else Reach.IDEMPOTENT


def number_of(code: SolidStep) -> int:
    """Which code of its step this is, from 1."""
    tail = code.id.rpartition("/")[2]
    return max(1, int(tail)) if tail.isdecimal() else 1


def standing(code: SolidStep, errors: Errors, tax: Tax) -> Standing:
    """What has been shown for code so far."""
    return _standing(reach_of(code), number_of(code), code.agreed, code.disagreed, errors, tax)


@lru_cache(maxsize=256)  # asked at every look-up, and another only after a comparison
def _standing(reach: Reach, number: int, agreed: int, disagreed: int, errors: Errors, tax: Tax) -> Standing:
    error = at_turn(errors.alpha, number)
    bound = mixed_bound(agreed, disagreed, error) if disagreed else disagreement_bound(agreed, error)
    return Standing(
        reach=reach,
        bound=bound,
        error=2 * error if disagreed else error,
        rate=errors.of(reach),
        agreed=agreed,
        needed=agreements_needed(errors.of(reach), error),
        share=max(tax.least, tax.slope * bound),
    )


def due(code: SolidStep, input_id: str, turn: int, share: float) -> bool:
    """Is this lookup one of the share that is checked? By a digest of code, inputs and `turn` (lookups before it that served
    or were checked), so that the same history gives the same answer. The first one is not: the run before it was a check."""
    if code.state is not SolidState.PROMOTED or turn == 0:
        return False
    drawn = digest_json([code.id, code.slice_digest, input_id, turn]).removeprefix("sha256:")[:15]
    return int(drawn, 16) < share * 16.0**15
