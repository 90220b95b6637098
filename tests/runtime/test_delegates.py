"""A step that hands over to another skill: that skill's plan is run inside the run, with its own files, grants and scopes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Gate, Run, ScriptedModel, artifact, call, chain, code, durable, finish, reply, run, step
from test_controls import delegate, gate, over

from skvm.ir import Effects
from skvm.plan import Artifact, Grant, Permissions, SourceInfo
from skvm.plan.graph import DEEPEST
from skvm.ports import ModelReply, ModelRequest
from skvm.runtime.timeline import live_line, timeline_text, trace
from skvm.source import digest_text

ENV_GRANT = Permissions(grants=(Grant(kind="env", name="TOKEN_OF_OTHER", steps=("see",)),))


def rows(one: Run) -> list[tuple[str, str, str]]:
    assert one.outcome is not None
    return [(r.id, r.scope, r.status) for r in one.outcome.steps]


def handing_over(other: Artifact, *more: Artifact, after: tuple[Any, ...] = (), **fields: Any) -> Artifact:
    nodes = [step("a"), delegate("D", "other", other, **fields), *after]
    return artifact(nodes, chain(*(n.id for n in nodes)), skills=(other, *more))


def test_its_steps_run_in_scopes_of_their_own_and_hand_their_results_back(tmp_path: Path) -> None:
    other = artifact([step("a", "Inner words."), step("b", inputs=("$step.a.values.n",))], chain("a", "b"))
    last = step("z", inputs=("$step.D.values.n", "$step.D.files"))
    asked: dict[tuple[str, str], str] = {}

    async def model(request: ModelRequest) -> ModelReply:
        tag = request.tag
        asked.setdefault((tag.step, tag.scope), request.messages[-1].content)
        if (tag.step, tag.scope) == ("a", "0") and len(request.messages) == 2:
            return reply(call("write_file", path="inner.txt", content="x"))
        return finish(n=1) if tag.scope == "" else finish(n=2, deep=tag.step)

    one = run(handing_over(other, after=(last,)), tmp_path, ScriptedModel(model), task="Do the month.")
    assert one.outcome is not None and one.outcome.status == "done", one.outcome
    assert rows(one) == [
        ("a", "", "done"),
        ("a", "D[>other]", "done"),
        ("b", "D[>other]", "done"),
        ("D", "", "done"),
        ("z", "", "done"),
    ]
    assert {(e.node, e.scope) for e in one.events if e.handed} == {("a", "D[>other]"), ("b", "D[>other]")}
    assert one.outcome.values["D"] == {"n": 2, "deep": "b"} and one.outcome.values["a"] == {"n": 1}
    assert "Use the skill other." in asked["a", "0"] and "Do the month." in asked["a", "0"]
    assert "a.values.n: 2" in asked["b", "0"], "the other skill sees its own results"
    assert "D.values.n: 2" in asked["z", ""] and "inner.txt" in asked["z", ""]
    assert one.outcome.totals.model_calls == 5


def test_each_skill_has_its_own_files(tmp_path: Path) -> None:
    other = artifact([code("c", "cp scripts/note.txt inner.txt")], bundle={"scripts/note.txt": "inner"})
    own = code("c", "cp scripts/note.txt outer.txt", effects=Effects(writes=("outer.txt",)))
    art = artifact([delegate("D", "other", other), own], chain("D", "c"), {"scripts/note.txt": "outer"}, skills=(other,))
    one = run(art, tmp_path)
    assert one.outcome is not None
    texts = {p.name: p.read_text() for p in one.outcome.work.glob("*.txt")}
    assert texts == {"inner.txt": "inner", "outer.txt": "outer"}


def test_large_files_of_the_other_skill_come_from_its_folder_and_are_kept(tmp_path: Path) -> None:
    """A plan names them and has no room for them; where the run goes on, the folder may be gone."""
    store = durable(tmp_path)
    origin = tmp_path / "other"
    origin.mkdir()
    (origin / "large.txt").write_text("large")
    digests = {"large.txt": digest_text("large")}
    source = SourceInfo(name="other", digest="sha256:1", program="sha256:1", files=digests)
    plan = artifact([gate("G"), code("c", "cp large.txt out.txt")], chain("G", "c"), bundle_omitted=("large.txt",))
    other = plan.model_copy(update={"source": source}).sealed()
    first = run(handing_over(other), tmp_path, store=store, others={other.digest: origin})
    assert first.outcome is not None and first.outcome.status == "waiting"
    (origin / "large.txt").unlink()
    again = run(handing_over(other), tmp_path, store=store, resume=first.outcome.run, yes=True)
    assert again.outcome is not None and again.outcome.status == "done", again.outcome
    assert (again.outcome.work / "out.txt").read_text() == "large"


def test_grants_of_one_skill_are_not_those_of_the_other(tmp_path: Path) -> None:
    see = "bash -c 'echo ${TOKEN_OF_OTHER:-none}'"
    other = artifact([code("see", see)], permissions=ENV_GRANT)
    art = artifact([code("see", see), delegate("D", "other", other)], chain("see", "D"), skills=(other,))
    one = run(art, tmp_path, env={"TOKEN_OF_OTHER": "token-value"})
    assert one.outcome is not None
    assert one.outcome.values["see"]["stdout"] == "none"
    assert one.outcome.values["D"]["stdout"] == "[secret:TOKEN_OF_OTHER]"


def failing(**fields: Any) -> tuple[Artifact, ScriptedModel]:
    other = artifact([step("x"), step("y")], chain("x", "y"))
    cannot = reply(call("finish", values={}, summary="", status="cannot", reason="no paper"))
    return handing_over(other, after=(step("z"),), **fields), ScriptedModel({"x": [cannot]})


def test_a_failing_step_inside_ends_the_run_and_is_named(tmp_path: Path) -> None:
    art, model = failing()
    one = run(art, tmp_path, model)
    assert one.outcome is not None
    assert (one.outcome.status, one.outcome.exit_code) == ("failed", 4)
    assert one.outcome.reason == "D[>other]/x: no paper"
    assert rows(one)[-1] == ("D", "", "cannot") and not [r for r in rows(one) if r[0] in "yz"]


def test_an_optional_hand_over_that_fails_is_left(tmp_path: Path) -> None:
    art, model = failing(optional=True)
    one = run(art, tmp_path, model)
    assert one.outcome is not None and one.outcome.status == "done"
    assert rows(one)[-1] == ("z", "", "done")


def test_a_failed_run_that_is_resumed_tries_only_what_failed(tmp_path: Path) -> None:
    store = durable(tmp_path)
    art, model = failing()
    first = run(art, tmp_path, model, store=store)
    again = run(art, tmp_path, ScriptedModel(), store=store, resume=first.outcome.run if first.outcome else None)
    assert again.outcome is not None and again.outcome.status == "done"
    begun = [(e.node, e.scope, e.data["attempt"]) for e in again.events if e.kind.value == "node.start"]
    assert begun == [("D", "", 1), ("x", "D[>other]", 1), ("y", "D[>other]", 0), ("z", "", 0)]


def test_a_gate_inside_parks_the_run_and_goes_on_when_approved(tmp_path: Path) -> None:
    store = durable(tmp_path)
    other = artifact([step("x"), gate("G"), step("y")], chain("x", "G", "y"))
    art = handing_over(other, after=(step("z"),))
    first = run(art, tmp_path, store=store)
    assert first.outcome is not None and first.outcome.status == "waiting"
    assert first.outcome.reason == "waits for a person at D[>other]/G"
    person = Gate({"D[>other]/G": True})
    again = run(art, tmp_path, store=store, resume=first.outcome.run, gate=person)
    assert again.outcome is not None and again.outcome.status == "done" and len(person.asked) == 1
    assert [e.node for e in again.events if e.kind.value == "model.call"] == ["y", "z"]


def chained(depth: int) -> Artifact:
    inner = artifact([step("leaf")])
    skills = [inner]
    for _ in range(depth - 1):
        inner = artifact([delegate("D", "next", inner)])
        skills.append(inner)
    return artifact([delegate("D", "next", inner)], skills=tuple(skills))


@pytest.mark.parametrize(("depth", "status"), [(DEEPEST, "done"), (DEEPEST + 1, "failed")])
def test_one_inside_the_other_only_so_deep(tmp_path: Path, depth: int, status: str) -> None:
    one = run(chained(depth), tmp_path)
    assert one.outcome is not None and one.outcome.status == status
    if status == "failed":
        assert f"more than {DEEPEST} deep" in one.outcome.reason and not one.kinds("leaf")


def test_limits_count_what_the_other_skill_spends(tmp_path: Path) -> None:
    other = artifact([step("x"), step("y")], chain("x", "y"))
    one = run(handing_over(other), tmp_path, max_cost=0.0015)
    assert one.outcome is not None and (one.outcome.status, one.outcome.exit_code) == ("limit", 4)
    assert ("D", "", "limit") in [
        (e.node, e.scope, e.data["result"]["status"]) for e in one.events if e.kind.value == "node.end"
    ]
    assert one.outcome.totals.model_calls == 2


def test_the_deadline_reaches_the_steps_inside(tmp_path: Path) -> None:
    async def hangs(request: ModelRequest) -> ModelReply:
        if request.tag.scope:
            await anyio.sleep(60)
        return finish()

    one = run(handing_over(artifact([step("x")])), tmp_path, ScriptedModel(hangs), deadline=1.0)
    assert one.outcome is not None and one.outcome.status == "limit"
    ended = {(e.node, e.scope): e.data["result"]["status"] for e in one.events if e.kind.value == "node.end"}
    assert ended == {("a", ""): "done", ("x", "D[>other]"): "cancelled", ("D", ""): "cancelled"}
    assert rows(one) == [("a", "", "done"), ("x", "D[>other]", "cancelled"), ("D", "", "cancelled")]


def test_items_of_a_map_hand_over_side_by_side(tmp_path: Path) -> None:
    other = artifact([code("c", "bash -c 'cat note.txt > ITEM.out'", {"ITEM": "$item"})], bundle={"note.txt": "n"})
    nodes = [step("a"), over("M", "$step.a.values.rows"), delegate("D", "other", other, parent="M")]
    art = artifact(nodes, chain("a", "M"), skills=(other,))
    one = run(art, tmp_path, ScriptedModel({"a": [finish(rows=["p", "q"])]}))
    assert one.outcome is not None and one.outcome.status == "done", one.outcome
    assert sorted(p.name for p in one.outcome.work.glob("*.out")) == ["p.out", "q.out"]
    assert {(r[0], r[1]) for r in rows(one)} >= {("c", "M[p]/D[>other]"), ("c", "M[q]/D[>other]")}


def test_an_item_is_never_taken_for_another_skill(tmp_path: Path) -> None:
    nodes = [step("a"), over("M", "$step.a.values.rows"), step("m", parent="M"), step("z", inputs=("$step.m.values.n",))]
    store = durable(tmp_path)
    art = artifact(nodes, chain("a", "M", "z"))
    script = {
        "a": [finish(rows=[">x"])],
        "m": [finish(n=1)],
        "z": [reply(call("finish", values={}, status="cannot", summary=""))],
    }
    first = run(art, tmp_path, ScriptedModel(script), store=store)
    again = run(art, tmp_path, ScriptedModel(), store=store, resume=first.outcome.run if first.outcome else None)
    assert again.outcome is not None and again.outcome.values["m"] == {"n": 1}
    assert [e.node for e in again.events if e.kind.value == "model.call"] == ["z"]


def test_a_plan_that_is_not_at_hand_ends_the_run(tmp_path: Path) -> None:
    one = run(artifact([delegate("D", "other", artifact([step("x")]))]), tmp_path)
    assert one.outcome is not None and one.outcome.exit_code == 2
    assert "the plan of the skill other is missing" in one.outcome.reason


def test_trace_and_live_view_show_the_steps_inside(tmp_path: Path) -> None:
    one = run(handing_over(artifact([step("x"), step("y")], chain("x", "y")), after=(step("z"),)), tmp_path)
    seen = trace(one.events)
    assert [(r.node, r.scope, r.executor, r.critical) for r in seen.rows] == [
        ("a", "", "model", True),
        ("D", "", "skill", False),
        ("x", "D[>other]", "model", True),
        ("y", "D[>other]", "model", True),
        ("z", "", "model", True),
    ]
    assert "x D[>other]" in timeline_text(one.events)
    assert any("x D[>other]" in live_line(e) for e in one.events)
