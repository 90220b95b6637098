"""Oracles: what a solution file may say, how it is asked, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from skvm.adapters.simulation.oracle import (
    Call,
    Chain,
    CommandOracle,
    Done,
    Oracle,
    Query,
    Result,
    SolutionOracle,
    load_oracle,
    load_solution,
)
from skvm.diag import UsageError

SOLUTION = """
from skvm.adapters.simulation.oracle import Call, Done

def one(ctx):
    yield Call("read_file", {"path": ctx.said(r"(\\w+\\.txt)", "none.txt")})
    return Done({"a": 1}, f"{ctx.item} {ctx.iteration}")

def two(ctx):
    yield Call("write_file", {"path": "b", "content": ctx.read("in.txt")})
    return Done({"b": 2}, "two")

STEPS = {"S1.s1": one, "S1.s2": two}
CHOICES = {"S1.s1": lambda ctx: 1, "S1.s2": lambda ctx: ctx.exists("in.txt"), "S2": lambda ctx: "none"}
"""


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    (tmp_path / "in.txt").write_text("text")
    path = tmp_path / "any-name.py"
    path.write_text(SOLUTION)
    return load_oracle(path, "look at in.txt", {"in.txt": "in.txt"})


def played(oracle: Oracle, query: Query) -> tuple[list[Call], Done]:
    script = oracle.script(query)
    assert script is not None
    calls: list[Call] = []
    try:
        wanted = next(script)
        while True:
            assert isinstance(wanted, Call)
            calls.append(wanted)
            wanted = script.send(Result("ok"))
    except StopIteration as stop:
        return calls, stop.value


def test_steps_by_position_with_item_and_iteration(oracle: Oracle, tmp_path: Path) -> None:
    calls, end = played(oracle, Query("step", "S1.s1", item="x.md", iteration=2, workdir=str(tmp_path)))
    assert calls == [Call("read_file", {"path": "in.txt"})]
    assert end == Done({"a": 1}, "x.md 2")


def test_the_whole_skill_is_all_steps_in_order(oracle: Oracle, tmp_path: Path) -> None:
    for query in (Query("raw", "", workdir=str(tmp_path)), Query("step", "skill", workdir=str(tmp_path))):
        calls, end = played(oracle, query)
        assert [c.tool for c in calls] == ["read_file", "write_file"]
        assert end == Done({"a": 1, "b": 2}, "two")


def test_a_step_it_does_not_know_goes_to_the_stated_command(oracle: Oracle) -> None:
    assert oracle.script(Query("step", "S9.s9")) is None
    calls, _ = played(oracle, Query("step", "S9.s9", command="ls out"))
    assert calls == [Call("execute_command", {"command": "ls out"})]


def test_choices_by_index_word_and_truth(oracle: Oracle, tmp_path: Path) -> None:
    options = ("left", "right", "none")
    assert oracle.choice(Query("branch", "S1.s1.branch", options=options)) == "right"
    assert oracle.choice(Query("branch", "S1.s1", options=("only",))) is None
    assert oracle.choice(Query("until", "S1.s2.loop", workdir=str(tmp_path))) is True
    assert oracle.choice(Query("until", "S1.s2.loop", workdir=str(tmp_path / "none"))) is False
    assert oracle.choice(Query("branch", "S2", options=options)) == "none"
    assert oracle.choice(Query("branch", "S3", options=options)) is None


def test_first_of_a_chain_that_knows_answers() -> None:
    assert Chain().script(Query("step", "S1.s1")) is None
    assert Chain(CommandOracle()).choice(Query("until", "S1.s1")) is None


@pytest.mark.parametrize("text", ["STEPS = {", "x = 1", "raise OSError('no')"])
def test_what_is_no_solution_is_a_usage_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.py"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_solution(path)
    assert str(path) in caught.value.line()
    with pytest.raises(UsageError):
        load_solution(tmp_path / "none.py")


def test_no_solution_leaves_the_stated_commands() -> None:
    assert isinstance(load_oracle(None, "task"), CommandOracle)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('exit code: 0\nstdout:\n{"a": [1]}', {"a": [1]}),
        ("x [1, 2] y", [1, 2]),
        ("{broken {}", {}),
        ('[cut] {"b": 1}', {"b": 1}),
    ],
)
def test_json_of_a_result(text: str, value: object) -> None:
    assert Result(text).json == value


def test_no_json_in_a_result() -> None:
    with pytest.raises(ValueError, match="no JSON"):
        _ = Result("exit code: 1").json


def test_an_empty_solution_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.py"
    path.write_text("STEPS = {}")
    empty = SolutionOracle(load_solution(path), "task")
    assert empty.script(Query("raw", "")) is None and empty.script(Query("step", "S1.s1")) is None
