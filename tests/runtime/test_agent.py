from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from runtime_kit import SPAN, Gate, Run, ScriptedModel, artifact, call, chain, code, finish, raw_call, reply, run, step

from skvm.capability import Level
from skvm.ir import EffectClass
from skvm.plan import Addition, Arm, BranchNode, Check, EventKind, Executor, ExecutorKind, Output, Requires, Slice


def results(one: Run) -> list[dict[str, Any]]:
    return [e.data for e in one.events if e.kind is EventKind.TOOL_RESULT]


def last_user_or_tool(model: ScriptedModel, request: int) -> str:
    return model.requests[request].messages[-1].content


def only(one: Run) -> Any:
    assert one.outcome is not None
    return one.outcome


def test_a_step_sees_its_slice_and_nothing_else(tmp_path: Path) -> None:
    mine = Slice(goal="GOAL", text="OWN TEXT", scene="SCENE", constraints=("RULE",), knowledge=("KNOWN",), files=("ref.md",))
    nodes = [
        step("a", slice=Slice(goal="GOAL", text="OTHER TEXT", knowledge=("OTHER KNOWLEDGE",))),
        step("b", slice=mine, inputs=("$step.a.values.x", "$step.a.files", "$step.nope.values.x")),
        step("c", inputs=("$task",)),
    ]
    script = {"a": [reply(call("write_file", path="out.txt", content="o")), finish(x=1, hidden="HIDDEN")]}
    model = ScriptedModel(script)
    run(artifact(nodes, chain("a", "b", "c"), skill_text="WHOLE SKILL"), tmp_path, model, task="THE TASK")
    seen = "\n".join(m.content for r in model.requests if r.tag.step == "b" for m in r.messages)
    for text in ("GOAL", "OWN TEXT", "SCENE", "RULE", "KNOWN", "ref.md", "a.values.x: 1", 'a.files: ["out.txt"]'):
        assert text in seen
    for text in ("OTHER", "HIDDEN", "WHOLE SKILL", "THE TASK"):
        assert text not in seen
    assert "THE TASK" in model.requests[-1].messages[1].content
    tag = model.requests[-1].tag
    assert (tag.step, tag.question, tag.attempt, tag.seed) == ("c", "step", 0, 0)


def test_raw_mode_is_the_whole_skill_in_one_loop(tmp_path: Path) -> None:
    model = ScriptedModel({"raw": [reply(call("write_file", path="a", content="b")), finish(n=1)]})
    one = run(artifact([step("a"), step("b")], skill_text="WHOLE SKILL"), tmp_path, model, task="THE TASK", mode="raw")
    assert only(one).status == "done" and [o.path for o in only(one).outputs] == ["a"]
    first = model.requests[0]
    assert "WHOLE SKILL" in first.messages[0].content and "THE TASK" in first.messages[1].content
    assert first.tag.question == "raw" and len(model.requests) == 2


def test_raw_mode_asks_for_all_that_any_step_asks_for(tmp_path: Path) -> None:
    def needs(*pairs: tuple[str, str]) -> tuple[Requires, ...]:
        return tuple(Requires(primitive=p, level=Level(level)) for p, level in pairs)

    arm = Arm(label="x", condition="x", span=SPAN)
    model = Executor(kind=ExecutorKind.MODEL)
    nodes = [
        step("a", requires=needs(("tool.exec", "L1"), ("gen.code", "L2"))),
        step("b", requires=needs(("tool.exec", "L3"), ("gen.code", "L2"))),
        BranchNode(id="c", key="c", title="c", span=SPAN, arms=(arm,), executor=model, requires=needs(("reason.logic", "L1"))),
    ]
    for order in (nodes, nodes[::-1]):
        scripted = ScriptedModel()
        run(artifact(order), tmp_path, scripted, mode="raw")
        found = [(r.primitive, r.level.value) for r in scripted.requests[0].tag.requires]
        assert found == [("gen.code", "L2"), ("reason.logic", "L1"), ("tool.exec", "L3"), ("tool.exec", "L1")]


