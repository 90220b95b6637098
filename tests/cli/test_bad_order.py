"""Bad input about order, targets and plans: each is told with a code and a place, and no step stops waiting because of it."""

from __future__ import annotations

import json

import pytest

from skvm.capability import Cell, Level, Profile

HEAD = "---\nname: odd\ndescription: Odd order. Use when a test needs one.\n---\n# Odd\n\n## Steps\n\n"

CASES = {
    "order that contradicts itself": (
        ["After step 3, read `in/a.md`.", "Read `in/b.md`.", "Compare the results."], "SKV210", 9,
    ),
    "a circle of two": (["After step 2, fetch the list.", "After step 1, sort the list."], "SKV501", 9),
    "a circle of three": (
        ["Fetch it once step 3 is done.", "Sort it after step 1 is done.", "Do this after step 2: print it."], "SKV501", 9,
    ),
    "what comes too late": (["Fetch the list.", "Sort the list. Do this before step 1.", "Print it."], "SKV210", 10),
    "a wait for what is not there": (["Fetch the list.", "Once step 12 is done, print it."], "SKV211", 10),
    "a jump to nowhere": (["Fetch the list.", "If the check fails, go back to step 9."], "SKV206", 10),
    "a result of a step that is not there": (["Fetch the list.", "Sort the output of step 12."], "SKV211", 10),
    "an order behind a step that is not there": (["Fetch the list.", "After step 7, sort it."], "SKV211", 10),
    "two that write one file": (["Run `sort a.csv -o out.csv`.", "Run `sort b.csv -o out.csv`."], "SKV504", 10),
    "two that write one file at the same time": (
        ["Run `sort a.csv -o out.csv`.", "Run `sort b.csv -o out.csv`.", "Run steps 1 and 2 in parallel."], "SKV503", 11,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_order_is_told_and_no_step_stops_waiting(skvm, tmp_path, name):
    lines, code, line = CASES[name]
    (tmp_path / "SKILL.md").write_text(HEAD + "".join(f"{n}. {words}\n" for n, words in enumerate(lines, 1)))
    done = skvm("compile", tmp_path, "--target", "sim/strong", "--format", "json")
    assert done.code == 0
    found = next(d for d in done.json["diagnostics"] if d["code"] == code)
    assert found["line"] == line and found["span"]["end"] > found["span"]["start"]
    nodes = [n["id"] for n in done.json["plan"]["nodes"] if n["parent"] is None]
    waits = {(e["before"], e["after"]) for e in done.json["plan"]["edges"]}
    first = 1 if name == "order that contradicts itself" else 0  # the first two of it only read, and other files
    assert waits >= set(zip(nodes[first:], nodes[first + 1 :], strict=False))


def test_an_unknown_target(skvm, skill):
    done = skvm("compile", skill, "--target", "sim/nobody")
    assert done.code == 2 and "SKV001 no profile is called nobody" in done.err and "sim/" in done.err
    assert skvm("explain", "SKV001").code == 0
    unmeasured = skvm("compile", skill, "--target", "vendor/new", "--format", "json")
    assert unmeasured.code == 0 and unmeasured.json["gaps"]
    assert {g["verdict"] for g in unmeasured.json["gaps"]} == {"unmeasured"}


def test_a_profile_with_missing_cells(skvm, skill, tmp_path):
    cell = Cell(level=Level.L3, counts=dict.fromkeys((Level.L1, Level.L2, Level.L3), (10, 10)))
    part = Profile(name="part", model="vendor/part", harness="builtin", cells={"tool.file.read": cell})
    (tmp_path / "part.json").write_text(json.dumps(part.model_dump(mode="json", by_alias=True)))
    done = skvm("compile", skill, "--target", "vendor/part", "--profile", tmp_path / "part.json", "--format", "json")
    assert done.code == 0, done.err
    gaps = {g["primitive"]: g for g in done.json["gaps"]}
    assert "tool.file.read" not in gaps and gaps["tool.file.write"]["verdict"] == "unmeasured"
    assert gaps["tool.file.write"]["spans"] and "SKV402" in {d["code"] for d in done.json["diagnostics"]}


def test_an_edited_plan_and_a_newer_one(skvm, skill, tmp_path):
    plan = tmp_path / "p.json"
    assert skvm("compile", skill, "--target", "sim/strong", "-o", plan).code == 0
    body = json.loads(plan.read_text())
    fewer = {**body, "plan": {**body["plan"], "edges": []}}
    newer = {**body, "schema": body["schema"] + 1}
    for changed, words in ((fewer, "SKV004 the plan does not match its digest"), (newer, "SKV005"), ({}, "SKV003")):
        plan.write_text(json.dumps(changed))
        for verb in (["explain"], ["run", "--model", "sim/strong", "--input", "x"]):
            done = skvm(verb[0], plan, *verb[1:])
            assert done.code == 2 and words in done.err and "p.json" in done.err
