"""Verdicts from counts, and rounds that depend on counts alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skvm.profile.measure.curve import NOTHING, RANKS, added, estimate, posterior
from skvm.profile.measure.policy import Policy

pairs = st.integers(0, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.tuples(pairs, pairs, pairs)


@given(tables)
def test_probabilities_fall_with_the_level_and_lie_in_their_intervals(counts):
    curve = posterior(counts)
    found = [estimate(curve, rank) for rank in RANKS]
    assert found[0].mean >= found[1].mean >= found[2].mean
    assert all(0 <= e.interval[0] <= e.interval[1] <= 1 for e in found)


@given(tables, st.sampled_from(RANKS))
def test_a_pass_never_lowers_a_probability_and_a_failure_never_raises_one(counts, rank):
    before = estimate(posterior(counts), rank).mean
    assert estimate(posterior(added(counts, rank, True)), rank).mean >= before - 1e-6
    assert estimate(posterior(added(counts, rank, False)), rank).mean <= before + 1e-6


def test_clear_counts_give_clear_verdicts():
    assert posterior(((0, 6), (0, 0), (0, 0))).level == 0
    assert posterior(((0, 0), (0, 0), (8, 8))).level == 3
    assert posterior(((6, 6), (8, 8), (0, 8))).level == 2


def test_rounds_begin_everything_first_and_do_not_depend_on_the_order_of_the_table():
    policy = Policy()
    assert [row.primitive for row in policy.round({"b": NOTHING, "a": ((0, 0), (0, 0), (1, 1))}, 9)] == ["b"]
    table = {"a": ((1, 1), (1, 1), (0, 1)), "b": ((0, 0), (0, 0), (1, 1)), "c": ((0, 0), (1, 2), (0, 1))}
    assert policy.round(table, 9) == policy.round(dict(reversed(table.items())), 9)


def test_a_budget_is_never_passed_and_safe_verdicts_end_the_measurement():
    policy = Policy()
    assert policy.round({"a": NOTHING, "b": NOTHING}, 1) == policy.round({"a": NOTHING}, 1)
    assert policy.round({"a": ((0, 0), (0, 0), (12, 12))}, 50) == ()
