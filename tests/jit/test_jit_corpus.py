"""The core on real agent runs: it finds the data flow that is there, and nothing where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skvm.jit.generalise.origins import World, evaluate
from skvm.jit.generalise.provenance import Sources
from skvm.jit.generalise.unify import same
from skvm.plan import CallRecord, Unfilled

TRACES = Path(__file__).resolve().parents[3] / "shared" / "data" / "trajectories" / "tau-retail-library-l0"
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not TRACES.is_dir(), reason="the texts beside the checkout are absent")]


def pairs(before: str, after: str) -> Iterator[tuple[CallRecord, dict[str, Any]]]:
    """(result of a call of `before`, arguments of the call of `after` that came right behind it) in the recorded runs."""
    for path in sorted(TRACES.glob("*.json")):
        last: CallRecord | None = None
        made: dict[str, tuple[str, dict[str, Any]]] = {}
        for step in json.loads(path.read_bytes())["steps"]:
            for call in step.get("calls") or ():
                made[call["id"]] = (call["tool"], call["args"])
                if last is not None and call["tool"] == after:
                    yield last, call["args"]
                last = None
            if step["role"] == "tool":
                tool, args = made.get(step["result_of"], ("", {}))
                last = CallRecord(tool=tool, args=args, result=step.get("text") or "", ok=True) if tool == before else None


@pytest.mark.parametrize("before", ["find_user_id_by_name_zip", "find_user_id_by_email"])
def test_the_user_found_is_the_user_looked_up(before: str) -> None:
    rows = list(pairs(before, "get_user_details"))
    assert len(rows) >= 15
    worlds = [World({}, (call,)) for call, _ in rows]
    [first, *_] = Sources(worlds[:3], {}, frozenset({0})).explain(tuple(args["user_id"] for _, args in rows[:3]))
    assert (first.source, first.path, first.via) == ("call", "0.result", ())
    assert [args for (_, args), w in zip(rows, worlds, strict=True) if not same(evaluate(first, w), args["user_id"])] == []


def test_a_choice_of_the_model_has_no_source() -> None:
    rows = list(pairs("get_order_details", "get_product_details"))
    column = tuple(args["product_id"] for _, args in rows)
    worlds = [World({}, (call,)) for call, _ in rows]
    few = Sources(worlds[:3], {}, frozenset({0})).explain(column[:3])
    wrong = 0
    for origin in few:
        for world, wanted in zip(worlds, column, strict=True):
            try:
                wrong += evaluate(origin, world) != wanted
            except Unfilled:
                wrong += 1
    assert not few or wrong, "which item is meant stands in the request, not at one place of the order"
    assert Sources(worlds, {}, frozenset({0})).explain(column) == ()
