"""Results are written whole, where the user wants them, and nothing else is touched."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from skvm.app.inputs import save_result
from skvm.diag import EnvironmentFailure


def test_a_result_replaces_a_file_and_makes_its_folders(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "plan.json"
    save_result(target, b"one")
    save_result(target, b"two")
    assert target.read_bytes() == b"two"
    assert [p.name for p in target.parent.iterdir()] == ["plan.json"]


def test_a_result_is_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save_result(tmp_path / "plan.json", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o640


def test_the_longest_name_that_the_disk_takes(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 127)
    save_result(target, b"x")
    assert target.read_bytes() == b"x"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"old")
    (tmp_path / "link.json").symlink_to("real.json")
    save_result(tmp_path / "link.json", b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    save_result(pipe, b"through")
    reader.join(10)
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_cannot_be_a_result(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="cannot be written"):
        save_result(tmp_path, b"x")
    assert tmp_path.is_dir()
