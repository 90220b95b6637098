"""`skvm emit`, as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

SKILL = "# Tidy\n\nTidies the notes of a day.\n\n1. Read `notes.txt`.\n2. Write `out.md`.\n"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A skill without front matter, with a script."""
    folder = tmp_path / "tidy"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL)
    (folder / "scripts" / "go.sh").write_text("echo go\n")
    (folder / "scripts" / "go.sh").chmod(0o755)
    return folder


def tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): (p.read_bytes(), bool(p.stat().st_mode & 0o100)) for p in files}


def test_emit_and_back(skvm, bare, tmp_path) -> None:
    out = tmp_path / "out"
    row = skvm("emit", bare, "--harness", "codex", "-o", out, "--format", "json").json
    assert row["folder"] == str(out / "tidy") and not row["identical"] and row["found_in"]["project"]
    made = tree(out / "tidy")
    assert made["scripts/go.sh"] == (b"echo go\n", True) and ".skvm/emit.json" in made
    assert skvm("emit", out / "tidy", "--restore", "-o", tmp_path / "back").code == 0
    assert tree(tmp_path / "back") == tree(bare)


def test_emitting_again_replaces_only_what_was_emitted(skvm, bare, tmp_path) -> None:
    out = tmp_path / "out"
    assert skvm("emit", bare, "--harness", "codex", "-o", out).code == 0
    assert "byte for byte" in skvm("emit", bare, "--harness", "claude-code", "-o", out).out
    assert (out / "tidy" / "SKILL.md").read_text() == SKILL
    (out / "tidy" / ".skvm" / "emit.json").unlink()
    again = skvm("emit", bare, "--harness", "codex", "-o", out)
    assert again.code == 2 and "something else is here" in again.err
    assert (out / "tidy" / "SKILL.md").read_text() == SKILL


def test_bad_input_is_one_line(skvm, bare, tmp_path) -> None:
    out = tmp_path / "out"
    assert skvm("emit", bare, "--harness", "codex", "-o", out).code == 0
    for words, says in (
        ((bare, "-o", out), "no harness is named"),
        ((bare, "--harness", "nobody", "-o", out), "claude-code"),
        ((bare, "--restore", "-o", tmp_path / "x"), "was not emitted"),
        ((bare, bare, "--restore", "-o", tmp_path / "x"), "one emitted folder"),
        ((out / "tidy", "--harness", "codex", "-o", tmp_path / "x"), "emitted already"),
        ((out / "tidy", "--restore", "-o", bare), "not empty"),
        ((tmp_path / "none", "--harness", "codex", "-o", out), str(tmp_path / "none")),
    ):
        done = skvm("emit", *words)
        assert done.code == 2 and says in done.err and done.err.startswith("skvm: ") and not done.out, words


def test_a_changed_emission_is_not_given_back(skvm, bare, tmp_path) -> None:
    out = tmp_path / "out"
    assert skvm("emit", bare, "--harness", "codex", "-o", out).code == 0
    (out / "tidy" / "scripts" / "go.sh").write_text("rm -rf x\n")
    done = skvm("emit", out / "tidy", "--restore", "-o", tmp_path / "back")
    assert done.code != 0 and "changed since" in done.err and not (tmp_path / "back").exists()
    (out / "tidy" / ".skvm" / "emit.json").write_text("{")
    done = skvm("emit", out / "tidy", "--restore", "-o", tmp_path / "back")
    assert done.code != 0 and "not a sidecar" in done.err