def test_all_tools_are_offered_with_fixed_names(tmp_path: Path) -> None:
    model = ScriptedModel()
    run(artifact([step("a")]), tmp_path, model)
    table = {t.name: sorted(t.parameters["properties"]) for t in model.requests[0].tools}
    assert table == {
        "read_file": ["limit", "offset", "path"],
        "write_file": ["content", "path"],
        "edit_file": ["new", "old", "path"],
        "list_directory": ["path"],
        "search": ["path", "pattern"],
        "execute_command": ["command"],
        "web_fetch": ["url"],
        "ask_user": ["question"],
        "finish": ["reason", "status", "summary", "values"],
    }


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("read_file", "{", "not valid JSON"),
        ("read_file", "[1]", "must be one JSON object"),
        ("read_file", "{}", "'path' is missing"),
        ("read_file", '{"path": 3}', "must be a text"),
        ("read_file", '{"path": "a", "offset": -1}', "a number from 0"),
        ("read_file", '{"path": "a", "colour": "red"}', "no argument 'colour'"),
        ("open_file", "{}", "no tool called 'open_file'"),
        ("finish", '{"values": [], "summary": ""}', "must be an object"),
        ("finish", '{"values": {}, "summary": "", "status": "ok"}', "one of done, cannot"),
    ],
)
def test_calls_that_cannot_be_understood_are_answered(tmp_path: Path, name: str, arguments: str, words: str) -> None:
    model = ScriptedModel({"a": [reply(raw_call(name, arguments)), finish()]})
    one = run(artifact([step("a")]), tmp_path, model)
    assert only(one).status == "done"
    assert words in last_user_or_tool(model, 1) and last_user_or_tool(model, 1).startswith("error:")
    assert EventKind.TOOL_INTENT not in [e.kind for e in one.events]


def test_too_many_of_them_fail_the_step(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [reply(raw_call("read_file", "{"))]})
    one = run(artifact([step("a")]), tmp_path, model)
    assert only(one).status == "failed" and "could not be understood" in only(one).reason


def test_a_loop_of_calls_is_found(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [reply(call("list_directory"))]})
    one = run(artifact([step("a")]), tmp_path, model)
    assert only(one).status == "failed" and "repeats the same call" in only(one).reason
    assert len(results(one)) == 2 and len(model.requests) == 4


def test_asking_again_after_a_repair_is_no_loop(tmp_path: Path) -> None:
    """Validate, repair, validate: each repair is new, so the same command may be run as often as it takes."""
    check = reply(call("execute_command", command="test $(wc -c < f) -ge 5"))
    rows = [reply(call("write_file", path="f", content=""))]
    for n in range(5):
        rows += [check, reply(call("read_file", path="f")), reply(call("write_file", path="f", content="x" * (n + 1)))]
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [*rows, check, finish(ok=True)]}))
    assert only(one).status == "done", only(one).reason
    codes = [r["exit_code"] for r in results(one) if r["exit_code"] is not None]
    assert codes == [1, 1, 1, 1, 1, 0]


def test_doing_and_undoing_is_a_loop(tmp_path: Path) -> None:
    to_b, to_a = (reply(call("edit_file", path="f", old=x, new=y)) for x, y in (("a", "b"), ("b", "a")))
    rows = [reply(call("write_file", path="f", content="a")), *[to_b, to_a] * 10]
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": rows}))
    assert only(one).status == "failed" and "repeats the same call" in only(one).reason
    assert len(results(one)) <= 7


def test_a_command_that_says_the_same_again_is_a_loop(tmp_path: Path) -> None:
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [reply(call("execute_command", command="true; false"))]}))
    assert only(one).status == "failed" and "repeats the same call" in only(one).reason
    assert len(results(one)) == 2


def test_turns_are_limited(tmp_path: Path) -> None:
    rows = [reply(call("read_file", path=f"f{n}")) for n in range(50)]
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": rows}), turns=5)
    assert "not finished after 5 turns" in only(one).reason


