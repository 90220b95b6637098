"""The grammar of sentences, tested with sentences generated from the grammar itself."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from skvm.ir import ControlKind
from skvm.parse.draft import Block, BlockKind, Run, RunKind
from skvm.parse.logic.acts import words_in
from skvm.parse.logic.controls import Part, controls_in, has_cue, terminals, tree_of
from skvm.parse.logic.stepacts import stated_in
from skvm.parse.sentences import Sentence, Tok, cues, read_sentences
from skvm.parse.tables import lark_of
from skvm.source import read_data

MARKS = {"COMMA": ",", "COLON": ":", "SEMI": ";", "DASH": "—", "ARROW": "→", "LPAR": "(", "RPAR": ")"}
FORMS = {
    "TEXT": ["the table", "rows", "a small file", "results"],
    "QUOTE": ['"done"'],
    "URL": ["https://example.org/x"],
    "FILE": ["out/report.md"],
    "STEPREF": ["Step 2", "Phase 1"],
    "TARGET": ["to Step 2", "from Phase 1"],
    "NUM": ["3"],
    "BOUND": ["up to 3 times", "at most 5 attempts"],
    "CODE": ["`x.json`"],
}


def block(text: str) -> Block:
    """A paragraph with the inline code of `text` as code runs."""
    runs: list[Run] = []
    plain = ""
    for index, piece in enumerate(text.split("`")):
        if piece:
            kind = RunKind.CODE if index % 2 else RunKind.TEXT
            runs.append(Run(kind, len(plain), len(plain) + len(piece.encode()), len(plain), piece))
            plain += piece
    coded = any(run.kind is RunKind.CODE for run in runs)
    return Block(0, BlockKind.PARAGRAPH, 0, len(plain.encode()), 1, 1, None, 0, text=plain, runs=runs, coded=coded)


@cache
def strategies() -> dict[str, st.SearchStrategy[str]]:
    """A strategy for every terminal, out of the lexicons."""
    by_kind: dict[str, list[str]] = {}
    for rows in cues().values():
        for words, kind in rows:
            by_kind.setdefault(kind, []).append(" ".join(words))
    forms = by_kind | FORMS | {kind: [mark] for kind, mark in MARKS.items()}
    return {kind: st.sampled_from([f"{form} " for form in sorted(found)]) for kind, found in forms.items()}


def sentences() -> st.SearchStrategy[str]:
    return from_lark(lark_of("step"), start="start", explicit={k: v for k, v in strategies().items() if k in declared()})


def declared() -> set[str]:
    """Terminals of the grammar."""
    lines = read_data("grammar", "step.lark").splitlines()
    return {name for line in lines if line.startswith("%declare") for name in line.split()[1:]}


def found_in(text: str) -> list[tuple[ControlKind, str | None]]:
    out = []
    for sentence in read_sentences(block(text)):
        words = words_in(sentence)
        heads = [words[s.start].at for s in stated_in(sentence, words)]
        for found in controls_in(sentence, heads):
            condition = sentence.block.text[slice(*found.condition)] if found.condition else None
            out.append((found.kind, condition))
    return out


def first(text: str) -> Sentence:
    return read_sentences(block(text))[0]


def test_the_grammar_has_no_conflict() -> None:
    lark_of("step", strict=True)


def test_every_terminal_has_forms() -> None:
    assert declared() <= set(strategies()), declared() - set(strategies())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(sentences())
def test_generated_sentences_are_read(text: str) -> None:
    """Whatever the grammar generates is lexed, parsed and interpreted; spans lie in the sentence."""
    for sentence in read_sentences(block(text)):
        if has_cue(sentence):
            assert isinstance(tree_of(terminals(sentence)), Part)
        words = words_in(sentence)
        for found in controls_in(sentence, [words[s.start].at for s in stated_in(sentence, words)]):
            assert 0 <= found.at < found.end <= len(sentence.block.text)
            for pair in (found.condition, found.domain, found.until, found.target):
                assert pair is None or 0 <= pair[0] < pair[1] <= len(sentence.block.text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(sorted({kind for rows in cues().values() for _, kind in rows})), min_size=1, max_size=12))
def test_any_row_of_terminals_is_accepted_or_refused_cleanly(kinds: list[str]) -> None:
    text = " ".join(next(" ".join(w) for rows in cues().values() for w, k in rows if k == kind) for kind in kinds)
    found_in(text)


@pytest.mark.parametrize(
    ("text", "kind", "condition"),
    [
        ("If the file is missing, tell the user.", ControlKind.BRANCH, "the file is missing"),
        ("If A, B, or C is set, write it.", ControlKind.BRANCH, "A, B, or C is set"),
        ("Unless the cache is fresh, fetch the page.", ControlKind.BRANCH, "the cache is fresh"),
        ("When the user replies `apply`, run it.", ControlKind.BRANCH, "the user replies apply"),
        ("Report the gap if the test fails.", ControlKind.BRANCH, "the test fails"),
        ("Otherwise, stop.", ControlKind.BRANCH, "Otherwise"),
        ("For each row, write a line.", ControlKind.LOOP, None),
        ("Repeat until the tests pass.", ControlKind.LOOP, None),
        ("Retry up to 3 times.", ControlKind.LOOP, None),
        ("Go back to Step 2.", ControlKind.JUMP, None),
        ("Resume from the first open item.", ControlKind.JUMP, None),
        ("Wait for approval.", ControlKind.GATE, "approval"),
        ("Do not proceed until the review is done.", ControlKind.GATE, None),
        ("Confirm the plan with the user.", ControlKind.GATE, None),
        ("Get explicit approval before deleting.", ControlKind.GATE, None),
        ("Optionally, add a chart.", ControlKind.OPTIONAL, None),
        ("Spawn a subagent for the review.", ControlKind.DELEGATE, None),
        ("Use the `pdf` skill.", ControlKind.DELEGATE, None),
        ("Follow [[month-end]].", ControlKind.DELEGATE, None),
        ("Hand off to `/loop`.", ControlKind.DELEGATE, None),
        ("Fall back to the cache.", ControlKind.RECOVER, None),
        ("Run both checks in parallel.", ControlKind.PARALLEL, None),
        ("Report it and stop.", ControlKind.TERMINATE, None),
    ],
)
def test_rules(text: str, kind: ControlKind, condition: str | None) -> None:
    found = found_in(text)
    assert kind in [k for k, _ in found], found
    if condition is not None:
        assert (kind, condition) in found, found


@pytest.mark.parametrize(
    "text",
    [
        "The report is a table with two columns.",
        "Check if the file exists.",
        "Ask the user whether to go on.",
        "Stop the server.",
        "Remove stop words.",
        "Do not run these in parallel.",
        "The skill uses a cache.",
        "Never start with the appendix.",
    ],
)
def test_no_control(text: str) -> None:
    assert found_in(text) == []


def test_plain_sentences_never_reach_the_parser() -> None:
    assert not has_cue(first("Read the table and write a summary of every column to the report."))
    assert has_cue(first("If it is empty, say so."))


def test_tokens_are_in_order() -> None:
    toks = first("If `a` fails, retry up to 3 times (or 5).").toks
    assert [t.at for t in toks] == sorted(t.at for t in toks)
    assert isinstance(terminals(first("If `a` fails, stop."))[0], Tok)


def test_every_rule_is_explained() -> None:
    lines = read_data("grammar", "step.lark").splitlines()
    rules = {line.split(":")[0].lstrip("?!").strip() for line in lines if ":" in line[:14]}
    shown = read_data("grammar", "GRAMMAR.md").split("## step.lark", 1)[1]
    named = {rule for rule in rules if rule.isidentifier() and not rule.startswith("_")} - {"part"}
    assert {rule for rule in named if f"`{rule}`" not in shown} == set()
