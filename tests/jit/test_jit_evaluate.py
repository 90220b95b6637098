"""`jit eval`, and what a person can do with a code: read it, accept, reject, drop; nothing happens without a verdict."""

from __future__ import annotations

import pytest
from jit_kit import MemoryBlobs, by_model, call
from test_jit_book import CASES, learn, otherwise, program, request, tool

from skvm.jit import Book, Policy, drop, list_steps, review, show
from skvm.jit.evaluate import evaluate
from skvm.jit.prove.ladder import REPLACED
from skvm.plan import SolidState


def learned(policy: Policy | None = None) -> tuple[Book, str]:
    book = Book(MemoryBlobs(), policy)
    learn(book)
    return book, book.records()[0].versions[-1].id


def test_runs_it_rests_on_and_others_are_counted_apart() -> None:
    book, id = learned()
    otherwise(book, request("sales.csv", "region", "against"))
    seen = request("sales.csv", "city", "curious")
    result = by_model(program, tool, seen)
    looked = call("read_file", {"path": "sales.csv"}, "a,b")
    book.observe(seen, result.model_copy(update={"calls": (looked, *result.calls)}), False)
    foreign = request("sales.csv", "region", "foreign").model_copy(update={"task": "Do something else with it."})
    book.observe(foreign, by_model(lambda c, run: ({}, "no"), tool, foreign), False)
    [row] = evaluate(book).data["items"]
    assert (row["id"], row["runs"]) == (id, 6)
    assert (row["own"], row["right"], row["in_effect"], row["otherwise"], row["handed_back"]) == (3, 0, 1, 1, 1)
    assert row["left_out"]["right"] + row["left_out"]["handed_back"] == 3 and row["left_out"]["otherwise"] == ""
    assert [d["run"] for d in row["differences"]] == ["against", "foreign"]
    text = evaluate(book, id).text
    assert "1 otherwise" in text and "99" in text and "input: task" in text
    assert evaluate(book, "S1.s1").text == text, "a step names its only live code"


def test_of_nothing_nothing_is_said() -> None:
    assert "no step has been observed" in evaluate(Book(MemoryBlobs())).text
    book, id = learned()
    assert evaluate(book, skill="nobody").text == "nothing is known of nobody; known: demo\n"
    review(book, id, False)
    assert "no code is alive" in evaluate(book).text
    with pytest.raises(KeyError):
        evaluate(book, "S1.s1")


def test_codes_that_a_wider_one_replaced_are_out_of_the_way() -> None:
    book, _ = learned()
    for number, (file, by) in enumerate([CASES[4], CASES[4], CASES[3]]):
        seen = request(file, by, f"wider{number}")
        book.observe(seen, by_model(program, tool, seen), False)
    codes = book.records()[0].versions
    former = [v.id for v in codes if REPLACED in v.recorded]
    assert former
    brief, whole = list_steps(book, former=False), list_steps(book)
    assert brief.data == whole.data
    assert all(id in whole.text and f"{id} " not in brief.text for id in former)
    assert f"and {len(former)} that wider ones took the place of" in brief.text
    with pytest.raises(ValueError, match="took its place"):
        drop(book, former[0])
    assert book.observations(codes[0].step_key, codes[0].slice_digest), "the runs of the living one are still there"


def test_a_page_says_what_a_person_can_do() -> None:
    book, id = learned(Policy(shadow=9))
    page = show(book, "S1.s1").text
    assert f"`skvm jit review {id} --accept` lets it serve" in page
    assert 'task     "sum {t1} by {t2} and write a report' in page
    review(book, id, True)
    page = show(book, id).text
    assert "--accept" not in page and f"`skvm jit review {id} --reject`" in page
    review(book, id, False)
    assert "your word" not in show(book, id).text
    with pytest.raises(ValueError, match="jit drop"):
        review(book, id, True)
    assert drop(book, id).data == {"id": id, "state": "demoted", "serving": []}


def test_a_name_that_means_several_is_not_guessed() -> None:
    book, id = learned()
    record = book.records()[0]
    other = record.versions[-1].model_copy(update={"id": id[:-1] + "9"})
    book._save(record.model_copy(update={"versions": (*record.versions, other)}))
    with pytest.raises(ValueError, match="may be"):
        show(book, "S1.s1")
    assert show(book, id).data["id"] == id
    book.change(other.id, SolidState.DEMOTED, "by hand")
    assert show(book, "S1.s1").data["id"] == id


def test_accepting_what_no_step_reaches_any_more_says_so() -> None:
    book, id = learned(Policy(shadow=9))
    book.lookup(request("sales.csv", "region", slice_digest="sha256:edited"))
    page = review(book, id, True)
    assert "it serves nothing" in page.text and page.data["stale"]
