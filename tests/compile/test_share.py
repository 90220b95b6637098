"""How many items of a map and calls of a batch share a conversation: only where it is measured, cheaper and harmless."""

from __future__ import annotations

import pytest

from skvm.ir import ActType, ControlKind, EffectClass, Scope
from skvm.plan import Artifact, BatchNode, MapNode, StepNode
from skvm.plan.describe import explain_json, explain_text
from skvm.plan.timing import Timing

from .build import Draft, command, compiled, profile, program, reading

LOOP = (ControlKind.LOOP, {"domain": "note in `notes/*.txt`"})
BATCH = "tool.call.batch"
ALWAYS = {BATCH: (30, 30, 30)}


def writing(*places: str, **more: object) -> dict:
    return {"type": ActType.WRITE, "scope": Scope.LOCAL_FS, "effect": EffectClass.IDEMPOTENT, "writes": places, **more}


def mapped(levels: dict | None, *acts: dict, text: str = "For each, read `notes/<n>.txt`, write `out/<n>.md`.") -> Artifact:
    rows = list(acts) or [reading("notes/<n>.txt"), writing("out/<n>.md", unknown=True)]
    known = profile(levels) if levels is not None else None
    return compiled(program([Draft(text, rows, [LOOP])]), known=known)


def first(art: Artifact) -> MapNode:
    node = art.plan.nodes[0]
    assert isinstance(node, MapNode)
    return node


@pytest.mark.parametrize(("row", "most", "level"), [((30, 30, 30), 5, "L3"), ((30, 30, 2), 5, "L2"), ((30, 3, 2), 2, "L1")])
def test_the_measured_level_bounds_how_many(row: tuple[int, int, int], most: int, level: str) -> None:
    node = first(mapped({BATCH: row}))
    assert node.joint is not None and (node.joint.most, node.joint.level.value) == (most, level)
    assert node.joint.shared < node.joint.apart and node.together is not None and node.together.basis == "proved"


@pytest.mark.parametrize(
    ("levels", "why"),
    [(None, "unmeasured"), ({}, "unmeasured"), ({BATCH: (3, 0, 0)}, "missing"), ({BATCH: (16, 0, 0)}, "weak")],
)
def test_without_a_measurement_each_item_is_on_its_own(levels: dict | None, why: str) -> None:
    node = first(mapped(levels))
    assert node.parallel and node.joint is None and why in node.alone


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([command("python t.py {file}", ("notes/*.txt",), ("out/{file}.md",), unknown=True)], "not known"),
        ([reading("notes/<n>.txt"), writing("out/<n>.md"), {"type": ActType.TRANSFER, "scope": Scope.NETWORK}], "not known"),
        ([reading("notes/<n>.txt"), writing("out/<n>.md", effect=EffectClass.EFFECTFUL)], "must not be repeated"),
    ],
)
def test_items_that_act_outside_or_must_not_be_repeated_are_on_their_own(acts: list[dict], why: str) -> None:
    art = compiled(program([Draft("For each, in parallel.", acts, [LOOP, (ControlKind.PARALLEL, {})])]), known=profile(ALWAYS))
    node = first(art)
    assert node.joint is None and why in node.alone


def test_items_that_read_what_others_write_are_not_apart() -> None:
    """Each adds a file to the folder that each of them reads."""
    acts = [reading("out/"), writing("out/<n>.md", unknown=True)]
    art = compiled(program([Draft("For each, in parallel.", acts, [LOOP, (ControlKind.PARALLEL, {})])]), known=profile(ALWAYS))
    node = first(art)
    assert node.joint is None and node.alone == "one item may touch what another one does"


def test_a_loop_that_leaves_no_file_of_its_own_for_each_stays_in_the_text() -> None:
    for acts in (
        [reading("notes/<n>.txt")],
        [reading("notes/<n>.txt"), writing("out/all.md")],
        [reading("notes/<n>.txt"), writing("*")],
    ):
        assert isinstance(mapped(ALWAYS, *acts).plan.nodes[0], StepNode)


def test_a_text_that_fills_the_window_leaves_room_for_fewer() -> None:
    most = [
        first(mapped(ALWAYS, text=f"For each, read `notes/<n>.txt`. {'Long. ' * n}")).joint for n in (10, 7500, 9000, 20_000)
    ]
    assert [rule.most if rule is not None else 1 for rule in most] == sorted(
        (rule.most if rule is not None else 1 for rule in most), reverse=True
    )
    assert most[0] is not None and most[0].most == 5 and most[-1] is None


def batched(levels: dict | None) -> BatchNode:
    drafts = [Draft(f"Read `{n}.csv` and check it.", [reading(f"{n}.csv")]) for n in "abc"]
    art = compiled(program(drafts), known=profile(levels) if levels is not None else None)
    return next(n for n in art.plan.nodes if isinstance(n, BatchNode))


def test_calls_of_a_batch_share_a_turn_where_that_is_measured() -> None:
    rule = batched(ALWAYS).joint
    assert rule is not None and rule.most == 3 and rule.shared < rule.apart
    assert batched({BATCH: (30, 0, 0)}).joint is not None and batched({BATCH: (30, 0, 0)}).joint.most == 2  # type: ignore[union-attr]
    assert batched(None).joint is None and "unmeasured" in batched(None).alone


def test_explain_shows_the_rule_and_why() -> None:
    art = mapped(ALWAYS)
    (row,) = explain_json(art)["together"]
    assert "up to 5 items" in row["how"] and f"{BATCH} measured L3" in row["how"] and "tokens for" in row["how"]
    assert "up to 5 in one conversation" in explain_text(art) and row["how"] in explain_text(art)
    assert "does not hold" in explain_text(mapped({BATCH: (3, 0, 0)}))


def test_nothing_but_the_rule_changes() -> None:
    """The same steps, edges and times with and without: only the rule on the map differs."""
    one, two = mapped(ALWAYS), mapped({BATCH: (3, 0, 0)})
    assert [n for n in one.plan.nodes if not isinstance(n, MapNode)] == [
        n for n in two.plan.nodes if not isinstance(n, MapNode)
    ]
    assert one.plan.edges == two.plan.edges
    assert Timing(one.plan.nodes, one.plan.edges).work == Timing(two.plan.nodes, two.plan.edges).work
