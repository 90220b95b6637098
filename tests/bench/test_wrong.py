"""The bench of wrong executions: it finds what is wrong, reads no spoilt request as a valid one, and goes on after a stop."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wrong.boxed import Boxed, Due, Left, as_compared, files_in, left_by
from bench.wrong.chunks import Piece, pieces, run
from bench.wrong.documents import WORLDS
from bench.wrong.generated import pipeline, solution, world_of
from bench.wrong.learning import draw
from bench.wrong.mined import program, trained
from bench.wrong.mutants import other_files, other_values
from bench.wrong.subjects import trial_by
from bench.wrong.tally import HANDED, SERVED, WRONG, Verdict, Verdicts, bound
from bench.wrong.wording import CONDITIONS, NEGATING, ORDERS, spoilt
from skvm.plan import Event, EventKind
from skvm.runtime import RunOutcome


def learned_program() -> int:
    """The first generated program of which something is promoted."""
    return next(n for n in range(20) if trained(program(n, 1), 20, random.Random(n)).codes)


def test_code_that_does_otherwise_is_found_and_counted() -> None:
    number = learned_program()
    good = trained(program(number, 1), 20, random.Random(number))
    right = good.run(200, random.Random(7)).total
    assert right.mistakes == 0 and right.proper[SERVED] > 0

    spoiled = [code.model_copy(update={"values": {"never": "so"}}) for code in good.codes]
    wrong = type(good)(good.made, spoiled).run(200, random.Random(7)).total
    assert wrong.mistakes > 0 and wrong.wrong
    assert wrong.proper[WRONG] >= right.proper[SERVED]


def test_code_that_serves_anything_is_found_by_foreign_requests() -> None:
    number = learned_program()
    good = trained(program(number, 1), 20, random.Random(number))
    blind = [
        code.model_copy(
            update={
                "guards": (),
                "holes": (),
                "calls": tuple(c.model_copy(update={"args": {"all": 1}, "result": None}) for c in code.calls),
                "values": {},
            }
        )
        for code in good.codes
    ]
    assert type(good)(good.made, blind).run(100, random.Random(7)).total.spoilt[WRONG] > 0


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_requests_are_read_as_they_were_meant_and_spoilt_ones_are_not(name: str) -> None:
    world, rng = WORLDS[name], random.Random(name)
    for _ in range(60):
        request = draw(world, rng)
        read = world.grammar.read(request.task)
        assert read is not None and read.items() <= request.values.items(), request.task
        for tail in (*CONDITIONS, *ORDERS):
            assert world.grammar.read(request.task + tail) is None, request.task + tail
        assert world.grammar.read(f"{rng.choice(NEGATING)} {request.task}") is None
        other = world.grammar.read(spoilt(request.task, request.values, rng))
        assert other is None or set(other) <= set(world.grammar.slots)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_mutants_of_files_and_values_are_others(name: str) -> None:
    rng = random.Random(name)
    files = draw(WORLDS[name], rng).files
    made = [other_files(files, rng) for _ in range(40)]
    assert sum(m != files for m in made) > 30
    seen = {"$step.S1.s1.values": {"rows": 3, "name": "x"}, "$step.S1.s1.files": ["a.csv"]}
    assert sum(other_values(seen, rng) != seen for _ in range(40)) > 30


def one(piece: Piece) -> Verdicts:
    found = Verdicts()
    found.of("S1.s1").note(Verdict(SERVED, checked=0.5), False, "q")
    found.of("S1.s1").note(Verdict(WRONG, why="it"), True, "q")
    found.of("S1.s1").note(Verdict(HANDED, "result number", "beyond"), False, "q")
    found.requests[SERVED] += piece.count
    return found


def test_pieces_are_done_once_and_kept(tmp_path: Path) -> None:
    asked: list[int] = []

    def do(piece: Piece) -> Verdicts:
        asked.append(piece.number)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return one(piece)

    work = pieces("x", 1100, 1, 500)
    assert [p.count for p in work] == [500, 500, 100]
    with pytest.raises(KeyboardInterrupt):
        list(run(work, "key", tmp_path, 1, do))
    total = Verdicts()
    for _, found in run(work, "key", tmp_path, 1, do):
        total.add(found)
    assert asked == [0, 1, 2, 2], "what was done before the stop is not done again"
    assert total.requests[SERVED] == 1100
    assert total.total.mistakes == 3 and total.total.judged == 9 and total.total.kinds["result number"] == 3
    list(run(work, "another key", tmp_path, 1, do))
    assert asked == [0, 1, 2, 2, 0, 1, 2], "other code, other results"


def test_counts_survive_being_kept() -> None:
    found = one(Piece("x", 0, 5, 1))
    assert Verdicts.read(found.as_json()) == found
    assert bound(0) == 1.0 and bound(10_000) == pytest.approx(3e-4, rel=0.01)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("notes-index", "What is in this notes folder? Build the index, THANKS"),
        ("notes-index", "PLEASE index my notes"),
        ("notes-index", "HELLO, please what is in this notes folder? Build the index."),
        ("table-tool", "Write all tickets of tickets_may.jsonl about a lamp to out/80.csv."),
        ("table-tool", "Write all tickets of tickets_may.jsonl about a lamp to out/lamps22-new.csv."),
    ],
)
def test_courtesy_in_capitals_and_any_name_for_the_result_make_no_request_foreign(name: str, task: str) -> None:
    assert WORLDS[name].grammar.read(task) is not None


def test_a_pdf_is_compared_without_the_identifier_of_the_time_it_was_written() -> None:
    one, two = (
        b"%PDF-1.6 text trailer <</Size 12 /ID [(" + id + b") (" + id + b")] /Root 3 0 R >>" for id in (b"a\n]", b"\xffb")
    )
    assert one != two and as_compared("a.pdf", one) == as_compared("a.pdf", two)
    assert as_compared("a.pdf", one) != as_compared("a.pdf", two.replace(b"text", b"test"))
    assert as_compared("a.txt", one) == one


WANTED = {"out/a.txt": b"right", "out/b.txt": b"also right"}
SLIPPED = {"out/a.txt": b"right", "out/b.txt": b"slipped"}
SHORT = {"out/a.txt": b"right"}
MODELS = Due(WANTED, {"out/a.txt": "S1.s1", "out/b.txt": "S3.s1"})
CODES = Due(WANTED, {"out/a.txt": "S1.s1", "out/b.txt": "S2.s1"})


def by_code(files: dict[str, bytes], status: str = "done", written: str = "out/a.txt") -> Left:
    return Left(status, files, ("S1.s1",), ("S2.s1",), frozenset({written}))


@pytest.mark.parametrize(
    ("got", "due", "alone", "slips", "wrong"),
    [
        (by_code(WANTED), MODELS, Left("done", SLIPPED), 0, 0),
        (by_code(SLIPPED), MODELS, Left("done", SLIPPED), 1, 0),
        (by_code(SLIPPED), MODELS, Left("done", {**SLIPPED, "out/a.txt": b"slipped as well"}), 1, 0),
        (by_code(SLIPPED), MODELS, Left("done", WANTED), 0, 1),
        (by_code(SLIPPED), MODELS, Left("done", {**WANTED, "out/b.txt": b"slipped otherwise"}), 0, 1),
        (by_code(SLIPPED, written="out/b.txt"), MODELS, Left("done", SLIPPED), 0, 1),
        (by_code(SLIPPED), CODES, Left("done", SLIPPED), 0, 1),
        (by_code(SHORT), CODES, Left("done", SHORT), 0, 1),
        (by_code(SHORT), MODELS, Left("done", SHORT), 1, 0),
        (by_code({**WANTED, "out/c.txt": b"too much"}), MODELS, Left("done", WANTED), 0, 1),
        (by_code({}, "failed"), MODELS, Left("failed", {}), 0, 1),
        (by_code(SHORT, "failed"), MODELS, Left("failed", SHORT), 1, 0),
        (by_code(WANTED, "failed"), MODELS, Left("done", WANTED), 0, 1),
        (Left("done", SLIPPED), MODELS, Left("done", SLIPPED), 1, 0),
        (Left("done", SLIPPED), MODELS, Left("done", WANTED), 0, 1),
    ],
)
def test_what_code_had_no_part_in_is_a_slip_and_all_else_that_differs_is_wrong(
    got: Left, due: Due, alone: Left, slips: int, wrong: int
) -> None:
    found = Boxed()
    found.judge("q", got, due, lambda: alone)
    assert (len(found.slips), len(found.wrong)) == (slips, wrong)


@given(
    st.dictionaries(st.sampled_from("abc"), st.binary(max_size=2)),
    st.dictionaries(st.sampled_from("abc"), st.binary(max_size=2)),
)
def test_nothing_that_differs_is_dropped(files: dict[str, bytes], other: dict[str, bytes]) -> None:
    found = Boxed()
    found.judge("q", Left("done", files, ("S1.s1",)), MODELS, lambda: Left("done", other))
    assert len(found.slips) + len(found.wrong) == 1
    assert found.text("x").count("\n") == 1 and "'q'" in found.text("x")


def test_a_slip_shows_nothing_about_code_and_counts_for_no_bound() -> None:
    found = Boxed(Counter(valid=10))
    found.judge("q", Left("done", SLIPPED), MODELS, lambda: Left("done", SLIPPED))
    assert found.judged == 9 and found.bound == bound(9)
    found.judge("q", Left("done", SLIPPED), MODELS, lambda: Left("done", WANTED))
    assert found.bound is None


@pytest.mark.parametrize(("left", "wrong"), [(Left("failed", {}), 0), (Left("done", {}, ("S1.s1",)), 1)])
def test_code_may_not_even_begin_a_foreign_request(left: Left, wrong: int) -> None:
    for one in (left, replace(left, solid=(), begun=left.solid)):
        found = Boxed()
        found.foreign("q", one)
        assert len(found.wrong) == wrong


def event(kind: EventKind, node: str, **data: object) -> Event:
    return Event(run="r", seq=1, time=0.0, kind=kind, node=node, data=data)


def ended(node: str, executor: str, path: str) -> Event:
    return event(EventKind.NODE_END, node, result={"executor": executor, "status": "done", "files": [{"path": path}]})


def test_files_of_steps_that_code_did_or_began_are_written_by_code(tmp_path: Path) -> None:
    events = [
        ended("S1.s1", "solid", "a"),
        event(EventKind.GUARD_MISS, "S2.s1", done=1),
        ended("S2.s1", "model", "b"),
        event(EventKind.GUARD_MISS, "S3.s1", done=0),
        ended("S3.s1", "model", "c"),
    ]
    left = left_by(RunOutcome(run="r", status="done", exit_code=0, work=tmp_path), events)
    assert (left.solid, left.begun, left.written) == (("S1.s1",), ("S2.s1",), {"a", "b"})


def test_a_generated_program_does_as_a_skill_what_it_does_as_calls(tmp_path: Path) -> None:
    rng = random.Random(3)
    for number in range(6):
        made = program(number, 1)
        pipe = pipeline(made, tmp_path / str(number))
        trial = trial_by(pipe, solution(made), world_of(made))
        for _ in range(5):
            request = draw(trial.world, rng)
            moments = list(trial.scene.moments(request.task, request.files, "r"))
            assert len(moments) == 1 and moments[0].reference.end is not None
            calls = moments[0].reference.calls
            lost = moments[0].reference.end.values == {"lost": True}
            assert all(call.ok for call in calls)
            assert lost or len(calls) == len(made.calls)
            for call, (kind, tool, _) in zip(calls[: len(calls) - lost], made.calls, strict=False):
                assert kind == "follow" or (call.tool == "write_file") == (kind == "write")
                assert call.tool == "write_file" or f"scripts/{tool}.py" in call.args["command"]
            written = [call for call in calls if call.tool == "write_file"]
            assert len(files_in(trial.scene.machine.work)) == len(written) + lost
