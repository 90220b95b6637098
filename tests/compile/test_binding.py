from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.capability import Verdict, load_catalog
from skvm.compile.commands import placeholders
from skvm.ir import ActType, ControlKind, NeedKind, Scope
from skvm.plan import Artifact, BranchNode, DelegateNode, GateNode, LoopNode, StepNode

from .build import Draft, command, compiled, profile, program, reading

ALL = [p.id for p in load_catalog().primitives]
STRONG = profile(dict.fromkeys(ALL, (30, 30, 30)), "able")
WEAK = profile(dict.fromkeys(ALL, (30, 3, 0)), "unable")

HARD = [
    Draft(
        "Run `cat a.csv | awk '{print $1}' | sort > b.txt` and report what you see.",
        [command("cat a.csv | awk '{print $1}' | sort > b.txt", ("a.csv",), ("b.txt",))],
    ),
    Draft(
        "Read `a.md` and `b.md` and write a comprehensive report to `out.md`.",
        [reading("a.md", "b.md"), {"type": ActType.WRITE, "scope": Scope.LOCAL_FS, "writes": ("out.md",)}],
    ),
]


def step(artifact: Artifact, id: str) -> StepNode:
    node = artifact.plan.node(id)
    assert isinstance(node, StepNode)
    return node


def only(text: str, act: dict, controls: list | None = None, **more) -> StepNode:
    return step(compiled(program([Draft(text, [act], controls or [])], **more)), "S1.s1")


def test_one_stated_command_runs_as_it_stands() -> None:
    node = only("Count lines: `wc -l data.csv`", command("wc -l data.csv", ("data.csv",)), inputs=("data.csv",))
    assert node.executor.kind == "code" and node.command is not None
    assert node.command.argv == ("wc", "-l", "data.csv") and not node.command.shell
    made, source = program(
        [Draft("Count lines: `wc -l data.csv`", [command("wc -l data.csv", ("data.csv",))])], inputs=("data.csv",)
    )
    found = step(compiled((made, source)), "S1.s1").command
    assert found is not None and source.main.slice(found.span) == found.text == "wc -l data.csv"


@pytest.mark.parametrize(
    ("text", "cmd", "why"),
    [
        ("Run `tool a` or skip it.", "tool a", "leaves something open"),
        ("If needed run `tool a`.", "tool a", "leaves something open"),
        ("Run `pip install x`.", "pip install x", "installs something"),
        ("Run `npm ci`.", "npm ci", "installs something"),
        ("Run `curl https://x.io/i.sh | sh`.", "curl https://x.io/i.sh | sh", "installs something"),
        ("Run `tool <name>`.", "tool <name>", "leaves <name> open"),
        ("Run `tool {name}`.", "tool {name}", "leaves {name} open"),
        ("Run `tool $NAME`.", "tool $NAME", "leaves $NAME open"),
        ("Run `tool path/to/x`.", "tool path/to/x", "open part"),
        ("Run `tool absent.csv`.", "tool absent.csv", "which nothing before it provides"),
        ("Run the tool.", "tool hidden", "does not show its command"),
        ("Do it:\n   tool a\n   tool b\n", "tool a\ntool b", "several lines"),
    ],
)
def test_every_doubt_goes_to_the_model(text: str, cmd: str, why: str) -> None:
    artifact = compiled(program([Draft(text, [command(cmd)])]))
    binding = artifact.bindings[0]
    assert binding.executor == "model" and why in binding.alternatives[0], binding.alternatives


def test_two_commands_go_to_the_model() -> None:
    artifact = compiled(program([Draft("Run `a` and `b`.", [command("a"), command("b")])]))
    assert artifact.bindings[0].executor == "model" and "states 2 commands" in artifact.bindings[0].alternatives[0]


def test_placeholders_are_bound_to_what_is_there() -> None:
    first = Draft("Run `make-it`", [command("make-it", (), ("out.json",))])
    second = Draft("Run `check {out.json} $TOKEN`", [command("check {out.json} $TOKEN", ("out.json",))])
    artifact = compiled(program([first, second], needs=((NeedKind.ENV, "TOKEN"),)))
    node = step(artifact, "S1.s2")
    assert node.command is not None
    assert node.command.placeholders == {"{out.json}": "$step.S1.s1.files", "$TOKEN": "$env.TOKEN"}
    assert node.env == ("TOKEN",)
    loop = [(ControlKind.LOOP, {"domain": "CSV file in `data/`"})]
    item = step(compiled(program([Draft("Run `t <file>`", [command("t <file>", (), ("out/<file>.txt",))], loop)])), "S1.s1")
    assert item.command is not None and item.command.placeholders == {"<file>": "$item"}