def test_plain_text_is_a_summary(tmp_path: Path) -> None:
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [reply(text="All good.")]}))
    assert only(one).status == "done" and only(one).summary == "All good." and only(one).values == {}


def test_declared_outputs_are_checked_and_repaired_once(tmp_path: Path) -> None:
    outputs = (Output(name="total", required=True), Output(name="report", path="out/*.md", required=True), Output(name="maybe"))
    node = step(
        "a", outputs=outputs, checks=(Check(kind="exists", value="log.txt"), Check(kind="command", value="test -s log.txt"))
    )
    write = [reply(call("write_file", path="out/r.md", content="x")), reply(call("write_file", path="log.txt", content="x"))]
    good = ScriptedModel({"a": [finish(), *write, finish(total=3)]})
    one = run(artifact([node]), tmp_path, good)
    assert only(one).status == "done", only(one).reason
    told = last_user_or_tool(good, 1)
    assert "'total' is missing" in told and "out/*.md does not exist" in told and "log.txt" in told
    bad = run(artifact([node]), tmp_path, ScriptedModel({"a": [finish()]}))
    assert only(bad).status == "failed" and "after one repair" in only(bad).reason
    plain = run(artifact([node]), tmp_path, ScriptedModel({"a": [reply(text="done")]}))
    assert only(plain).status == "failed"


def test_attempts_of_a_step_go_on_from_what_was_done(tmp_path: Path) -> None:
    node = step("a", attempts=2, outputs=(Output(name="x", required=True),))
    rows = [reply(call("write_file", path="f", content="1")), finish(), finish(), finish(x=1)]
    model = ScriptedModel({"a": rows})
    one = run(artifact([node]), tmp_path, model)
    assert only(one).status == "done"
    assert [r.tag.attempt for r in model.requests] == [0, 0, 0, 1]
    calls = [c for m in model.requests[-1].messages for c in m.calls]
    assert [c.name for c in calls] == ["write_file"] and len(results(one)) == 1


def test_quiet_calls_of_a_turn_run_together_and_answer_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "b.txt").write_text("B")
    turn = reply(
        call("read_file", path="b.txt"),
        call("read_file", path="a.txt"),
        call("write_file", path="c.txt", content="C"),
        call("read_file", path="c.txt"),
        call("finish", values={"x": 1}, summary="s"),
        call("read_file", path="a.txt"),
    )
    model = ScriptedModel({"a": [turn]})
    files = {"a.txt": tmp_path / "a.txt", "b.txt": tmp_path / "b.txt"}
    one = run(artifact([step("a")]), tmp_path / "home", model, files=files)
    assert only(one).values == {"a": {"x": 1}} and len(model.requests) == 1
    order = [(e.kind.value, e.data["call"]) for e in one.events if e.kind.value.startswith("tool.")]
    assert [k for k, _ in order[:4]] == ["tool.intent", "tool.intent", "tool.result", "tool.result"]
    by_call = {d["call"]: d["result"] for d in results(one)}
    assert list(dict(sorted(by_call.items())).values()) == ["B", "A", "wrote c.txt (1 bytes)", "C"]


def test_a_command_without_choice_needs_no_model(tmp_path: Path) -> None:
    (tmp_path / "in put.csv").write_text("a\nb\n")
    script = "import sys\nprint(len(open(sys.argv[1]).readlines()))\nopen('out.json', 'w').write('{}')\n"
    node = code("a", "python scripts/count.py <input>", {"<input>": "$file.in put.csv"})
    model = ScriptedModel()
    files = {"in put.csv": tmp_path / "in put.csv"}
    one = run(artifact([node], bundle={"scripts/count.py": script}), tmp_path / "home", model, files=files)
    assert only(one).values == {"a": {"exit_code": 0, "stdout": "2"}} and not model.requests
    assert [(r.executor, r.model_calls) for r in only(one).steps] == [("code", 0)]
    assert [o.path for o in only(one).outputs] == ["out.json"]
    request = one.sandbox.requests[0]
    assert (
        request.argv[0] == "python" and request.argv[1].endswith("/skill/scripts/count.py") and request.argv[2] == "in put.csv"
    )
    assert request.grants.skill is not None and request.cwd == request.grants.work


