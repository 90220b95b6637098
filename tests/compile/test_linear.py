"""Twice the text is twice the work of effects, requirements, order and outline, but for a few hundredths.

Work is counted in executed lines of Python, rounds of loops and comprehensions among them: the same on every machine.
"""

from __future__ import annotations

import re

import pytest
from executed import lines

from skvm.app.outline import outline_text
from skvm.compile import analyse
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

MOST = 2.1
SIZE = 100
HEAD = "---\nname: x\ndescription: Use when much is to do.\n---\n# X\n\n"

STEPS = "## Workflow\n\n{}"
LINKS = "{}\n\n## Workflow\n\n1. Read.\n2. Write.\n"
SHAPES = {
    "a chain": (STEPS, "1. Write `out/f#.txt`.\n"),
    "letters that are not ASCII": (STEPS, "1. Read the résumé “#” → report.\n"),
    "scenes": ("{}", "## Step #: Check it\n\nRun `tool# a#.csv > b#.csv`.\n\n"),
    "rules of steps": ("{}", "## Step #: Write it\n\n- Write `f#.txt`.\n- Never delete `g#`.\n\n"),
    "files": (LINKS, "See [page #](references/p#.md). "),
    "knowledge": ("{}", "## Step #: Do part #\n\nFollow the Notes # section.\n\n", "## Notes #\n\nText.\n\n"),
    "jumps back": ("{}", "## Step #: Check it\n\nRun `tool# a#.csv`. If it fails, go back to Step 1.\n\n"),
    "loops of one step": ("{}", "## Step #: Check it\n\nRun `tool# a#.csv`. If it fails, go back to Step #.\n\n"),
    "gates": (STEPS, "1. Ask the user to approve `f#`.\n"),
}
"""A frame and the pieces that are repeated in it, # being their number."""


def text_of(name: str, n: int) -> bytes:
    frame, *pieces = SHAPES[name]
    body = "".join("".join(re.sub(r"(?<!#)#(?![# ])", str(i), piece) for i in range(1, n)) for piece in pieces)
    return (HEAD + frame.format(body)).encode()


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_text_is_little_more_than_twice_the_work(name: str) -> None:
    def work_of(n: int) -> int:
        source = skill_from_bytes(text_of(name, n))
        program = parse_skill(source).program
        analyse(program, source)  # fills caches of words
        return lines(lambda: outline_text(program, source, analyse(program, source)))

    assert work_of(2 * SIZE) <= MOST * work_of(SIZE)
