"""Variants: compared in pairs, accepted only when shown better, put away otherwise, taken back by digest."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import variant_of

from skvm.capability.sequential import superiority
from skvm.jit.adapt import (
    AdaptPolicy,
    AdaptRecord,
    RecompileRequest,
    VariantState,
    admit,
    back_to,
    compared,
    done_again,
    worth_again,
)

POLICY = AdaptPolicy()
REQUEST = RecompileRequest(
    skill="demo", target="m", source="sha256:s", primitives=("tool.exec",), steps=("S1.s1",),
    counts={"tool.exec": {"L1": (2, 20)}}, reason="tool.exec fell",
)  # fmt: skip


def tried(digest: str = "sha256:b", record: AdaptRecord | None = None, policy: AdaptPolicy = POLICY) -> AdaptRecord:
    return admit(record or AdaptRecord(skill="demo", target="m", source="sha256:s"), digest, f"plan {digest}", REQUEST, policy)


def pairs(record: AdaptRecord, rows: list[tuple[bool, bool]], policy: AdaptPolicy = POLICY) -> AdaptRecord:
    for ran, variant in rows:
        record = compared(record, ran, variant, policy)
    return record


def test_a_variant_that_always_wins_is_accepted_and_the_old_one_can_come_back() -> None:
    record = pairs(tried(), [(False, True)] * 10)
    assert record.active == "", "ten wins are not enough for an error of .005"
    record = pairs(record, [(False, True)])
    assert record.active == "sha256:b"
    assert variant_of(record, "sha256:b").state is VariantState.ACTIVE
    back = back_to(record, "", "by hand")
    assert back.active == ""
    assert variant_of(back, "sha256:b").state is VariantState.FORMER
    assert back_to(back, "b", "by hand").active == "sha256:b", "the start of a digest is enough"
    with pytest.raises(KeyError):
        back_to(back, "sha256:nope", "by hand")


def test_a_worse_one_is_put_away_soon_and_one_that_is_alike_late() -> None:
    worse = pairs(tried(), [(True, False)] * 11)
    assert variant_of(worse, "sha256:b").state is VariantState.REJECTED
    assert "the old plan stays" in worse.history[-1].what
    alike = pairs(tried(), [(True, False), (False, True)] * (POLICY.pairs // 2 - 1) + [(True, True)])
    assert variant_of(alike, "sha256:b").state is VariantState.SHADOW
    assert variant_of(pairs(alike, [(True, True)]), "sha256:b").state is VariantState.REJECTED


def test_one_that_never_does_better_is_put_away_when_a_gain_worth_having_is_excluded() -> None:
    never = pairs(tried(), [(True, True), (False, False)] * 29)
    assert variant_of(never, "sha256:b").state is VariantState.SHADOW
    never = pairs(never, [(True, True)])
    assert variant_of(never, "sha256:b").state is VariantState.REJECTED
    assert "never did better in 59 pairs" in never.history[-1].what
    once = pairs(tried(), [(False, True)] + [(True, True)] * 100)
    assert variant_of(once, "sha256:b").state is VariantState.SHADOW


def test_what_was_put_away_is_not_tried_again_and_a_new_one_is_tried_at_a_smaller_error() -> None:
    worse = pairs(tried(), [(True, False)] * 11)
    assert tried(record=worse).variant(VariantState.SHADOW) is None
    second = tried("sha256:c", worse)
    assert second.variant(VariantState.SHADOW) == variant_of(second, "sha256:c")
    assert [v.error for v in second.variants] == [POLICY.error / 2, POLICY.error / 6]


def test_a_rollback_ends_the_comparison_in_course() -> None:
    record = back_to(tried(), "", "by hand")
    assert record.variant(VariantState.SHADOW) is None
    assert compared(record, False, True, POLICY) == record


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_only_evidence_at_the_stated_error_ever_moves_the_pointer(rows: list[tuple[bool, bool]]) -> None:
    record = tried()
    for ran, variant in rows:
        before = record
        record = compared(record, ran, variant, POLICY)
        item = variant_of(record, "sha256:b")
        if record.active != before.active:
            assert superiority(item.wins, item.losses) >= 1 / item.error
        if before.variant(VariantState.SHADOW) is None:
            assert record == before, "settled is settled"


def test_plans_that_are_alike_are_seldom_told_apart() -> None:
    """27 % of pairs differ by chance; the error is stated as 0.01 over all variants, so 0.005 for a first one."""
    rng = random.Random(11)
    accepted = 0
    for _ in range(60):
        record = tried()
        for _ in range(300):
            differ, first = rng.random() < 0.27, rng.random() < 0.5
            record = compared(record, not first if differ else True, first if differ else True, POLICY)
        accepted += record.active != ""
    assert accepted <= 3


def test_the_original_text_is_asked_as_long_as_it_helps_now_and_then() -> None:
    policy = AdaptPolicy()
    record = AdaptRecord(skill="s", target="m")
    for number in range(300):
        assert worth_again(record, policy)
        record = done_again(record, number % 50 == 0, policy)
    assert (record.again, record.helped) == (300, 6)
    while worth_again(record, policy):
        record = done_again(record, False, policy)
    assert record.vain == 59, "(1 - 0.05)^59 is below 0.05"
    assert "in a row" in record.history[-1].what
    assert worth_again(back_to(record, "", "by hand"), policy), "another plan fails in other tasks"
