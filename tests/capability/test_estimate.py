"""Intervals are finite, ordered, hold the mean, and narrow with the count, however large it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability.estimate import beta_interval, probability
from skvm.capability.profiles import shipped_profiles


@given(st.integers(0, 10**12), st.data())
def test_intervals_are_finite_and_hold_the_mean(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    low, high = beta_interval(float(passed), float(n))
    assert 0.0 <= low <= high <= 1.0
    if 0.02 * n <= passed <= 0.98 * n:
        mean = (passed + 1) / (n + 2)
        assert low - 1e-4 <= mean <= high + 1e-4


@pytest.mark.parametrize(
    ("passed", "n", "expected"),
    [(0, 0, (0.05, 0.95)), (3, 3, (0.4729, 0.9873)), (300, 300, (0.9901, 0.9998)), (5000, 10000, (0.4918, 0.5082))],
)
def test_known_quantiles(passed: int, n: int, expected: tuple[float, float]) -> None:
    """For n passed of n the quantile is mass ** (1 / (n + 1)); the last row is the normal approximation."""
    assert beta_interval(passed, n) == pytest.approx(expected, abs=1.5e-4)


def test_the_strong_simulation_rarely_fails_where_it_is_meant_not_to() -> None:
    strong = next(p for p in shipped_profiles() if p.name == "strong")
    sure = [(cell, level) for cell in strong.cells.values() for level, (passed, n) in cell.counts.items() if passed == n]
    assert len(sure) > 60
    for cell, level in sure:
        found = probability(cell, level)
        assert found is not None and found.mean > 0.996
