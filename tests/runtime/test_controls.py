from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from runtime_kit import SPAN, Gate, Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step

from skvm.ir import Effects
from skvm.plan import (
    Arm,
    Artifact,
    BranchNode,
    DelegateNode,
    EventKind,
    Executor,
    ExecutorKind,
    GateNode,
    LoopNode,
    MapNode,
    Slice,
)
from skvm.ports import ModelReply, ModelRequest
from skvm.source import digest_text
from skvm.store import open_store

MODEL = Executor(kind=ExecutorKind.MODEL)


def base(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "key": digest_text(f"key of {id}"), "title": f"Node {id}", "span": SPAN, **more}


def branch(id: str, *arms: tuple[str, str | None]) -> BranchNode:
    rows = tuple(Arm(label=label, condition=f"when {label}", expr=expr, span=SPAN) for label, expr in arms)
    return BranchNode(**base(id), arms=rows, executor=MODEL)


def loop(id: str, bound: int, until: str = "", expr: str | None = None) -> LoopNode:
    return LoopNode(**base(id), bound=bound, bound_stated=True, until=until, expr=expr, executor=MODEL)


def over(id: str, what: str, parallel: bool = True) -> MapNode:
    return MapNode(**base(id), over=what, parallel=parallel)


def gate(id: str, question: str = "May I?") -> GateNode:
    return GateNode(**base(id), question=question)


def delegate(id: str, skill: str, plan: Artifact | None = None, **more: Any) -> DelegateNode:
    words = Slice(goal="", text=f"Use the skill {skill}.")
    return DelegateNode(**base(id, **more), skill=skill, plan=plan.digest if plan else "", executor=MODEL, slice=words)


def rows(one: Run) -> dict[str, list[str]]:
    assert one.outcome is not None
    found: dict[str, list[str]] = {}
    for row in one.outcome.steps:
        found.setdefault(row.id, []).append(row.status)
    return found


BRANCHED = [
    step("a"),
    branch("B", ("many", "$step.a.values.n > 5"), ("few", "$step.a.values.n <= 5")),
    step("x", parent="B", arm=0),
    step("y", parent="B", arm=1),
    step("z"),
]


def test_a_branch_by_expression_asks_nobody(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [finish(n=9)]})
    one = run(artifact(BRANCHED, chain("a", "B", "z")), tmp_path, model)
    assert rows(one) == {"a": ["done"], "B": ["done"], "x": ["done"], "y": ["skipped"], "z": ["done"]}
    assert [r.tag.question for r in model.requests] == ["step", "step", "step"]
    chosen = next(e for e in one.events if e.kind is EventKind.BRANCH_CHOOSE)
    assert chosen.data == {"arm": "many", "index": 0, "by": "expression"}


def test_a_branch_whose_values_are_missing_asks_a_model(tmp_path: Path) -> None:
    model = ScriptedModel({"B": [reply(call("choose", arm="few"))]})
    one = run(artifact(BRANCHED, chain("a", "B", "z")), tmp_path, model)
    assert rows(one)["x"] == ["skipped"] and rows(one)["y"] == ["done"]
    asked = next(r for r in model.requests if r.tag.question == "branch")
    assert asked.tools[0].parameters["properties"]["arm"]["enum"] == ["many", "few", "none"]
    assert asked.tool_choice == "required"


def test_a_branch_may_choose_none_and_is_asked_twice_at_most(tmp_path: Path) -> None:
    model = ScriptedModel({"B": [reply(text="hm"), reply(call("choose", arm="neither"))]})
    one = run(artifact(BRANCHED, chain("a", "B", "z")), tmp_path, model)
    assert rows(one) == {"a": ["done"], "B": ["done"], "x": ["skipped"], "y": ["skipped"], "z": ["done"]}
    assert sum(r.tag.question == "branch" for r in model.requests) == 2
    assert any(e.kind is EventKind.DIAG for e in one.events)


WAYS = [
    branch("B", ("by train", None), ("by bus", None)).model_copy(update={"preferred": 1, "unless": ("train", "way 1")}),
    step("x", parent="B", arm=0),
    step("y", parent="B", arm=1),
]


def test_a_preferred_arm_is_taken_without_a_call(tmp_path: Path) -> None:
    one = run(artifact(WAYS), tmp_path, ScriptedModel(), task="Find the trains; constraints of the day.")
    assert rows(one) == {"B": ["done"], "x": ["skipped"], "y": ["done"]}
    assert next(e for e in one.events if e.kind is EventKind.BRANCH_CHOOSE).data == {"arm": "by bus", "index": 1, "by": "plan"}


