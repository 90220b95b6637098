"""Loops over results: learned from runs of different lengths, gone round once for each item in order, or not at all."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit_kit import MemoryBlobs, by_code, by_model, call, context, node

from skvm.jit import Book
from skvm.jit.generalise.layout import layouts
from skvm.jit.generalise.propose import generalise
from skvm.jit.generalise.results import Abstain
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import predict, replay
from skvm.jit.prove.course import Handed
from skvm.jit.prove.ladder import Policy
from skvm.plan import CallRecord
from skvm.ports import Offer, StepContext

Tool = Callable[[str, dict[str, Any]], CallRecord]
Maker = Callable[[StepContext, Tool], tuple[dict[str, Any], str]]
NAMES = [f"{a}{b}" for a in ("oak", "elm", "fir", "ash", "yew") for b in ("", "-1", "-22", "-x")]


class World:
    """Tools over orders that are drawn from a seed; what is done is recorded."""

    def __init__(self, ids: Sequence[str], open_one: str = "open") -> None:
        self.ids, self.open_one = list(ids), open_one
        self.done: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, name: str, args: dict[str, Any]) -> CallRecord:
        self.done.append((name, args))
        return call(name, args, self._result(name, args), effect="pure" if name.startswith("get") else "idempotent")

    def _result(self, name: str, args: dict[str, Any]) -> str:
        if name == "get_orders":
            rows = [{"id": id, "state": self.open_one, "place": at} for at, id in enumerate(self.ids)]
            return json.dumps({"owner": args["owner"], "orders": rows})
        if name == "get_listing":
            return "\n".join(f"{id}.txt  {len(id)} B" for id in self.ids) or "[the folder is empty]"
        if name == "get_order":
            draw = random.Random(args["id"])
            return json.dumps({"id": args["id"], "total": draw.randrange(10_000), "owner": f"o{draw.randrange(9)}"})
        return "saved"


def reads(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
    found = json.loads(tool("get_orders", {"owner": seen.task.split()[-1]}).result)["orders"]
    totals = [json.loads(tool("get_order", {"id": row["id"], "full": True}).result)["total"] for row in found]
    return {"totals": totals, "count": len(totals)}, "done"


def pairs(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
    found = json.loads(tool("get_orders", {"owner": seen.task.split()[-1]}).result)["orders"]
    for row in found:
        told = json.loads(tool("get_order", {"id": row["id"]}).result)
        tool("write_file", {"path": f"out/{row['id']}.txt", "content": f"{row['id']}: {told['total']}\n"})
    tool("write_file", {"path": "out/count.txt", "content": f"{len(found)}\n"})
    return {}, "done"


def listing(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
    rows = tool("get_listing", {"path": "."}).result.split("\n")
    for row in rows:
        tool("write_file", {"path": f"copy/{row.split('  ')[0]}", "content": seen.task.split()[-1]})
    return {"files": [row.split("  ")[0] for row in rows]}, "done"


def given_list(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
    for id in seen.values["S0.s1"]["ids"]:
        tool("get_order", {"id": id})
    return {}, "done"


def peeled(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
    """The list itself is read with the tool that reads each item."""
    first = CallRecord.model_validate(tool("get_order", {"id": "index"}))
    for id in json.loads(first.result)["ids"]:
        tool("get_order", {"id": id})
    return {}, "done"


class Indexed(World):
    def _result(self, name: str, args: dict[str, Any]) -> str:
        return json.dumps({"ids": self.ids}) if args.get("id") == "index" else super()._result(name, args)


def seen_by(ids: Sequence[str], run: str, handed: bool = False) -> StepContext:
    """The step's context, in which the list stands only if it is `handed` over."""
    step = node().model_copy(update={"inputs": ("$task", "$step.S0.s1.values")})
    return context(f"Look after {run}-1", run=run, values={"S0.s1": {"ids": list(ids)}} if handed else {}, step=step)


def observed(maker: Maker, ids: Sequence[str], run: str, world: type[World] = World) -> Observation:
    seen = seen_by(ids, run, maker is given_list)
    return observation(seen, by_model(maker, world(ids), seen), False, False)


def draw_ids(draw: random.Random, count: int) -> list[str]:
    return draw.sample(NAMES, count)


def lists(seed: int, lengths: Sequence[int]) -> list[list[str]]:
    draw = random.Random(seed)
    return [draw_ids(draw, n) for n in lengths]


MAKERS = [(reads, World), (pairs, World), (listing, World), (given_list, World), (peeled, Indexed)]


