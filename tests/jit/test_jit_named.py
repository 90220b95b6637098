"""Files that a request names in an order of its own: they must be the given ones, and what it makes must be none of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jit_kit import MemoryBlobs, by_code, by_model, call, context

from skvm.jit import Book
from skvm.jit.serve.dispatch import Dispatch
from skvm.plan import CallRecord, SolidState
from skvm.ports import Offer, StepContext

RUNS = [
    ("b.pdf", "a.pdf", "x.pdf"),
    ("cover.pdf", "d1.pdf", "all.pdf"),
    ("m.pdf", "f2.pdf", "y.pdf"),
    ("k.pdf", "l.pdf", "z.pdf"),
]


def tool(name: str, args: dict[str, Any]) -> CallRecord:
    return call(name, args, "", effect="effectful")


def program(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    first, second, result = re.findall(r"[\w-]+\.pdf", seen.task)
    run("execute_command", {"command": f"pdfunite {first} {second} {result}"})
    return {"result": result}, ""


def request(first: str, second: str, result: str, given: tuple[str, ...] = (), run: str = "r") -> StepContext:
    files = {name: name for name in given or (first, second)}
    return context(f"Join {first} and {second} into {result}.", files=files, run=run)


@pytest.fixture
def book() -> Book:
    made = Book(MemoryBlobs())
    for number, names in enumerate(RUNS):
        seen = request(*names, run=f"r{number}")
        made.observe(seen, by_model(program, tool, seen), False)
    return made


@pytest.mark.parametrize(("first", "second"), [("n.pdf", "o.pdf"), ("o.pdf", "n.pdf")])
def test_given_files_are_joined_in_the_order_of_the_request(book: Book, first: str, second: str) -> None:
    seen = request(first, second, "both.pdf")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    got, want = by_code(book, offer, tool, seen), by_model(program, tool, seen)
    assert got is not None and (got.calls, got.values) == (want.calls, want.values)


@pytest.mark.parametrize(
    ("names", "given", "guard"),
    [
        (("n.pdf", "o.pdf", "both.pdf"), ("n.pdf", "p.pdf"), "hole_given"),
        (("n.pdf", "o.pdf", "both.pdf"), ("n.pdf", "both.pdf"), "hole_given"),
        (("o.pdf", "n.pdf", "both.pdf"), ("q.pdf", "n.pdf"), "hole_given"),
        (("n.pdf", "o.pdf", "o.pdf"), ("n.pdf", "o.pdf"), "hole_given"),
        (("n.pdf", "n.pdf", "both.pdf"), ("n.pdf", "o.pdf"), "hole_asked"),
    ],
)
def test_other_files_than_the_given_ones_are_handed_back(
    book: Book, names: tuple[str, str, str], given: tuple[str, ...], guard: str
) -> None:
    seen = request(*names, given=given)
    refusal = book.lookup(seen)
    assert not isinstance(refusal, Offer)
    assert refusal is not None and refusal.guard == guard
    [code] = [v for v in book.records()[0].versions if v.state is SolidState.PROMOTED]
    assert Dispatch(code).captures({"task": seen.task, "files": [[n, n] for n in sorted(given)]}, seen.guard) is None
