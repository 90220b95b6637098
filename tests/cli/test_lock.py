"""`skvm lock` and `skvm verify`, as a user calls them."""

from __future__ import annotations

import json
import shutil


def test_a_lock_holds_until_something_changes(skvm, skill, tmp_path) -> None:
    lock = tmp_path / "skvm.lock"
    assert skvm("lock", skill, "--target", "sim/weak", "--pool", "sim/strong", "-o", lock).code == 0
    done = skvm("verify", lock, "--frozen", "--format", "json")
    assert done.code == 0 and done.json["plan_same"] and done.json["changed"] == []
    text = lock.read_text()
    assert str(tmp_path) not in text and json.loads(text)["skills"][0]["path"] == "tidy-csv"
    with (skill / "SKILL.md").open("a") as file:
        file.write("\n3. Write the number of rows to `rows.txt`.\n")
    done = skvm("verify", lock, "--format", "json")
    assert done.code == 1 and not done.json["plan_same"] and done.json["changed"] == ["skill"]


def test_another_toolchain_with_the_same_plan_is_a_problem_only_when_frozen(skvm, skill, tmp_path) -> None:
    lock = tmp_path / "skvm.lock"
    skvm("lock", skill, "--target", "sim/weak", "-o", lock)
    body = json.loads(lock.read_text())
    body["skills"][0]["made_from"]["skvm"] = "0.0.9 earlier"
    body["skills"][0]["solidified"] = {"S1.s1": "sha256:0"}
    lock.write_text(json.dumps(body))
    loose, frozen = skvm("verify", lock), skvm("verify", lock, "--frozen")
    assert loose.code == 0 and "the same plan; changed: skvm, solidified code" in loose.out
    assert frozen.code == 1 and frozen.out == loose.out


def test_a_lock_moves_with_its_folder_and_is_the_same_bytes(skvm, skill, tmp_path) -> None:
    skvm("lock", skill, "--target", "sim/weak", "-o", tmp_path / "skvm.lock")
    other = tmp_path / "elsewhere"
    other.mkdir()
    shutil.copytree(skill, other / "tidy-csv")
    shutil.copy(tmp_path / "skvm.lock", other)
    assert skvm("verify", "--frozen", cwd=other).code == 0
    skvm("lock", other / "tidy-csv", "--target", "sim/weak", "-o", other / "again.lock")
    assert (other / "again.lock").read_bytes() == (tmp_path / "skvm.lock").read_bytes()


def test_bad_input_is_one_line(skvm, skill, tmp_path) -> None:
    lock = tmp_path / "skvm.lock"
    skvm("lock", skill, "--target", "sim/weak", "-o", lock)
    body = json.loads(lock.read_text())
    for name, content in (
        ("newer", {**body, "schema": 99}),
        ("other", {"format": "x"}),
        ("gone", {**body, "skills": [{**body["skills"][0], "path": "absent"}]}),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "text").write_text("{")
    says = {"newer": "newer than", "other": "not a lock at", "text": "not a lock", "gone": "absent", "none": "there is no lock"}
    for name, words in says.items():
        done = skvm("verify", tmp_path / name)
        assert done.code in (1, 2) and words in done.err and not done.out, name
    assert skvm("lock", "-", "--target", "sim/weak", "-o", lock, stdin=b"# A\n").code == 2
    assert skvm("lock", skill, "--target", "sim/nobody", "-o", lock).code == 2
