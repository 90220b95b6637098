"""The bench of wrong executions: it finds what is wrong, reads no spoilt request as a valid one, and goes on after a stop."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.wrong.boxed import as_compared
from bench.wrong.chunks import Piece, pieces, run
from bench.wrong.documents import WORLDS
from bench.wrong.learning import draw
from bench.wrong.mined import program, trained
from bench.wrong.mutants import other_files, other_values
from bench.wrong.tally import HANDED, SERVED, WRONG, Verdict, Verdicts, bound
from bench.wrong.wording import CONDITIONS, NEGATING, ORDERS, spoilt


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
