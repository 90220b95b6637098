"""Loading skill folders: what is read, what is refused, what is the same anywhere."""

import os
from pathlib import Path

import pytest

from skvm.source import find_skills, load_skill


def make(root, **files):
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_md", ".md").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_digest_does_not_depend_on_place_or_creation_order(tmp_path):
    one = make(tmp_path / "one" / "s", SKILL_md="x", a_py="1", scripts__b_py="2")
    two = make(tmp_path / "two" / "s", scripts__b_py="2", a_py="1", SKILL_md="x")
    assert load_skill(one).digest == load_skill(two).digest
    (two / "a.py").write_text("changed")
    assert load_skill(one).digest != load_skill(two).digest


def test_links_are_not_followed_out_of_the_folder(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("s")
    root = make(tmp_path / "s", SKILL_md="x")
    (root / "leak.txt").symlink_to(secret)
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    source = load_skill(root)
    assert {p.kind for p in source.problems} == {"link-out", "link-folder"}
    assert source.files == ()
    with pytest.raises(KeyError):
        source.read("leak.txt")
    with pytest.raises(KeyError):
        source.read("../secret.txt")


def test_other_spellings_are_found_and_said(tmp_path):
    root = make(tmp_path / "s", skill_md="x")
    source = load_skill(root)
    assert source.main.text == "x"
    assert [p.kind for p in source.problems] == ["main-name"]


def test_missing_skill_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_skill(tmp_path)


def test_search_prefers_folders_and_falls_back_to_lone_files(tmp_path):
    make(tmp_path / "a" / "one", SKILL_md="x")
    make(tmp_path / "a" / "deep" / "two", SKILL_md="x")
    make(tmp_path / "a", notes_md="x")
    assert [p.name for p in find_skills(tmp_path / "a")] == ["two", "one"]
    make(tmp_path / "b" / "c", lone_md="x")
    assert [p.name for p in find_skills(tmp_path / "b")] == ["lone.md"]


def test_special_files_are_left_alone(tmp_path):
    root = make(tmp_path / "s", SKILL_md="x")
    os.mkfifo(root / "pipe")
    assert load_skill(root).files == ()


def test_a_link_to_nothing_is_said_to_be_one(tmp_path):
    root = make(tmp_path / "s", SKILL_md="x")
    (root / "refs").symlink_to("nowhere")
    assert [(p.kind, p.detail) for p in load_skill(root).problems] == [("link-out", "a link to nothing; it is not followed")]


def test_what_cannot_be_read_is_said_and_the_rest_is_read(tmp_path, monkeypatch):
    root = make(tmp_path / "s", SKILL_md="x", closed_md="1", open_md="2", vault__c_md="3")
    read, scan = Path.read_bytes, os.scandir

    def refuse(path):
        if path.name == "closed.md":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    def no_entry(path):
        if str(path).endswith("vault"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "scandir", no_entry)
    source = load_skill(root)
    assert [f.path for f in source.files] == ["open.md"]
    assert {(p.kind, p.path) for p in source.problems} == {("unreadable", "closed.md"), ("unreadable", "vault")}


def test_folders_beyond_the_depth_are_said(tmp_path):
    root = make(tmp_path / "s", SKILL_md="x")
    deep = root.joinpath(*["d"] * 13)
    deep.mkdir(parents=True)
    (deep / "a.md").write_text("x")
    assert [p.kind for p in load_skill(root).problems] == ["too-deep"]


def test_search_goes_as_deep_as_repositories_do(tmp_path):
    make(tmp_path.joinpath(*["d"] * 11), SKILL_md="x")
    assert [p.name for p in find_skills(tmp_path)] == ["d"]
