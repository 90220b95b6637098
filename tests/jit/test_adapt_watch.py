"""Estimates that move, drops that are found, inputs that fail on their own, and requests that come of it."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import node

from skvm.capability import Cell, Level, Profile
from skvm.ir import EffectClass
from skvm.jit.adapt import AdaptPolicy, AdaptRecord, Outcome, live_cell, requested, watched
from skvm.jit.adapt.estimates import beta_below, blame, lower_quantile
from skvm.jit.adapt.record import Tally
from skvm.plan import Artifact, Plan, Requires, StepNode
from skvm.plan.artifact import SourceInfo, TargetInfo

EXEC, READ = "tool.exec", "tool.file.read"
GOOD = Profile(
    name="m", model="m", harness="builtin",
    cells={EXEC: Cell(counts={Level.L1: (3, 3)}), READ: Cell(counts={Level.L1: (3, 3)})},
)  # fmt: skip
POLICY = AdaptPolicy()


def step(id: str, *primitives: str) -> StepNode:
    needs = tuple(Requires(primitive=p, level=Level.L1) for p in primitives)
    return node(id=id, effect=EffectClass.PURE).model_copy(update={"requires": needs})


def artifact(*nodes: StepNode) -> Artifact:
    source = SourceInfo(name="demo", digest="sha256:s", program="sha256:p")
    return Artifact.model_validate(
        {"source": source, "target": TargetInfo(model="m", harness="builtin"), "plan": Plan(nodes=nodes), "schema": 3}
    )


def outcome(ok: bool, number: int, *primitives: str, input: str = "", target: str = "") -> Outcome:
    needs = tuple(Requires(primitive=p, level=Level.L1) for p in primitives or (EXEC,))
    names = tuple(n.primitive for n in needs)
    return Outcome(
        run=f"r{number}", step="S1.s1", requires=needs, ok=ok, target=target,
        suspects=() if ok else names, input=input or f"i{number}",
    )  # fmt: skip


def record() -> AdaptRecord:
    return AdaptRecord(skill="demo", target="m")


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.05, 0.95))
def test_the_tail_of_a_posterior_is_a_binomial_sum(passed: int, failed: int, line: float) -> None:
    n = passed + failed
    grid = 4000
    xs = [(i + 0.5) / grid for i in range(grid)]
    mass = [comb(n, passed) * x**passed * (1 - x) ** failed for x in xs]
    below = sum(m for m, x in zip(mass, xs, strict=True) if x < line) / sum(mass)
    assert beta_below(passed, n, line) == pytest.approx(below, abs=2e-2)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.01, 0.99))
def test_a_quantile_has_its_mass_below_it(passed: int, failed: int, mass: float) -> None:
    value = lower_quantile(passed, passed + failed, mass)
    assert beta_below(passed, passed + failed, value) == pytest.approx(mass, abs=1e-6)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_failure_is_shared_by_who_fails_more_easily(one: float, two: float) -> None:
    shares = blame(outcome(False, 0, EXEC, READ), {EXEC: one, READ: two})
    assert all(0 <= s <= 1 for s in shares.values())
    assert sum(shares.values()) >= 1 - 1e-9, "at least one of them failed"
    assert (shares[EXEC] >= shares[READ]) == (one <= two)
    assert blame(outcome(True, 0, EXEC, READ), {EXEC: one, READ: two}) == {}


def test_probes_of_a_profile_count_at_their_stated_strength() -> None:
    cell = Cell(counts={Level.L1: (900, 1000)})
    assert live_cell(cell, {}, 10).counts == {Level.L1: (9, 10)}
    assert live_cell(cell, {"L1": Tally(passed=2.2, n=20.4)}, 10).counts == {Level.L1: (11, 30)}
    assert live_cell(Cell(level=Level.L1), {"L1": Tally(passed=4, n=5)}, 10).counts[Level.L1] == (7, 8)


def test_failures_move_the_estimate_over_the_line_and_the_request_names_only_steps_that_need_it() -> None:
    plan = artifact(step("S1.s1", EXEC), step("S1.s2", READ))
    now = record()
    for number in range(30):
        assert requested(now, plan, GOOD, POLICY) is None or number > 2
        now = watched(now, [outcome(False, number)], GOOD, POLICY)
    asked = requested(now, plan, GOOD, POLICY)
    assert asked is not None
    assert (asked.primitives, asked.steps) == ((EXEC,), ("S1.s1",))
    assert asked.counts[EXEC]["L1"][0] < asked.counts[EXEC]["L1"][1]
    assert "estimate 0.80 is now" in asked.reason


def test_successes_ask_for_nothing() -> None:
    plan = artifact(step("S1.s1", EXEC))
    now = watched(record(), [outcome(True, n) for n in range(300)], GOOD, POLICY)
    assert requested(now, plan, GOOD, POLICY) is None


def test_one_input_that_keeps_failing_is_its_own_matter() -> None:
    plan = artifact(step("S1.s1", EXEC))
    now = record()
    for number in range(60):
        now = watched(now, [outcome(True, number), outcome(False, number, input="odd")], GOOD, POLICY)
    assert requested(now, plan, GOOD, POLICY) is None
    assert [(s.input, s.failures) for s in now.stubborn] == [("odd", 3)]
    assert any("that input's matter" in line.what for line in now.history)


def test_the_same_failures_spread_over_inputs_are_the_models() -> None:
    plan = artifact(step("S1.s1", EXEC))
    now = record()
    for number in range(60):
        now = watched(now, [outcome(True, 2 * number), outcome(False, 2 * number + 1)], GOOD, POLICY)
    assert now.stubborn == ()
    assert requested(now, plan, GOOD, POLICY) is not None


def test_outcomes_of_another_target_say_nothing_about_this_one() -> None:
    now = watched(record(), [outcome(False, n, target="other") for n in range(40)], GOOD, POLICY)
    assert now.tallies == {}
    assert now.outcomes == 40


def test_a_drop_that_stays_above_the_line_is_found_by_the_detector() -> None:
    rng = random.Random(3)
    strong = GOOD.model_copy(update={"cells": {EXEC: Cell(counts={Level.L1: (10, 10)})}})
    plan = artifact(step("S1.s1", EXEC))
    now = watched(record(), [outcome(rng.random() < 0.99, n) for n in range(100)], strong, POLICY)
    assert requested(now, plan, strong, POLICY) is None
    now = watched(now, [outcome(rng.random() < 0.80, 100 + n) for n in range(200)], strong, POLICY)
    assert now.usual[EXEC].alarm
    asked = requested(now, plan, strong, POLICY)
    assert asked is not None
    assert "fewer successes than before" in asked.reason or "is now" in asked.reason


def test_which_of_two_primitives_was_lost_is_told_where_steps_differ() -> None:
    rng = random.Random(5)
    plan = artifact(step("S1.s1", EXEC, READ), step("S1.s2", READ))
    now = record()
    for number in range(120):
        lost = rng.random() < (0.9 if number < 60 else 0.1)
        fine = rng.random() < 0.95
        seen = [outcome(lost and fine, 2 * number, EXEC, READ), outcome(rng.random() < 0.95, 2 * number + 1, READ)]
        now = watched(now, seen, GOOD, POLICY)
        asked = requested(now, plan, GOOD, POLICY)
        if asked is not None:
            break
    assert asked is not None
    assert asked.primitives == (EXEC,)
    assert number >= 60
