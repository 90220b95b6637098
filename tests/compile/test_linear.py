"""Twice the text is twice the work of effects, requirements, order and outline, but for a few hundredths.

Work is counted in executed lines of Python, rounds of loops and comprehensions among them: the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from skvm.app.outline import outline_text
from skvm.compile import analyse
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

MOST = 2.1
SIZE = 100
HEAD = "---\nname: x\ndescription: Use when much is to do.\n---\n# X\n\n"

SHAPES: dict[str, Callable[[int], str]] = {
    "a chain": lambda n: "## Workflow\n\n" + "".join(f"{i}. Write `out/f{i}.txt`.\n" for i in range(1, n)),
    "letters that are not ASCII": lambda n: "## Workflow\n\n" + "".join(f"{i}. Read the résumé “{i}” → report.\n" for i in range(1, n)),
    "scenes": lambda n: "".join(f"## Step {i}: Check it\n\nRun `tool{i} a{i}.csv > b{i}.csv`.\n\n" for i in range(1, n)),
    "rules of steps": lambda n: "".join(f"## Step {i}: Write it\n\n- Write `f{i}.txt`.\n- Never delete `g{i}`.\n\n" for i in range(1, n)),
    "files": lambda n: "".join(f"See [page {i}](references/p{i}.md). " for i in range(n)) + "\n\n## Workflow\n\n1. Read.\n2. Write.\n",
    "knowledge": lambda n: "".join(f"## Step {i}: Do part {i}\n\nFollow the Notes {i} section.\n\n" for i in range(1, n))
    + "".join(f"## Notes {i}\n\nText.\n\n" for i in range(1, n)),
    "gates": lambda n: "## Workflow\n\n" + "".join(f"{i}. Ask the user to approve `f{i}`.\n" for i in range(1, n)),
}  # fmt: skip


def lines(work: Callable[[], object]) -> int:
    """How many lines of Python are executed while `work` runs."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_text_is_little_more_than_twice_the_work(name: str) -> None:
    def work_of(n: int) -> int:
        source = skill_from_bytes((HEAD + SHAPES[name](n)).encode())
        program = parse_skill(source).program
        analyse(program, source)  # fills caches of words
        return lines(lambda: outline_text(program, source, analyse(program, source)))

    assert work_of(2 * SIZE) <= MOST * work_of(SIZE)
