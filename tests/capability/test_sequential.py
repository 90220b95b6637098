"""Anytime-valid tests: expectations that must not rise are computed exactly, and errors are counted over whole streams."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability.sequential import (
    agreements_needed,
    at_turn,
    disagreement_bound,
    drop_evidence,
    drop_steps,
    superiority,
)


def exact_superiority(wins: int, losses: int) -> Fraction:
    n = wins + losses
    beta = Fraction(factorial(wins) * factorial(losses), factorial(n + 1))
    tail = Fraction(sum(comb(n + 1, k) for k in range(wins + 1)), 2 ** (n + 1))
    return 2 ** (n + 1) * beta * tail


@given(st.integers(0, 60), st.integers(0, 60))
def test_superiority_is_the_mixture_it_says(wins: int, losses: int) -> None:
    assert superiority(wins, losses) == pytest.approx(float(exact_superiority(wins, losses)), rel=1e-9)


@given(st.integers(0, 60), st.integers(0, 60), st.fractions(0, Fraction(1, 2)))
def test_evidence_for_a_better_one_does_not_rise_on_average_when_it_is_not(wins: int, losses: int, chance: Fraction) -> None:
    expected = chance * exact_superiority(wins + 1, losses) + (1 - chance) * exact_superiority(wins, losses + 1)
    assert expected <= exact_superiority(wins, losses)


def test_no_pair_is_no_evidence() -> None:
    assert superiority(0, 0) == 1.0
    assert superiority(11, 0) > 200 > superiority(10, 0) > superiority(10, 3)


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_bound_of_agreements_is_where_so_many_have_the_stated_probability(agreed: int, alpha: float) -> None:
    bound = disagreement_bound(agreed, alpha)
    assert (1 - bound) ** agreed == pytest.approx(alpha)
    assert disagreement_bound(agreed + 1, alpha) < bound


def test_without_agreement_nothing_is_known() -> None:
    assert disagreement_bound(0, 0.05) == 1.0


@pytest.mark.parametrize(("rate", "needed"), [(0.5, 5), (0.1, 29), (0.05, 59), (0.02, 149)])
def test_agreements_needed(rate: float, needed: int) -> None:
    assert agreements_needed(rate, 0.05) == needed
    assert disagreement_bound(needed, 0.05) <= rate < disagreement_bound(needed - 1, 0.05)


def test_errors_of_many_turns_add_up_to_the_stated_one() -> None:
    assert sum(at_turn(0.01, turn) for turn in range(1, 5000)) == pytest.approx(0.01, rel=1e-3)


@given(st.floats(0.05, 0.95), st.lists(st.booleans(), max_size=40), st.floats(0, 1))
def test_the_detector_grows_by_at_most_one_on_average_without_a_drop(ref: float, seen: list[bool], above: float) -> None:
    held: tuple[float, ...] = ()
    for ok in seen:
        held = drop_steps(held, ok, ref)
    truth = ref + above * (1 - ref)
    after = truth * drop_evidence(drop_steps(held, True, ref)) + (1 - truth) * drop_evidence(drop_steps(held, False, ref))
    assert after <= (drop_evidence(held) + 1) * (1 + 1e-9)


def alarm(rng: random.Random, success: float, reference: float, limit: float, most: int) -> int | None:
    held: tuple[float, ...] = ()
    for number in range(1, most + 1):
        held = drop_steps(held, rng.random() < success, reference)
        if drop_evidence(held) >= limit:
            return number
    return None


def test_a_lost_ability_is_found_soon_and_none_is_found_where_nothing_was_lost() -> None:
    rng = random.Random(7)
    lost = [alarm(rng, 0.1, 0.8, 10_000, 200) for _ in range(100)]
    assert all(n is not None and n <= 30 for n in lost)
    kept = [alarm(rng, 0.8, 0.8, 10_000, 500) for _ in range(100)]
    assert sum(n is not None for n in kept) <= 12, "500 of 10,000 outcomes: 5 % of the streams at most, with its own chance"
