"""Prefixes are whole or absent, whatever dies when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skvm.diag import StoreError
from skvm.store import Prefixes, folder_bytes

KEY, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def folders(home: Path) -> list[str]:
    return sorted(p.name for p in (home / "prefixes").iterdir() if p.is_dir())


def build(home: Path, key: str = KEY) -> Path:
    prefixes = Prefixes(home)
    with prefixes.alone(), prefixes.building(key) as (folder, receipt):
        (folder / "file").write_text("x" * 10)
        receipt["size"] = folder_bytes(folder)
    found = prefixes.find(key)
    assert found is not None and found[1]["size"] == 10
    return found[0]


def test_what_was_built_is_found_and_stays(tmp_path: Path) -> None:
    assert Prefixes(tmp_path).find(KEY) is None
    first, second = build(tmp_path), build(tmp_path, OTHER)
    assert (first / "file").read_text() == "x" * 10 and first != second
    assert build(tmp_path, OTHER) != second and Prefixes(tmp_path).find(KEY) == (first, {"folder": first.name, "size": 10})


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    prefixes = Prefixes(tmp_path)
    with pytest.raises(KeyboardInterrupt), prefixes.building(KEY) as (folder, _):
        (folder / "file").write_text("half")
        raise KeyboardInterrupt
    assert folders(tmp_path) == [] and prefixes.find(KEY) is None


def test_a_build_that_is_killed_is_no_prefix_and_is_cleaned_up(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from skvm.store import Prefixes\n"
        f"p = Prefixes(Path(sys.argv[1]))\nwith p.alone(), p.building({KEY!r}) as (folder, _):\n"
        " (folder / 'file').write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60)
    assert done.returncode == -9 and len(folders(tmp_path)) == 1 and Prefixes(tmp_path).find(KEY) is None
    other = build(tmp_path, OTHER)
    assert folders(tmp_path) == [other.name]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 1}', '{"folder": "../../etc"}', '{"folder": "gone"}'])
def test_a_damaged_receipt_is_no_prefix(tmp_path: Path, text: str) -> None:
    build(tmp_path)
    (tmp_path / "prefixes" / ("a" * 32 + ".json")).write_text(text)
    assert Prefixes(tmp_path).find(KEY) is None
    assert build(tmp_path).is_dir()


def test_what_was_wanted_is_remembered(tmp_path: Path) -> None:
    prefixes = Prefixes(tmp_path)
    assert prefixes.lock_for(KEY) is None
    prefixes.remember(KEY, b"one")
    prefixes.remember(KEY, b"two")
    assert prefixes.lock_for(KEY) == b"two"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError):
        build(tmp_path)
