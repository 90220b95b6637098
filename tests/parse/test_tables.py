"""The parse tables that are shipped are those that lark makes of the grammars, and the loop over them reads as lark does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from skvm.parse import lalr
from skvm.parse.lalr import Loop, NoRuleError, load
from skvm.parse.tables import GRAMMARS, lark_of, text_of
from skvm.source import read_data


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_file_is_what_the_grammar_gives(grammar: str) -> None:
    assert read_data("grammar", f"{grammar}.table.json") == text_of(grammar)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_file_is_the_same_under_any_hash_seed(seed: str) -> None:
    code = "from skvm.parse.tables import text_of\nprint(text_of('step'), end='')"
    env = {**os.environ, "PYTHONHASHSEED": seed}
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert made.stdout == read_data("grammar", "step.table.json")


@cache
def judge(grammar: str) -> Lark:
    return lark_of(grammar)


@cache
def ours(grammar: str) -> Loop:
    return load(grammar, lambda rule, children: (rule, children))


def plain(tree: Any) -> Any:
    return (str(tree.data), [plain(child) for child in tree.children]) if isinstance(tree, Tree) else str(tree)


@st.composite
def rows(draw: st.DrawFn, grammar: str) -> list[str]:
    """Terminals that the table takes one after another, now and then one that it may not take."""
    table = json.loads(read_data("grammar", f"{grammar}.table.json"))
    names = sorted({name for row in (*table["shifts"], *table["reduces"]) for name in row if name.isupper() and name != "$END"})
    out: list[str] = []
    for _ in range(draw(st.integers(0, 14))):
        taken = [name for name in names if accepted(grammar, [*out, name])]
        out.append(draw(st.sampled_from(taken if taken and draw(st.integers(0, 19)) else names)))
    return out


def accepted(grammar: str, row: list[str]) -> bool:
    ended = False

    def feed() -> Iterator[tuple[str, str]]:
        nonlocal ended
        yield from ((name, name) for name in row)
        ended = True

    with suppress(NoRuleError):
        ours(grammar).parse(feed())
    return ended


@pytest.mark.parametrize("grammar", GRAMMARS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_loop_reads_what_lark_reads(grammar: str, data: st.DataObject) -> None:
    row = data.draw(rows(grammar))
    try:
        wanted = plain(judge(grammar).parse([Token(name, name) for name in row]))  # type: ignore[arg-type]
    except UnexpectedInput:
        with pytest.raises(NoRuleError):
            ours(grammar).parse((name, name) for name in row)
        return
    assert ours(grammar).parse((name, name) for name in row) == wanted


def test_an_edited_grammar_is_read_with_a_table_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    real = read_data
    stale = json.dumps(json.loads(real("grammar", "step.table.json")) | {"grammar": "sha256:0", "rules": []})
    monkeypatch.setattr(lalr, "read_data", lambda kind, name: stale if name == "step.table.json" else real(kind, name))
    assert load("step", lambda rule, children: (rule, children)).parse([("TEXT", "a")]) == ("start", [("phrase", ["a"])])
