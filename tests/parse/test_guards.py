"""A guarded pattern finds what the bare pattern finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.parse.guards import Guarded, words_needed

PATTERNS = (
    r"\b(?:must|always|(?:is|are) required|non-negotiable|don['’]?t use)\b",
    r"^\W*only\b|\bconfirm\w*\b",
    r",\s+not\b|\brather than\b",
    r"\b(?-i:NEVER|STOP)\b|e\.g\.",
    r"colou?rs|(?:ab)?cd(?!ef)",
)
WORDS = st.sampled_from(
    ["must", "Always", "is", "are", "required", "non", "-", "negotiable", "don't", "dont", "use", "only", "confirms", ",",
     "not",
     "u\u017fe", "mu\u017ft", "conf\u0131rm", "\u0130", "STOP", "MUST",
     "rather", "than", "NEVER", "never", "e.g.", "color", "colours", "cd", "abcd", "cdef", "*", "the"]
)  # fmt: skip


def test_the_words_are_read_off_the_pattern() -> None:
    assert words_needed(r"must|(?:is|are) required") == {"must", " required"}
    assert words_needed(r"don['’]?t|shouldn['’]?t") == {"don", "shouldn"}
    assert words_needed(r"(?:first|last) \w+") == {"first", "last"}
    assert words_needed(r"colou?rs(?:ab|cd)?(?!not)") == {"colo"}
    assert words_needed(r"a{0,3}bc|e\.g") == {"bc", "e.g"}
    for wrong in (r"\w+", "(?:ab)?", "[abc]", "must|x*"):
        with pytest.raises(ValueError):
            words_needed(wrong)


def test_a_word_within_another_stands_for_it() -> None:
    assert Guarded("rules?|rulers|key").words == ("key", "rule")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATTERNS), st.lists(WORDS, max_size=8), st.sampled_from(["", " "]))
def test_a_guarded_pattern_finds_what_the_bare_one_finds(pattern: str, words: list[str], joint: str) -> None:
    text = joint.join(words)
    expected = re.compile(pattern, re.IGNORECASE).search(text)
    found = Guarded(pattern).search(text)
    assert (found and found.span()) == (expected and expected.span())
    assert Guarded(pattern).count(text) == len(re.findall(pattern, text, re.IGNORECASE))
