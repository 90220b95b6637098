"""The word lists, and what the first words of a text tell."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.ir import ActType
from skvm.parse.lexicon import acts_of_lead, is_imperative, nominals, nouns, verbs
from skvm.parse.sentences import cues
from skvm.source import read_data


def test_a_verb_stands_in_one_group() -> None:
    lines = [
        line
        for line in read_data("grammar", "verbs.txt").splitlines()
        if line and line[0] not in "#[" and not line.startswith("rule")
    ]
    count = Counter(word.rstrip("~") for line in lines for word in line.split())
    assert [word for word, n in count.items() if n > 1] == []


def test_rules_name_known_verbs_and_classes() -> None:
    classes = {c for found in nouns().values() for c in found}
    for word, verb in verbs().items():
        assert all(noun_class in classes for noun_class, _ in verb.rules), word


def test_lists_are_not_empty() -> None:
    assert len(verbs()) > 500
    assert len(nominals()) > 80
    assert len(cues()) > 150


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("Read the file", [ActType.READ]),
        ("1. Pick an entry", [ActType.SELECT]),
        ("**Setup**: install the tools", [ActType.UPDATE_STATE]),
        ("If it is empty, report it", [ActType.NOTIFY]),
        ("Once done, ask the user to confirm", [ActType.REQUEST]),
        ("You MUST read the guide", [ActType.READ]),
        ("Check with the user that it fits", [ActType.REQUEST]),
        ("Run the tests", [ActType.CALL_TOOL, ActType.VALIDATE]),
    ],
)
def test_imperatives(text: str, acts: list[ActType]) -> None:
    assert is_imperative(text)
    assert list(acts_of_lead(text)) == acts


@pytest.mark.parametrize(
    "text", ["Test coverage is low", "Reports are good", "The file is read", "Never do this", "", "42", "Plan: gold"]
)
def test_statements(text: str) -> None:
    assert not is_imperative(text)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    is_imperative(text)
    acts_of_lead(text)
