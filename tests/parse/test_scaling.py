"""Law 1 for texts made to stress a front end: no exception, byte for byte, and no more than linear work.

Work is counted in calls of Python functions, which is the same on every machine; `python -m bench reading` measures the CPU.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from executed import lines
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench.reading.shapes import FRONT, SHAPES, mutations  # noqa: E402
from skvm.ir.verify import verify  # noqa: E402
from skvm.parse import certify, parse_skill  # noqa: E402
from skvm.parse.loops import loop_notes  # noqa: E402
from skvm.source import skill_from_bytes  # noqa: E402

CORPUS = ROOT.parent / "shared" / "data" / "corpus"
MOST = 2.5
ENOUGH = 5_000
"""Calls at twice the size below which a ratio says nothing: a cap was reached, or the work is done in C."""


def sound(raw: bytes) -> None:
    source = skill_from_bytes(raw)
    program = parse_skill(source).program
    assert verify(program, source) == ()
    assert certify(program, raw)["byte_exact"]


def calls(work: Callable[[], object]) -> int:
    """How many Python functions are called while `work` runs."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        if event == "call":
            count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_read_whole(name: str) -> None:
    sound(SHAPES[name].make(SHAPES[name].tiny))


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_size_is_at_most_two_and_a_half_times_the_work(name: str) -> None:
    shape = SHAPES[name]
    small, large = (skill_from_bytes(shape.make(n)) for n in (shape.tiny, 2 * shape.tiny))
    parse_skill(small)  # loads grammars and tables, fills caches of words
    parse_skill(large)
    work = calls(lambda: parse_skill(large))
    assert work < ENOUGH or work <= MOST * calls(lambda: parse_skill(small))


PIECES = (
    "# T\n",
    "1. Run `a b`.\n",
    "- If x, stop.\n",
    "```sh\nls | wc\n",
    "```\n",
    "| a |\n|---|\n",
    "> q\n",
    "\r",
    "é\n",
    "\x00",
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(PIECES), max_size=20), st.integers(0, 2**32))
def test_mutated_texts_are_read_whole(pieces: list[str], seed: int) -> None:
    raw = (FRONT + "".join(pieces)).encode()
    for changed in mutations(raw, random.Random(seed)).values():
        sound(changed)


@pytest.mark.corpus
def test_mutated_texts_of_the_corpus_are_read_whole() -> None:
    if not CORPUS.is_dir():
        pytest.skip("no corpus beside the checkout")
    for path in sorted(CORPUS.rglob("*.md"))[::400]:
        for changed in mutations(path.read_bytes(), random.Random(path.name)).values():
            sound(changed)


def test_loops_without_an_end_are_found_in_linear_work() -> None:
    def work(times: int) -> int:
        text = "# Refine\n\n## Steps\n\n" + "".join(f"{n}. Refine it and repeat.\n" for n in range(1, times + 1))
        source = skill_from_bytes(text.encode())
        program = parse_skill(source).program
        return lines(lambda: list(loop_notes(program, source)))

    assert work(400) <= MOST * work(200)
