"""The whole path: example skills compiled and run through the public API with a simulated model that makes no mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from bench import corpus, skillruns
from bench.__main__ import main
from skvm.adapters.sandboxes import choose_sandbox
from skvm.capability import Cell, Level, Profile, load_catalog
from skvm.diag import SandboxError, UsageError

SURE = 10**6
"""So many passed probes of as many that no draw of these tests fails."""


@pytest.fixture(scope="module")
def sandbox() -> None:
    async def prove() -> None:
        await choose_sandbox(None)

    try:
        anyio.run(prove)
    except SandboxError as error:
        pytest.skip(f"no sandbox proves itself here: {error.message}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with the profile `sure`, which has no latency."""
    cell = Cell(counts=dict.fromkeys((Level.L1, Level.L2, Level.L3), (SURE, SURE)))
    cells = {p.id: cell for p in load_catalog().primitives}
    sure = Profile(
        name="sure", model="sim/sure", harness="builtin", synthetic=True, latency={"first": 0.0, "token": 0.0}, cells=cells
    )
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "sure.json").write_text(sure.model_dump_json())
    return tmp_path


@pytest.mark.parametrize("name", skillruns.names())
@pytest.mark.parametrize("mode", ["plan", "raw"])
def test_first_task_passes_in_both_modes(name: str, mode: str, home: Path, sandbox: None) -> None:
    skill = skillruns.find_skill(name)
    if gone := skillruns.lacking(skill):
        pytest.skip(gone)
    first = skillruns.load_tasks(skill)[0].id
    (row,) = skillruns.run_skill(skill, skillruns.Wanted(model="sim/sure", mode=mode, task=first), home)
    assert row.ok, (row.status, row.reason, row.failed)
    assert row.simulated and row.model_calls > 0 and row.tokens > 0


def test_repetition_is_solidified_and_stays_right(home: Path, sandbox: None) -> None:
    """The same wording on other files: after some runs the steps are served without a model, and every check still holds."""
    rows = list(skillruns.run_skill(skillruns.find_skill("sales-report"), skillruns.Wanted(model="sim/sure", seeds=2), home))
    assert all(row.ok for row in rows), [(r.task, r.reason, r.failed) for r in rows if not r.ok]
    assert rows[0].solid == 0 and rows[0].model_calls > 0
    assert min(row.model_calls for row in rows) == 0
    assert sum(row.solid for row in rows) >= 8


def test_without_a_solution_the_run_ends_with_4(home: Path, sandbox: None, tmp_path: Path) -> None:
    empty = tmp_path / "none.py"
    empty.write_text("STEPS = {}\n")
    wanted = skillruns.Wanted(model="sim/sure", task="inkwell", solution=empty)
    (row,) = skillruns.run_skill(skillruns.find_skill("release-notes"), wanted, home)
    assert row.exit_code == 4 and not row.ok and "no solution" in row.reason


def test_unknown_names_are_usage_errors(home: Path) -> None:
    with pytest.raises(UsageError):
        skillruns.find_skill("no-such-skill")
    with pytest.raises(UsageError):
        list(skillruns.run_skill(skillruns.find_skill("sales-report"), skillruns.Wanted(model="sim/sure", task="none"), home))


def test_list_names_every_skill(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["items"]
    assert [row["skill"] for row in rows] == skillruns.names()
    assert len(rows) >= 8 and all(len(row["tasks"]) >= 2 for row in rows)


def test_corpus_measures_texts_and_reports_what_it_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(3):
        (tmp_path / f"{index}.md").write_text(f"---\nname: s{index}\ndescription: d\n---\n# Steps\n\n1. Read `a{index}.txt`.\n")
    (tmp_path / "broken.md").write_bytes(b"\xff\x00---\n- [")
    assert main(["corpus", "--corpus", str(tmp_path), "--format", "json", "--jobs", "1"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["texts"] == 4 and result["exceptions"] == 0 and result["facts"]["byte_exact"] == 4
    assert set(result["cpu_ms"]) == {"parse", "check", "compile"}
    assert result["s233"] == corpus.list_digest(corpus.s233(tmp_path, corpus.paths(tmp_path)))
    assert main(["corpus", "--corpus", str(tmp_path / "none")]) == 2


def test_s233_is_the_first_by_digest_of_the_path(tmp_path: Path) -> None:
    made = [tmp_path / f"{index}.md" for index in range(300)]
    names = corpus.s233(tmp_path, made)
    assert len(names) == 233 and names == corpus.s233(tmp_path, reversed(made))
