"""The test of a difference is exact: held against fractions, not against another approximation."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability.significance import best_possible, exceeds, fisher, holm


@st.composite
def counts(draw: st.DrawFn, most: int = 30) -> tuple[int, int]:
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), n


def exact_fisher(one: tuple[int, int], two: tuple[int, int]) -> Fraction:
    (a, n), (b, m) = one, two
    ways = [comb(n, k) * comb(m, a + b - k) for k in range(max(0, a + b - m), min(n, a + b) + 1)]
    return Fraction(sum(w for w in ways if w <= comb(n, a) * comb(m, b)), sum(ways))


def exact_exceeds(one: tuple[int, int], two: tuple[int, int]) -> Fraction:
    """For whole parameters: P(X > Y) = sum over j of P(Binomial-like draws), by counting orders of uniform order statistics.

    X is the a-th smallest of n+1 uniforms, Y the c-th smallest of m+1 others; X > Y when at least c of the second kind come
    before the a-th of the first.
    """
    a, n, c, m = one[0] + 1, one[1] + 1, two[0] + 1, two[1] + 1
    good = sum(comb(a - 1 + j, j) * comb(n - a + m - j, m - j) for j in range(c, m + 1))
    return Fraction(good, comb(n + m, m))


@given(counts(), counts())
def test_fisher_is_exact_and_symmetric(one: tuple[int, int], two: tuple[int, int]) -> None:
    assert fisher(one, two) == pytest.approx(float(exact_fisher(one, two)), rel=1e-6)
    assert fisher(one, two) == pytest.approx(fisher(two, one), rel=1e-9)


@given(counts(), counts())
def test_the_posterior_comparison_is_exact_and_sums_to_one(one: tuple[int, int], two: tuple[int, int]) -> None:
    assert exceeds(one, two) == pytest.approx(float(exact_exceeds(one, two)), abs=1e-9)
    assert exceeds(one, two) + exceeds(two, one) == pytest.approx(1, abs=1e-9)


def test_three_probes_can_never_tell_profiles_apart() -> None:
    assert best_possible(3, 3) == pytest.approx(0.1)
    assert best_possible(3, 3) * 78 > 0.05
    assert best_possible(10, 10) * 78 < 0.05


def test_large_counts_neither_overflow_nor_underflow() -> None:
    assert fisher((50_000, 100_000), (50_000, 100_000)) == pytest.approx(1)
    assert fisher((100_000, 100_000), (0, 100_000)) == 0
    assert exceeds((60_000, 100_000), (50_000, 100_000)) == pytest.approx(1)


@given(st.lists(st.none() | st.floats(0, 1), max_size=20), st.integers(20, 100))
def test_holm(values: list[float | None], family: int) -> None:
    adjusted = holm(values, family)
    assert [a is None for a in adjusted] == [v is None for v in values]
    pairs = sorted((v, a) for v, a in zip(values, adjusted, strict=True) if v is not None and a is not None)
    assert all(v <= a <= 1 for v, a in pairs)
    assert all(x[1] <= y[1] for x, y in itertools.pairwise(pairs))
    if pairs:
        assert pairs[0][1] == pytest.approx(min(1, family * pairs[0][0]))


def test_holm_by_hand() -> None:
    assert holm([0.01, None, 0.04, 0.03], 4) == pytest.approx([0.04, None, 0.09, 0.09])
    with pytest.raises(ValueError, match="3 values in a family of 2"):
        holm([0.1, 0.2, 0.3], 2)
