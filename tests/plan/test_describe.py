from __future__ import annotations

import json

import pytest

from skvm.capability import find_profile, parse_target
from skvm.compile import CompileRequest, compile_program
from skvm.parse import parse_skill
from skvm.plan import Artifact
from skvm.plan.describe import explain_json, explain_text, summary_text
from skvm.plan.dry_run import dry_run_json, dry_run_text
from skvm.source import skill_from_bytes

SKILL = """---
name: table-report
description: Makes a report out of a table.
---

# Table report

## Steps

1. Read `notes.md`.
2. Read `rules.md`.
3. Calculate the weighted average of each column with `cat t.csv | awk '{print $2}' | sort` and write a report to `out.md`.
4. Wait for the user's approval before publishing.
5. If publishing fails, tell the user.

## Rules

- Never delete a row.
"""


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    source = skill_from_bytes(SKILL.encode())
    match = find_profile(parse_target("sim/weak"))
    return compile_program(
        parse_skill(source).program, source, CompileRequest(parse_target("sim/weak"), match.profile, match.note)
    )


def test_explanations_cover_every_step_and_edge(artifact: Artifact) -> None:
    data = explain_json(artifact)
    json.dumps(data)
    assert [n["id"] for n in data["nodes"]] == [n.id for n in artifact.plan.nodes]
    assert {(e["before"], e["after"]) for e in data["edges"]} == {(e.before, e.after) for e in artifact.plan.edges}
    assert all(e["why"] and e["saves_without"] >= 0 for e in data["edges"])
    assert all(b["reason"] for b in data["bindings"])
    assert data["span_seconds"] <= data["work_seconds"] and set(data["workers"]) == {"1", "2", "4", "8", "16"}
    assert all(1 <= line <= SKILL.count("\n") for r in data["requirements"] for line in r["lines"])
    assert data["weakest"]["probability"] == min(b["probability"] for b in data["bindings"] if b["executor"] == "model")


def test_edges_and_gaps_say_where_their_reason_stands(artifact: Artifact) -> None:
    data, text, lines = explain_json(artifact), explain_text(artifact), SKILL.splitlines()
    assert data["edges"] and data["gaps"]
    for edge in data["edges"]:
        assert lines[edge["line"] - 1].strip() and f"{edge['after']} after {edge['before']} (line {edge['line']})" in text
    for gap in data["gaps"]:
        assert gap["lines"] and len(gap["cites"]) == len(gap["lines"])
        assert gap["cites"][0].split()[0] in lines[gap["lines"][0] - 1]
        assert f"line {gap['lines'][0]}: {gap['cites'][0]}" in text


def test_texts_name_what_matters(artifact: Artifact) -> None:
    text = explain_text(artifact)
    for words in (
        "table-report for sim/weak",
        "gaps:",
        "critical path:",
        "Why each step waits",
        "Why each step is bound",
        "estimate:",
    ):
        assert words in text
    assert summary_text(artifact) in text
    for node in artifact.plan.nodes:
        assert node.id in text
    assert "Added to" in text and "because of a measured gap" in text


def test_style_marks_words_only(artifact: Artifact) -> None:
    marked = explain_text(artifact, lambda text, role: f"<{role}>{text}</>")
    stripped = marked.replace("</>", "")
    for role in ("bold", "dim", "good", "info", "warning", "error"):
        stripped = stripped.replace(f"<{role}>", "")
    assert stripped == explain_text(artifact)


def test_dry_runs_show_what_would_happen(artifact: Artifact) -> None:
    data = dry_run_json(artifact)
    json.dumps(data)
    assert [s["id"] for s in data["steps"]] == [n.id for n in artifact.plan.nodes]
    text = dry_run_text(artifact)
    assert "may:" in text and "must not" in text and "Never delete a row" in text
