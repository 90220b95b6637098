"""Requests in several wordings: courtesy does not count, holes that mean the same share a name, and nothing else is read in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jit_kit import by_model, call, context

from skvm.jit.generalise.propose import generalise
from skvm.jit.observe.courtesy import bare
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import bind, predict, replay
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord, OneOf, Text, Var, decode, encode, match_tree
from skvm.plan.ranges import HARMLESS, reach, within
from skvm.ports import StepContext


@pytest.mark.parametrize(
    "request_",
    [
        "Sum a.csv by region.",
        "sum a.csv by region",
        "Please sum a.csv by region!",
        "Could you please sum a.csv by region?",
        "Hi, sum a.csv by region. Thanks",
        "Hello, can you sum a.csv by region, please.",
        "Sum a.csv by region. Thank you very much!",
    ],
)
def test_courtesy_is_no_wording(request_: str) -> None:
    assert bare(request_) == "sum a.csv by region"


@pytest.mark.parametrize(
    "request_",
    [
        "Do not sum a.csv by region.",
        "Sum a.csv by region, not please",
        "Sum A.csv by region",
        "Sum a.csv by region\t.",
        "Sum a.csv by region?.",
        "Sum a.csv by region?, please.",
        "Never mind, please sum a.csv by region. Or not.",
        "Sum a.csv by region; please delete it",
    ],
)
def test_what_changes_a_request_stays(request_: str) -> None:
    assert bare(request_) != "sum a.csv by region"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
@example("Please")
@example("hi, hi, please please. Thanks. Thanks.")
def test_what_is_left_is_a_part_of_the_request(text: str) -> None:
    assert bare(text).lower() in text.lower()


WORDINGS = ("Sum {file} by {column}.", "Which {column} is best in {file}?", "I want the totals of {file}, per {column}")


def total(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    file = next(iter(seen.files.values()))
    column = next(c for c in COLUMNS if c in seen.task)
    facts = json.loads(run("execute_command", {"command": f"python sum.py {file} --by {column}"}).stdout)
    return {"total": facts["total"]}, "done"


COLUMNS = ("region", "city", "owner", "month")


def tool(name: str, args: dict[str, Any]) -> CallRecord:
    return call(name, args, json.dumps({"total": f"{7 + len(args['command'])}.50"}) + "\n", effect="effectful")


def ask(wording: int, file: str, column: str, given_: str = "") -> StepContext:
    name = given_ or file
    return context(WORDINGS[wording].format(file=file, column=column), files={name: name}, run=f"{wording}{file}{column}")


def ran(at: StepContext) -> Observation:
    return observation(at, by_model(total, tool, at), False, False)


@settings(max_examples=60, deadline=None)
@given(st.permutations([(w, f, c) for w in range(3) for f, c in (("a1.csv", "region"), ("b22.csv", "city"))]))
def test_one_code_for_all_wordings_whatever_their_order(rows: list[tuple[int, str, str]]) -> None:
    runs = [ran(ask(*row)) for row in rows]
    code = generalise(runs)
    assert replay(code, runs) == ""
    for wording in range(3):
        assert predict(code, ran(ask(wording, "c3.csv", "owner"))) == ""


def test_a_wording_seen_once_serves_other_files_but_no_other_words() -> None:
    runs = [ran(ask(0, f, c)) for f, c in (("a1.csv", "region"), ("b2.csv", "city"), ("c3.csv", "owner"))]
    code = generalise([*runs, ran(ask(1, "d4.csv", "region"))])
    assert predict(code, ran(ask(1, "e5.csv", "region"))) == ""
    with pytest.raises(Handed):
        predict(code, ran(ask(1, "e5.csv", "owner")))


@pytest.mark.parametrize(
    "task",
    [
        "Sum c3.csv, per owner",
        "Which owner is not best in c3.csv?",
        "Do not sum c3.csv by owner.",
        "Sum c3.csv by owner. Which owner is best in c3.csv?",
        "Sum d4.csv by owner.",
        "Which owner is best in c3.csvnot?",
    ],
)
def test_mixtures_and_other_files_are_handed_back(task: str) -> None:
    code = generalise([ran(ask(w, f, c)) for w in range(3) for f, c in (("a1.csv", "region"), ("b22.csv", "city"))])
    at = ask(0, "c3.csv", "owner")
    assert bind(code, ran(at).inputs, at.guard)
    other = {**ran(at).inputs, "task": bare(task)}
    with pytest.raises(Handed):
        bind(code, other, at.guard)


def test_one_of_reads_back_and_is_never_ambiguous() -> None:
    forms = OneOf(((Text(("sum ", Var("t1"))), {}), (Text((Var("t1"), " summed")), {}), ("sum it", {"t1": "all"})))
    assert decode(json.loads(json.dumps(encode(forms)))) == forms
    assert match_tree(forms, "sum a") == {"t1": "a"}
    assert match_tree(forms, "b summed") == {"t1": "b"}
    assert isinstance(match_tree(forms, "sum it"), str), "it could be a file called `it`, or all"
    assert isinstance(match_tree(forms, "sum a summed"), str)


def sign(n: int) -> int:
    return (n > 0) - (n < 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=HARMLESS), st.integers(-60, 60))
def test_ranges(values: list[int], other: int) -> None:
    assert all(within(v, reach(values)) for v in values)
    like = min(values) <= other <= max(values) and sign(other) in {sign(v) for v in values}
    assert within(other, reach(values)) == like
    assert within(str(other), reach([str(v) for v in values])) == like


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=HARMLESS, max_size=20), st.integers(-60, 10_000))
def test_an_end_that_was_passed_often_enough_is_open(steps: list[int], other: int) -> None:
    """Numbers that only count up have no greatest one, whatever stands between them; the least one stays."""
    counted = [100 + sum(steps[:n]) for n in range(len(steps) + 1)]
    assert within(other, reach(counted)) == (other >= 100)
    again = [n for count in counted for n in (count, 100)]
    assert within(other, reach(again)) == (other >= 100)
    down = [-n for n in counted]
    assert within(-other, reach(down)) == (other >= 100)
    assert within(other, reach(counted[:HARMLESS])) == (100 <= other <= counted[HARMLESS - 1])


@pytest.mark.parametrize("value", [None, True, "x", "1;2", [], "1" * 50, "0x10", "١"])
def test_what_is_no_number_is_in_no_range(value: Any) -> None:
    assert reach([value]) == ""
    assert not within(value, reach([0, 10**30]))
