"""Disagreements of promoted code with its model: weighed by how often the model strays, at a stated error, with power."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import MemoryBlobs, by_model, call, done
from test_jit_book import learn, otherwise, program, request, tool

from skvm.capability.sequential import disagreement_bound, mixed_bound
from skvm.jit import Book, Policy, list_steps, review
from skvm.jit.prove.doubt import Doubt, Known, Weighing, checked, strays
from skvm.plan import SolidState, StepResult, StepStatus

WEIGHING = Weighing()
RATES = st.floats(WEIGHING.least, WEIGHING.most)


def after(outcomes: str, strayed: float) -> Doubt:
    """Checks in order: `=` agrees, `x` differs."""
    doubt = Doubt()
    for outcome in outcomes:
        doubt = checked(doubt, outcome == "=", strayed, WEIGHING)
    return doubt


@given(st.text("=x", max_size=40), RATES)
def test_a_disagreement_never_speaks_for_code_and_an_agreement_never_against_it(outcomes: str, strayed: float) -> None:
    before = after(outcomes, strayed)
    assert checked(before, False, strayed, WEIGHING).weight(WEIGHING) >= before.weight(WEIGHING)
    assert checked(before, True, strayed, WEIGHING).weight(WEIGHING) <= max(before.weight(WEIGHING), WEIGHING.begin)
    assert 0.02 <= before.share(WEIGHING, 0.02) <= 1.0
    assert before.checks == len(outcomes)


@given(st.text("=x", min_size=1, max_size=40), RATES, RATES)
def test_the_opinion_of_a_model_that_strays_more_weighs_less(outcomes: str, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert after(outcomes, high).weight(WEIGHING) <= after(outcomes, low).weight(WEIGHING) * (1 + 1e-9)


def test_without_a_disagreement_only_the_tax_is_checked() -> None:
    assert after("=" * 30, 0.1).share(WEIGHING, 0.03) == 0.03
    assert not after("", 0.1).suspended(WEIGHING)


def test_a_steady_model_suspends_with_one_word_what_an_unsteady_one_does_not() -> None:
    assert after("x", 0.05).suspended(WEIGHING)
    assert not after("==x", 0.27).suspended(WEIGHING)
    assert after("==x", 0.27).share(WEIGHING, 0.02) >= WEIGHING.burst, "but then every second one is checked"
    assert not after("x" + "=" * 20, 0.05).suspended(WEIGHING), "and agreements clear it"


@pytest.mark.parametrize("strayed", [0.1, 0.27])
def test_right_code_is_demoted_no_more_often_than_stated(strayed: float) -> None:
    checks = demoted = 0
    for number in range(60):
        rng, doubt = random.Random(f"right {number}"), Doubt()
        while doubt.checks < 500 and not doubt.shown_wrong(WEIGHING):
            doubt = checked(doubt, rng.random() >= strayed, strayed, WEIGHING)
        checks, demoted = checks + doubt.checks, demoted + doubt.shown_wrong(WEIGHING)
    assert demoted <= 2 * checks / WEIGHING.demote, "twice what is stated leaves room for chance"


@pytest.mark.parametrize(("wrong", "most"), [(1.0, 12), (0.5, 100), (0.2, 400)])
def test_wrong_code_is_demoted_even_where_the_model_strays_in_27_of_100(wrong: float, most: int) -> None:
    for number in range(40):
        rng, doubt = random.Random(f"wrong {number}"), Doubt()
        while not doubt.shown_wrong(WEIGHING):
            bad = rng.random() < wrong or rng.random() < 0.27
            doubt = checked(doubt, not bad, 0.27, WEIGHING)
            assert doubt.checks <= most


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.01, 0.99))
def test_failures_and_contradictions_of_itself_make_a_model_less_trusted(good: int, bad: int, held: float) -> None:
    plain = strays(Known(), held, WEIGHING)
    assert WEIGHING.least <= plain <= WEIGHING.most
    failing = Known(attempts=good + bad, failed=bad)
    assert strays(failing.attempt(False), held, WEIGHING) >= strays(failing, held, WEIGHING)
    assert strays(failing, held, WEIGHING) >= plain, "success that anybody can see says nothing of answers that look right"
    itself = Known(twice=good + bad, differed=bad)
    assert strays(itself.compared([False]), held, WEIGHING) >= strays(itself.compared([True]), held, WEIGHING)


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.001, 0.2))
def test_the_bound_after_disagreements_is_above_their_share_and_moves_with_them(
    agreed: int, otherwise: int, alpha: float
) -> None:
    bound = mixed_bound(agreed, otherwise, alpha)
    assert otherwise / (agreed + otherwise) <= bound <= 1.0
    assert mixed_bound(agreed + 1, otherwise, alpha) <= bound + 1e-9
    assert disagreement_bound(agreed, alpha) <= bound + 1e-9


def test_the_bound_holds_at_whatever_moment_it_is_read() -> None:
    broken = 0
    for number in range(300):
        rng, agreed, differed = random.Random(f"bound {number}"), 0, 0
        for _ in range(150):
            bad = rng.random() < 0.3
            agreed, differed = agreed + (not bad), differed + bad
            if differed and mixed_bound(agreed, differed, 0.1) < 0.3:
                broken += 1
                break
    assert broken <= 0.1 * 300


def test_a_run_that_only_reads_more_is_no_disagreement() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region", "curious")
    result = by_model(program, tool, seen)
    looked = call("read_file", {"path": "sales.csv"}, "a,b")
    missed = call("read_file", {"path": "nope"}, "no such file", ok=False)
    calls = (looked, result.calls[0], missed, *result.calls[1:])
    book.observe(seen, result.model_copy(update={"calls": calls, "summary": "in other words"}), False)
    [code] = book.records()[0].versions
    doubt = book.records()[0].doubt(code.id)
    assert (code.state, code.disagreed, doubt.excused, doubt.otherwise) == (SolidState.PROMOTED, 0, 1, 0)


def test_a_run_that_writes_more_is_one() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region", "busy")
    result = by_model(program, tool, seen)
    extra = call("write_file", {"path": "out/more.md", "content": "x"}, "wrote", effect="idempotent")
    book.observe(seen, result.model_copy(update={"calls": (*result.calls, extra)}), False)
    [code, *_] = book.records()[0].versions
    assert book.records()[0].doubt(code.id).otherwise == 1


def test_what_a_model_cannot_do_is_counted_and_what_nobody_can_is_not() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region", "failing")
    for status, reason in ((StepStatus.FAILED, "x"), (StepStatus.CANNOT, "x"), (StepStatus.LIMIT, "x")):
        book.observe(seen, StepResult(status=status, reason=reason, executor="model"), False)
    told = "simulated model has no solution for this step (S1.s1)"
    book.observe(seen, StepResult(status=StepStatus.CANNOT, reason=told, executor="model"), True)
    known = book.records()[0].known
    assert (known.attempts, known.failed) == (5, 2)


def test_the_same_request_twice_tells_how_steady_the_model_is() -> None:
    book = Book(MemoryBlobs(), Policy(shadow=9))
    for number in range(4):
        seen = request("sales.csv", "region", f"again{number}")
        result = by_model(program, tool, seen) if number != 2 else done(values={"rows": 1})
        book.observe(seen, result, False)
    known = book.records()[0].known
    assert (known.twice, known.differed) == (3, 2)


def test_a_suspended_code_is_shown_as_such_and_a_person_may_clear_it() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    for number in range(2):
        otherwise(book, request("sales.csv", "region", f"against{number}"))
    [row, *_] = list_steps(book).data["items"]
    assert row["state"] == "suspended"
    assert (row["doubt"]["otherwise"], row["doubt"]["checks"]) == (2, 2)
    assert "suspended: otherwise than the model in 2 of 2 checks" in list_steps(book).text
    review(book, row["id"], True)
    [row, *_] = list_steps(book).data["items"]
    assert (row["state"], row["doubt"]["otherwise"]) == ("promoted", 0)


def test_one_word_demotes_what_acts_outside() -> None:
    book = Book(MemoryBlobs(), Policy(weighing=Weighing(at_once=())))
    learn(book)
    otherwise(book, request("sales.csv", "region", "a"))
    assert book.records()[0].versions[0].state is SolidState.PROMOTED
    strict = Book(MemoryBlobs(), Policy(weighing=Weighing(at_once=("idempotent",))))
    learn(strict)
    otherwise(strict, request("sales.csv", "region", "a"))
    assert strict.records()[0].versions[0].state is SolidState.DEMOTED
