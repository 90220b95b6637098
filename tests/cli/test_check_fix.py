"""`skvm check --fix`: what a fix does not name stays, what may change the meaning waits to be asked for."""

import os

import pytest

UNQUOTED = b"---\r\nname: Tidy CSV\r\ndescription: Tidies: rows. Use when asked.\r\n---\r\n# Tidy\r\n\r\nAll of it.\r\n\xff\0"


@pytest.fixture
def untidy(tmp_path):
    folder = tmp_path / "tidy"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(UNQUOTED)
    return folder


def codes(done):
    return {d["code"] for d in done.json["diagnostics"]}


def test_safe_fixes_are_written_and_the_rest_stays_byte_for_byte(skvm, untidy):
    assert "SKV113" in codes(skvm("check", untidy, "--format", "json"))
    done = skvm("check", untidy, "--fix", "--format", "json")
    assert "SKV113" not in codes(done)
    assert "1 fixed" in done.err
    raw = (untidy / "SKILL.md").read_bytes()
    assert raw == UNQUOTED.replace(b"Tidies: rows. Use when asked.", b"'Tidies: rows. Use when asked.'")


def test_unsafe_ones_wait_to_be_asked_for(skvm, untidy):
    assert "SKV116" in codes(skvm("check", untidy, "--fix", "--format", "json"))
    assert b"Tidy CSV" in (untidy / "SKILL.md").read_bytes()
    left = codes(skvm("check", untidy, "--fix", "--unsafe-fixes", "--format", "json"))
    assert not left & {"SKV116", "SKV119"}
    assert b"name: tidy\r\n" in (untidy / "SKILL.md").read_bytes()


def test_a_second_time_changes_nothing(skvm, untidy):
    skvm("check", untidy, "--fix", "--unsafe-fixes")
    raw = (untidy / "SKILL.md").read_bytes()
    assert "fixed" not in skvm("check", untidy, "--fix", "--unsafe-fixes").err
    assert (untidy / "SKILL.md").read_bytes() == raw


def test_mode_is_kept_and_nothing_lies_beside(skvm, untidy):
    (untidy / "SKILL.md").chmod(0o640)
    skvm("check", untidy, "--fix")
    assert (untidy / "SKILL.md").stat().st_mode & 0o777 == 0o640
    assert os.listdir(untidy) == ["SKILL.md"]


def test_a_link_out_of_the_folder_is_left_alone(skvm, untidy, tmp_path):
    (untidy / "SKILL.md").rename(tmp_path / "owned.md")
    (untidy / "SKILL.md").symlink_to(tmp_path / "owned.md")
    done = skvm("check", untidy, "--fix")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert (tmp_path / "owned.md").read_bytes() == UNQUOTED


def test_wrong_uses_are_told(skvm, untidy):
    assert skvm("check", untidy, "--unsafe-fixes").code == 2
    done = skvm("check", "-", "--fix", stdin=UNQUOTED)
    assert done.code == 2
    assert "standard input" in done.err