def test_variables_that_a_command_sets_itself_are_no_placeholders() -> None:
    assert placeholders("for f in *.csv; do wc $f; done") == ()
    assert [n for _, n in placeholders("run <in file> {out} {{ x }} $Y ${Z} INPUT_FILE")] == [
        "in file",
        "out",
        "x",
        "Y",
        "Z",
        "INPUT_FILE",
    ]


def test_a_conditional_command_lies_in_a_branch() -> None:
    text = "If `a.txt` exists, run `tool a`"
    made, source = program([Draft(text, [command("tool a")])])
    at = source.main.raw.find(b"If `a.txt` exists")
    span = made.steps[0].span.__class__("SKILL.md", at, at + len("If `a.txt` exists"))
    controls = [(ControlKind.BRANCH, {"condition": "`a.txt` exists", "span": span})]
    artifact = compiled(program([Draft(text, [command("tool a")], controls)]))
    branch = artifact.plan.nodes[0]
    assert isinstance(branch, BranchNode) and [a.condition for a in branch.arms] == ["`a.txt` exists"]
    assert step(artifact, "S1.s1").executor.kind == "code" and artifact.plan.nodes[1].arm == 0


def test_a_condition_that_only_the_text_carries_is_a_doubt() -> None:
    controls = [(ControlKind.BRANCH, {"condition": "it is large"})]
    node = only("Run `tool a` when it is large.", command("tool a"), controls)
    assert node.executor.kind == "model" and node.parent is None


def test_exclusive_arms_share_one_branch() -> None:
    arms = [
        Draft("If red, stop.", [], [(ControlKind.BRANCH, {"condition": "red", "group": "g", "arm": 0})]),
        Draft("If green, go.", [], [(ControlKind.BRANCH, {"condition": "green", "group": "g", "arm": 1})]),
        Draft("Report."),
    ]
    artifact = compiled(program(arms))
    branch = artifact.plan.nodes[0]
    assert isinstance(branch, BranchNode) and [a.condition for a in branch.arms] == ["red", "green"]
    assert [(n.id, n.arm) for n in artifact.plan.nodes if n.parent == branch.id] == [("S1.s1", 0), ("S1.s2", 1)]
    assert [(e.before, e.after) for e in artifact.plan.edges] == [(branch.id, "S1.s3")]


def test_gates_stand_before_what_they_allow_and_after_what_they_show() -> None:
    deploy = Draft(
        "After approval run `deploy`.", [command("deploy", unknown=True)], [(ControlKind.GATE, {"condition": "approval"})]
    )
    show = Draft(
        "Show the plan and wait for approval.", [{"type": ActType.NOTIFY}], [(ControlKind.GATE, {"condition": "approval"})]
    )
    ask = Draft("Wait for approval.", [{"type": ActType.REQUEST}], [(ControlKind.GATE, {"condition": "approval"})])
    check = Draft("All tests must pass.", [{"type": ActType.VALIDATE}], [(ControlKind.GATE, {"condition": "tests pass"})])
    ids = [[(n.id, n.kind) for n in compiled(program([d])).plan.nodes] for d in (deploy, show, ask, check)]
    assert ids == [
        [("S1.s1.gate", "gate"), ("S1.s1", "step")],
        [("S1.s1", "step"), ("S1.s1.gate", "gate")],
        [("S1.s1", "gate")],
        [("S1.s1", "step")],
    ]


def test_loops_delegation_optional_and_recovery() -> None:
    made = [
        Draft("Fix until tests pass, at most 5 times.", [], [(ControlKind.LOOP, {"until": "tests pass", "bound": 5})]),
        Draft("Hand over to reviewer.", [], [(ControlKind.DELEGATE, {"target": "reviewer"})]),
        Draft("Optionally tidy.", [], [(ControlKind.OPTIONAL, {})]),
        Draft("If tidying fails, say so.", [], [(ControlKind.RECOVER, {"target": "S1.s3"})]),
    ]
    nodes = {n.id: n for n in compiled(program(made)).plan.nodes}
    loop = nodes["S1.s1.loop"]
    assert isinstance(loop, LoopNode) and loop.bound == 5 and loop.bound_stated and loop.until == "tests pass"
    assert isinstance(nodes["S1.s2"], DelegateNode) and nodes["S1.s3"].optional
    recovery = nodes["S1.s4"]
    assert isinstance(recovery, StepNode) and recovery.recover_of == "S1.s3"
    assert not any(isinstance(n, GateNode) for n in nodes.values())


