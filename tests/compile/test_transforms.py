"""Edits for measured gaps: what each does, none without a gap, all can be taken back, and what the guard stops."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.corpus import CORPUS, paths
from bench.reading.common import by_digest
from skvm.capability import Level, Profile, Target, load_catalog
from skvm.capability.profiles import shipped_profiles
from skvm.compile import DEFAULT_PIPELINE, CompileRequest, compile_program
from skvm.compile.transforms import TRANSFORMS
from skvm.compile.transforms.guard import losses
from skvm.compile.transforms.help.parts import sentences
from skvm.diag import UsageError
from skvm.parse import parse_skill
from skvm.plan import Addition, Artifact, Check, Executor, ExecutorKind, Output, StepNode
from skvm.plan.describe import explain_text, summary_text
from skvm.source import skill_from_bytes

from .build import profile

ALL = [p.id for p in load_catalog().primitives]
STRONG = profile(dict.fromkeys(ALL, (30, 30, 30)), "able")
WEAK = profile(dict.fromkeys(ALL, (30, 3, 0)), "unable")
NOTHING = profile(dict.fromkeys(ALL, (0, 0, 0)), "nothing")
HEAD = "---\nname: made\ndescription: Makes a note of the day. Use when a note is wanted.\n---\n\n# Made\n\n## Steps\n\n"
WITHOUT = DEFAULT_PIPELINE.replace("transform", "transform{only=none}")


def compiled(steps: str, known: Profile | None = WEAK, passes: str | None = None) -> Artifact:
    source = skill_from_bytes((HEAD + steps).encode(), "made")
    request = CompileRequest(Target(model="test"), known, passes=passes)
    return compile_program(parse_skill(source).program, source, request)


def step(artifact: Artifact, id: str) -> StepNode:
    node = artifact.plan.node(id)
    assert isinstance(node, StepNode)
    return node


def said(artifact: Artifact, id: str) -> str:
    return " ".join(part.text for part in step(artifact, id).slice.added)


def transforms(artifact: Artifact, id: str) -> set[str]:
    return {edit.transform for edit in artifact.edits if edit.step == id}


def bytes_without(artifact: Artifact) -> bytes:
    """Bytes of an artifact with its edits dropped; what was refused is told of the edited one only."""
    told = tuple(d for d in artifact.diagnostics if d.code != "SKV405")
    return artifact.unedited().model_copy(update={"diagnostics": told}).sealed().to_bytes()


NOTE = (
    "1. Plan the next day and write it to `out/note.md` with the sections `## Done`, `## Open` and `## Asked`.\n"
    "   Each section names the people it is about. Check every name twice.\n"
    "2. Tell the user where the note is.\n"
)


def test_the_result_is_checked_where_the_step_names_it() -> None:
    node = step(compiled(NOTE), "S1.s1")
    assert node.checks == (
        Check(kind="exists", value="out/note.md", added=True),
        *(Check(kind="contains", value=f"## {name}", path="out/note.md", added=True) for name in ("Done", "Open", "Asked")),
    )
    assert node.attempts == 2 and step(compiled(NOTE, STRONG), "S1.s1").attempts == 1


def test_a_step_is_taken_apart_in_the_author_s_words() -> None:
    made = compiled(NOTE)
    assert "parts" in transforms(made, "S1.s1")
    assert "2) Each section names the people it is about. 3) Check every name twice." in said(made, "S1.s1")


@pytest.mark.parametrize(
    "text",
    [
        "1. The form has **three** parts. They are short. Every part has a title.\n2. Tell the user.\n",
        "1. " + " ".join(f"Read the part called {n}." for n in "abcdefgh") + "\n2. Tell the user.\n",
    ],
    ids=["nothing to do in them", "too many"],
)
def test_what_is_no_list_of_things_to_do_is_not_numbered(text: str) -> None:
    assert "In order:" not in said(compiled(text, NOTHING), "S1.s1")


def test_emphasis_is_not_cut_in_two_and_nothing_is_said_twice() -> None:
    made = compiled(
        "1. **Plan the talk. Analyze** each part of it in turn. Check it against the brief.\n2. Tell the user.\n", NOTHING
    )
    words = said(made, "S1.s1")
    assert words.count("In order: 1) Plan the talk. 2) Analyze each part of it in turn.") == 1
    assert len({e.primitive for e in made.edits if e.step == "S1.s1" and e.transform == "parts"}) > 1


def test_a_heading_is_no_part_of_its_step() -> None:
    text = "#### 3.1 Check the list\n\nRead the whole list. Sort the names in it.\n"
    assert sentences(text) == ["Read the whole list.", "Sort the names in it."]


def test_a_template_and_its_fixed_lines() -> None:
    text = (
        "1. Write the bill to `out/bill.md`. Use this template exactly, with the sections in this order:\n\n"
        "   ```markdown\n   # Bill <number>\n\n   Total: <sum>\n   Due: <date>\n   ```\n\n2. Tell the user.\n"
    )
    made = compiled(text)
    assert {"template", "postcheck"} <= transforms(made, "S1.s1")
    assert "`# Bill <number>`, then `Total: <sum>`, then `Due: <date>`." in said(made, "S1.s1")
    assert [c.value for c in step(made, "S1.s1").checks] == ["out/bill.md", "# Bill", "Total:", "Due:"]
    edit = next(e for e in made.edits if e.transform == "template")
    assert edit.asks is Level.L1 and {r.level for r in step(made, "S1.s1").requires if r.primitive == "follow.format"} == {
        Level.L1
    }


def test_the_keys_of_a_shown_value() -> None:
    text = (
        "1. Generate the JSON config and write it to `out/a.json`:\n\n"
        '   ```json\n   {"name": "x", "size": 3, "tags": [{"id": 1}], "on": true}\n   ```\n\n2. Tell the user.\n'
    )
    words = said(compiled(text), "S1.s1")
    assert "`name` (a text), `size` (a number), `tags` (a list, each item an object with `id` (a number))" in words
    assert "`on` (true or false)" in words


def test_commands_are_given_one_at_a_time_with_what_is_open() -> None:
    text = "1. Count with `wc -l <log>` and, when the count is odd, sort with `sort <log> > out.txt`.\n2. Tell the user.\n"
    words = said(compiled(text, NOTHING), "S1.s1")
    assert "1) `wc -l <log>` 2) `sort <log> > out.txt`" in words and "Fill in `<log>` and change nothing else." in words
    assert "Where the text calls for it" in words and "Run exactly these" not in words


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("1. Never run `git add -A` or `git add .`. Run `git commit -m note`.\n", "git add"),
        ("1. Run `make check` right before `git push` and read what it prints.\n", "git push"),
        ("1. Run `make check` instead of `make all`.\n", "make all"),
        ("1. Validate: run `mypy --strict`, `black`, `ruff`.\n", "mypy --strict"),
        (
            '1. Set it up:\n\n   ```bash\n   set -e\n   for f in *.md; do\n     wc -l "$f"\n   done\n   echo done\n   ```\n',
            "set -e",
        ),
        ("1. Count:\n\n   ```bash\n" + "".join(f"   wc -l {n}.txt\n" for n in "abcdefghij") + "   ```\n", "wc -l a.txt"),
    ],
    ids=["forbidden", "a moment", "the other one", "one of a row", "part of a script", "some of many"],
)
def test_no_command_is_given_that_the_step_does_not_say_to_run(text: str, never: str) -> None:
    words = said(compiled(f"{text}2. Tell the user.\n", NOTHING), "S1.s1")
    assert not any(never in code for code in words.split("`")[1::2] if "In order:" not in words.split(code)[0])
    assert ("git commit -m note" in words) == ("git commit" in text) and ("make check" in words) == ("make check" in text)


def test_commands_of_several_cases_are_not_all_to_be_run() -> None:
    text = (
        "1. Make the table:\n\n   ```bash\n   # Counts\n   wc -l a.txt > t.txt\n"
        "   # Words\n   wc -w a.txt > t.txt\n   ```\n2. Tell the user.\n"
    )
    made = compiled(text, NOTHING)
    assert "delegation" not in transforms(made, "S1.s1")
    words = said(made, "S1.s1")
    assert "Where the text calls for it" in words and "Run exactly" not in words


def test_hints_speak_to_who_does_the_step() -> None:
    """ "Give the exact command" is advice for an author: nobody who does the step has one to give."""
    hints = [words for p in load_catalog().primitives for words in p.hints.values()]
    assert not [
        words for words in hints if words.startswith(("Give ", "Say what", "Name the files", "Mark every", "Put the piece"))
    ]


RULES = (
    "1. Write the letter. Never use an exclamation mark. Do not name a price. Never promise a date.\n2. Send it to the user.\n"
)


def test_rules_become_a_list_to_go_through() -> None:
    made = compiled(RULES)
    assert "checklist" in transforms(made, "S1.s1")
    assert "put right what does not hold: 1) " in said(made, "S1.s1") and "Do not name a price" in said(made, "S1.s1")


ROW = (
    "1. Run these commands:\n\n"
    "   ```bash\n   mkdir -p out\n   sort -u a.txt > out/b.txt\n   wc -l out/b.txt > out/n.txt\n   ```\n\n"
    "2. Tell the user what `out/n.txt` says.\n\n## Input\n\nA file `a.txt`.\n"
)


def test_stated_commands_in_a_row_run_as_code() -> None:
    made = compiled(ROW, NOTHING)
    node = step(made, "S1.s1")
    assert node.executor.kind is ExecutorKind.CODE and node.command is not None and node.command.shell
    assert node.command.text == "mkdir -p out && sort -u a.txt > out/b.txt && wc -l out/b.txt > out/n.txt"
    binding = next(b for b in made.bindings if b.step == "S1.s1")
    assert binding.executor == "code" and "does not hold" in binding.reason
    assert step(compiled(ROW, STRONG), "S1.s1").executor.kind is ExecutorKind.MODEL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Run these commands:", "Run these commands and review the result:"),
        ("Run these commands:", "Ways of counting:"),
        ("Run these commands:", "Run these commands. Never touch `c.txt`."),
        ("mkdir -p out\n", "# first way\n   mkdir -p out\n"),
        ("sort -u a.txt", "sort -u <file>"),
        ("wc -l", "/review wc -l"),
        ("wc -l", "cd .. && wc -l missing.txt"),
    ],
)
def test_any_doubt_leaves_a_row_to_the_model(old: str, new: str) -> None:
    assert step(compiled(ROW.replace(old, new), NOTHING), "S1.s1").executor.kind is ExecutorKind.MODEL


def test_another_way_that_the_step_offers() -> None:
    text = (
        "1. Open the page of the day in the browser, click on the link and save the table, or run "
        "`curl -s https://x.example/t -o out/t.csv`.\n2. Tell the user.\n"
    )
    made = compiled(text, NOTHING)
    node = step(made, "S1.s1")
    assert transforms(made, "S1.s1") == {"substitution"} and node.executor.kind is ExecutorKind.CODE
    assert node.command is not None and node.command.text == "curl -s https://x.example/t -o out/t.csv"
    for other in (", or if that fails run `curl", ", then run `curl"):
        kept = compiled(text.replace(", or run `curl", other), NOTHING)
        assert "substitution" not in transforms(kept, "S1.s1")


PROBE = "1. Check `jq --version` and `rg --version`.\n2. Write `out/a.md` with `jq . a.json > out/a.md` and `rg x`.\n"


def test_what_the_check_before_a_run_answers_is_left_out() -> None:
    made = compiled(PROBE, NOTHING)
    assert transforms(made, "S1.s1") == {"elimination"} and step(made, "S1.s1").executor.kind is ExecutorKind.NOTHING
    assert {"jq", "rg"} <= {need.name for need in made.environment if need.kind == "bin"}
    for start in ("Ask the user whether to go on, then check", "Note the version of", "Never skip this. Check"):
        kept = compiled(PROBE.replace("Check", start), NOTHING)
        assert step(kept, "S1.s1").executor.kind is ExecutorKind.MODEL, start


def test_reading_that_the_next_step_does_again_is_left_out() -> None:
    text = "1. Read `a.csv`.\n2. Read `a.csv` and write its rows to `out/b.md`.\n3. Read `out/b.md`.\n"
    made = compiled(text, NOTHING)
    assert [step(made, f"S1.s{i}").executor.kind for i in (1, 2, 3)] == ["nothing", "model", "model"]
    for other in (
        text.replace("a.csv", "references/a.md"),
        text.replace("Read `a.csv` and write its rows", "Read `b.csv` and write both"),
        text.replace("its rows", "the result"),
    ):
        assert step(compiled(other, NOTHING), "S1.s1").executor.kind is ExecutorKind.MODEL, other


ONE = st.sampled_from(
    [
        "Read `a.md` and `b.md`.",
        "Write a comprehensive report to `out/r.md` with `## A` and `## B`.",
        "Run `cat a.csv | awk '{print $1}' | sort > b.txt` and report what you see.",
        "Fetch https://x.example/api?page=1 and all pages, or run `curl -s https://x.example/api -o out/a.json`.",
        "Run these commands:\n\n   ```bash\n   mkdir -p out\n   sort a.txt > out/b.txt\n   ```\n",
        "If it fails, go back to step 1. Never delete `a.md`. Do not ask twice. Always keep a copy.",
        "Calculate the margin and the tax as percentages.",
        "Check `jq --version`.",
        'Generate this JSON:\n\n   ```json\n   {"a": {"b": [1]}}\n   ```\n',
        "Ask the user which one to take.",
    ]
)
CELLS = st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=26, max_size=26)


@settings(max_examples=60, deadline=None)
@given(st.lists(ONE, min_size=1, max_size=5), CELLS)
def test_dropping_the_edits_gives_the_unedited_artifact(texts: list[str], rows: list[tuple[int, int, int]]) -> None:
    steps = "".join(f"{i}. {text}\n" for i, text in enumerate(texts, 1))
    known = profile(dict(zip(ALL, rows, strict=True)), "drawn")
    edited, plain = compiled(steps, known), compiled(steps, known, WITHOUT)
    assert bytes_without(edited) == plain.model_copy(update={"pipeline": ()}).sealed().to_bytes()
    gaps = {
        (g.primitive, g.required, s) for g in edited.gaps for s in g.steps if g.verdict in ("weak", "missing", "not_offered")
    }
    assert {(e.primitive, e.required, e.step) for e in edited.edits} <= gaps
    assert all(e.spans for e in edited.edits) and {o.node.id for o in edited.originals} == {e.step for e in edited.edits}
    for node in edited.plan.nodes:
        if isinstance(node, StepNode):
            before = step(plain, node.id)
            assert node.slice.model_copy(update={"added": ()}) == before.slice
            assert set(before.checks) <= set(node.checks) and node.outputs == before.outputs


@settings(max_examples=25, deadline=None)
@given(st.lists(ONE, min_size=1, max_size=5))
def test_no_gap_no_edit(texts: list[str]) -> None:
    steps = "".join(f"{i}. {text}\n" for i, text in enumerate(texts, 1))
    for known in (STRONG, None):
        edited, plain = compiled(steps, known), compiled(steps, known, WITHOUT)
        assert not edited.edits and not edited.originals
        assert edited.plan.model_dump_json() == plain.plan.model_dump_json() and edited.bindings == plain.bindings


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")
def test_laws_hold_on_real_texts() -> None:
    names = by_digest(CORPUS, paths(CORPUS))[:40]
    known = [p for p in shipped_profiles() if p.model != "sim/strong"]
    for at, name in enumerate(names):
        source = skill_from_bytes((CORPUS / name).read_bytes(), "given")
        program = parse_skill(source).program
        for item in random.Random(at).sample(known, 2):
            target = Target(model=item.model, harness=item.harness)
            edited = compile_program(program, source, CompileRequest(target, item))
            plain = compile_program(program, source, CompileRequest(target, item, passes=WITHOUT))
            assert bytes_without(edited) == plain.model_copy(update={"pipeline": ()}).sealed().to_bytes(), name
            assert bool(edited.edits) <= bool(edited.gaps), name
        able = compile_program(program, source, CompileRequest(Target(model="able"), STRONG))
        assert not able.edits and all(not n.slice.added for n in able.plan.nodes if isinstance(n, StepNode)), name


def test_the_guard_stops_every_loss() -> None:
    source = skill_from_bytes((HEAD + ROW).encode(), "made")
    program = parse_skill(source).program
    node = step(compiled(ROW, NOTHING, WITHOUT), "S1.s1")
    assert not list(losses(program, source, node, node))
    strict = node.model_copy(update={"outputs": (Output(name="count"),), "checks": (Check(kind="exists", value="x"),)})
    code = Executor(kind=ExecutorKind.CODE)
    changes: list[tuple[StepNode, dict, str]] = [
        (strict, {"outputs": ()}, "the outputs of the step"),
        (strict, {"checks": ()}, "the check 'x'"),
        (strict, {"executor": code, "command": step(compiled(ROW, NOTHING), "S1.s1").command}, "the output count"),
        (node, {"slice": node.slice.model_copy(update={"text": "x"})}, "words of the author"),
        (node, {"requires": ()}, "the requirement"),
        (node, {"executor": code}, "what is to be run"),
        (node, {"executor": Executor(kind=ExecutorKind.NOTHING)}, "the output"),
        (node, {"title": "x"}, "the title of the step"),
        (
            node,
            {"slice": node.slice.model_copy(update={"added": (Addition(text="`rm x`", primitive="a", required=Level.L1),)})},
            "the author's own code",
        ),
    ]
    for before, update, lost in changes:
        found = list(losses(program, source, before, before.model_copy(update=update)))
        assert found and any(row.startswith(lost) for row in found), (update, found)


def test_a_refused_edit_is_told() -> None:
    made = compiled(ROW.replace("Run these commands:", "Run these commands. Never touch `c.txt`."), NOTHING)
    assert any(d.code == "SKV405" and "it would lose the rule" in d.message for d in made.diagnostics)


def test_edits_are_shown_with_gap_line_and_reason() -> None:
    made = compiled(NOTE)
    assert "  edits:" in summary_text(made) and "(for " in summary_text(made)
    text = explain_text(made)
    assert "What was edited because of measured gaps" in text and "S1.s1 parts: takes the step apart into" in text
    assert "measured L1" in text and "lines 10" in text


def test_some_transforms_only_and_unknown_ones() -> None:
    some = compiled(NOTE, passes=DEFAULT_PIPELINE.replace("transform", "transform{only=hint+parts}"))
    assert {e.transform for e in some.edits} == {"hint", "parts"}
    with pytest.raises(UsageError, match="no transform is called nope"):
        compiled(NOTE, passes=DEFAULT_PIPELINE.replace("transform", "transform{only=nope}"))


def test_every_transform_names_itself_and_what_it_answers() -> None:
    assert len({t.id for t in TRANSFORMS}) == len(TRANSFORMS)
    for item in TRANSFORMS:
        assert item.id and item.summary and item.answers <= set(ALL) and set(item.lowers) <= set(ALL)
