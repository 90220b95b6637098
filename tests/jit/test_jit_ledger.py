"""The ledger's intervals, break-even runs and costs: arithmetic, laws, and coverage on simulated steps whose truth is known."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit_kit import MemoryBlobs
from test_jit_book import learn

from skvm.jit import Book, StepRecord, ledger, ledger_text
from skvm.jit.ledger import compiles, kept, note_compile, note_trial, row, student, trials
from skvm.jit.prove.ladder import added
from skvm.plan import Event, EventKind, StepResult, StepStatus

SECONDS = st.floats(0.01, 1000, allow_nan=False)


def record(baseline: list[float], served: list[float], step: str = "S1.s1", **more: Any) -> StepRecord:
    made = StepRecord(step_key=step, step_id=step, skill=more.pop("skill", "demo"), **more)
    sums: dict[str, dict[str, float]] = {"baseline": {}, "served": {}}
    for name, values in (("baseline", baseline), ("served", served)):
        for seconds in values:
            calls = 3.0 if name == "baseline" else 0.0
            sums[name] = added(sums[name], {"model_calls": calls, "tokens": 100 * calls, "seconds": seconds}, False)
    return made.model_copy(update=sums)


def costs(values: list[float]) -> list[dict[str, float]]:
    return [{"model_calls": 3.0, "tokens": 300.0, "seconds": v} for v in values]


@pytest.mark.parametrize(
    ("freedom", "value"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (1000, 1.962)]
)
def test_quantiles_of_student(freedom: int, value: float) -> None:
    assert student(freedom) == pytest.approx(value, abs=0.003)


def test_interval_and_break_even_by_hand() -> None:
    model = [4.0, 6.0, 8.0]
    found = row(record(model, [0.5] * 4, watching=11.0), costs(model))
    half = 4.302653 * 2.0 * math.sqrt(16 / 3 + 4)
    assert found.net["seconds"] == 22.0 - 11.0
    assert found.interval["seconds"] == (round(11.0 - half, 6), round(11.0 + half, 6))
    assert found.interval["model_calls"] == (12.0, 12.0), "what never varies is certain"
    # Three model runs, then 5.5 s saved a run: the second served run pays the 11 s back.
    assert found.break_even == {"model_calls": 0, "tokens": 0, "seconds": 5}


def test_what_was_checked_once_more_is_a_cost() -> None:
    found = row(record([4.0, 6.0], [1.0, 1.0], checked=3), costs([4.0, 6.0]))
    assert found.costs["check"] == {"model_calls": 9.0, "tokens": 900.0, "seconds": 3 * (5.0 - 1.0)}
    assert found.net["seconds"] == 8.0 - 12.0 and found.break_even["seconds"] == 2 + 3
    assert row(record([4.0, 6.0], [], checked=2)).costs["check"]["seconds"] == 2 * 5.0


def test_without_two_kept_runs_nothing_is_claimed() -> None:
    assert row(record([5.0], [0.1]), costs([5.0])).interval == {}
    assert row(record([5.0, 6.0], [0.1])).interval == {}


def test_no_break_even_where_nothing_was_served_or_serving_does_not_save() -> None:
    assert "seconds" not in row(record([5.0, 5.0], [], watching=1.0)).break_even
    assert "seconds" not in row(record([1.0, 1.0], [2.0], watching=1.0)).break_even


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=2, max_size=12), st.lists(SECONDS, max_size=12), st.floats(0, 100))
def test_laws(model: list[float], served: list[float], watching: float) -> None:
    found = row(record(model, served, watching=watching), costs(model))
    low, high = found.interval["seconds"]
    assert low <= found.net["seconds"] + 1e-5 and high >= found.net["seconds"] - 1e-5
    assert found.net["seconds"] == pytest.approx(found.saved["seconds"] - found.cost["seconds"], abs=1e-5)
    pays = found.break_even.get("seconds")
    if pays:
        assert pays > found.observed
    each = found.saved["seconds"] / found.served if served else 0.0
    if pays and each > 0.01:  # else the sixth digit, to which figures are rounded, tells
        assert (pays - found.observed) * each >= found.cost["seconds"] - 0.02
        assert (pays - found.observed - 1) * each <= found.cost["seconds"] + 0.02


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    """What the model would have cost over the served runs is drawn too; 95 % of 2,000 intervals, within four deviations."""
    draw, held, rounds = random.Random(7), 0, 2000
    for _ in range(rounds):
        model = [draw.gauss(6.0, 1.5) for _ in range(draw.randint(2, 8))]
        served = draw.randint(1, 30)
        truth = sum(draw.gauss(6.0, 1.5) for _ in range(served))
        low, high = row(record(model, [0.0] * served), costs(model)).interval["seconds"]
        held += low <= truth <= high
    assert abs(held / rounds - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / rounds)


def test_a_skill_pays_for_being_compiled_and_a_sum_is_the_sum() -> None:
    blobs = MemoryBlobs()
    for seconds in (0.5, 0.25):
        note_compile(blobs, "demo", seconds)
    records = [record([4.0, 6.0], [1.0, 1.0], watching=0.25), record([2.0, 2.0, 2.0], [0.5], "S1.s2")]
    table = {"S1.s1": costs([4.0, 6.0]), "S1.s2": costs([2.0] * 3)}
    book = ledger([*records, record([1.0], [], "S2.s1", skill="other")], runs=table, compiled=compiles(blobs))
    demo, other = book.skills
    assert (demo.skill, other.skill) == ("demo", "other")
    assert demo.costs["compile"] == {"seconds": 0.75} and "compile" not in other.costs
    assert demo.net["seconds"] == 8.0 + 1.5 - 0.25 - 0.75
    assert demo.interval["seconds"][1] - demo.interval["seconds"][0] == pytest.approx(
        book.rows[0].interval["seconds"][1] - book.rows[0].interval["seconds"][0]
    ), "the other step never varied"
    # Two runs of the skill were served and saved 9.5 s together; 1 s was spent; three runs had a model.
    assert demo.break_even["seconds"] == 3 + 1
    assert book.total.net["seconds"] == demo.net["seconds"] and book.total.break_even == {}
    assert "compile 0.75 s" in ledger_text(book)


def ended(step: str, calls: int, tokens: int, seconds: float, cost: float | None = None) -> Event:
    spent = {"model_calls": calls, "prompt_tokens": tokens, "completion_tokens": 1, "seconds": seconds, "cost": cost}
    result = StepResult.model_validate({"status": StepStatus.DONE, **spent}).model_dump(mode="json")
    return Event(run="r", seq=1, time=0.0, kind=EventKind.NODE_END, node=step, data={"result": result})


def test_runs_beside_runs_are_a_cost_of_their_step_or_of_the_skill() -> None:
    blobs = MemoryBlobs()
    note_trial(blobs, "demo", "variant", [ended("S1.s1", 2, 99, 1.5, 0.25), ended("S1.s9", 1, 49, 0.5)])
    note_trial(blobs, "demo", "variant", [ended("S1.s1", 1, 9, 0.5, 0.25)])
    note_trial(blobs, "demo", "again", [ended("raw", 5, 499, 3.0)])
    note_trial(blobs, "alone", "again", [ended("raw", 1, 9, 1.0)])
    old = record([4.0], [], "S1.s1").model_copy(update={"step_key": "before the edit"})
    records = [old, record([4.0, 6.0], [1.0, 1.0])]
    book = ledger(records, tried=trials(blobs), compiled={"demo": 0.5})
    first, second = book.rows
    assert first.costs.keys() == {"learning", "deopt", "check"}, "what was edited away pays nothing any more"
    assert second.costs["variant"] == {"model_calls": 3.0, "tokens": 110.0, "seconds": 2.0, "usd": 0.5}
    assert second.net == {"model_calls": 6.0 - 3.0, "tokens": 600.0 - 110.0, "seconds": 8.0 - 2.0, "usd": -0.5}
    alone, demo = book.skills
    assert demo.costs["variant"] == {"model_calls": 4.0, "tokens": 160.0, "seconds": 2.5, "usd": 0.5}
    assert demo.costs["again"] == {"model_calls": 5.0, "tokens": 500.0, "seconds": 3.0}
    assert demo.net["seconds"] == 8.0 - 2.5 - 3.0 - 0.5
    assert (alone.skill, alone.net) == ("alone", {"model_calls": -1.0, "tokens": -10.0, "seconds": -1.0})
    assert book.total.net["tokens"] == demo.net["tokens"] - 10.0
    text = ledger_text(book)
    assert "variant 2.50 s" in text and "again 4.00 s" in text
    assert [r.skill for r in ledger(records, "alone", tried=trials(blobs)).skills] == ["alone"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["S1.s1", "S1.s2", "raw"]), st.integers(0, 9), SECONDS), max_size=12))
def test_nothing_spent_beside_runs_is_lost_or_counted_twice(spent: list[tuple[str, int, float]]) -> None:
    blobs = MemoryBlobs()
    for step, calls, seconds in spent:
        note_trial(blobs, "demo", "variant", [ended(step, calls, 0, seconds)])
    records = [record([4.0, 6.0], [1.0], "S1.s1"), record([4.0, 6.0], [], "S1.s2")]
    with_, without = ledger(records, tried=trials(blobs)).total, ledger(records).total
    for unit, total in (("model_calls", sum(c for _, c, _ in spent)), ("seconds", sum(s for _, _, s in spent))):
        assert without.net[unit] - with_.net[unit] == pytest.approx(total, abs=1e-4)
    assert with_.saved == without.saved


def test_kept_runs_of_a_book_are_those_that_the_model_did_alone() -> None:
    blobs = MemoryBlobs()
    book = Book(blobs)
    learn(book)
    [(key, rows)] = kept(blobs).items()
    assert key == book.records()[0].step_key and [r["seconds"] for r in rows] == [6.0, 6.0, 6.0]
    found = ledger(book.records(), runs=kept(blobs))
    assert found.rows[0].interval["tokens"] == (0.0, 0.0)
    assert found.total.skill == "all skills" and ledger(book.records(), "demo").total.skill == "demo"
