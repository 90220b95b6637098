from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.capability import Level, load_catalog
from skvm.compile import analyse
from skvm.compile.rules import RULES, evidence_of, skill_requirements, step_requirements
from skvm.compile.rules.cues import CUES, SCANNER
from skvm.compile.rules.scan import Scanner, alternatives, bounded, heads
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

WORDS = st.sampled_from(
    [*sorted({w for p in CUES.values() for w in re.findall(r"[a-z]{2,}", p)}), "the", "a", "-", ".", "\n", "é", "`x`"]
)


def test_there_is_one_rule_per_primitive() -> None:
    assert list(RULES) == [p.id for p in load_catalog().primitives]


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_the_scan_finds_what_searching_each_pattern_finds(text: str) -> None:
    found = SCANNER.hits(text)
    for name, pattern in CUES.items():
        expected = [m.span() for m in re.finditer(rf"\b(?:{bounded(pattern)})\b", text)]
        assert [(h.start, h.end) for h in found[name]] == expected, name


def test_heads_are_read_off_patterns() -> None:
    assert heads("(?:write|draft)s? x|re-?run|ab?c") == {("write", False), ("draft", False), ("re", False), ("a", False)}
    assert heads(r"(?:route|send) to|p&l|root[- ]cause|(?:re)?load\.py") == {
        ("route", True), ("send", True), ("p", True), ("root", True), ("re", False), ("load", True),
    }  # fmt: skip
    assert alternatives(r"a|(?:b|c)|d\|e|[|]") == ["a", "(?:b|c)", r"d\|e", "[|]"]
    for wrong in (r"\w+ x", "x?y"):
        with pytest.raises(ValueError):
            Scanner({"wrong": wrong})


def levels(text: str, step: str | None = None) -> dict[str, Level]:
    source = skill_from_bytes(text.encode())
    program = parse_skill(source).program
    evidence = evidence_of(program, source)
    rows = skill_requirements(evidence) if step is None else [r for r in step_requirements(evidence) if r.step == step]
    for row in rows:
        assert row.spans and row.reason
        assert all(0 <= s.start < s.end <= len(source.main.raw) for s in row.spans)
    return {r.primitive: r.level for r in rows}


HEAD = "---\nname: x\ndescription: does things\n---\n\n# X\n\n## Steps\n\n"


def fenced(language: str, body: str) -> str:
    return f"{HEAD}1. Run the following:\n\n   ```{language}\n   {body}\n   ```\n\n2. Report to the user.\n"


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("cat a.log | awk '{print $1}' | sort", Level.L3),
        ("grep -c x a.log > n.txt", Level.L2),
        ("grep -c x a.log", None),
        ("python s.py <input.csv>", None),
    ],
)
def test_shell_levels_follow_the_pipeline(body: str, level: Level | None) -> None:
    assert levels(fenced("bash", body), "S1.s1").get("gen.code.shell") == level


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("SELECT a FROM t", Level.L1),
        ("SELECT a FROM t JOIN u ON t.i = u.i GROUP BY a", Level.L2),
        ("WITH x AS (SELECT a FROM t) SELECT * FROM x", Level.L3),
    ],
)
def test_sql_levels_follow_the_query(body: str, level: Level) -> None:
    assert levels(fenced("sql", body), "S1.s1")["gen.code.sql"] == level


@pytest.mark.parametrize(
    ("body", "level"),
    [("print(1)", Level.L1), ("import json\n   print(json.dumps({}))", Level.L2), ("import pandas as pd", Level.L3)],
)
def test_python_levels_follow_the_imports(body: str, level: Level) -> None:
    assert levels(fenced("python", body), "S1.s1")["gen.code.python"] == level


def test_running_one_command_is_l1_and_several_l3() -> None:
    assert levels(fenced("bash", "make build"), "S1.s1")["tool.exec"] is Level.L1
    assert levels(fenced("bash", "make build\n   make test\n   make ship"), "S1.s1")["tool.exec"] is Level.L3


def test_spans_of_texts_that_are_not_ascii() -> None:
    text = HEAD + "1. Schön: read `a.md` and calculate the total größe\n2. Write a report to `b.md`\n"
    for raw in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode().replace(b"Sch", b"\xffSch")):
        source = skill_from_bytes(raw)
        program = parse_skill(source).program
        for row in analyse(program, source).step_requirements:
            for span in row.spans:
                shown = source.main.slice(span)
                assert shown and "\ufffd" not in shown
                assert any(shown in step.text or step.text in shown for step in program.steps)


def test_a_pointer_to_further_reading_is_no_main_job() -> None:
    one = HEAD + "1. Make the table.\n2. Make sure that it adds up.\n3. Hand it over.\n\nMore in `docs/a.md`.\n"
    assert not {"tool.file.read", "tool.exec"} & set(levels(one))
    assert levels(one.replace("More in `docs/a.md`", "Read `docs/a.md` and `docs/b.md`"))["tool.file.read"] is Level.L2


def test_code_in_the_steps_of_a_procedure_is_run() -> None:
    text = (
        HEAD + "1. Load it:\n\n   ```python\n   rows = load()\n   ```\n\n2. Count:\n\n   ```python\n   n = len(rows)\n   ```\n"
    )
    assert levels(text)["tool.exec"] is Level.L2


def test_only_loops_with_verification_are_the_highest_level_of_a_procedure() -> None:
    text = (
        HEAD
        + "1. Read `a.txt`.\n2. Fix the first fault.\n3. Repeat until no fault is left.\n4. Write `b.txt`.\n5. Tell the user.\n"
    )
    assert levels(text)["follow.procedure"] is Level.L2
    assert levels(text.replace("Write `b.txt`", "Verify that `b.txt` is valid"))["follow.procedure"] is Level.L3


def test_a_skill_named_after_a_language_is_there_to_write_it() -> None:
    text = "---\nname: {}\ndescription: Rules of naming.\n---\n# Names\n\nNames are short.\n"
    assert levels(text.format("python-names"))["gen.code.python"] is Level.L3
    assert levels(text.format("react18-names"))["gen.code.javascript"] is Level.L3
    assert levels(text.format("pythonic-names")) == {}