@pytest.mark.parametrize(("maker", "world"), MAKERS)
def test_a_loop_is_found_and_says_each_run_again(maker: Maker, world: type[World]) -> None:
    runs = [observed(maker, ids, f"r{n}", world) for n, ids in enumerate(lists(1, (2, 4, 3, 6)))]
    code = generalise(runs)
    assert len(code.loops) == 1 and (code.loops[0].least, code.loops[0].most) == (2, 6)
    assert replay(code, runs) == ""
    for n, ids in enumerate(lists(2, (2, 3, 4, 5, 6, 6, 2))):
        assert predict(code, observed(maker, ids, f"s{n}", world)) == ""


@pytest.mark.parametrize(("maker", "world"), MAKERS)
@pytest.mark.parametrize("count", [1, 7, 12])
def test_lengths_beyond_those_seen_are_handed_back(maker: Maker, world: type[World], count: int) -> None:
    code = generalise([observed(maker, ids, f"r{n}", world) for n, ids in enumerate(lists(1, (2, 4, 3, 6)))])
    with pytest.raises(Handed) as handed:
        predict(code, observed(maker, lists(3, (count,))[0], "s", world))
    assert handed.value.guard == "loop"


def test_an_empty_list_is_no_round_where_one_was_seen() -> None:
    runs = [observed(reads, ids, f"r{n}") for n, ids in enumerate(lists(1, (2, 0, 3, 0)))]
    code = generalise(runs)
    assert code.loops[0].least == 0 and replay(code, runs) == ""
    assert predict(code, observed(reads, [], "s")) == ""
    fuller = generalise([runs[0], runs[2]])
    with pytest.raises(Handed):
        predict(fuller, observed(reads, [], "s"))


def test_what_an_item_says_beyond_its_name_is_a_guard() -> None:
    """All orders were open; nobody knows whether one that is closed would be looked at."""
    runs = [observed(reads, ids, f"r{n}") for n, ids in enumerate(lists(1, (2, 4, 3)))]
    code = generalise(runs)
    seen = seen_by(lists(2, (3,))[0], "s")
    closed = by_model(reads, World(lists(2, (3,))[0], open_one="closed"), seen)
    with pytest.raises(Handed) as handed:
        predict(code, observation(seen, closed, False, False))
    assert handed.value.guard in ("loop", "result")


def test_a_filter_is_not_guessed() -> None:
    """Only some items are looked at: no list has as many."""

    def some(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
        found = json.loads(tool("get_orders", {"owner": seen.task.split()[-1]}).result)["orders"]
        for row in found:
            if "-" in row["id"]:
                tool("get_order", {"id": row["id"]})
        return {}, "done"

    runs = [observed(some, ids, f"r{n}") for n, ids in enumerate(lists(5, (4, 6, 5, 7)))]
    assert len({len(o.calls) for o in runs}) > 1
    with pytest.raises(Abstain):
        generalise(runs)


def test_another_order_is_no_loop_over_the_list() -> None:
    def sorted_ones(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
        found = json.loads(tool("get_orders", {"owner": seen.task.split()[-1]}).result)["orders"]
        for row in sorted(found, key=lambda row: row["id"]):
            tool("get_order", {"id": row["id"]})
        return {}, "done"

    with pytest.raises(Abstain):
        generalise([observed(sorted_ones, ids, f"r{n}") for n, ids in enumerate(lists(5, (4, 6, 5, 7)))])


def test_two_lists_that_held_the_same_must_go_on_doing_so() -> None:
    class Twice(World):
        other: list[str] | None = None

        def _result(self, name: str, args: dict[str, Any]) -> str:
            if name != "get_orders":
                return super()._result(name, args)
            return json.dumps({"ids": self.ids, "rows": [{"id": id, "n": at} for at, id in enumerate(self.other or self.ids)]})

    def by_ids(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
        for id in json.loads(tool("get_orders", {"owner": seen.task.split()[-1]}).result)["ids"]:
            tool("get_order", {"id": id})
        return {}, "done"

    code = generalise([observed(by_ids, ids, f"r{n}", Twice) for n, ids in enumerate(lists(1, (2, 4, 3, 6)))])
    assert code.loops[0].tie
    assert predict(code, observed(by_ids, lists(2, (5,))[0], "s", Twice)) == ""

    class Reversed(Twice):
        @property
        def other(self) -> list[str]:  # type: ignore[override]
            return self.ids[::-1]

    with pytest.raises(Handed):
        predict(code, observed(by_ids, lists(2, (5,))[0], "s", Reversed))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 7), min_size=2, max_size=5), st.sampled_from(range(len(MAKERS))))