def test_a_task_that_speaks_of_another_arm_decides(tmp_path: Path) -> None:
    for number, task in enumerate(("Go by TRAIN, please.", "Take way 1.")):
        model = ScriptedModel({"B": [reply(call("choose", arm="by train"))]})
        one = run(artifact(WAYS), tmp_path / str(number), model, task=task)
        assert rows(one) == {"B": ["done"], "x": ["done"], "y": ["skipped"]}


def test_a_loop_ends_when_its_expression_holds(tmp_path: Path) -> None:
    model = ScriptedModel({"s": [finish(ok=False), finish(ok=False), finish(ok=True)]})
    nodes = [
        loop("L", 5, "it is ok", "$step.s.values.ok == true"),
        step("s", parent="L"),
        step("after", inputs=("$step.s.values.ok",)),
    ]
    one = run(artifact(nodes, chain("L", "after")), tmp_path, model)
    assert rows(one) == {"s": ["done"] * 3, "after": ["done"]}
    assert [e.scope for e in one.events if e.kind is EventKind.NODE_START and e.node == "s"] == ["L[0]", "L[1]", "L[2]"]
    assert [r.tag.scope for r in model.requests] == ["0", "1", "2", ""]
    assert "s.values.ok: true" in model.requests[-1].messages[1].content


def test_a_loop_by_verdict_and_its_bound(tmp_path: Path) -> None:
    nodes = [loop("L", 3, "the text is good"), step("s", parent="L")]
    good = ScriptedModel({"L": [reply(call("choose", met=False)), reply(call("choose", met=True))]})
    one = run(artifact(nodes), tmp_path, good)
    assert rows(one) == {"s": ["done", "done"]}
    never = ScriptedModel({"L": [reply(call("choose", met=False))]})
    two = run(artifact(nodes), tmp_path, never)
    assert rows(two) == {"s": ["done"] * 3} and two.outcome is not None and two.outcome.status == "done"
    assert next(e for e in two.events if e.kind is EventKind.LIMIT_HIT).data["limit"] == "loop"


def test_a_failed_iteration_is_a_failed_try(tmp_path: Path) -> None:
    cannot = reply(call("finish", values={}, summary="", status="cannot", reason="not yet"))
    model = ScriptedModel({"s": [cannot, finish(ok=True)]})
    nodes = [loop("L", 3, "ok", "$step.s.values.ok"), step("s", parent="L"), step("after")]
    one = run(artifact(nodes, chain("L", "after")), tmp_path, model)
    assert one.outcome is not None and one.outcome.status == "done"
    assert rows(one) == {"s": ["cannot", "done"], "after": ["done"]}
    bad = run(artifact(nodes, chain("L", "after")), tmp_path, ScriptedModel({"s": [cannot]}))
    assert bad.outcome is not None and bad.outcome.exit_code == 4 and "not yet" in bad.outcome.reason
    assert rows(bad) == {"s": ["cannot"] * 3}


def test_a_failing_command_is_an_answer_where_a_condition_reads_it(tmp_path: Path) -> None:
    nodes = [
        loop("L", 4, "the command passes", "$step.try.values.exit_code == 0"),
        code("try", "bash -c 'test -e flag'", parent="L"),
        step("fix", parent="L"),
    ]
    model = ScriptedModel({"fix": [finish(), reply(call("write_file", path="flag", content="x")), finish()]})
    one = run(artifact(nodes, chain("try", "fix")), tmp_path, model)
    assert one.outcome is not None and one.outcome.status == "done"
    assert rows(one)["try"] == ["done", "done", "done"]


def test_a_map_runs_items_at_once(tmp_path: Path) -> None:
    data = {}
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text(name)
        data[name] = tmp_path / name
    inside, most = [], 0

    async def script(request: ModelRequest) -> ModelReply:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        inside.pop()
        return finish(text=request.messages[1].content.split("Current item: ")[-1].split("\n")[0])

    nodes = [
        over("M", "*.csv"),
        step("s", parent="M", effects=Effects(writes=("out/",))),
        step("j", inputs=("$step.s.values.text",)),
    ]
    model = ScriptedModel(script)
    one = run(artifact(nodes, chain("M", "j")), tmp_path / "home", model, files=data)
    assert rows(one) == {"s": ["done", "done"], "j": ["done"]}
    assert most == 2
    assert sorted(e.scope for e in one.events if e.kind is EventKind.NODE_START and e.node == "s") == ["M[a.csv]", "M[b.csv]"]
    assert 's.values.text: ["a.csv", "b.csv"]' in model.requests[-1].messages[1].content
    scopes = {r.tag.scope for r in model.requests if r.tag.step == "s"}
    assert len(scopes) == 2 and not any("csv" in s for s in scopes), "draws must not depend on names"


