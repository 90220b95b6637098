"""A skill as a harness reads it: no gap no edit, nothing lost, everything comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.compile.emission import Emission, Sidecar, emit_skill, harness_named, restore
from skvm.compile.emission.edits import Edit, apply
from skvm.compile.emission.emit import harms
from skvm.compile.emission.fidelity import lost, pieces
from skvm.compile.emission.harnesses import harnesses
from skvm.diag import PlanError, UsageError
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

PLAIN = "---\nname: tidy-notes\ndescription: Tidies notes. Use when notes are untidy.\n---\n\n# Tidy notes\n\n## Steps\n\n"
STEPS = (
    "1. Run `cat notes.txt | awk '{print $1}' | sort -u > words.txt` unless it is there.\n"
    "2. Write a comprehensive report over all notes to `out/report.md`.\n"
)


NOWHERE = Settings(Path("/nonexistent"), Path("/nonexistent"))


def emitted(text: str | bytes, harness: str = "claude-code", target: str = "none") -> Emission:
    raw = text if isinstance(text, bytes) else text.encode()
    source = skill_from_bytes(raw, "given")
    artifact = compile_source(source, CompileOptions(target), NOWHERE)
    made = emit_skill(parse_skill(source).program, source, artifact, harness_named(harness))
    assert restore(made.main, made.sidecar) == raw
    return made


@pytest.mark.parametrize("harness", sorted(harnesses()))
def test_no_gap_no_edit(harness: str) -> None:
    made = emitted(PLAIN + STEPS, harness, "sim/strong")
    assert made.identical and made.main == (PLAIN + STEPS).encode() and made.folder == "tidy-notes"


def front(made: Emission) -> dict[str, str]:
    text = made.main.decode().removeprefix("\ufeff")
    assert text.startswith("---")
    found = yaml.safe_load(text.split("---")[1])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("text", "harness", "name", "says"),
    [
        ("# Tidy\n\nTidies the notes of a day.\n", "codex", "given", "Tidies the notes of a day."),
        ("---\ndescription: Tidies.\n---\n# Tidy\n", "opencode", "given", "Tidies."),
        ("---\r\nname: tidy\r\n---\r\n# Tidy\r\n\r\nTidies notes.\r\n", "goose", "tidy", "Tidies notes."),
        ("---\nname: Tidy Notes\ndescription: Tidies.\n---\n# Tidy\n", "qwen-code", "tidy-notes", "Tidies."),
        ("---\nname: tidy\ndescription: Use it: always\n---\n# Tidy\n", "pi", "tidy", "Use it: always"),
        ("\ufeff# Tidy\n\nTidies notes.\n", "hermes", "given", "Tidies notes."),
    ],
)
def test_what_a_harness_would_not_list_is_put_right(text: str, harness: str, name: str, says: str) -> None:
    made = emitted(text, harness)
    assert front(made) == {"name": name, "description": says}
    assert all(harness in change.gap for change in made.sidecar.changes)
    assert ("\r\n" in text) == (b"\r\n" in made.main.split(b"Tidy")[0])
    assert emitted(text, "claude-code").identical, "claude-code lists all of these"


def test_help_stands_beside_its_step_and_cites_the_gap() -> None:
    made = emitted(PLAIN + STEPS, target="sim/weak")
    assert made.sidecar.changes and all(change.lines for change in made.sidecar.changes)
    lines = made.main.decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("1. "))
    assert lines[at + 1].startswith("   > ") and lines[at + 2].startswith("2. ")
    again = parse_skill(skill_from_bytes(made.main)).program
    assert [s.title for s in again.steps] == [
        s.title for s in parse_skill(skill_from_bytes((PLAIN + STEPS).encode())).program.steps
    ]


def test_help_for_a_table_row_stands_at_the_end() -> None:
    rows = "## Steps\n\n| Step | Do |\n|---|---|\n" + "".join(
        f"| {i} | {s[3:].strip()} |\n" for i, s in enumerate(STEPS.splitlines(), 1)
    )
    made = emitted(PLAIN + rows.replace("| awk", "\\| awk").replace("| sort", "\\| sort"), target="sim/weak")
    if made.sidecar.changes:
        assert made.main.startswith((PLAIN + "## Steps").encode()) and b"## How to do the steps above" in made.main


def test_concurrency_is_told_only_where_it_can_be_used() -> None:
    text = f"{PLAIN}1. Read `a.txt` and write `a.md`.\n2. Read `b.txt` and write `b.md`. Run steps 1 and 2 in parallel.\n"
    told = emitted(text)
    assert b"Give them to sub-agents" in told.main
    assert emitted(text, "goose").identical and emitted(text, "builtin").identical


def test_what_cannot_be_helped_is_told() -> None:
    long = PLAIN.replace("Tidies notes.", "Tidies notes. " * 100).replace(
        "---\n\n#", "disable-model-invocation: true\n---\n\n#"
    )
    notes = emitted(long, "hermes").sidecar.notes
    assert any("shows 60 of the" in note for note in notes) and any("asks it not to" in note for note in notes)
    assert not emitted(long, "claude-code").sidecar.notes


def test_a_file_that_is_not_utf8_is_carried_as_it_is() -> None:
    raw = b"# Tidy\n\nTidies notes\xff\xfe.\n"
    made = emitted(raw, "codex")
    assert made.identical and any("not UTF-8" in note for note in made.sidecar.notes)


def test_the_guard_sees_what_is_lost() -> None:
    text = PLAIN + STEPS + "\nSee [the guide](https://example.org/g).\n\n```sh\nls\n```\n\n- Never delete notes.\n"
    source = skill_from_bytes(text.encode())
    program = parse_skill(source).program
    assert list(harms(program, source, text.encode())) == []
    for gone in (
        "`cat notes.txt",
        "[the guide](https://example.org/g)",
        "```sh\nls\n```",
        STEPS.splitlines()[1],
        "- Never delete notes.",
    ):
        assert list(harms(program, source, text.replace(gone, "x").encode())), gone


def test_pieces_are_code_fences_links_and_images() -> None:
    found = pieces("a `b` [x](y) ![i](p.png)\n\n```py\nz\n```\n")
    assert found == [("Code", "b"), ("Link", "y"), ("Image", "p.png"), ("CodeBlock", "{'Fenced': 'py'}\0z\n")]
    assert lost("`a` `b`", "`b` `a`") and not lost("`a` `b`", "`a` new `x` `b`")


def test_overlapping_edits_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply(b"abcdef", [Edit(0, 3, b"", "x"), Edit(2, 4, b"", "y")])


def test_an_emitted_file_that_was_changed_is_not_given_back() -> None:
    made = emitted("# Tidy\n\nTidies notes.\n", "codex")
    with pytest.raises(PlanError, match="changed since"):
        restore(made.main + b"!", made.sidecar)
    with pytest.raises(PlanError, match="does not fit"):
        restore(made.main, made.sidecar.model_copy(update={"changes": ()}))


def test_a_sidecar_never_leads_out_of_its_folder() -> None:
    good = emitted(PLAIN).sidecar.model_dump(mode="json", by_alias=True)
    for bad in ({"main": "../x"}, {"files": {"/etc/x": "d"}}, {"files": {"a/../../x": "d"}}, {"schema": 99}):
        with pytest.raises(ValueError):
            Sidecar.model_validate({**good, **bad})


def test_an_unknown_harness_is_named_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="no harness is called x"):
        harness_named("x")


SHAPES = """---|name: A b|description: x: y|# Steps|1. Run `x`.|2. Write a comprehensive report.|- Never `rm`.|> quote||[l](u)
```sh|ls|```|   indented|Step 3: check it."""
TABLE = ["| a | b |", "|---|---|", "| 1 | `c` |"]
LINES = st.lists(st.sampled_from([*SHAPES.replace("\n", "|").split("|"), *TABLE]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(LINES, st.sampled_from(sorted(harnesses())), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["none", "sim/weak"]))
def test_whatever_is_emitted_comes_back_and_loses_nothing(lines: list[str], harness: str, end: str, target: str) -> None:
    text = end.join(lines)
    made = emitted(text, harness, target)
    assert not lost(text, made.main.decode())


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(harnesses())))
def test_any_bytes_come_back(raw: bytes, harness: str) -> None:
    emitted(raw, harness, "sim/weak")
