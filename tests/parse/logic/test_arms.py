"""Items and rows that answer one question differently are arms of one branch."""

import pytest

from skvm.ir import ControlKind
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

HEAD = "---\nname: a-skill\ndescription: Does a thing. Use when asked.\n---\n\n# A skill\n\n"
FRONT = HEAD + "## Steps\n\n1. Read `in.txt`.\n\n### Step 2: Answer\n\n"


def arms(body: str) -> list[tuple[str | None, int | None]]:
    """Group and arm of each branch, in text order."""
    program = parse_skill(skill_from_bytes((FRONT + body).encode())).program
    return [(c.group, c.arm) for c in program.controls if c.kind is ControlKind.BRANCH]


@pytest.mark.parametrize(
    "body",
    [
        "- If the decision is `reject`: write a refusal.\n- If the decision is `pay`: write the advice.\n",
        "- If the user selects a report, write it.\n- If the user selects a chart, draw it.\n",
        '- If the state is "open", close it.\n- If the state is "closed", open it.\n',
    ],
)
def test_one_question_two_answers(body: str) -> None:
    assert arms(body) == [("G1", 0), ("G1", 1)]


@pytest.mark.parametrize(
    "body",
    [
        "- If the file is large, split it.\n- If the file is locked, unlock it.\n",
        "- If the decision is `reject`, write a refusal.\n- If the amount is `0`, stop there.\n",
        "- If the decision is `reject`, write a refusal.\n- If the decision is `reject`, tell the buyer.\n",
        "- If the decision is `a` or `b`, write a refusal.\n- If the decision is `b`, tell the buyer.\n",
    ],
)
def test_conditions_that_may_hold_together(body: str) -> None:
    assert all(group is None for group, _ in arms(body))


def test_a_condition_keeps_its_marks() -> None:
    body = FRONT + "- If the decision is `reject`: write a refusal.\n"
    program = parse_skill(skill_from_bytes(body.encode())).program
    assert [c.condition for c in program.controls] == ["the decision is `reject`"]