def test_a_question_goes_to_a_person() -> None:
    node = only("Ask the user for the month.", {"type": ActType.REQUEST, "scope": Scope.USER_DATA, "object": "the user"})
    assert node.executor.kind == "person"


def test_without_procedure_there_is_one_step() -> None:
    made = program([Draft("Read `a.md`.", [reading("a.md")])], procedure=False)
    artifact = compiled(made)
    (node,) = artifact.plan.nodes
    assert isinstance(node, StepNode) and node.id == "skill" and node.slice.text.lstrip().startswith("# Made")
    assert made[1].main.slice(node.slice.spans[0]) == node.slice.text


def test_slices_are_verbatim_and_constraints_apply() -> None:
    made = program([Draft("Read `a.md`.", [reading("a.md")])], rules=("Never delete anything.",))
    node = step(compiled(made), "S1.s1")
    assert node.slice.text == made[1].main.slice(made[0].steps[0].span)
    assert node.slice.constraints == ("Never delete anything.",)
    assert compiled(made).permissions.forbidden == ("Never delete anything.",)


def test_no_gap_no_edit() -> None:
    met, unknown = compiled(program(HARD), known=STRONG), compiled(program(HARD))
    for artifact in (met, unknown):
        assert all(not n.slice.added for n in artifact.plan.nodes if isinstance(n, StepNode))
    assert not met.gaps and {g.verdict for g in unknown.gaps} == {Verdict.UNMEASURED}
    assert all(n.unproved for n in unknown.plan.nodes if isinstance(n, StepNode) and n.executor.kind == "model" and n.requires)


def test_a_measured_gap_is_compensated_beside_the_text() -> None:
    plain, helped = compiled(program(HARD)), compiled(program(HARD), known=WEAK)
    for id in ("S1.s1", "S1.s2"):
        one, two = step(plain, id), step(helped, id)
        assert one.slice == two.slice.model_copy(update={"added": ()})
        assert two.slice.added
        gaps = {(g.primitive, g.required) for g in helped.gaps if id in g.steps}
        assert {(a.primitive, a.required) for a in two.slice.added} <= gaps
    shell = next(a for a in step(helped, "S1.s1").slice.added if a.primitive == "gen.code.shell")
    hints = load_catalog().get("gen.code.shell").hints
    assert "awk" in shell.text and not any(words in shell.text for words in hints.values()), (
        "code that is stated stays as it is"
    )
    assert "SKV401" in {d.code for d in helped.diagnostics}


def test_compensation_is_idempotent_and_can_be_left_out() -> None:
    once = compiled(program(HARD), known=WEAK)
    default = (
        "lower,effects,requirements,dependencies,reduce,bind,environment,concurrency,transform,transform,schedule,permissions,"
        "emit"
    )
    twice = compiled(program(HARD), known=WEAK, passes=default)
    assert once.plan == twice.plan
    without = compiled(program(HARD), known=WEAK, passes=default.replace("transform,transform,", ""))
    assert all(not n.slice.added for n in without.plan.nodes if isinstance(n, StepNode)) and without.gaps == once.gaps


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), min_size=26, max_size=26), st.data())
def test_gaps_are_monotone_in_the_profile(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    falling = [tuple(sorted(r, reverse=True)) for r in rows]
    better = [tuple(data.draw(st.integers(v, 30)) for v in row) for row in falling]
    better = [tuple(sorted(r, reverse=True)) for r in better]
    low, high = (compiled(program(HARD), known=profile(dict(zip(ALL, t, strict=True)))) for t in (falling, better))
    assert {(g.primitive, g.required) for g in high.gaps} <= {(g.primitive, g.required) for g in low.gaps}
    for one, two in zip(low.bindings, high.bindings, strict=True):
        assert (two.probability or 0) >= (one.probability or 0) - 1e-9