def test_laws_of_generalising(seed: int, lengths: list[int], which: int) -> None:
    """Covers its examples exactly; independent of their order; the same again with its own instances added."""
    maker, world = MAKERS[which]
    runs = [observed(maker, ids, f"r{n}", world) for n, ids in enumerate(lists(seed, lengths))]
    try:
        code = generalise(runs)
    except Abstain:
        return
    assert replay(code, runs) == ""
    assert bool(code.loops) == (len(set(lengths)) > 1)
    shuffled = runs[:]
    random.Random(seed).shuffle(shuffled)
    again = generalise(shuffled)
    assert replay(again, runs) == "" and again.loops == code.loops and again.guards == code.guards
    if code.loops:
        more = observed(maker, lists(seed + 1, (max(lengths),))[0], "more", world)
        try:
            fits = predict(code, more)
        except Handed:
            return
        assert fits == ""
        wider = generalise([*runs, more])
        assert [(one.least, one.most) for one in wider.loops] == [(one.least, one.most) for one in code.loops]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.sampled_from(range(len(MAKERS))), st.randoms(use_true_random=False))
def test_a_changed_run_is_never_taken_for_the_same(seed: int, count: int, which: int, draw: random.Random) -> None:
    """A call more, less, changed or moved: the code differs from such a run, or does not apply; it never says it fits."""
    maker, world = MAKERS[which]
    code = generalise([observed(maker, ids, f"r{n}", world) for n, ids in enumerate(lists(11, (2, 5, 3, 6)))])
    ids = lists(seed, (max(2, count),))[0]
    right = observed(maker, ids, "s", world)
    calls = list(right.calls)
    at = draw.randrange(1, len(calls)) if maker is not given_list else draw.randrange(len(calls))
    kind = draw.choice(("more", "less", "other", "moved"))
    if kind == "more":
        calls.insert(at, calls[at])
    elif kind == "less":
        calls.pop(at)
    elif kind == "other":
        name = sorted(calls[at].args)[-1 if "id" not in calls[at].args else sorted(calls[at].args).index("id")]
        calls[at] = calls[at].model_copy(update={"args": {**calls[at].args, name: "zzz"}})
    else:
        calls.insert(draw.randrange(len(calls)), calls.pop(at))
    changed = right.model_copy(update={"calls": tuple(calls)})
    if [(c.tool, c.args) for c in changed.calls] == [(c.tool, c.args) for c in right.calls]:
        return
    with suppress(Handed):
        assert predict(code, changed) != ""


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=9), min_size=1, max_size=4))
def test_a_layout_accounts_for_every_call(words: list[list[str]]) -> None:
    runs = [
        observed(lambda seen, tool: ({}, ""), ["x"], f"r{n}").model_copy(
            update={"calls": tuple(call(f"get_{letter}", {"at": at}) for at, letter in enumerate(word))}
        )
        for n, word in enumerate(words)
    ]
    for layout in layouts(runs):
        for run, seen in enumerate(runs):
            places = layout.places(run)
            assert sorted(at for row in places for at in row) == list(range(len(seen.calls)))
            tools = [{seen.calls[at].tool for at in row} for row in places]
            assert all(len(found) <= 1 for found in tools) and len(places) == layout.size


def test_the_book_serves_loops_and_hands_back_what_is_not_proved() -> None:
    """Model runs of several lengths; then code serves them, with exactly the calls of the reference, in their order."""
    book = Book(MemoryBlobs(), Policy())
    draw = random.Random(4)
    for n in range(14):
        ids = draw_ids(draw, draw.choice((2, 3, 4, 6)))
        seen = seen_by(ids, f"r{n}")
        book.observe(seen, by_model(pairs, World(ids), seen), False)
    served = handed = 0
    for n in range(120):
        ids = draw_ids(draw, draw.randrange(0, 9))
        seen = seen_by(ids, f"q{n}")
        offer = book.lookup(seen)
        if not isinstance(offer, Offer) or offer.shadow:
            handed += 1
            continue
        made, wanted = World(ids), World(ids)
        result = by_code(book, offer, made, seen)
        by_model(pairs, wanted, seen)
        if result is None:
            assert made.done == wanted.done[: len(made.done)]
            handed += 1
        else:
            assert made.done == wanted.done
            served += 1
    assert served > 40 and handed > 10


def test_show_tells_the_loop() -> None:
    from skvm.jit import show

    book = Book(MemoryBlobs(), Policy())
    for n, ids in enumerate(lists(1, (2, 4, 3, 6, 5))):
        seen = seen_by(ids, f"r{n}")
        book.observe(seen, by_model(reads, World(ids), seen), False)
    code = book.records()[0].versions[-1]
    text = show(book, code.id).text
    assert "for each item of l1 (call 1; 2 to 6 items like" in text and "result of call 0.result at /orders" in text
