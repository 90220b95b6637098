"""Tests that may be looked at after every outcome: the error stated holds at whatever moment they are stopped.

All rest on Ville's inequality: a non-negative process whose expectation does not rise under the null hypothesis, and which
starts at 1, ever reaches 1/alpha with probability at most alpha (Ramdas, Gruenwald, Vovk, Shafer, "Game-theoretic statistics
and safe anytime-valid inference", Statistical Science 2023). Outcomes may depend on what was seen before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, exp, lgamma, log, log1p

ALTERNATIVES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
"""Success after a drop, as shares of the success before it, over which the detector of drops is spread evenly."""


def disagreement_bound(agreed: int, alpha: float) -> float:
    """The highest rate of disagreement that `agreed` agreements and no disagreement leave possible at error `alpha`.

    The process (1 - p)^-n of n agreements has expectation <= 1 where the rate is p or more; it reaches 1/alpha at the value
    returned. 1.0 without agreements: then nothing is known.
    """
    return 1.0 if agreed <= 0 else 1.0 - exp(log(alpha) / agreed)


def mixed_bound(agreed: int, disagreed: int, alpha: float) -> float:
    """The highest rate of disagreement that agreements and disagreements in any order leave possible at error `alpha`.

    The likelihood ratio of a uniform mixture of rates against one rate, B(d+1, a+1) / (p^d (1-p)^a), has expectation 1 where
    that rate is true; rates at which it stays below 1/alpha are not excluded. It has one minimum, at d / (a + d).
    """
    n = agreed + disagreed
    if n == 0:
        return 1.0
    evidence = lgamma(disagreed + 1) + lgamma(agreed + 1) - lgamma(n + 2)
    low, high = disagreed / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        against = evidence - disagreed * log(middle) - (agreed * log1p(-middle) if agreed else 0.0)
        low, high = (middle, high) if against < -log(alpha) else (low, middle)
    return high


def agreements_needed(rate: float, alpha: float) -> int:
    """Agreements in a row after which a rate of disagreement above `rate` is excluded at error `alpha`."""
    needed = max(1, round(log(alpha) / log1p(-rate)))
    while disagreement_bound(needed, alpha) > rate:
        needed += 1
    return needed


@lru_cache(maxsize=4096)
def superiority(wins: int, losses: int) -> float:
    """Evidence against "the first is not better than the second" in pairs of which one succeeded and the other did not.

    Under the null a pair is won with probability at most 1/2, whatever came before. The likelihood ratio against 1/2 is mixed
    over a uniform win rate in (1/2, 1): 2^(n+1) B(w+1, l+1) P(Bin(n+1, 1/2) <= w). Pairs that ended alike say nothing, as in
    McNemar's test. Reject when it reaches 1/alpha.
    """
    n = wins + losses
    tail = sum(comb(n + 1, k) for k in range(wins + 1)) / float(2 ** (n + 1))
    return exp((n + 1) * log(2) + lgamma(wins + 1) + lgamma(losses + 1) - lgamma(n + 2)) * tail


def drop_steps(held: Sequence[float], ok: bool, reference: float) -> tuple[float, ...]:
    """The detector of drops after one more outcome; `held` empty at the start, `reference` in (0, 1).

    Shiryaev-Roberts e-detector M' = (M + 1) L for each of `ALTERNATIVES` (Shin, Ramdas, Rinaldo, "E-detectors", New England
    Journal of Statistics in Data Science 2023), L the likelihood ratio of a lower success against the reference. While
    success stays at or above the reference, the mean number of outcomes to an alarm at `c` is at least `c`.
    """
    before = held or (0.0,) * len(ALTERNATIVES)
    after = []
    for share, value in zip(ALTERNATIVES, before, strict=True):
        lower = share * reference
        ratio = lower / reference if ok else (1 - lower) / (1 - reference)
        after.append(min((value + 1) * ratio, 1e12))
    return tuple(after)


def drop_evidence(held: Sequence[float]) -> float:
    """What the detector of drops says: an alarm is due at the mean number of outcomes between false alarms."""
    return sum(held) / len(ALTERNATIVES) if held else 0.0


def at_turn(alpha: float, turn: int) -> float:
    """The error at which the `turn`-th of any number of tests is made, from 1: alpha / (turn (turn + 1)); the sum is alpha."""
    return alpha / (turn * (turn + 1))
