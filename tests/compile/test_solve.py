"""The cheapest assignment: against trying everything, against an integer program, and its laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf, log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.binding.judges import exhaustive, integer_program
from bench.binding.tables import coupled, uncoupled
from skvm.compile.binding import Link, Option, Table, cost_of, front, loss_of, solve, time_of

SEEDS = st.integers(0, 10**9)


def table(seed: int, steps: int, models: int) -> Table:
    random = Random(seed)
    return coupled(random, random.randint(1, steps), random.randint(1, models))


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_nothing_is_cheaper_than_what_is_chosen(seed: int) -> None:
    made = table(seed, 5, 4)
    found, best = solve(made), exhaustive(made)
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        assert found.proved and found.cost == pytest.approx(best)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_an_integer_program_finds_nothing_cheaper(seed: int) -> None:
    made = table(seed, 12, 8)
    found, best = solve(made), integer_program(made)
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        assert found.proved and found.cost == pytest.approx(best, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_what_is_chosen_keeps_the_limits_and_adds_up(seed: int) -> None:
    made = table(seed, 8, 5)
    found = solve(made)
    if found is None:
        return
    chosen = [options[i] for options, i in zip(made.steps, found.options, strict=True)]
    assert (found.cost, found.loss, found.time) == (cost_of(made, chosen), loss_of(chosen), time_of(made, chosen))
    assert found.loss <= made.loss + 1e-9 and found.time <= made.time + 1e-9
    assert made.models is None or len({o.model for o in chosen} - {None}) <= made.models


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.data())
def test_a_better_profile_never_costs_more(seed: int, data: st.DataObject) -> None:
    made = table(seed, 6, 4)
    at = data.draw(st.integers(0, len(made.steps) - 1))
    i = data.draw(st.integers(0, len(made.steps[at]) - 1))
    surer = replace(made.steps[at][i], loss=made.steps[at][i].loss * data.draw(st.floats(0, 1)))
    options = tuple(surer if k == i else o for k, o in enumerate(made.steps[at]))
    better = replace(made, steps=(*made.steps[:at], options, *made.steps[at + 1 :]))
    before, after = solve(made), solve(better)
    if before is not None:
        assert after is not None and after.cost <= before.cost * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_search_that_is_cut_short_says_how_far_off_it_can_be(seed: int) -> None:
    made = table(seed, 6, 4)
    whole, cut = solve(made), solve(made, most=1)
    if cut is not None:
        assert whole is not None and cut.least <= whole.cost * (1 + 1e-9) <= cut.cost * (1 + 2e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_front_rises_in_cost_and_in_success_and_every_point_is_the_cheapest_of_its_kind(seed: int) -> None:
    made = replace(table(seed, 5, 3), loss=inf)
    points = front(made)
    for one, other in pairwise(points):
        assert one.cost <= other.cost * (1 + 1e-9) and one.success < other.success
    for point in points:
        best = exhaustive(replace(made, loss=point.loss * (1 + 1e-12)))
        assert best is not None and point.cost == pytest.approx(best)


def test_steps_without_limits_and_links_each_get_their_cheapest() -> None:
    made = uncoupled(Random(3), 50, 6)
    found = solve(made)
    assert found is not None and found.proved
    assert found.options == tuple(min(range(len(o)), key=lambda i: o[i].cost) for o in made.steps)


def test_a_long_chain_of_switches_is_proved_without_a_search() -> None:
    random = Random(5)
    loose = uncoupled(random, 300, 8)
    chain = replace(loose, links=tuple(Link(s, s + 1, 2.0) for s in range(299)))
    found = solve(chain)
    assert found is not None and found.proved and found.compared == 0
    free = solve(loose)
    assert free is not None and free.cost <= found.cost


def test_another_model_is_not_worth_it_when_what_is_sent_again_costs_more() -> None:
    def step(cheap: str) -> tuple[Option, ...]:
        return tuple(Option(n, 1.0 if n == cheap else 1.1, model=n, context=0.5) for n in ("a", "b"))

    def names(resent: float) -> list[str]:
        made = Table((step("a"), step("b"), step("a")), (Link(0, 1, resent), Link(1, 2, resent)))
        found = solve(made)
        assert found is not None
        return [options[i].name for options, i in zip(made.steps, found.options, strict=True)]

    assert names(0.01) == ["a", "b", "a"] and names(1.0) == ["a", "a", "a"]


def test_no_choice_is_none_and_a_wrong_table_is_refused() -> None:
    unsure = (Option("a", 1.0, loss=-log(0.5), model="a"),)
    assert solve(Table((unsure,), loss=-log(0.9))) is None
    with pytest.raises(ValueError, match="without an executor"):
        Table(((),))
    with pytest.raises(ValueError, match="earlier step"):
        Table((unsure, unsure), (Link(1, 0),))
