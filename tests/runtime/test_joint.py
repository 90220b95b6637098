"""Several pieces of work in one conversation: each keeps its result, calls and journal; what comes back open is done alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from crash_plans import RULE
from runtime_kit import ScriptedModel, artifact, call, chain, finish, reply, run, step
from test_controls import MODEL, base, over
from test_resume import crash

from skvm.ir import Effects
from skvm.plan import Artifact, BatchNode, EventKind, Output, StepNode, Together
from skvm.ports import ModelReply, ModelRequest, ToolCall
from skvm.source import Span
from skvm.store import open_store

NOTES = ("a.txt", "b.txt", "c.txt")


def items(most: int = 3, small: int = 100, **more: Any) -> Artifact:
    rule = RULE.model_copy(update={"most": most, "small": small})
    each = step("m", parent="M", effects=Effects(writes=("*.md",)), **more)
    return artifact([over("M", "*.txt").model_copy(update={"joint": rule}), each, step("end")], chain("M", "end"))


def work(tmp_path: Path, names: tuple[str, ...] = NOTES) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
    return folder


def of(number: int, name: str, /, **args: Any) -> ToolCall:
    return call(name, piece=number, **args)


def done(number: int, **values: Any) -> ToolCall:
    return of(number, "finish", values=values, summary="done")


def wrote(number: int, name: str) -> ToolCall:
    return of(number, "write_file", path=f"{name}.md", content=name)


def asked(model: ScriptedModel) -> list[tuple[str, str]]:
    return [(r.tag.step, r.tag.question) for r in model.requests]


def test_items_share_a_conversation_and_keep_their_results(tmp_path: Path) -> None:
    turns = [reply(*(wrote(i, str(i)) for i in (1, 2, 3))), reply(done(1, n=1), done(2, n=2), done(3, n=3))]
    one = run(items(), tmp_path, model := ScriptedModel({"M": turns}), workdir=work(tmp_path))
    assert one.outcome is not None and one.outcome.status == "done"
    assert asked(model) == [("M", "shared"), ("M", "shared"), ("end", "step")]
    ends = {e.scope: e.data["result"] for e in one.events if e.kind is EventKind.NODE_END and e.node == "m"}
    assert {scope: (r["values"], [f["path"] for f in r["files"]]) for scope, r in ends.items()} == {
        f"M[{name}]": ({"n": i}, [f"{i}.md"]) for i, name in enumerate(NOTES, 1)
    }
    rows = {(r.id, r.scope): (r.model_calls, r.tokens) for r in one.outcome.steps}
    assert rows["M", "M[pieces 1-3]"] == (2, 30) and rows["m", "M[a.txt]"] == (0, 0)
    assert sum(calls for calls, _ in rows.values()) == one.outcome.totals.model_calls == 3


def test_every_call_is_answered_and_says_whose_it_is(tmp_path: Path) -> None:
    odd = [call("read_file", path="a.txt"), of(9, "read_file", path="a.txt"), of(1, "read_file"), done(2)]
    turns = [reply(*odd), reply(done(1), done(2), done(3))]
    one = run(items(), tmp_path, model := ScriptedModel({"M": turns}), workdir=work(tmp_path))
    assert one.outcome is not None and one.outcome.status == "done"
    told = model.requests[1].messages[-4:]
    assert [m.role for m in told] == ["tool"] * 4 and len({m.call_id for m in told}) == 4
    assert [m.content.split(":")[0] for m in told] == ["error", "error", "error", "noted"]
    assert all("piece" in tool.parameters["required"] for tool in model.requests[0].tools)
    assert model.requests[0].messages[1].content.count("Do it.") == 1, "what the pieces have in common is said once"


@pytest.mark.parametrize("last", ["silent", "cannot", "wrong"])
def test_a_piece_that_comes_back_open_is_done_alone_with_its_calls_told(tmp_path: Path, last: str) -> None:
    ends = {"silent": [], "cannot": [of(3, "finish", values={}, summary="", status="cannot")], "wrong": [done(3)]}[last]
    turns = [
        reply(*(wrote(i, str(i)) for i in (1, 2, 3))),
        reply(done(1, n=1), done(2, n=2), *ends),
        reply(*ends, text="All done."),
    ]
    art = items(outputs=(Output(name="n", required=True),))
    one = run(art, tmp_path, model := ScriptedModel({"M": turns, "m": [finish(n=3)]}), workdir=work(tmp_path))
    assert one.outcome is not None and one.outcome.status == "done"
    alone = [r for r in model.requests if r.tag.step == "m"]
    assert len(alone) == 1 and alone[0].tag.question == "step"
    assert [c.name for m in alone[0].messages for c in m.calls] == ["write_file"], "what was done is told, and not done again"
    assert sum(e.kind is EventKind.TOOL_INTENT for e in one.events) == 3
    assert one.outcome.values["m"] == {"n": 3}


def test_large_items_and_a_rest_of_one_are_done_alone(tmp_path: Path) -> None:
    folder = work(tmp_path, ("a.txt", "b.txt", "c.txt", "d.txt"))
    (folder / "b.txt").write_text("x" * 101)
    turns = [reply(done(1), done(2))]
    one = run(items(most=2), tmp_path, model := ScriptedModel({"M": turns}), workdir=folder)
    assert one.outcome is not None and one.outcome.status == "done"
    assert asked(model)[0] == ("M", "shared") and asked(model).count(("m", "step")) == 2
    assert {r.scope for r in one.outcome.steps if r.id == "M"} == {"M[pieces 1-3]"}


def test_without_a_rule_and_with_one_item_nothing_is_shared(tmp_path: Path) -> None:
    plain = artifact([over("M", "*.txt"), step("m", parent="M")])
    for art, names in ((plain, NOTES), (items(), ("a.txt",))):
        home = tmp_path / str(len(names))
        home.mkdir()
        one = run(art, home, model := ScriptedModel(), workdir=work(home, names))
        assert one.outcome is not None and one.outcome.status == "done"
        assert all(r.tag.question == "step" for r in model.requests)


def test_a_piece_that_reaches_for_a_foreign_place_goes_alone(tmp_path: Path) -> None:
    """Confined because another step may run beside it: the refusal is the piece's own, and the others go on."""
    rule = RULE.model_copy(update={"most": 2})
    each = step("m", parent="M", effects=Effects(writes=("*.md",)))
    beside = step("z", effects=Effects(writes=("z.log",)))
    art = artifact([over("M", "*.txt").model_copy(update={"joint": rule}), each, beside])
    turns = [reply(of(1, "write_file", path="other.log", content="x"), wrote(2, "2")), reply(done(2))]
    alone = [reply(call("write_file", path="other.log", content="x")), finish()]
    script = {"M": turns, "m": alone}
    one = run(art, tmp_path, ScriptedModel(script), workdir=work(tmp_path, ("a.txt", "b.txt")))
    assert one.outcome is not None and one.outcome.status == "done", one.outcome
    assert {(r.scope, r.status) for r in one.outcome.steps if r.id == "m"} == {("M[a.txt]", "done"), ("M[b.txt]", "done")}
    assert any(e.kind is EventKind.DIAG and e.data.get("code") == "overlap" for e in one.events)


