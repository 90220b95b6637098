"""What agreement proves: bounds that hold, claims that are shown, checks after promotion that never run anything twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import MemoryBlobs, by_model, call, context, node
from test_jit_book import learn, program, request, tool

from skvm.jit import Book, Policy, list_steps, review, show, why
from skvm.jit.prove.agreement import Errors, Reach, Tax, due, reach_of, standing
from skvm.jit.prove.ladder import promote
from skvm.plan import CallRecord, SolidState, SolidStep
from skvm.ports import Offer, StepContext

ERRORS, TAX = Errors(), Tax()


def learned(policy: Policy | None = None) -> tuple[Book, SolidStep]:
    book = Book(MemoryBlobs(), policy)
    learn(book)
    return book, book.records()[0].versions[0]


def test_three_runs_serve_and_say_that_they_prove_little() -> None:
    book, code = learned()
    shown = book.policy.standing(code)
    assert (code.state, shown.established, shown.reach) == (SolidState.PROMOTED, False, Reach.IDEMPOTENT)
    assert shown.bound > 0.9
    [row] = list_steps(book).data["items"]
    assert row["provisional"]
    assert row["error_bound"] == pytest.approx(shown.bound, abs=1e-6)
    for page in (list_steps(book), show(book, code.id), why(book, "S1.s1")):
        assert "provisional: error bound 0.9" in page.text
    assert "0.05 for idempotent code; wrong with chance" not in why(book, "S1.s1").text
    assert "0.05 for idempotent code" in why(book, "S1.s1").text
    assert why(book, "S1.s1").data["items"][0]["errors"]["alpha"] == 0.05


def test_enough_predictions_establish_it_and_less_is_checked() -> None:
    _, code = learned()
    first = standing(code, ERRORS, TAX)
    later = standing(code.model_copy(update={"agreed": first.needed}), ERRORS, TAX)
    almost = standing(code.model_copy(update={"agreed": first.needed - 1}), ERRORS, TAX)
    assert later.established
    assert not almost.established
    assert later.share == TAX.least < first.share <= 0.1


@given(st.integers(0, 500), st.integers(1, 9))
def test_the_share_falls_with_evidence_and_is_never_zero(agreed: int, number: int) -> None:
    _, code = ALONE
    one = standing(code.model_copy(update={"agreed": agreed, "id": f"x/{number}"}), ERRORS, TAX)
    two = standing(code.model_copy(update={"agreed": agreed + 1, "id": f"x/{number}"}), ERRORS, TAX)
    assert TAX.least <= two.share <= one.share
    assert two.bound <= one.bound


def test_a_later_code_of_a_step_is_held_to_a_smaller_error() -> None:
    _, code = ALONE
    many = code.model_copy(update={"agreed": 80})
    assert standing(many, ERRORS, TAX).established
    assert not standing(many.model_copy(update={"id": "x/4"}), ERRORS, TAX).established


def test_after_a_disagreement_the_bound_says_so_at_twice_the_error() -> None:
    _, code = ALONE
    clean = standing(code.model_copy(update={"agreed": 1000}), ERRORS, TAX)
    once = standing(code.model_copy(update={"agreed": 1000, "disagreed": 1}), ERRORS, TAX)
    often = standing(code.model_copy(update={"agreed": 1000, "disagreed": 400}), ERRORS, TAX)
    assert clean.bound < once.bound < 0.05 < often.bound
    assert once.error == 2 * clean.error
    assert not often.established


def test_about_the_stated_share_is_checked_and_the_same_history_gives_the_same_answer() -> None:
    _, code = ALONE
    drawn = [due(code, f"input {n}", 3, 0.1) for n in range(4000)]
    assert drawn == [due(code, f"input {n}", 3, 0.1) for n in range(4000)]
    assert 320 <= sum(drawn) <= 480
    assert any(due(code, "the same", turn, 0.1) for turn in range(60)), "a request that repeats is checked as well"
    assert not any(due(code.model_copy(update={"state": SolidState.SHADOW}), f"{n}", 0, 1.0) for n in range(50))


def served(book: Book, runs: int, wrong_from: int | None = None) -> tuple[int, int]:
    """(served, checked) over runs; the model does otherwise from run `wrong_from` on."""
    count = checked = 0
    for number in range(runs):
        seen = request("sales.csv", f"word{number}x".replace(str(number), "abcdefghij"[number % 10]), f"run{number}")
        offer = book.lookup(seen)
        if isinstance(offer, Offer) and not offer.shadow:
            count += 1
            book.report(seen, offer.code.id, True, "", None)
            continue
        checked += isinstance(offer, Offer)
        result = by_model(program, tool, seen)
        if wrong_from is not None and number >= wrong_from:
            result = result.model_copy(update={"values": {**result.values, "rows": 99}})
        book.observe(seen, result, False)
    return count, checked


def test_checks_go_on_after_promotion_and_count_as_evidence() -> None:
    book, before = learned(Policy(tax=Tax(slope=0.3, least=0.3)))
    count, checked = served(book, 60)
    code = book.records()[0].versions[0]
    assert 8 <= checked <= 30
    assert count == 60 - checked
    assert book.records()[0].checked == checked
    assert code.state is SolidState.PROMOTED
    assert before.agreed < code.agreed <= before.agreed + checked


def test_checks_that_find_differences_demote() -> None:
    book, _ = learned(Policy(tax=Tax(slope=0.3, least=0.3)))
    served(book, 40, wrong_from=0)
    record = book.records()[0]
    assert record.versions[0].state is SolidState.DEMOTED
    assert "the model did otherwise" in " ".join(h.reason for h in record.history)


def test_a_check_runs_no_code() -> None:
    """The offer of a lookup that is checked is marked: the executor leaves it alone and the model does the step, once."""
    book, code = learned(Policy(tax=Tax(slope=1.0, least=1.0)))
    seen = request("sales.csv", "week", "x")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert not offer.shadow, "the run before was a check"
    book.report(seen, code.id, True, "", None)
    offer = book.lookup(request("sales.csv", "week", "y"))
    assert isinstance(offer, Offer)
    assert offer.shadow


def outside(name: str, args: dict[str, Any]) -> CallRecord:
    return call(name, args, "sent", effect="effectful")


def post(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    run("send_mail", {"to": seen.values["S1.s0"]["to"]})
    return {"sent": True}, ""


def mailed(policy: Policy, runs: int) -> Book:
    book = Book(MemoryBlobs(), policy)
    step = node().model_copy(update={"inputs": ("$step.S1.s0.values.to",)})
    for number in range(runs):
        values = {"S1.s0": {"to": f"{'abcdefghijklmnopqrstuvwxyz'[number % 26]}@mail.example"}}
        seen = context("Send it", run=f"r{number}", values=values, step=step)
        book.observe(seen, by_model(post, outside, seen), False)
    return book


def test_code_with_effects_outside_never_serves_provisionally() -> None:
    book = mailed(Policy(effectful=True), 8)
    code = book.records()[0].versions[-1]
    assert (reach_of(code), code.state) == (Reach.EFFECTFUL, SolidState.SHADOW)
    assert "provisional: error bound" in book.records()[0].history[-1].reason
    record = book.records()[0]
    enough = code.model_copy(update={"agreed": standing(code, ERRORS, TAX).needed})
    known = record.model_copy(update={"versions": (enough,)})
    assert promote(known, enough.id, Policy(effectful=True)).versions[0].state is SolidState.PROMOTED
    assert promote(known, enough.id, Policy()).versions[0].state is SolidState.SHADOW, "a person must accept it"


def test_a_person_may_accept_it_and_sees_what_it_rests_on() -> None:
    book = mailed(Policy(), 5)
    id = book.records()[0].versions[-1].id
    assert review(book, id, True).data["state"] == "promoted"
    assert "provisional: error bound" in list_steps(book).text


ALONE = learned()