def test_a_missing_binding_falls_back_to_the_model(tmp_path: Path) -> None:
    node = code("a", "cat <input>", {"<input>": "$file.other.csv"})
    one = run(artifact([node]), tmp_path, ScriptedModel())
    assert [(r.executor, r.status) for r in only(one).steps] == [("model", "done")]
    assert not one.sandbox.requests


def test_a_failing_command_is_continued_by_the_model(tmp_path: Path) -> None:
    model = ScriptedModel()
    one = run(artifact([code("a", "ls nothing-here")]), tmp_path, model)
    assert only(one).status == "done" and [r.executor for r in only(one).steps] == ["model"]
    conversation = model.requests[0].messages
    assert conversation[-2].calls[0].name == "execute_command" and "exit code: 2" in conversation[-1].content
    assert len(one.sandbox.requests) == 1, "nothing is repeated"


def test_a_failing_command_with_recovery_is_left_to_the_author(tmp_path: Path) -> None:
    nodes = [code("a", "ls nothing-here"), code("r", "echo recovered", recover_of="a")]
    model = ScriptedModel()
    one = run(artifact(nodes, chain("a", "r")), tmp_path, model)
    assert only(one).status == "done" and not model.requests
    assert {r.id: r.status for r in only(one).steps} == {"a": "failed", "r": "done"}


def test_a_model_asks_the_user(tmp_path: Path) -> None:
    def asking() -> ScriptedModel:
        return ScriptedModel({"a": [reply(call("ask_user", question="Which one?")), finish()]})

    said = run(artifact([step("a")]), tmp_path, asking(), gate=Gate(says={"a": "the blue one"}))
    assert results(said)[0]["result"] == "The user says: the blue one"
    assert [e.node for e in said.events if e.kind in (EventKind.GATE_ASK, EventKind.GATE_ANSWER)] == ["a?", "a?"]
    for silent in ({"gate": Gate()}, {"yes": True, "gate": Gate(says={"a": "never asked"})}, {}):
        one = run(artifact([step("a")]), tmp_path, asking(), **silent)
        assert "Nobody is there" in results(one)[0]["result"]
        assert one.outcome is not None and one.outcome.status == "done"


def test_search(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo 2\nthree\n")
    rows = [
        reply(call("search", pattern=r"t\w+")),
        reply(call("search", pattern="(", path="a.txt")),
        reply(call("search", pattern="x", path="../..")),
        reply(call("search", pattern="nothing")),
        finish(),
    ]
    one = run(artifact([step("a")]), tmp_path / "home", ScriptedModel({"a": rows}), files={"a.txt": tmp_path / "a.txt"})
    said = [d["result"] for d in results(one)]
    assert said[0] == "a.txt:2: two 2\na.txt:3: three"
    assert "not a regular expression" in said[1] and "leads out" in said[2] and said[3] == "no line matches"


def test_web_fetch_reaches_granted_hosts_only(tmp_path: Path) -> None:
    urls = [
        "http://evil.example/",
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
        "ftp://x",
        "http://[::1",
        "http://ok.example@evil.example/",
    ]
    rows = [reply(call("web_fetch", url=url)) for url in urls]
    one = run(artifact([step("a", hosts=("ok.example",))]), tmp_path, ScriptedModel({"a": [*rows, finish()]}))
    assert all(not d["ok"] and d["result"].startswith("error:") for d in results(one))


def test_files_of_steps_and_outputs_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("same")
    nodes = [
        code("a", "python -c \"open('made.txt','w').write('1')\""),
        step("b", effect_class=EffectClass.EFFECTFUL),
    ]
    model = ScriptedModel(
        {
            "b": [
                reply(call("write_file", path="in.txt", content="same")),
                reply(call("write_file", path="d/e", content="z")),
                finish(),
            ]
        }
    )
    one = run(artifact(nodes, chain("a", "b")), tmp_path / "home", model, files={"in.txt": tmp_path / "in.txt"})
    ends = {e.node: [f["path"] for f in e.data["result"]["files"]] for e in one.events if e.kind is EventKind.NODE_END}
    assert ends == {"a": ["made.txt"], "b": ["d/e", "in.txt"]}
    assert [(o.path, o.size) for o in only(one).outputs] == [("d/e", 1), ("made.txt", 1)], "an unchanged input is no output"


def test_outcome_as_json(tmp_path: Path) -> None:
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [finish(x=1)]}))
    body = json.loads(json.dumps(only(one).to_json()))
    assert body["status"] == "done" and body["totals"]["tokens"] == 15 and body["steps"][0]["model_calls"] == 1
    assert set(body) >= {"run", "status", "exit_code", "outputs", "steps", "totals", "simulated", "values", "summary"}


