"""Ways of one purpose in several sections: which are read as such, what each needs, which one a target is given."""

from __future__ import annotations

import pytest

from skvm.capability import Level, Profile, Requirement, Target, detour, load_catalog
from skvm.capability.coverage import Column, cover
from skvm.capability.purposes import Path, Purpose
from skvm.compile import CompileRequest, compile_program
from skvm.compile.alternatives import Alternatives, Choice
from skvm.compile.emission import emit_skill, harness_named, restore
from skvm.compile.needs import needs_of
from skvm.compile.sections import Sections
from skvm.parse import parse_skill
from skvm.plan import Artifact, BranchNode, StepNode
from skvm.plan.describe import explain_json, explain_text
from skvm.source import Span, skill_from_bytes

from .build import profile

HEAD = "---\nname: made\ndescription: Makes the ferry list of a day. Use when a list is wanted.\n---\n\n# Made\n\n"
ALL = [p.id for p in load_catalog().primitives]


def able(**worse: tuple[int, int, int]) -> Profile:
    """A profile that holds everything but what is given, dots written as underscores."""
    return profile(dict.fromkeys(ALL, (30, 30, 30)) | {k.replace("_", "."): v for k, v in worse.items()}, "made")


def choices(text: str) -> tuple[Choice, ...]:
    source = skill_from_bytes((HEAD + text).encode(), "made")
    program = parse_skill(source).program
    return Alternatives(program, source, Sections(program, source)).found


def compiled(text: str, known: Profile | None) -> Artifact:
    source = skill_from_bytes((HEAD + text).encode(), "made")
    return compile_program(parse_skill(source).program, source, CompileRequest(Target(model="test"), known))


def titles(text: str) -> list[list[str]]:
    return [[way.title for way in choice.ways] for choice in choices(text)]


TWO = "## Fetch\n\n{between}### {one}\n\nOpen the quay page.\n\n### {two}\n\nAsk the harbour office.\n\n## Print\n\nPrint it.\n"


def told(one: str, two: str, between: str = "") -> str:
    return TWO.format(one=one, two=two, between=between)


@pytest.mark.parametrize(
    ("one", "two", "first"),
    [
        ("Method A: By browser", "Method B: By phone", 0),
        ("Method 1 - By browser", "Method 2 - By phone (recommended)", 1),
        ("Option 1: By browser (recommended)", "Option 2: By phone", 0),
        ("Option A: By browser", "Option B: By phone (fallback)", 0),
        ("By browser (recommended)", "Alternative: by phone", 0),
        ("Quay list by browser", "Fallback: quay list by phone", 0),
        ("Approach One: Browser", "Approach Two: Phone", 0),
    ],
)
def test_sections_that_lead_to_one_end(one: str, two: str, first: int) -> None:
    (choice,) = choices(told(one, two))
    assert [way.title for way in choice.ways] == [one, two] and choice.first == first
    assert all(way.span.contains(cited) for way, cited in zip(choice.ways, choice.because, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        told("Step 1: By browser", "Step 2: By phone"),
        told("Method 1: Fetch the list", "Method 2: Then print it"),
        told("Option 1: Keep the list", "Option 2: Throw it away"),  # two ends, none of them preferred
        told("Option 1: [Name] (recommended)", "Option 2: [Name]"),
        told("Method 2: By browser", "Method 3: By phone"),
        told("Method A: By browser", "Approach B: By phone"),
        told("Method A: By browser", "Method B: By phone", "Follow all of these in this order.\n\n"),
        told("Method A: By browser", "Method B: By phone").replace("Ask the", "After method A ask the"),
        told("By browser", "By phone"),
        told("Overview (recommended)", "Alternatives"),
        told("Quay list", "Alternative: dry docks"),
        "## Output format\n\n### Option 1: Short (recommended)\n\nOne line.\n\n### Option 2: Long\n\nA page.\n",
        "## Fetch\n\n```markdown\n### Method A: x\n\na\n\n### Method B: y\n\nb\n```\n",
    ],
)
def test_no_alternatives_are_seen_in_anything_else(text: str) -> None:
    assert titles(text) == []


SENTENCE = (
    "## Fetch by browser\n\nOpen the quay page. If the browser is not available, use {named}.\n\n"
    "## By phone\n\nAsk the harbour office.\n\n## Print\n\nPrint it.\n"
)


@pytest.mark.parametrize("named", ["[the phone](#by-phone)", 'the section "By phone"', "the By phone section"])
def test_a_section_named_for_when_something_is_not_there(named: str) -> None:
    (choice,) = choices(SENTENCE.format(named=named))
    assert [way.title for way in choice.ways] == ["Fetch by browser", "By phone"]
    assert b"not available" in (HEAD + SENTENCE.format(named=named)).encode()[choice.because[0].start : choice.because[0].end]


@pytest.mark.parametrize("named", ["a phone", "[the rules](#rules)", '"Print it again"'])
def test_a_sentence_that_names_no_section_is_not_one(named: str) -> None:
    assert titles(SENTENCE.format(named=named)) == []


def path(title: str, level: Level | None, *, limited: bool = False) -> Path:
    span = Span("SKILL.md", 0, 1)
    needs = (Requirement(primitive="tool.browser", level=level, spans=(span,)),) if level is not None else ()
    return Path(title=title, span=span, needs=needs, limited=limited)


