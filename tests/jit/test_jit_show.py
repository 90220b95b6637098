"""What people see: lists, code, history, review and the ledger."""

from __future__ import annotations

import json

import pytest
from jit_kit import MemoryBlobs, by_code, by_model, context, done
from test_jit_book import CASES, learn, program, request, tool

from skvm.jit import Book, Policy, StepRecord, drop, ledger, ledger_text, list_steps, review, show, why
from skvm.jit.prove.ladder import added
from skvm.plan import SolidState
from skvm.ports import Offer


def test_lists_what_is_watched_and_what_serves() -> None:
    book = Book(MemoryBlobs())
    assert list_steps(book).text.startswith("no step has been observed yet")
    learn(book, CASES[:1])
    assert "observed" in list_steps(book).text
    learn(book, CASES[1:3])
    [row] = list_steps(book).data["items"]
    assert (row["state"], row["runs"], row["agreed"], row["simulated"]) == ("promoted", 3, 1, False)
    json.dumps(list_steps(book).data)
    book.lookup(request("a.csv", "b", slice_digest="sha256:edited"))
    [row] = list_steps(book).data["items"]
    assert row["state"] == "stale"
    assert "edited" in row["reason"]
    assert list_steps(book, "other").data == {"items": [], "observed": []}


def test_shows_code_with_holes_guards_and_evidence() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    id = book.records()[0].versions[0].id
    page = show(book, id)
    for line in (
        'task     "sum {t1} by {t2} and write a report"',
        "command = python scripts/sum.py {h1} --by {t2}",
        "text(result of call 0.stdout at /rows)",
        "must equal {f1}",
        "sandbox is box/1",
        "shadow -> promoted: 3 runs, 1 of them predicted beforehand, none otherwise",
    ):
        assert line in page.text
    json.dumps(page.data)
    with pytest.raises(KeyError):
        show(book, "nope/1")


def test_why_tells_the_history() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    book.lookup(context("Something else entirely", files={"a.csv": "a.csv"}))
    for name in ("S1.s1", "a1a1a1a1a1", book.records()[0].versions[0].id):
        assert "guard missed: input: task/: expected" in why(book, name).text
    with pytest.raises(KeyError):
        why(book, "S9.s9")


def test_a_person_accepts_or_rejects() -> None:
    book = Book(MemoryBlobs())
    learn(book, CASES[:2])
    id = book.records()[0].versions[0].id
    assert book.lookup(request("x.csv", "y")) is None
    assert review(book, id, True).data["state"] == "promoted"
    assert isinstance(book.lookup(request("x.csv", "y")), Offer)
    assert review(book, id, False).data["state"] == "rejected"
    assert not isinstance(book.lookup(request("x.csv", "y")), Offer)
    with pytest.raises(ValueError, match="rejected"):
        review(book, id, True)
    with pytest.raises(KeyError):
        review(book, "nope/1", True)


def test_rejected_code_does_not_come_back() -> None:
    book = Book(MemoryBlobs())
    learn(book, CASES[:2])
    record = book.records()[0]
    review(book, record.versions[0].id, False)
    book.forget(record.versions[0].id, "again")
    review(book, record.versions[0].id, False)
    for number, (file, by) in enumerate(CASES[:2]):
        seen = request(file, by, f"again{number}")
        book.observe(seen, by_model(program, tool, seen), False)
    assert [v.state for v in book.records()[0].versions] == [SolidState.REJECTED]
    assert "rejected by a person" in book.records()[0].history[-1].reason


def test_dropped_code_is_learned_anew() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    id = book.records()[0].versions[0].id
    assert drop(book, id).data == {"id": id, "state": "demoted", "serving": []}
    seen = request("sales.csv", "week", "after")
    assert not isinstance(book.lookup(seen), Offer)
    book.observe(seen, by_model(program, tool, seen), False)
    assert len(book.records()[0].versions) == 1, "one run is no evidence"