def test_added_help_stands_apart_behind_the_words_of_the_author(tmp_path: Path) -> None:
    mine = Slice(goal="GOAL", text="OWN TEXT", constraints=("RULE",), files=("ref.md",))
    helped = mine.model_copy(update={"added": (Addition(text="HINT", primitive="tool.exec", required=Level.L2),)})
    seen = []
    for part in (mine, helped):
        model = ScriptedModel({})
        run(artifact([step("a", slice=part, inputs=("$task",))]), tmp_path / str(len(seen)), model, task="THE TASK")
        seen.append([m.content for m in model.requests[0].messages])
    plain, more = seen
    assert plain[0] == more[0], "the stable part is the same with and without help"
    assert plain[1] == ("Step: Step a\n\nOWN TEXT\n\nFiles of the skill you may read:\n- ref.md\n\nTask: THE TASK"), (
        "without a measured gap nothing is said"
    )
    before, _, after = more[1].partition("\n\nAdded help for this step")
    assert before == "Step: Step a\n\nOWN TEXT" and "not the author's words" in after and "\n- HINT\n\n" in after
    assert before + after[after.index("- HINT") + len("- HINT") :] == plain[1]


def test_an_added_check_gives_a_second_attempt_and_is_not_held_against_the_step(tmp_path: Path) -> None:
    checks = (
        Check(kind="exists", value="n.md", added=True),
        Check(kind="contains", value="##  Done", path="n.md", added=True),
    )
    node = step("a", attempts=2, checks=checks)
    write = reply(call("write_file", path="n.md", content="x\n ## Done today\n"))
    repaired = ScriptedModel({"a": [finish(), write, finish()]})
    assert only(run(artifact([node]), tmp_path / "1", repaired)).status == "done"
    assert "n.md does not exist" in last_user_or_tool(repaired, 1) and "has no line '##  Done'" in last_user_or_tool(
        repaired, 1
    )
    again = ScriptedModel({"a": [finish(), finish(), write, finish()]})
    one = run(artifact([node]), tmp_path / "2", again)
    assert only(one).status == "done" and [r.tag.attempt for r in again.requests] == [0, 0, 1, 1]
    never = run(artifact([node]), tmp_path / "3", ScriptedModel({"a": [finish()]}))
    assert only(never).status == "done"
    told = [e.data["message"] for e in never.events if e.kind is EventKind.DIAG and e.data.get("code") == "check-failed"]
    assert len(told) == 1 and "n.md does not exist" in told[0]
    hard = node.model_copy(update={"checks": (*checks, Check(kind="exists", value="own.txt"))})
    assert only(run(artifact([hard]), tmp_path / "4", ScriptedModel({"a": [finish()]}))).status == "failed"


def test_a_step_that_is_left_out_asks_nobody(tmp_path: Path) -> None:
    model = ScriptedModel({})
    one = run(artifact([step("a", executor=Executor(kind=ExecutorKind.NOTHING))]), tmp_path, model)
    assert only(one).status == "done" and only(one).steps[0].executor == "nothing" and not model.requests
