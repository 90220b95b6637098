from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.runtime.tools import files
from skvm.runtime.tools.files import Places, ToolFailure
from skvm.runtime.work.confined import Confined, Refused

ANY = (Refused, OSError, ValueError, ToolFailure)
SECRET = "the secret outside"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    work = root / "work"
    (work / "sub" / "deep").mkdir(parents=True)
    (work / "a.txt").write_text("inside")
    (work / "sub" / "b.txt").write_text("inside b")
    (root / "secret.txt").write_text(SECRET)
    (root / "skill" / "scripts").mkdir(parents=True)
    (root / "skill" / "scripts" / "run.py").write_text("print('skill')")
    (root / "skill" / "SKILL.md").write_text("# Skill")
    (root / "spill").mkdir()
    (root / "spill" / "0001.txt").write_text("all of it")
    (work / "out").symlink_to(root)
    (work / "outfile").symlink_to(root / "secret.txt")
    (work / "in").symlink_to("sub")
    (work / "in_file").symlink_to("sub/b.txt")
    (work / "abs_in").symlink_to(work / "sub")
    (work / "loop").symlink_to("loop")
    (work / "sub" / "up").symlink_to("..")
    (work / "sub" / "up_out").symlink_to("../..")
    os.mkfifo(work / "pipe")
    return root


@pytest.fixture
def places(world: Path) -> Places:
    return Places(
        Confined(world / "work"),
        Confined(world / "skill"),
        Confined(world / "spill"),
        frozenset({"SKILL.md", "scripts/run.py"}),
    )


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "sub/../../secret.txt",
        "/etc/passwd",
        "out/secret.txt",
        "outfile",
        "sub/up_out/secret.txt",
        "in/up_out/secret.txt",
        "loop",
        "pipe",
        "a\0b",
        "//etc/passwd",
        "@output/../secret.txt",
        "\ud800",
        "x" * 5000,
    ],
)
def test_no_way_out(places: Places, world: Path, path: str) -> None:
    with pytest.raises(ANY) as caught:
        files.read_file(places, path)
    assert SECRET not in str(caught.value)
    with pytest.raises(ANY):
        files.write_file(places, path, "broken out")
    assert (world / "secret.txt").read_text() == SECRET


@pytest.mark.parametrize(
    "path", ["in/b.txt", "in_file", "abs_in/b.txt", "./sub/./b.txt", "sub/up/sub/b.txt", "sub/deep/../b.txt"]
)
def test_links_inside_are_followed(places: Places, path: str) -> None:
    assert files.read_file(places, path) == "inside b"


def test_absolute_paths_inside(places: Places, world: Path) -> None:
    assert files.read_file(places, str(world / "work" / "a.txt")) == "inside"
    assert files.read_file(places, str(world / "skill" / "SKILL.md")) == "# Skill"


def test_the_bundle_is_found_and_read_only(places: Places, world: Path) -> None:
    assert files.read_file(places, "scripts/run.py") == "print('skill')"
    with pytest.raises(Refused):
        files.write_file(places, str(world / "skill" / "scripts" / "run.py"), "x")
    with pytest.raises(Refused):
        files.write_file(places, "@output/0001.txt", "x")
    assert files.read_file(places, "@output/0001.txt") == "all of it"
    assert "scripts/  (skill, read-only)" in files.list_directory(places)


def test_writing_replaces_whole_files(places: Places, world: Path) -> None:
    files.write_file(places, "new/folder/file.txt", "one")
    (world / "work" / "new" / "folder" / "file.txt").chmod(0o640)
    files.write_file(places, "new/folder/file.txt", "two")
    written = world / "work" / "new" / "folder" / "file.txt"
    assert written.read_text() == "two" and written.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in written.parent.iterdir()] == ["file.txt"]


def test_a_written_link_stays_a_link(places: Places, world: Path) -> None:
    (world / "work" / "target.txt").write_text("old")
    (world / "work" / "link.txt").symlink_to("target.txt")
    files.write_file(places, "link.txt", "new")
    assert (world / "work" / "link.txt").is_symlink()
    assert (world / "work" / "target.txt").read_text() == "new"


def test_editing(places: Places, world: Path) -> None:
    files.write_file(places, "edit.txt", "one two two")
    files.edit_file(places, "edit.txt", "one", "1")
    for old in ("two", "three", ""):
        with pytest.raises(ToolFailure):
            files.edit_file(places, "edit.txt", old, "x")
    assert (world / "work" / "edit.txt").read_text() == "1 two two"


def test_reading_is_bounded(places: Places, world: Path) -> None:
    (world / "work" / "long.txt").write_text("".join(f"line {n}\n" for n in range(100_000)))
    text = files.read_file(places, "long.txt")
    assert len(text) < files.MAX_RESULT + 200 and "go on with offset=2001" in text
    assert files.read_file(places, "long.txt", 2001, 1).startswith("line 2000\n")
    (world / "work" / "wide.txt").write_text("x" * 10_000_000)
    assert len(files.read_file(places, "wide.txt")) < files.MAX_RESULT + 200
    (world / "work" / "binary").write_bytes(b"PK\0\0")
    with pytest.raises(ToolFailure, match="binary"):
        files.read_file(places, "binary")


def test_a_swapped_folder_gains_nothing(places: Places, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at a component and its use it becomes a link out."""
    victim = world / "work" / "victim"
    victim.mkdir()
    (victim / "secret.txt").write_text("harmless")
    real = os.open
    swapped = []

    def swap(path: str, flags: int, *rest: int, **more: int) -> int:
        if path == "victim" and not swapped:
            swapped.append(True)
            (victim / "secret.txt").unlink()
            victim.rmdir()
            victim.symlink_to(world)
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises((Refused, OSError)):
        files.read_file(places, "victim/secret.txt")
    assert swapped
    with pytest.raises((Refused, OSError)):
        files.write_file(places, "victim/secret.txt", "broken out")
    assert (world / "secret.txt").read_text() == SECRET


parts = st.sampled_from(
    ["..", ".", "", "sub", "in", "out", "outfile", "abs_in", "deep", "up", "up_out", "secret.txt", "loop", "pipe", "b.txt"]
)
paths = st.builds(
    lambda head, rest: head + "/".join(rest),
    st.sampled_from(["", "/", "./", "@output/"]),
    st.lists(parts, min_size=1, max_size=7),
)


@pytest.fixture(scope="module")
def shared(world: Path) -> Iterator[Places]:
    yield Places(Confined(world / "work"), Confined(world / "skill"), Confined(world / "spill"), frozenset({"SKILL.md"}))


@settings(max_examples=400, deadline=None)
@given(path=paths)
def test_no_path_reads_what_is_outside(shared: Places, path: str) -> None:
    for look in (files.read_file, files.list_directory):
        with contextlib.suppress(ANY):
            assert SECRET not in look(shared, path) and "secret.txt" not in look(shared, path)


@settings(max_examples=400, deadline=None)
@given(path=st.one_of(paths, st.text(max_size=30)))
def test_no_path_writes_outside(shared: Places, world: Path, path: str) -> None:
    before = sorted(p.name for p in world.iterdir())
    with contextlib.suppress(ANY):
        files.write_file(shared, path, "broken out")
    assert (world / "secret.txt").read_text() == SECRET
    assert sorted(p.name for p in world.iterdir()) == before
    assert (world / "skill" / "SKILL.md").read_text() == "# Skill"