def test_ledger_arithmetic() -> None:
    ticks = iter(range(10_000))
    book = Book(MemoryBlobs(), clock=lambda: next(ticks) / 1000)
    learn(book)
    for number in range(4):
        seen = request("sales.csv", "week", f"s{number}")
        offer = book.lookup(seen)
        assert isinstance(offer, Offer)
        got = by_code(book, offer, tool, seen)
        assert got is not None
        free = {"model_calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.5}
        book.report(seen, offer.code.id, True, "", got.model_copy(update=free))
    [row] = ledger(book.records()).rows
    assert (row.observed, row.served, row.handed_back, row.simulated) == (3, 4, 0, 0)
    assert row.baseline == {"model_calls": 3.0, "tokens": 1000.0, "seconds": 6.0}
    assert row.saved == {"model_calls": 12.0, "tokens": 4000.0, "seconds": 22.0}
    record = book.records()[0]
    assert row.costs["learning"]["seconds"] == pytest.approx(record.watching)
    assert row.costs["check"]["seconds"] == pytest.approx(5.5 * record.checked)
    assert row.net["seconds"] == pytest.approx(22.0 - record.watching - 5.5 * record.checked)
    assert row.unpriced
    assert "usd" not in row.saved


def test_ledger_takes_off_what_was_handed_back_and_flags_simulation() -> None:
    cost = {"model_calls": 2.0, "tokens": 500.0, "seconds": 4.0, "usd": 0.01}
    record = StepRecord(step_key="k", step_id="S1.s1", skill="demo", watching=0.5)
    record = record.model_copy(
        update={
            "baseline": added(added({}, cost, True), cost, True),
            "served": added({}, {"model_calls": 0.0, "tokens": 0.0, "seconds": 1.0, "usd": 0.0}, True),
            "handed": added({}, {"seconds": 0.25}, True),
        }
    )
    other = StepRecord(step_key="x", step_id="S1.s2", skill="demo", served=added({}, {"seconds": 1.0}, False))
    book = ledger([record, other], "demo")
    first, second = book.rows
    assert first.net == {"model_calls": 2.0, "tokens": 500.0, "seconds": 2.25, "usd": 0.01}
    assert (first.simulated, first.handed_back, first.unpriced, first.complete) == (2, 1, False, True)
    assert (second.saved, second.complete) == ({}, False)
    assert (book.total.served, book.total.complete, book.total.net["tokens"]) == (2, False, 500.0)
    assert "simulated: 2" in ledger_text(book)
    assert ledger([], None).rows == ()
    json.dumps(book.to_json())


def test_ledger_counts_what_a_run_that_was_handed_back_cost_beyond_the_baseline() -> None:
    book = Book(MemoryBlobs(), clock=lambda: 0.0)
    learn(book)
    seen = request("sales.csv", "week", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert book.fill(offer, seen, 1, ()) is None
    book.report(seen, offer.code.id, False, "odd", None)
    dear = by_model(program, tool, seen).model_copy(update={"model_calls": 5, "prompt_tokens": 1400, "seconds": 9.0})
    book.observe(seen, dear, False)
    [row] = ledger(book.records()).rows
    assert (row.observed, row.served, row.handed_back) == (3, 0, 1)
    assert row.cost == {"model_calls": 2.0, "tokens": 500.0, "seconds": 3.0}
    assert row.net == {"model_calls": -2.0, "tokens": -500.0, "seconds": -3.0}
    assert book.records()[0].versions[0].agreed == 0, "a run that code began is no agreement"


def test_policy_is_what_it_says() -> None:
    book = Book(MemoryBlobs(), Policy(min_observations=4, shadow=2))
    learn(book)
    assert not isinstance(book.lookup(request("a.csv", "week")), Offer)
    learn(book, [("later.csv", "day")])
    assert isinstance(book.lookup(request("a.csv", "week")), Offer)
    book.observe(request("a.csv", "week", "x"), done(), False)
    assert "otherwise than the model in 1 of 1 checks" in list_steps(book).text
