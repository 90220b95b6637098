"""Coverage of real skills: the same gaps as compiling, cached by content, independent of profiles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skvm.app.asked import CompileOptions
from skvm.app.cache import Cache
from skvm.app.compiling import compile_source
from skvm.app.coverage import columns_of, coverage, needs_many, needs_of_source
from skvm.app.inputs import expand_inputs
from skvm.app.settings import Settings
from skvm.capability import Verdict
from skvm.source import load_skill

SKILLS = sorted((Path(__file__).resolve().parents[2] / "bench" / "skills").iterdir())
TARGETS = ("qwen/qwen3.5-9b@bare-agent", "openai/gpt-5.4@openclaw", "sim/weak", "nobody/knows-it")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", tmp_path / "home" / "cache")


@pytest.mark.parametrize("folder", [s for s in SKILLS if (s / "SKILL.md").is_file()], ids=lambda p: p.name)
def test_coverage_and_compile_see_the_same_gaps(folder: Path, settings: Settings) -> None:
    source = load_skill(folder)
    needs = needs_of_source(source)
    columns = columns_of(TARGETS, (), settings)
    (row,) = coverage([needs], columns).rows
    for target, found in zip(TARGETS, row, strict=True):
        artifact = compile_source(source, CompileOptions(target=target), settings)
        assert {s.id for s in needs.steps} == {b.step for b in artifact.bindings if b.executor == "model"}
        seen = {(n.primitive, n.level, h.verdict) for n, h in zip(needs.distinct(), found.verdicts, strict=True)}
        assert {one for one in seen if one[2] is not Verdict.MET} == {
            (g.primitive, g.required, g.verdict) for g in artifact.gaps
        }
        known = [b.probability for b in artifact.bindings if b.executor == "model" and b.probability is not None]
        if found.weakest is not None:
            assert found.weakest.doubt.probability == min(known)


PROBE = """
import sys
from pathlib import Path
from skvm.app.cache import Cache
from skvm.app.coverage import columns_of, coverage, needs_many
from skvm.app.inputs import expand_inputs
from skvm.app.inputs import expand_inputs
from skvm.app.settings import Settings
settings = Settings.from_environment()
items = expand_inputs(sys.argv[1:])
matrix = coverage(list(needs_many(items, Cache(settings.cache))), columns_of((), (), settings))
import json
print(json.dumps({"matrix": matrix.to_json(), "loaded": sorted(m for m in sys.modules if m in (
    "skvm.parse", "skvm.compile", "lark", "networkx", "litellm", "tree_sitter"))}))
"""


@pytest.fixture
def probe(tmp_path: Path):  # type: ignore[no-untyped-def]
    folder = tmp_path / "skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text(
        "---\nname: skill\ndescription: Sorts. Use it.\n---\n# S\n\n## Steps\n\n1. Read `a.csv`.\n2. Write a regular "
        "expression that finds dates and save it in `out.txt`.\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")} | {"SKVM_HOME": str(tmp_path / "home")}

    def run():  # type: ignore[no-untyped-def]
        done = subprocess.run([sys.executable, "-c", PROBE, str(folder)], capture_output=True, env=env, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    run.folder, run.profiles = folder, tmp_path / "home" / "profiles"  # type: ignore[attr-defined]
    return run


def test_the_second_time_nothing_is_parsed_and_a_profile_changes_only_its_column(probe) -> None:  # type: ignore[no-untyped-def]
    first = probe()
    assert {"skvm.parse", "skvm.compile"} <= set(first["loaded"]) and "lark" not in first["loaded"]  # its tables are data
    again = probe()
    assert again["loaded"] == []
    assert again["matrix"] == first["matrix"]
    name = first["matrix"]["targets"][0]["target"]
    primitive, level = (first["matrix"]["skills"][0]["requirements"][0][k] for k in ("primitive", "level"))
    probe.profiles.mkdir(parents=True)
    own = {"name": name, "model": name, "harness": "bare-agent", "cells": {primitive: {"counts": {level: [0, 9]}}}}
    (probe.profiles / "own.json").write_text(json.dumps(own))
    changed = probe()
    assert changed["loaded"] == []
    was = {row["target"]: row for row in first["matrix"]["matrix"]}
    now = {row["target"]: row for row in changed["matrix"]["matrix"]}
    assert {t for t in was if was[t] != now[t]} == {name}
    assert f"{primitive} {level}" in now[name]["missing"]


def test_an_edited_skill_is_read_again(probe) -> None:  # type: ignore[no-untyped-def]
    first = probe()
    main = probe.folder / "SKILL.md"
    main.write_text(main.read_text().replace("2. Write a", "2. Open the page in a browser.\n3. Write a"))
    second = probe()
    assert "skvm.parse" in second["loaded"]
    assert second["matrix"]["skills"][0]["steps"] == first["matrix"]["skills"][0]["steps"] + 1


FERRY = """---
name: ferry-list
description: Makes the ferry list. Use when a list is wanted.
---

# Ferry list

## Steps

### Step 1: Fetch it

#### Method A: By browser

Open https://quay.example/list in the browser, log in, and take a screenshot.

#### Method B: By mail

Read `mail/list.txt`.

### Step 2: Print

Tell the user how many there are.
"""


def test_ways_of_one_purpose_are_kept_and_told(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "SKILL.md").write_text(FERRY)
    (fresh,) = needs_many(expand_inputs([str(tmp_path)]), Cache(settings.cache))
    (kept,) = needs_many(expand_inputs([str(tmp_path)]), Cache(settings.cache))
    assert fresh == kept and len(kept.purposes) == 1
    cells = coverage([kept], columns_of(TARGETS, (), settings)).to_json()["matrix"]
    assert all(set(cell["spared"]).isdisjoint(cell["met"] + cell["weak"] + cell["missing"]) for cell in cells)
    assert all(bool(cell["spared"]) <= bool(cell["via"]) for cell in cells)
    assert [way["title"] for cell in cells for way in cell["via"]].count("Method B: By mail") > 0
