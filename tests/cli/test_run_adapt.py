"""`skvm run --adapt`, `skvm jit adapted`, `skvm jit rollback`, by the command line on a small skill and simulated models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from skvm.app import adapting
from skvm.app.active import PLANS, keep, record_of
from skvm.app.adapting import plan_digest
from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.capability import Cell, Level
from skvm.capability.profiles import find_profile, parse_target, profile_bytes
from skvm.cli.entry import group
from skvm.diag import SkvmError
from skvm.jit.adapt import AdaptPolicy, AdaptRecord, RecompileRequest, admit, compared
from skvm.plan import Artifact
from skvm.runtime import RunOutcome
from skvm.source import load_skill
from skvm.store import open_store

Say = Callable[..., "Said"]

SKILL = """---
name: stamp
description: Writes a stamp file. Use when a stamp is asked for.
---

# Stamp

## Steps

1. Write the stamp:

   ```bash
   echo ready > stamp.txt
   ```

2. Decide which of the two words in the request sounds friendlier and write it to `word.txt`.
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKVM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stamp").mkdir()
    (tmp_path / "stamp" / "SKILL.md").write_text(SKILL)
    settings = Settings.from_environment()
    strong = find_profile(parse_target("sim/strong")).profile
    assert strong is not None
    settings.profiles.mkdir(parents=True)
    never = {Level.of(rank): (0, 1000) for rank in (1, 2, 3)}
    poor = strong.model_copy(update={"name": "poor", "cells": dict.fromkeys(strong.cells, Cell(counts=never))})
    (settings.profiles / "poor.json").write_bytes(profile_bytes(poor))
    return tmp_path