def test_a_detour_needs_a_gap_of_the_first_and_proof_of_another() -> None:
    span = Span("SKILL.md", 0, 1)
    both = Purpose(about="x", paths=(path("a", Level.L2), path("b", Level.L1)), because=(span,))
    found = detour(both, able(tool_browser=(30, 0, 0)))
    assert found is not None and found.path == 1 and found.gap.required is Level.L2
    assert detour(both, able()) is None and detour(both, None) is None  # no gap, nothing measured
    assert detour(both, able(tool_browser=(0, 0, 0))) is None  # the other one is no better
    cased_first = (path("a", Level.L2, limited=True), both.paths[1])
    for paths in ((both.paths[0], path("b", Level.L1, limited=True)), (both.paths[0], path("b", None)), cased_first):
        cased = both.model_copy(update={"paths": paths})
        assert detour(cased, able(tool_browser=(30, 0, 0))) is None
    unknown = able()
    unknown.cells.pop("tool.web")
    other = Requirement(primitive="tool.web", level=Level.L1, spans=(span,))
    odd = both.model_copy(update={"paths": (both.paths[0], both.paths[1].model_copy(update={"needs": (other,)}))})
    unproved = unknown.model_copy(
        update={"cells": {**unknown.cells, "tool.browser": able(tool_browser=(0, 0, 0)).cells["tool.browser"]}}
    )
    assert detour(odd, unproved) is None


INSIDE = """The list of a day is on the quay page and in the office's mail.

## The list

### Option 1: By browser (recommended)

The quay page https://quay.example/list shows every day. A click on the day gives its table, a screenshot of the page is
enough. The browser session stays open; a second browser tab has the bill, of which a screenshot is kept as well.

### Option 2: By mail

The office puts it into `mail/list.txt`.
"""
NO_BROWSER = able(tool_browser=(0, 0, 0))


def test_a_step_that_tells_the_ways_is_told_which_to_take() -> None:
    made = compiled(INSIDE, NO_BROWSER)
    (purpose,) = made.purposes
    needs = [{n.primitive for n in p.needs} for p in purpose.paths]
    assert "tool.browser" in needs[0] and "tool.browser" not in needs[1] and not purpose.paths[0].steps
    edit = next(e for e in made.edits if e.transform == "detour")
    node = made.plan.node(edit.step)
    assert isinstance(node, StepNode) and edit.primitive == "tool.browser" and set(purpose.because) <= set(edit.spans)
    assert edit.asks is Level.L0 and "\u201cOption 2: By mail\u201d, unless the task" in " ".join(
        a.text for a in node.slice.added
    )
    assert "Ways of one purpose" in explain_text(made) and explain_json(made)["purposes"][0]["paths"][1]["title"].endswith(
        "mail"
    )
    plain = compiled(INSIDE, able())
    assert not plain.edits and plain.purposes == made.purposes
    before = made.unedited().plan.node(edit.step)
    assert isinstance(before, StepNode) and not before.slice.added


ARMS = """## Steps

### Step 1: Fetch the ferry list

#### Method A: By browser

Open https://quay.example/list in the browser, log in, click on the day and take a screenshot of the page.

#### Method B: By mail

Read `mail/list.txt`.

### Step 2: Print

Tell the user how many ferries there are.
"""


def branch(made: Artifact) -> BranchNode:
    return next(n for n in made.plan.nodes if isinstance(n, BranchNode))


def test_a_branch_between_ways_prefers_the_one_that_is_held() -> None:
    made = compiled(ARMS, NO_BROWSER)
    node = branch(made)
    assert node.preferred == 1 and {"method a", "browser"} <= set(node.unless) and "mail" not in node.unless
    edit = next(e for e in made.edits if e.step == node.id)
    assert edit.transform == "detour" and edit.primitive == "tool.browser" and edit.spans
    assert branch(made.unedited()).preferred is None and {o.node.id for o in made.originals} == {e.step for e in made.edits}
    for known in (able(), None, able(tool_browser=(0, 0, 0), tool_file_read=(0, 0, 0))):
        assert branch(compiled(ARMS, known)).preferred is None
    for words in ("(only on Sundays)", "(legacy)", "- requires a mailbox"):
        cased = ARMS.replace("Method B: By mail", f"Method B: By mail {words}")
        assert branch(compiled(cased, NO_BROWSER)).preferred is None, words


def test_an_emitted_skill_says_which_way_to_take_and_is_given_back() -> None:
    source = skill_from_bytes((HEAD + ARMS).encode(), "made")
    program = parse_skill(source).program
    made = emit_skill(program, source, compiled(ARMS, NO_BROWSER), harness_named("claude-code"))
    added = made.main.decode().removeprefix(HEAD + ARMS)
    assert "Method B: By mail\u201d, unless the task asks for another one." in added
    assert made.sidecar.changes[-1].gap.startswith("tool.browser L")
    assert restore(made.main, made.sidecar) == source.main.raw
    assert emit_skill(program, source, compiled(ARMS, able()), harness_named("claude-code")).main == source.main.raw


@pytest.mark.parametrize("text", [INSIDE, ARMS])
def test_coverage_takes_the_way_that_is_held(text: str) -> None:
    source = skill_from_bytes((HEAD + text).encode(), "made")
    needs = needs_of(parse_skill(source).program, source)
    nothing = profile(dict.fromkeys(ALL, (0, 0, 0)), "made")
    short, held, none = cover(needs, (Column("a", NO_BROWSER), Column("b", able()), Column("c", nothing)))
    assert short.covers and short.via == (needs.purposes[0].ways[1],)
    assert {needs.distinct()[at].primitive for at in short.spared} >= {"tool.browser"}
    assert held.covers and not held.via and not none.covers and not none.via
