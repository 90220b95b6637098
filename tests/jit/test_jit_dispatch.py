"""Guards made ready: they say yes only where `bind` does, with the same captures, and nothing is read to say it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from jit_kit import MemoryBlobs, by_model, context
from test_jit_book import learn, program, request, tool

from bench.wrong.learning import promoted
from bench.wrong.mined import context as mined_context
from bench.wrong.mined import learned, node
from bench.wrong.mined import program as generated
from bench.wrong.mined import request as valid
from bench.wrong.wording import spoilt
from skvm.jit import Book
from skvm.jit.observe.observation import inputs_of
from skvm.jit.prove.apply import bind
from skvm.jit.prove.course import Handed
from skvm.jit.serve.dispatch import Dispatch
from skvm.plan import Guard, GuardContext, Hole, OneOf, SolidState, SolidStep, Text, Var, encode
from skvm.plan.guards import spelled
from skvm.ports import Offer, StepContext
from skvm.store import open_store

PLACE = Var("x")


def bound(code: SolidStep, inputs: dict[str, Any], seen: GuardContext) -> dict[str, Any] | None:
    try:
        return bind(code, inputs, seen)
    except Handed:
        return None


def holds(code: SolidStep, seen: StepContext) -> dict[str, Any] | None:
    inputs = inputs_of(seen)
    said = Dispatch(code).captures(inputs, seen.guard)
    assert said is None or said == bound(code, inputs, seen.guard)
    return said


@pytest.mark.parametrize("number", range(6))
def test_generated_programs_never_yes_where_bind_says_no(number: int) -> None:
    made, rng = generated(number, 11), random.Random(number)
    book, step = learned(made, 30, rng), node(made)
    ready = [Dispatch(code) for record in book.records() for code in promoted(record)]
    yes = sure = 0
    for index in range(400):
        task, values = valid(made, rng)
        task = spoilt(task, values, rng) if index % 2 else task
        seen = mined_context(step, task, "q")
        inputs = inputs_of(seen)
        for dispatch in ready:
            said, meant = dispatch.captures(inputs, seen.guard), bound(dispatch.code, inputs, seen.guard)
            assert said is None or said == meant
            yes += meant is not None
            sure += said is not None
    assert yes == sure, "guards that `bind` finds kept should be answered at once"


def code(*guards: Guard, holes: tuple[Hole, ...] = (), task: Any = None) -> SolidStep:
    own = Guard(kind="input", name="task", value=spelled(encode(task))) if task is not None else None
    return SolidStep(
        id="c/1", step_key="k", step_id="S1.s1", skill="demo", state=SolidState.PROMOTED, holes=holes,
        guards=(*guards, *((own,) if own else ())),
    )  # fmt: skip


HOLE = Hole(name="x", source="task", path="x", type="string")


def test_one_wording_with_one_hole() -> None:
    made = code(task=Text(("sum ", PLACE, " now")), holes=(HOLE,))
    assert holds(made, context("sum a.csv now")) == {"x": "a.csv"}
    for other in ("sum  now", "sum now", "Add a.csv now", "sum a.csv", "sum do not a.csv now", "sum ni\u0107 nicht now", ""):
        assert holds(made, context(other)) is None, other
    assert holds(made, context("sum " + "a" * 30_000 + " now")) is None


def test_two_readings_are_none() -> None:
    forms = ((Text(("sum ", PLACE)), {}), (Text(("sum ", PLACE, " now")), {}))
    made = code(task=OneOf(forms), holes=(HOLE,))
    assert holds(made, context("sum a.csv")) == {"x": "a.csv"}
    assert holds(made, context("sum a.csv now")) is None


def test_a_wording_may_say_what_a_hole_holds() -> None:
    forms = ((Text(("sum ", PLACE)), {}), ("do the usual", {"x": "all.csv"}))
    made = code(task=OneOf(forms), holes=(HOLE,))
    assert holds(made, context("do the usual")) == {"x": "all.csv"}
    assert holds(made, context("do the unusual")) is None


def test_a_hole_of_two_inputs_is_left_to_bind() -> None:
    item = Guard(kind="input", name="item", value=spelled(encode(PLACE)))
    made = code(item, task=Text(("sum ", PLACE)), holes=(HOLE,))
    seen = context("sum a.csv", item="a.csv")
    assert holds(made, seen) is None
    assert bound(made, inputs_of(seen), seen.guard) == {"x": "a.csv"}


@pytest.mark.parametrize(
    ("guard", "kept", "missed"),
    [
        (Guard(kind="hole_type", name="x", value="string"), "a", None),
        (Guard(kind="hole_match", name="x", value="[0-9]+"), "12", "a"),
        (Guard(kind="hole_range", name="x", value='{"from": "1", "to": "5"}'), "3", "6"),
    ],
)
def test_guards_on_holes(guard: Guard, kept: str, missed: str | None) -> None:
    made = code(guard, task=Text(("sum ", PLACE)), holes=(HOLE,))
    assert holds(made, context(f"sum {kept}")) == {"x": kept}
    if missed is not None:
        assert holds(made, context(f"sum {missed}")) is None


@pytest.mark.parametrize(
    "guard",
    [
        Guard(kind="slice", value="sha256:slice"),
        Guard(kind="sandbox", value="box/1"),
        Guard(kind="tool", name="read_file", value="1"),
        Guard(kind="verdict", name="tool.exec", value="met"),
        Guard(kind="simulated", value="true"),
        Guard(kind="file", name="a"),
    ],
)
def test_guards_on_surroundings_are_looked_at_again_when_they_change(guard: Guard) -> None:
    dispatch, seen = Dispatch(code(guard)), context(digests={"a": "d"})
    assert dispatch.captures({}, seen.guard) == {}
    other = GuardContext(slice_digest="sha256:other", sandbox="box/2", simulated=False)
    assert dispatch.captures({}, other) is None
    assert dispatch.captures({}, seen.guard) == {}


class Counting(MemoryBlobs):
    """Counts what is read."""

    reads = 0

    def load(self, table: str, key: str) -> Any | None:
        self.reads += 1
        return super().load(table, key)


def test_a_look_up_reads_nothing_as_long_as_nothing_was_written() -> None:
    blobs = Counting()
    book = Book(blobs)
    learn(book)
    assert isinstance(book.lookup(request("margins.csv", "branch", "r4")), Offer)
    before = blobs.reads
    for number in range(5, 25):
        seen = request(f"m{chr(92 + number)}.csv", "branch", f"r{number}")
        assert isinstance(book.lookup(seen), Offer)
        book.report(seen, book.records()[0].versions[0].id, True, "", by_model(program, tool, seen))
    assert blobs.reads == before


def test_what_another_connection_wrote_is_seen(tmp_path: Any) -> None:
    with open_store(tmp_path / "home") as one, open_store(tmp_path / "home") as two:
        book, other = Book(one.blobs), Book(two.blobs)
        learn(book)
        seen = request("margins.csv", "branch", "r4")
        assert isinstance(book.lookup(seen), Offer)
        other.change(other.records()[0].versions[0].id, SolidState.DEMOTED, "taken back elsewhere")
        assert not isinstance(book.lookup(seen), Offer)


class Unknowing(MemoryBlobs):
    """Cannot tell whether anything was written."""

    def generation(self) -> object:
        return None


def test_a_store_that_cannot_tell_is_read_each_time() -> None:
    blobs = Unknowing()
    book, other = Book(blobs), Book(blobs)
    learn(book)
    seen = request("margins.csv", "branch", "r4")
    assert isinstance(book.lookup(seen), Offer)
    other.change(other.records()[0].versions[0].id, SolidState.DEMOTED, "taken back elsewhere")
    assert not isinstance(book.lookup(seen), Offer)