@dataclass
class Said:
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Commands in this process, as each would take a second to start."""

    def said(*words: str) -> Said:
        capsys.readouterr()
        try:
            code = group.main(args=list(words), prog_name="skvm", standalone_mode=False, obj={"started": time.monotonic()})
            error = ""
        except SkvmError as refused:
            code, error = refused.exit_code, f"{refused.line()}\n"
        out, err = capsys.readouterr()
        return Said(int(code or 0), out, err + error)

    return said


def test_a_run_that_is_adapted_leaves_evidence_and_says_so(home: Path, say: Say) -> None:
    assert "nothing was adapted yet" in say("jit", "adapted").stdout
    ran = say("run", "stamp", "--model", "sim/poor", "--input", "kind or curt", "--adapt")
    assert ran.exit_code == 4
    shown = json.loads(say("jit", "adapted", "stamp", "--format", "json").stdout)
    [row] = shown["items"]
    assert (row["skill"], row["target"], row["active"]) == ("stamp", "sim/poor", "")
    assert row["outcomes"] == row["simulated"]
    again = say("run", "stamp", "--model", "sim/poor", "--input", "kind or curt")
    assert again.exit_code == 4
    [same] = json.loads(say("jit", "adapted", "--format", "json").stdout)["items"]
    assert same["outcomes"] == row["outcomes"], "a run without --adapt is taken in by the next one with it"


def test_a_failed_task_that_was_done_after_all_shows_both_runs(home: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    good = RunOutcome(run="the-other", status="done", exit_code=0, work=home)
    monkeypatch.setattr(adapting, "adapt_after", lambda *given: (AdaptRecord(skill="stamp", target="sim/poor"), good))
    words = ("run", "stamp", "--model", "sim/poor", "--input", "kind or curt", "--adapt")
    ran = say(*words)
    assert ran.exit_code == 0
    assert "run the-other: done" in ran.stdout
    assert "instead of run" in ran.stdout
    shown = json.loads(say(*words, "--format", "json").stdout)
    assert shown["run"] == "the-other"
    assert shown["instead_of"]["exit_code"] == 4
    assert shown["instead_of"]["run"] != "the-other"


@pytest.mark.parametrize("words", [("--mode", "raw"), ("--engine", "dbos")])
def test_what_cannot_be_adapted_is_refused_before_anything_runs(home: Path, say: Say, words: tuple[str, ...]) -> None:
    ran = say("run", "stamp", "--model", "sim/poor", "--adapt", *words)
    assert ran.exit_code == 2
    assert "leave --adapt out" in ran.stderr


def accepted(home: Path) -> tuple[Artifact, Artifact]:
    """The plan as compiled, and another one that was accepted in its place."""
    settings = Settings.from_environment()
    source = load_skill(home / "stamp")
    old = compile_source(source, CompileOptions("sim/poor"), settings)
    new = compile_source(source, CompileOptions("sim/strong"), settings)
    new = new.model_copy(update={"target": old.target}).sealed()
    asked = RecompileRequest(
        skill="stamp",
        target="sim/poor",
        source=old.source.digest,
        primitives=("x",),
        steps=("S1.s2",),
        counts={},
        reason="test",
    )
    with open_store(settings.home) as store:
        store.blobs.save(PLANS, new.digest, new.to_json())
        record = admit(record_of(store, old), new.digest, plan_digest(new), asked, AdaptPolicy())
        for _ in range(11):
            record = compared(record, False, True, AdaptPolicy())
        keep(store, record)
    return old, new


def planned(ran: Said) -> str:
    """The plan that the run of this output began with."""
    settings = Settings.from_environment()
    with open_store(settings.home) as store:
        return next(row.plan for row in store.journal.runs() if row.run == json.loads(ran.stdout)["run"])


RUN = ("run", "stamp", "--model", "sim/poor", "--input", "kind or curt", "--format", "json")


def test_an_accepted_plan_runs_until_it_is_put_back_and_after_an_edit_never(home: Path, say: Say) -> None:
    old, new = accepted(home)
    assert planned(say(*RUN)) == new.digest
    page = say("jit", "adapted").stdout
    assert f"runs: {new.digest.removeprefix('sha256:')[:12]}" in page
    assert "11 won, 0 lost" in page
    back = say("jit", "rollback", "stamp")
    assert back.exit_code == 0
    assert "as compiled from the profile" in back.stdout
    assert planned(say(*RUN)) == old.digest
    assert say("jit", "rollback", "stamp", new.digest[:20]).exit_code == 0
    assert planned(say(*RUN)) == new.digest
    (home / "stamp" / "SKILL.md").write_text(SKILL.replace("friendlier", "warmer"))
    assert planned(say(*RUN)) not in (old.digest, new.digest)


def test_a_lock_knows_which_plan_runs(home: Path, say: Say) -> None:
    lock, words = str(home / "stamp.lock"), ("stamp", "--target", "sim/poor", "-o", str(home / "stamp.lock"))
    verify = ("verify", lock, "--frozen", "--format", "json")
    assert say("lock", *words).exit_code == 0
    assert say(*verify).exit_code == 0
    old, new = accepted(home)
    short = new.digest.removeprefix("sha256:")[:12]
    found = say(*verify)
    shown = json.loads(found.stdout)
    assert (found.exit_code, shown["changed"]) == (1, ["plan that runs"])
    assert (shown["locked_to_run"], shown["runs"], shown["plan_same"]) == (old.digest, new.digest, True)
    assert say("verify", lock).exit_code == 0, "what it is made from gives the same plan"
    told = say("verify", lock, "--frozen").stdout
    assert f"a variant {short} was accepted since" in told
    assert "skvm jit rollback stamp --target sim/poor" in told
    assert say("jit", "rollback", "stamp", "--target", "sim/poor").exit_code == 0
    assert say(*verify).exit_code == 0
    assert say("jit", "rollback", "stamp", short).exit_code == 0
    assert say("lock", *words).exit_code == 0
    assert json.loads((home / "stamp.lock").read_text())["skills"][0]["runs"] == new.digest
    assert say(*verify).exit_code == 0
    assert say("jit", "rollback", "stamp").exit_code == 0
    assert f"the locked variant {short} no longer runs" in say("verify", lock, "--frozen").stdout


def test_a_plan_that_is_not_stored_whole_never_runs(home: Path, say: Say) -> None:
    old, new = accepted(home)
    settings = Settings.from_environment()
    with open_store(settings.home) as store:
        store.blobs.save(PLANS, new.digest, {**new.to_json(), "skill_text": "something else"})
    assert planned(say(*RUN)) == old.digest


@pytest.mark.parametrize("words", [("other",), ("stamp", "sha256:ffff")])
def test_a_rollback_to_what_never_ran_is_refused_in_one_line(home: Path, say: Say, words: tuple[str, ...]) -> None:
    accepted(home)
    refused = say("jit", "rollback", *words)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") <= 2
