"""The line that a finding is shown with: also where it stands far inside a very long line."""

import pytest

from skvm.diag import Diagnostic, Located, Severity, locate, render
from skvm.source import Span, skill_from_bytes


def shown(raw: bytes, word: bytes) -> tuple[Located, list[str]]:
    """The finding at a word, and its printed lines."""
    at = raw.index(word)
    finding = Diagnostic("SKV201", Severity.INFO, "here", Span("SKILL.md", at, at + len(word)))
    (item,) = locate([finding], skill_from_bytes(raw), "a/SKILL.md")
    return item, render.full(item).splitlines()


@pytest.mark.parametrize("before", [0, 1, 119, 120, 121, 199, 200, 201, 399, 400, 401, 5000, 200_000])
@pytest.mark.parametrize("letter", ["a", "é", "𝒳"])
def test_the_marker_stands_below_the_word(before, letter):
    raw = ("first\n" + letter * before + "WORD" + letter * before + "\nlast\n").encode()
    item, lines = shown(raw, b"WORD")
    assert (item.line, item.column, item.end_column) == (2, before + 1, before + 5)
    text, marker = lines[3], lines[4]
    at = marker.index("^")
    assert text[at : at + 4] == "WORD"
    assert marker.count("^") == 4
    assert len(text) <= render.MAX_FRAME + 4


def test_a_record_gives_the_same_frame():
    item, lines = shown(b"x" * 3000 + b"WORD", b"WORD")
    again = Located.from_record(item.to_record(), item.path)
    assert again == item
    assert render.full(again).splitlines() == lines
