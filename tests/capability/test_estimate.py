"""Intervals are finite, ordered, hold the mean, and narrow with the count, however large it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability.estimate import beta_interval, probability
from skvm.capability.model import Cell, Level
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


PROBED = (Level.L1, Level.L2, Level.L3)


@st.composite
def one_and_better(draw: st.DrawFn) -> tuple[Cell, Cell]:
    """A cell and one in which as many or more of the same probes passed, or which has a letter as high or higher."""
    if draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.integers(0, 3)] * 2)))
        return Cell(level=Level.of(low)), Cell(level=Level.of(high))
    sizes = draw(st.dictionaries(st.sampled_from(PROBED), st.integers(1, 40), min_size=1))
    less = {level: draw(st.integers(0, n)) for level, n in sizes.items()}
    more = {level: draw(st.integers(less[level], n)) for level, n in sizes.items()}
    return tuple(Cell(counts={level: (k[level], n) for level, n in sizes.items()}) for k in (less, more))  # type: ignore[return-value]


@given(one_and_better())
def test_more_passed_never_lowers_any_level(pair: tuple[Cell, Cell]) -> None:
    for level in PROBED:
        less, more = (probability(cell, level) for cell in pair)
        if less is not None and more is not None:
            assert more.mean >= less.mean - 1e-6


@given(one_and_better())
def test_a_higher_level_is_never_likelier_than_a_lower_one(pair: tuple[Cell, Cell]) -> None:
    for cell in pair:
        means = [e.mean for level in PROBED if (e := probability(cell, level)) is not None]
        assert means == sorted(means, reverse=True)


def test_a_conclusion_below_l1_adds_nothing_to_what_was_counted() -> None:
    counted = Cell(level=Level.L0, counts={Level.L2: (1, 4)})
    assert probability(counted, Level.L1) == probability(counted.model_copy(update={"level": None}), Level.L1)
