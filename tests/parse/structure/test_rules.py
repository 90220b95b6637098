"""Constraints and triggers."""

import pytest
from structure_kit import FRONT, lines_of, read

from skvm.parse.structure.rules import force_of
from skvm.parse.structure.words import role_of


@pytest.mark.parametrize(
    ("text", "force"),
    [
        ("Never print a secret.", "must_not"),
        ("You must not push.", "must_not"),
        ("The sheet is large, so do not load all of it.", "must_not"),
        ("Always back up first.", "must"),
        ("CRITICAL: keep the header.", "must"),
        ("Use the cache only when it is fresh.", "must"),
        ("Prefer small files.", "should"),
        ("Avoid nested loops.", "should_not"),
        ("Users don't know the format.", None),
        ("Read the file.", None),
        ("This is an important market.", None),
    ],
)
def test_force_of_a_sentence(text, force):
    found = force_of(text)
    assert (found.value if found else None) == force


def rules(body):
    program = read(body).program
    return [(c.force.value, lines_of(body, c).lstrip("- ")) for c in program.constraints]


def test_only_the_sentence_that_states_the_rule_is_the_constraint():
    body = "# T\n\nThe tool is fast. Never run it twice. It is free.\n"
    assert rules(body) == [("must_not", "Never run it twice.")]


def test_items_of_a_rules_section_and_of_an_announced_list():
    body = (
        "# T\n\n## Rules\n\n- Keep names short\n- No global state\n\n## Output\n\nAlways provide:\n\n- the cause\n- the fix\n"
    )
    assert rules(body) == [
        ("must", "Keep names short"),
        ("must_not", "No global state"),
        ("must", "Always provide:"),
        ("must", "the cause"),
        ("must", "the fix"),
    ]


def test_a_constraint_belongs_to_its_step():
    body = "# T\n\n## Workflow\n\n1. Read the sheet. Never change it.\n2. Write the result.\n3. Check the result.\n"
    assert [c.owner for c in read(body).program.constraints] == ["S1.s1"]


def test_triggers_with_polarity():
    body = "# T\n\n## When to use\n\n- The user has a table\n\n## When NOT to use\n\n- The table is empty\n"
    program = read(body).program
    assert [(t.polarity.value, lines_of(body, t)) for t in program.triggers[1:]] == [
        ("use", "- The user has a table"),
        ("do_not_use", "- The table is empty"),
    ]
    assert program.triggers[0].span.start == FRONT.index("Does a thing")


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("When NOT to use this skill", "anti_trigger"),
        ("Core Workflow", "procedure"),
        ("Usage Principles", "rules"),
        ("Don'ts", "pitfalls"),
        ("Best Practices & Tips", "rules"),
        ("Report Template", "examples"),
        ("Prerequisites", "setup"),
        ("Chemistry", "other"),
        ("工作流程", "procedure"),
    ],
)
def test_roles_of_headings(title, role):
    assert role_of(title)[0].value == role
