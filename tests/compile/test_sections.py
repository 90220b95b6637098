"""Ways of doing one job exclude each other; failure handlers hang off the step that can fail; numbered checks only look."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest

from skvm.app.outline import outline
from skvm.compile import analyse
from skvm.parse import parse_skill
from skvm.plan import BranchNode, Edge
from skvm.source import skill_from_bytes

from .build import compiled

HEAD = "---\nname: made\ndescription: Use when a report is due.\n---\n\n# Made\n\n"
MODES = """## Phase 1: Collect

1. Read the tickets of the week.
2. Group the tickets by team.

## Phase 2: Write

1. Write the report from the groups.
2. Ask the lead to approve the report.

## Short Report Mode

Use this when one day is enough.

1. Fetch the open incidents.
2. Count them by severity.
3. Write the counts to `short.md`.
4. Send the file to the lead.

## Audit Report Mode

Use this when the auditors ask.

1. Read every ticket of the quarter.
2. Write one page for each team.
3. Check the totals against the ledger.
4. Save the pages under `audit/`.
"""
ERRORS = """## Workflow

### Step 1: Fetch

Fetch the exchange rates from the bank.

### Step 2: Convert

Convert the amounts with the rates.

### Step 3: Publish

Publish the table to the team.

### Failure and recovery

- If the exchange rates cannot be fetched, tell the user and stop.
- If publishing fails, save the table to a file.
"""
CHECKS = """## Step 1: Load

Read the settings of the service.

## Step 2: Look for weak settings

### Check 1: Passwords

Are passwords stored in plain text? Look for values written to the log.

### Check 2: Ports

Are ports open that nobody uses? Look at every rule that was added.

### Check 3: Tokens

Do tokens expire? An attacker could send a token that was revoked.

## Step 3: Report

Write the findings to `report.md`.
"""


def read(text: str):
    source = skill_from_bytes((HEAD + text).encode(), "made")
    return parse_skill(source).program, source


def reaches(edges: tuple[Edge, ...]) -> set[tuple[str, str]]:
    return set(nx.transitive_closure(nx.DiGraph([(e.before, e.after) for e in edges])).edges)


def steps_of(program, title: str) -> list[str]:
    scenes = {s.id for s in program.scenes if title in s.title}
    return [s.id for s in program.steps if s.scene in scenes]


def test_ways_are_arms_of_one_choice() -> None:
    program, source = read(MODES)
    artifact = compiled((program, source))
    branch = next(n for n in artifact.plan.nodes if isinstance(n, BranchNode))
    assert [a.condition for a in branch.arms] == ["otherwise", "Short Report Mode", "Audit Report Mode"]
    assert {n.arm for n in artifact.plan.nodes if n.parent == branch.id} == {0, 1, 2}
    main = [s.id for s in program.steps if s.id not in {*steps_of(program, "Short"), *steps_of(program, "Audit")}]
    closure = reaches(analyse(program, source).edges)
    for one, two in combinations((main, steps_of(program, "Short"), steps_of(program, "Audit")), 2):
        assert one and two and not {(a, b) for a in one for b in two} & closure
    assert all(pair in closure for pair in combinations(main, 2))


@pytest.mark.parametrize(
    "text",
    [
        MODES.replace("Short Report Mode", "Tidy").replace("Audit Report Mode", "Send"),
        MODES.replace("Short Report Mode", "Phase 3: Tidy").replace("Audit Report Mode", "Phase 4: Send"),
    ],
)
def test_sections_that_follow_each_other_stay_in_order(text: str) -> None:
    program, source = read(text)
    assert not any(isinstance(n, BranchNode) for n in compiled((program, source)).plan.nodes)
    closure = reaches(analyse(program, source).edges)
    assert all(pair in closure for pair in combinations([s.id for s in program.steps], 2))


def test_handlers_hang_off_what_can_fail() -> None:
    program, source = read(ERRORS)
    fetch, convert, publish = (steps_of(program, t)[0] for t in ("Fetch", "Convert", "Publish"))
    rates, saving = (s.id for s in program.steps if s.id not in {fetch, convert, publish})
    edges = {(e.before, e.after) for e in analyse(program, source).edges}
    assert edges == {(fetch, convert), (convert, publish), (fetch, rates), (publish, saving)}
    plan = compiled((program, source)).plan
    order = reaches(plan.edges)
    assert (publish, rates) in order and (rates, saving) in order, "the plan keeps them in line"


def test_numbered_checks_that_ask_are_independent_and_only_read() -> None:
    program, source = read(CHECKS)
    checks = [s.id for s in program.steps if s.title.startswith("Check")]
    found = analyse(program, source)
    assert len(checks) == 3
    assert all(not found.effects[c].writes and not found.effects[c].top for c in checks)
    closure = reaches(found.edges)
    assert not any(pair in closure for pair in combinations(checks, 2))
    load, report = program.steps[0].id, program.steps[-1].id
    assert all((load, c) in closure and (c, report) in closure for c in checks)


def test_a_plain_reference_ties_a_check_to_the_one_before() -> None:
    program, source = read(CHECKS.replace("Look at every rule", "Take the results of check 1. Look at every rule"))
    one, two, three = (s.id for s in program.steps if s.title.startswith("Check"))
    closure = reaches(analyse(program, source).edges)
    assert (one, two) in closure and (one, three) not in closure


@pytest.mark.parametrize("text", [MODES, ERRORS])
def test_what_excludes_each_other_is_not_called_parallel(text: str) -> None:
    program, source = read(text)
    assert outline(program, source, analyse(program, source))["parallel"] == []


def test_checks_are_called_parallel() -> None:
    program, source = read(CHECKS)
    groups = outline(program, source, analyse(program, source))["parallel"]
    assert [g["steps"] for g in groups] == [[s.id for s in program.steps if s.title.startswith("Check")]]
