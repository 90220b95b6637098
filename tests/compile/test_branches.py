"""Branches of one group are one choice with an arm each; those that stand alone are choices of their own."""

from __future__ import annotations

from skvm.compile import analyse
from skvm.ir import ControlKind
from skvm.plan import Artifact, BranchNode, StepNode

from .build import Draft, command, compiled, program

LETTERS = ("reject", "hold", "query")


def arms(group: str = "g") -> list[Draft]:
    return [
        Draft(
            f"If the decision is `{word}`: write the letter.",
            [command(f"letter {word}", writes=("out/letter.md",))],
            [(ControlKind.BRANCH, {"condition": f"the decision is `{word}`", "group": group, "arm": at})],
        )
        for at, word in enumerate(LETTERS)
    ]


def branches(artifact: Artifact) -> list[BranchNode]:
    return [n for n in artifact.plan.nodes if isinstance(n, BranchNode)]


def test_a_group_is_one_choice_between_predecessor_and_successor() -> None:
    made = program([Draft("Decide."), *arms(), Draft("Record it.")])
    artifact = compiled(made)
    (branch,) = branches(artifact)
    assert [a.condition for a in branch.arms] == [f"the decision is `{w}`" for w in LETTERS]
    inside = [(n.id, n.arm) for n in artifact.plan.nodes if n.parent == branch.id]
    assert inside == [("S1.s2", 0), ("S1.s3", 1), ("S1.s4", 2)]
    assert [(e.before, e.after) for e in artifact.plan.edges] == [("S1.s1", branch.id), (branch.id, "S1.s5")]
    edges = {(e.before, e.after) for e in analyse(*made).edges}
    assert edges == {("S1.s1", f"S1.s{n}") for n in (2, 3, 4)} | {(f"S1.s{n}", "S1.s5") for n in (2, 3, 4)}


def test_an_arm_without_condition_is_the_rest() -> None:
    drafts = arms()
    drafts[-1].controls = [(ControlKind.BRANCH, {"group": "g", "arm": 2})]
    (branch,) = branches(compiled(program(drafts)))
    assert branch.arms[-1].condition == "otherwise"


def test_an_arm_may_have_several_steps() -> None:
    first = arms()
    more = Draft("Send it.", [command("send")], [(ControlKind.BRANCH, {"group": "g", "arm": 1})])
    artifact = compiled(program([first[0], first[1], more, first[2]]))
    (branch,) = branches(artifact)
    assert len(branch.arms) == 3
    assert [(n.id, n.arm) for n in artifact.plan.nodes if isinstance(n, StepNode)] == [
        ("S1.s1", 0),
        ("S1.s2", 1),
        ("S1.s3", 1),
        ("S1.s4", 2),
    ]


def test_two_groups_are_two_choices_one_after_the_other() -> None:
    artifact = compiled(program([*arms("g"), *arms("h")]))
    one, two = branches(artifact)
    assert [(e.before, e.after) for e in artifact.plan.edges if e.before in (one.id, two.id)] == [(one.id, two.id)]
