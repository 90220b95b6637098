"""Batches, sub-tasks and maps: what is recognised, why, and that nothing else about the order changes."""

from __future__ import annotations

from hypothesis import given, settings

from skvm.compile.registry import DEFAULT_PIPELINE
from skvm.ir import ActType, ControlKind, Scope
from skvm.plan import BatchNode, MapNode, StepNode, TaskNode
from skvm.plan.describe import explain_json, explain_text
from skvm.plan.page import plan_page

from .build import Draft, command, compiled, ordered, program, reading, step_pairs
from .test_order import drafts

DERIVE = {"type": ActType.WRITE, "scope": Scope.LOCAL_FS}
READS = [Draft(f"Read `{x}.md`.", [reading(f"{x}.md")]) for x in "abc"]
JOIN = Draft("Compare the three results.", [{"type": ActType.COMPARE}])


def derive(source: str, target: str) -> list[dict]:
    return [reading(source), {**DERIVE, "reads": (source,), "writes": (target,)}]


@settings(max_examples=150, deadline=None)
@given(drafts())
def test_boxes_change_no_order_and_lose_no_step(steps: list[Draft]) -> None:
    made = program(steps)
    without = compiled(made, passes=DEFAULT_PIPELINE.replace("concurrency,", ""))
    boxed = compiled(made)
    assert ordered(boxed) == ordered(without)
    leaves = [n.id for n in boxed.plan.nodes if isinstance(n, StepNode)]
    assert sorted(leaves) == sorted(n.id for n in without.plan.nodes if isinstance(n, StepNode))
    if not without.plan.parallel:
        bare = [n.model_copy(update={"together": None}) if isinstance(n, MapNode) else n for n in boxed.plan.nodes]
        assert tuple(bare) == without.plan.nodes and boxed.plan.edges == without.plan.edges


def test_single_calls_become_a_batch_with_its_reason() -> None:
    artifact = compiled(program([*READS, JOIN]))
    batch = artifact.plan.nodes[0]
    assert isinstance(batch, BatchNode) and batch.together.basis == "proved"
    assert [n.id for n in artifact.plan.children(batch.id)] == ["S1.s1", "S1.s2", "S1.s3"]
    assert step_pairs(artifact) == [("S1.s1", "S1.s4"), ("S1.s2", "S1.s4"), ("S1.s3", "S1.s4")]


def test_parts_of_several_acts_become_sub_tasks_with_contracts() -> None:
    steps = [
        Draft("Read `a.csv` and write `out/a.json` from it.", derive("a.csv", "out/a.json")),
        Draft("Read `b.csv` and write `out/b.json` from it.", derive("b.csv", "out/b.json")),
        Draft("Send it all.", [{"type": ActType.TRANSFER, "scope": Scope.NETWORK}]),
    ]
    artifact = compiled(program(steps))
    tasks = [n for n in artifact.plan.nodes if isinstance(n, TaskNode)]
    assert [[o.name for o in t.gives] for t in tasks] == [["out/a.json"], ["out/b.json"]]
    assert all("$task" in t.takes for t in tasks)


def test_the_author_s_word_is_cited_where_nothing_is_proved() -> None:
    said = Draft("Run 1 and 2 in parallel.", [], [(ControlKind.PARALLEL, {"members": ("S1.s1", "S1.s2")})])
    unknown = [Draft(f"Call {x}.", [command(f"call {x}", unknown=True)]) for x in "ab"]
    artifact = compiled(program([*unknown, said]))
    batch = artifact.plan.nodes[0]
    assert isinstance(batch, BatchNode) and batch.together.basis == "said"
    assert "Run 1 and 2 in parallel." in batch.together.reason and batch.together.span == artifact.plan.node("S1.s3").span


def test_steps_in_a_row_stay_as_they_are() -> None:
    artifact = compiled(program([Draft("One.", [command("one", unknown=True)]), Draft("Two.", [command("two", unknown=True)])]))
    assert [n.kind for n in artifact.plan.nodes] == ["step", "step"] and len(artifact.plan.edges) == 1


def test_explain_shows_the_kind_the_reason_and_what_limits_cost() -> None:
    artifact = compiled(program([*READS, JOIN]))
    data, text, page = explain_json(artifact), explain_text(artifact), plan_page(artifact)
    assert data["together"][0]["kind"] == "instruction" and data["together"][0]["members"] == ["S1.s1", "S1.s2", "S1.s3"]
    for shown in (text, page):
        assert "none of them writes what another one reads or writes" in shown
        assert "20 requests a minute" in shown
    assert "calls S1.s1.batch (S1.s1, S1.s2, S1.s3)" in text
    assert "What runs at the same time" in page
