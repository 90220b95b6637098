"""Several codes of one step: the one whose course it is goes on, with what was read; where two could and differ, none does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import MemoryBlobs, by_code, by_model, call, context

from skvm.jit import Book, Policy
from skvm.jit.observe.observation import observation
from skvm.jit.prove.course import Handed
from skvm.jit.prove.handing import handed_back
from skvm.jit.prove.ladder import take
from skvm.jit.prove.rivals import move_of, onward
from skvm.plan import CallRecord, SolidCall, SolidState, SolidStep
from skvm.ports import Offer, StepContext

NAMES = ["Zenit Kurier", "Harbour Paper Ltd", "Nordlicht Licht GmbH", "Alba Muebles", "Rot und Blau"]


def bill(number: int) -> str:
    return f"BILL\nFrom: {NAMES[number % 5]}\nSum: {100 + 7 * number}.50\n"


def letter(number: int) -> str:
    return f"Dear all,\nplease pay {200 + 3 * number}.25 to {NAMES[number % 5]} soon.\n"


def program(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    text = run("read_file", {"path": "paper.txt"}).result
    if text.startswith("BILL"):
        name, total = re.findall(r": (.+)\n", text)
    else:
        total, name = re.findall(r"pay (\S+) to (.+) soon", text)[0]
    run("write_file", {"path": "out.txt", "content": f"{name} gets {total}"})
    return {"name": name, "sum": total}, "written"


def tools(text: str) -> Any:
    def tool(name: str, args: dict[str, Any]) -> CallRecord:
        read = name == "read_file"
        return call(name, args, text if read else "written", effect="pure" if read else "idempotent")

    return tool


@pytest.fixture(scope="module")
def book() -> Book:
    made = Book(MemoryBlobs())
    for number in range(24):
        seen = context("File the paper.", run=f"r{number}", digests={"paper.txt": str(number)})
        made.observe(seen, by_model(program, tools((letter if number % 2 else bill)(number)), seen), False)
    return made


def offered(book: Book, run: str) -> Offer:
    offer = book.lookup(context("File the paper.", run=run))
    assert isinstance(offer, Offer)
    return offer


def test_the_step_has_code_for_each_course(book: Book) -> None:
    assert sum(code.state is SolidState.PROMOTED for code in book.records()[0].versions) >= 2
    assert offered(book, "new").others


@pytest.mark.parametrize("text", [bill(22), letter(23), bill(31), letter(30)])
def test_either_course_is_served_and_the_paper_read_once(book: Book, text: str) -> None:
    seen = context("File the paper.", run="new")
    got, want = by_code(book, offered(book, "new"), tools(text), seen), by_model(program, tools(text), seen)
    assert got is not None and (got.calls, got.values) == (want.calls, want.values)


@pytest.mark.parametrize("text", ["", "BILL\n", bill(22) + letter(23), "Dear all,\nplease pay nothing to Alba Muebles soon.\n"])
def test_a_paper_of_neither_or_both_forms_is_for_the_model(book: Book, text: str) -> None:
    assert by_code(book, offered(book, "new"), tools(text), context("File the paper.", run="new")) is None


def test_both_courses_come_to_be_served_though_code_of_one_begins_every_run_of_the_other() -> None:
    made = Book(MemoryBlobs())
    for number in range(40):
        text = (letter if number % 3 else bill)(number % 20)
        seen = context("File the paper.", run=f"r{number}", digests={"paper.txt": text})
        offer, want = made.lookup(seen), by_model(program, tools(text), seen)
        if isinstance(offer, Offer) and not offer.shadow:
            got = by_code(made, offer, tools(text), seen)
            made.report(seen, offer.code.id, got is not None, "" if got else "a hole", None)
            if got is not None:
                assert (got.calls, got.values) == (want.calls, want.values)
                continue
        made.observe(seen, want, False)
    live = [code for code in made.records()[0].versions if code.state is SolidState.PROMOTED]
    seen = context("File the paper.", run="new")
    for text in (bill(3), letter(4)):
        offer = Offer(code=live[-1], others=tuple(Offer(code=one) for one in live[:-1]))
        assert by_code(made, offer, tools(text), seen) is not None


def test_code_that_read_and_stood_back_takes_its_place_after_one_run_of_the_model(book: Book) -> None:
    record = book.records()[0]
    one = next(code for code in record.versions if code.state is SolidState.PROMOTED)
    aside = handed_back(record, one.id, "odd", Policy(), "r", read=True)
    assert (aside.version(one.id).state, aside.version(one.id).agreed, aside.aside) == (
        SolidState.SHADOW,
        one.agreed,
        (one.id,),
    )
    kept = book.observations(record.step_key, one.slice_digest)
    for text in (letter(22), bill(22)):
        seen = context("File the paper.", run="next", digests={"paper.txt": text})
        run = observation(seen, by_model(program, tools(text), seen), False, mixed=False)
        after = take(aside, run, [*kept, run], Policy(), 9)
        assert (after.version(one.id).state, after.aside) == (SolidState.PROMOTED, ())
        begun = run.altered(mixed=True)
        assert take(aside, begun, [*kept, begun], Policy(), 9).version(one.id).state is SolidState.SHADOW


def code(number: int, *calls: SolidCall) -> Offer:
    made = SolidStep(id=f"k/{number}", step_key="k", step_id="s", skill="x", state=SolidState.PROMOTED, calls=calls, values={})
    return Offer(code=made)


def reading(told: str | None, path: str = "in") -> SolidCall:
    shape = None if told is None else {"same": told}
    return SolidCall(tool="read_file", args={"path": path}, effect="pure", result=shape)


def writing(text: str, told: str = "ok") -> SolidCall:
    return SolidCall(tool="write_file", args={"content": text}, effect="idempotent", result={"same": told})


def among(*offers: Offer) -> Offer:
    return offers[0].altered(others=offers[1:])


READ = call("read_file", {"path": "in"}, "B")
A, B = code(1, reading("A"), writing("a")), code(2, reading("B"), writing("b"))


def test_what_was_read_decides() -> None:
    found = onward(onward(among(A, B), ()), (READ,))
    assert (found.code.id, found.others, move_of(found, (READ,)).holds) == ("k/2", (), {"content": "b"})


def test_two_that_could_go_on_and_differ_hand_back() -> None:
    either = code(3, reading(None), writing("c"))
    for offers in ((B, either), (either, B)):
        with pytest.raises(Handed, match="would not go on alike"):
            onward(onward(among(*offers), ()), (READ,))
    with pytest.raises(Handed, match="would not go on alike"):
        onward(among(A, code(4, writing("at once"))), ())
    with pytest.raises(Handed, match="would not go on alike"):
        onward(among(A, code(5)), ())


def test_one_that_reads_something_else_stands_back() -> None:
    assert onward(among(A, code(6, reading("B", "other")), B), ()).others == (B,)


def test_after_an_effect_nothing_else_is_tried() -> None:
    strict, loose = code(7, writing("a", "fine"), writing("b")), code(8, writing("a", "ok"), writing("c"))
    wrote = call("write_file", {"content": "a"}, "ok", effect="idempotent")
    assert onward(among(loose, strict), ()).others == (strict,)
    assert onward(onward(among(loose, strict), ()), (wrote,)).code.id == "k/8"
    with pytest.raises(Handed, match="always"):
        onward(onward(among(strict, loose), ()), (wrote,))


@given(st.lists(st.tuples(st.sampled_from([None, "A", "B"]), st.sampled_from("ab")), min_size=1, max_size=5))
def test_whatever_goes_on_does_what_each_that_could_would_do(rows: list[tuple[str | None, str]]) -> None:
    offers = [code(n, reading(told), writing(text)) for n, (told, text) in enumerate(rows)]
    texts = {text for told, text in rows if told in (None, "B")}
    try:
        found = onward(onward(among(*offers), ()), (READ,))
    except Handed:
        assert len(texts) != 1
    else:
        assert {json.dumps(move_of(found, (READ,)).holds)} == {json.dumps({"content": text}) for text in texts}