def test_a_serial_map_and_items_in_commands(tmp_path: Path) -> None:
    nodes = [step("list"), over("M", "$step.list.values.rows", False), code("s", "echo <x>", {"<x>": "$item"}, parent="M")]
    model = ScriptedModel({"list": [finish(rows=["one", "two words", "a/b"])]})
    one = run(artifact(nodes, chain("list", "M")), tmp_path, model)
    assert one.outcome is not None and one.outcome.status == "done"
    said = [e.data["stdout"] for e in one.events if e.kind is EventKind.TOOL_RESULT]
    assert said == ["one\n", "two words\n", "a/b\n"]


def test_an_empty_map_is_skipped(tmp_path: Path) -> None:
    one = run(artifact([over("M", "*.csv"), step("s", parent="M")]), tmp_path)
    assert rows(one) == {"s": ["skipped"]} and one.outcome is not None and one.outcome.exit_code == 0


def test_a_gate_parks_and_the_rest_goes_on(tmp_path: Path) -> None:
    nodes = [step("a"), gate("G", "Delete it?"), step("b"), step("free")]
    art = artifact(nodes, chain("a", "G", "b"))
    store = open_store(tmp_path)
    one = run(art, tmp_path, store=store)
    assert one.outcome is not None
    assert (one.outcome.status, one.outcome.exit_code) == ("waiting", 4)
    assert rows(one) == {"a": ["done"], "G": ["waiting"], "free": ["done"]}
    again = run(art, tmp_path, store=store, resume=one.outcome.run, gate=Gate({"G": True}))
    assert again.outcome is not None and again.outcome.status == "done"
    assert [e.node for e in again.events if e.kind is EventKind.NODE_START] == ["b"]
    assert again.outcome.run == one.outcome.run
    declined = run(art, tmp_path, store=store, gate=Gate({"G": False}))
    assert declined.outcome is not None and declined.outcome.status == "failed" and "declined" in declined.outcome.reason
    agreed = run(art, tmp_path, store=store, yes=True)
    assert agreed.outcome is not None and agreed.outcome.status == "done"
    assert next(e for e in agreed.events if e.kind is EventKind.GATE_ANSWER).data["by"] == "--yes"


def test_an_approval_survives_a_resume(tmp_path: Path) -> None:
    nodes = [gate("G"), step("b")]
    store = open_store(tmp_path)
    cannot = reply(call("finish", values={}, summary="", status="cannot", reason="no"))
    asked = Gate({"G": True})
    one = run(artifact(nodes, chain("G", "b")), tmp_path, ScriptedModel({"b": [cannot]}), store=store, gate=asked)
    assert one.outcome is not None and one.outcome.status == "failed"
    two = run(artifact(nodes, chain("G", "b")), tmp_path, store=store, resume=one.outcome.run, gate=Gate())
    assert two.outcome is not None and two.outcome.status == "done"


def test_a_step_of_a_person(tmp_path: Path) -> None:
    node = step("a", executor=Executor(kind=ExecutorKind.PERSON))
    store = open_store(tmp_path)
    one = run(artifact([node, step("b")], chain("a", "b")), tmp_path, store=store)
    assert one.outcome is not None and (one.outcome.status, one.outcome.exit_code) == ("waiting", 4)
    two = run(
        artifact([node, step("b")], chain("a", "b")), tmp_path, store=store, resume=one.outcome.run, gate=Gate({"a": True})
    )
    assert two.outcome is not None and two.outcome.status == "done"
    assert [(r.id, r.executor) for r in two.outcome.steps] == [("a", "person"), ("b", "model")]


def test_a_delegate_is_done_by_the_model(tmp_path: Path) -> None:
    node = DelegateNode(**base("D"), skill="pdf", executor=MODEL, slice=Slice(goal="", text="Use the pdf skill."))
    one = run(artifact([node]), tmp_path)
    assert rows(one) == {"D": ["done"]}
    assert any("pdf is not available" in str(e.data.get("message")) for e in one.events)


def test_blocks_nest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").write_text("x")
    nodes = [
        over("M", "*.csv"),
        loop("L", 2, "", None).model_copy(update={"parent": "M"}),
        branch("B", ("first", "$item == 'a.csv'"), ("other", "true")).model_copy(update={"parent": "L"}),
        step("x", parent="B", arm=0),
        step("y", parent="B", arm=1),
    ]
    files = {n: tmp_path / n for n in ("a.csv", "b.csv")}
    one = run(artifact(nodes), tmp_path / "home", files=files)
    started = sorted((e.node, e.scope) for e in one.events if e.kind is EventKind.NODE_START and e.node in "xy")
    assert started == [("x", "M[a.csv]/L[0]"), ("x", "M[a.csv]/L[1]"), ("y", "M[b.csv]/L[0]"), ("y", "M[b.csv]/L[1]")]
    assert one.outcome is not None and one.outcome.status == "done"
