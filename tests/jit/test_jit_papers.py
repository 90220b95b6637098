"""Steps that read papers of two forms: the labelled one is learned, names of several words and all, the other one is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jit_kit import MemoryBlobs, by_code, by_model, call, context

from skvm.jit import Book
from skvm.plan import CallRecord, SolidState
from skvm.ports import Offer, StepContext

PARTIES = ["Zenit Kurier", "Harbour Paper Ltd", "O'Brien & Co", "Nordlicht Licht GmbH", "Alba Muebles"]
WORDS = ["Lamps", "boxes", "and", "a", "parcel", "of", "maps"]
MONTHS = ["one", "two", "three", "four", "five", "six"]


def labelled(number: int) -> str:
    head = " ".join(WORDS[number % 3 : number % 5 + 3])
    return f"{head}\nProvider: {PARTIES[number % 5]}\nFee: {100 + 7 * number}.50\nNotice: {number % 6 + 1} months\n"


def prose(number: int) -> str:
    months = MONTHS[number % 6]
    return f"AGREEMENT\nwith {PARTIES[number % 5]}.\nIt ends with {months} months' notice, at {90 + number} EUR a month.\n"


def terms(text: str) -> dict[str, Any]:
    if "Provider" in text:
        party, fee, notice = re.findall(r": (.+?)(?: months)?\n", text)
        return {"party": party, "fee": fee, "notice": int(notice)}
    party, months, fee = re.findall(r"with (.+)\.\nIt ends with (\w+) .* at ([0-9]+) EUR", text)[0]
    return {"party": party, "fee": f"{12 * int(fee)}.00", "notice": MONTHS.index(months) + 1}


def program(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    found = terms(run("read_file", {"path": "paper.txt"}).result)
    run("write_file", {"path": "terms.json", "content": json.dumps(found, indent=1)})
    return found, "written"


def tools(text: str) -> Any:
    def tool(name: str, args: dict[str, Any]) -> CallRecord:
        return call(
            name, args, text if name == "read_file" else "written", effect="pure" if name == "read_file" else "idempotent"
        )

    return tool


@pytest.fixture(scope="module")
def book() -> Book:
    made = Book(MemoryBlobs())
    for number in range(24):
        asked, text = context("File the paper.", run=f"r{number}"), (prose if number % 2 else labelled)(number)
        asked = asked.model_copy(update={"guard": asked.guard.model_copy(update={"files": {"paper.txt": str(number)}})})
        made.observe(asked, by_model(program, tools(text), asked), False)
    return made


@pytest.mark.parametrize("number", [21, 22, 23, 24, 25])
def test_papers_of_the_learned_form_are_read_by_code(book: Book, number: int) -> None:
    seen = context("File the paper.", run="new")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    got, want = by_code(book, offer, tools(labelled(number)), seen), by_model(program, tools(labelled(number)), seen)
    assert got is not None and (got.calls, got.values) == (want.calls, want.values)


@pytest.mark.parametrize("text", [prose(22), "Provider: A\nProvider: B\nFee: 1.50\nNotice: 2 months\n", "Fee: 10.00\n", ""])
def test_papers_of_another_form_are_handed_back(book: Book, text: str) -> None:
    seen = context("File the paper.", run="new")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert by_code(book, offer, tools(text), seen) is None


def test_code_that_only_read_before_it_was_handed_back_may_earn_its_place_again_and_again(book: Book) -> None:
    served = 0
    for number in range(30, 36):
        seen = context("File the paper.", run=f"again{number}")
        offer = book.lookup(seen)
        assert isinstance(offer, Offer)
        assert by_code(book, offer, tools(prose(number)), seen) is None
        book.report(seen, offer.code.id, False, "a hole could not be filled", None)
        assert book.records()[0].version(offer.code.id).state is SolidState.SHADOW
        asked = context("File the paper.", run=f"by the model {number}", digests={"paper.txt": str(number)})
        book.observe(asked, by_model(program, tools(labelled(number % 23)), asked), False)
        served += book.records()[0].version(offer.code.id).state is SolidState.PROMOTED
    assert served == 6