def batch() -> Artifact:
    why = Together(basis="proved", reason="apart", span=Span("SKILL.md", 0, 1))
    box = BatchNode(**base("B"), together=why, joint=RULE)
    first: StepNode = step("x", "Look at a.", parent="B", outputs=(Output(name="a", required=True),))
    second: StepNode = step("y", "Look at b.", parent="B", executor=MODEL)
    return artifact([box, first, second, step("end", inputs=("$step.x.values.a",))], chain("B", "end"))


def test_calls_of_a_batch_go_out_in_one_turn(tmp_path: Path) -> None:
    turns = [reply(of(1, "read_file", path="a.txt"), of(2, "read_file", path="b.txt")), reply(done(1, a=1), done(2))]
    one = run(batch(), tmp_path, model := ScriptedModel({"B": turns}), workdir=work(tmp_path))
    assert one.outcome is not None and one.outcome.status == "done"
    assert asked(model) == [("B", "shared"), ("B", "shared"), ("end", "step")]
    said = model.requests[0].messages[1].content
    assert "Look at a." in said and "Look at b." in said and "Pass these values to `finish`: a" in said
    assert "x.values.a: 1" in model.requests[2].messages[1].content
    kinds = [e.kind for e in one.events if e.kind in (EventKind.TOOL_INTENT, EventKind.TOOL_RESULT)]
    assert kinds[:2] == [EventKind.TOOL_INTENT] * 2, "both run at the same time"


def test_a_failing_target_ends_the_run_and_it_is_resumed_piece_by_piece(tmp_path: Path) -> None:
    store, folder = open_store(tmp_path), work(tmp_path)
    turns = [reply(*(wrote(i, str(i)) for i in (1, 2, 3))), reply(done(1, n=1), done(2, n=2))]
    name = crash(tmp_path, store, items(), ScriptedModel({"M": turns}), ("node.end", "m"), workdir=folder)
    two = run(items(), tmp_path, model := ScriptedModel({"m": [finish(n=9)]}), store=store, resume=name, workdir=folder)
    assert two.outcome is not None and two.outcome.status == "done"
    assert asked(model) == [("m", "step"), ("m", "step"), ("end", "step")], "the one that had ended is not asked again"
    assert not [e for e in two.events if e.kind is EventKind.TOOL_INTENT], "and nothing is done twice"


def test_an_answer_that_is_no_json_is_told_and_ends_nothing(tmp_path: Path) -> None:
    async def script(request: ModelRequest) -> ModelReply:
        if request.tag.question != "shared":
            return finish()
        told = [m.content for m in request.messages if m.role == "tool"]
        if not told:
            return reply(ToolCall(id="", name="write_file", arguments='{"piece": 1, "path"'))
        assert told[0].startswith("error: `piece`")
        return reply(*(done(i) for i in (1, 2, 3)))

    one = run(items(), tmp_path, ScriptedModel(script), workdir=work(tmp_path))
    assert one.outcome is not None and one.outcome.status == "done"
    assert json.dumps([r.status for r in one.outcome.steps]).count("done") == len(one.outcome.steps)
