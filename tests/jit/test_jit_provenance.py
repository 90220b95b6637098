"""Where values come from: found when consistent over all observations, unknown otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from jit_kit import call

from skvm.jit.generalise.cells import cell, table
from skvm.jit.generalise.origins import World, evaluate, rank
from skvm.jit.generalise.provenance import Sources
from skvm.plan import Origin, Unfilled


def worlds(captures: list[dict[str, Any]], results: list[str] | None = None) -> Sources:
    rows = [
        World(c, (call("execute_command", {"command": "x"}, results[i]),) if results else ()) for i, c in enumerate(captures)
    ]
    kinds = {name: {"t": "task", "f": "file", "v": "value", "i": "item"}[name[0]] for name in captures[0]}
    return Sources(rows, kinds, frozenset({0}) if results else frozenset())


def best(sources: Sources, *column: Any) -> tuple[str, str, tuple[tuple[str, ...], ...]] | None:
    found = sources.explain(column) or sources.contexts(column)
    return (found[0].source, found[0].path, found[0].via) if found else None


def test_captures_and_their_derivations() -> None:
    sources = worlds([{"t1": "in/Sales.csv", "t2": "5"}, {"t1": "in/Costs.csv", "t2": "12"}])
    assert best(sources, "in/Sales.csv", "in/Costs.csv") == ("task", "t1", ())
    assert best(sources, "Sales", "Costs") == ("task", "t1", (("stem",),))
    assert best(sources, "Sales.csv", "Costs.csv") == ("task", "t1", (("name",),))
    assert best(sources, 5, 12) == ("task", "t2", (("number",),))
    assert best(sources, "in/sales.csv", "in/costs.csv") == ("task", "t1", (("lower",),))


def test_what_holds_only_sometimes_is_unknown() -> None:
    sources = worlds([{"t1": "a"}, {"t1": "b"}, {"t1": "c"}])
    assert best(sources, "a", "b", "x") is None
    assert best(sources, "a", "c", "b") is None
    assert best(sources, 1, 2, 3) is None


def test_json_results_by_pointer() -> None:
    texts = ['{"rows": 3, "by": [{"k/x": "north"}], "ok": true}', '{"rows": 7, "by": [{"k/x": "south"}], "ok": true}']
    sources = worlds([{}, {}], texts)
    assert best(sources, 3, 7) == ("call", "0.stdout", (("pointer", "/rows"),))
    assert best(sources, "north", "south") == ("call", "0.stdout", (("pointer", "/by/0/k~1x"),))
    assert best(sources, "3", "7") == ("call", "0.stdout", (("pointer", "/rows"), ("text",)))
    assert best(sources, [{"k/x": "north"}], [{"k/x": "south"}]) == ("call", "0.stdout", (("pointer", "/by"),))


def test_cells_of_the_first_and_the_last_row() -> None:
    texts = ['name,count\n"Query #, cancelled",3\ndisk full,1\n', "name,count\nTimeout after # ms,8\nx,2\ny,9\n"]
    sources = worlds([{}, {}], texts)
    assert best(sources, "Query #, cancelled", "Timeout after # ms") == ("call", "0.stdout", (("cell", "0", "name"),))
    assert best(sources, "1", "9") == ("call", "0.stdout", (("cell", "-1", "count"),))
    assert best(sources, "disk full", "x") is None, "a row in the middle has no name"


def test_rows_of_tables_are_counted_also_where_there_are_none() -> None:
    sources = worlds([{}, {}], ["name,count\n", "name,count\nx,2\n"])
    assert best(sources, 0, 1) == ("call", "0.stdout", (("rows",),))
    assert best(sources, "0", "1") == ("call", "0.stdout", (("rows",), ("text",)))
    assert best(sources, "", "x") is None, "a cell that is not there everywhere"
    with pytest.raises(Unfilled):
        cell("name,count\n", "0", "name")


@pytest.mark.parametrize("text", ["", "name\nx\n", "name,count\nx\n", "a,a\n1,2\n", 'name,count\n"x,1\n', "no table"])
def test_what_is_no_table_has_no_cells(text: str) -> None:
    assert table(text) is None
    with pytest.raises(Unfilled):
        cell(text, "0", "name")


def test_labelled_parts_of_text_results() -> None:
    texts = ["read a.csv\nrows: 3 of 9\nsum = 12.50\n", "read b.csv\nrows: 7 of 9\nsum = 99.00\n"]
    sources = worlds([{}, {}], texts)
    assert best(sources, "a.csv", "b.csv") == ("call", "0.stdout", (("between", "read ", "", "^$"),))
    assert best(sources, 3, 7) == ("call", "0.stdout", (("between", "rows: ", " of 9", "^$"), ("number",)))
    assert best(sources, "12.50", "99.00") == ("call", "0.stdout", (("between", "sum = ", "", "^$"),))
    assert best(sources, "9", "9") is not None, "constants can be explained too"
    assert best(sources, "x", "y") is None


def test_an_ambiguous_label_is_no_label() -> None:
    sources = worlds([{}, {}], ["n: 1\nn: 5\n", "n: 2\nn: 6\n"])
    assert best(sources, "1", "2") is None
    origin = Origin(source="call", path="0.stdout", via=(("between", "n: ", "", "^$"),))
    with pytest.raises(Unfilled):
        evaluate(origin, World({}, (call("execute_command", {}, "n: 1\nn: 2\n"),)))
    with pytest.raises(Unfilled):
        evaluate(origin, World({}, (call("execute_command", {}, "m: 1\n"),)))
    assert evaluate(origin, World({}, (call("execute_command", {}, "x\nn: 1\n"),))) == "1"


def test_the_only_thing_of_its_kind() -> None:
    texts = ["Dear all, W-2024-17 was\nlate again.\n", "we got W-2023-9 and W-2023-9 twice\n"]
    sources = worlds([{}, {}], texts)
    found = best(sources, "W-2024-17", "W-2023-9")
    assert found is not None
    assert found[2][0][0] == "only"
    origin = Origin(source=found[0], path=found[1], via=found[2])
    assert evaluate(origin, World({}, (call("execute_command", {}, "now W-2021-5."),))) == "W-2021-5"
    for text in ("W-2021-5 or W-2021-6", "nothing", "xW-2021-5", "W-2021-5-7"):
        with pytest.raises(Unfilled):
            evaluate(origin, World({}, (call("execute_command", {}, text),)))


def test_nearer_and_shorter_origins_come_first() -> None:
    sources = worlds([{"t1": "a", "i1": "a"}, {"t1": "b", "i1": "b"}], ['{"x": "a"}', '{"x": "b"}'])
    found = [(o.source, o.path) for o in sources.explain(("a", "b"))]
    assert found == [("item", "i1"), ("task", "t1"), ("call", "0.stdout")]
    assert rank(Origin(source="call", path="2.stdout")) < rank(Origin(source="call", path="10.stdout"))


def test_concatenations() -> None:
    sources = worlds([{"t1": "sales.csv", "t2": "north"}, {"t1": "orders.csv", "t2": "south"}])
    found = sources.concatenation(["out/sales_north.md", "out/orders_south.md"])
    assert found is not None
    shown = [p if isinstance(p, str) else (p[0].path, p[0].via) for p in found]
    assert shown == ["out/", ("t1", (("stem",),)), "_", ("t2", ()), ".md"]
    assert sources.concatenation(["out/sales_west.md", "out/orders_east.md"]) is None


def test_pointers_into_what_is_not_there() -> None:
    world = World({"v1": [1], "v2": "text"})
    for path, pointer in (("v1", "/1"), ("v1", "/x"), ("v1", "/0/0"), ("v2", "/a"), ("v3", "/a")):
        with pytest.raises(Unfilled):
            evaluate(Origin(source="value", path=path, via=(("pointer", pointer),)), world)
    with pytest.raises(Unfilled):
        evaluate(Origin(source="call", path="3.stdout"), world)
