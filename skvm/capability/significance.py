"""Do two counts of probes differ by more than chance? Exact, for any size that a profile may state.

Fisher's exact test (two-sided: all tables with the same margins that are no likelier than the one seen), Holm's step-down
correction, and the probability that one Beta(1,1) posterior exceeds the other (finite sum for whole parameters: E. Miller,
"Formulas for Bayesian A/B testing", 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, lgamma, log

Counts = tuple[int, int]
"""(passed, n)."""

_TIE = 1e-9
"""Tables whose log likelihoods differ by less are equally likely: a thousand times what lgamma rounds off."""


def fisher(one: Counts, two: Counts) -> float:
    """Two-sided p-value of Fisher's exact test; 1.0 when one side was never probed."""
    (a, n), (b, m) = one, two
    passed = a + b
    logs = [_table(k, n, passed - k, m) for k in range(max(0, passed - m), min(n, passed) + 1)]
    seen = _table(a, n, b, m)
    top = max(logs)
    tail = fsum(exp(value - top) for value in logs if value <= seen + _TIE)
    return min(1.0, tail / fsum(exp(value - top) for value in logs))


def best_possible(n: int, m: int) -> float:
    """The smallest p-value that `n` against `m` probes can give: all passed against none."""
    return fisher((n, n), (0, m))


def _table(a: int, n: int, b: int, m: int) -> float:
    return _choose(n, a) + _choose(m, b)


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def holm(values: Sequence[float | None], family: int) -> list[float | None]:
    """Adjusted p-values in a family of `family` comparisons; those that could not be tested (None) count in the family.

    Raises ValueError when there are more values than the family has members.
    """
    if len(values) > family:
        raise ValueError(f"{len(values)} values in a family of {family}")
    tested = sorted((value, at) for at, value in enumerate(values) if value is not None)
    adjusted: list[float | None] = [None] * len(values)
    least = 0.0
    for rank, (value, at) in enumerate(tested):
        least = max(least, min(1.0, (family - rank) * value))
        adjusted[at] = least
    return adjusted


def exceeds(one: Counts, two: Counts) -> float:
    """P(p of `one` > p of `two`) under Beta(1,1) priors."""
    a, b = one[0] + 1, one[1] - one[0] + 1
    c, d = two[0] + 1, two[1] - two[0] + 1
    terms = (_beta(c + i, b + d) - log(b + i) - _beta(1 + i, b) - _beta(c, d) for i in range(a))
    return min(1.0, fsum(exp(term) for term in terms))


def _beta(a: int, b: int) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
