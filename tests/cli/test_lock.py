"""`skvm lock` and `skvm verify`, as a user calls them."""

from __future__ import annotations

import json
import shutil

from skvm.source import data_path


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


PARTS = ("skill", "skvm", "grammar", "catalog", "prices", "target", "profile", "pool", "limits", "passes")


def test_each_part_that_changed_alone_is_named(skvm, skill, tmp_path) -> None:
    lock, odd = tmp_path / "skvm.lock", tmp_path / "odd.lock"
    assert skvm("lock", skill, "--target", "sim/weak", "-o", lock).code == 0
    body = json.loads(lock.read_text())
    row = body["skills"][0]
    assert set(row["made_from"]) == set(PARTS)
    rows = {name: {**row, "made_from": {**row["made_from"], name: "other"}} for name in PARTS}
    rows["plan"] = {**row, "plan": "sha256:0"}
    rows["solidified code"] = {**row, "solidified": {"S1.s1": "sha256:0"}}
    odd.write_text(json.dumps({**body, "skills": [*rows.values()]}))
    done = skvm("verify", odd, "--frozen", "--format", "json")
    assert done.code == 1
    assert [r["changed"] for r in done.json["items"]] == [[name] for name in rows]
    assert [r["plan_same"] for r in done.json["items"]] == [name != "plan" for name in rows]


def test_a_changed_skill_and_a_changed_profile_are_told_apart(skvm, skill, tmp_path) -> None:
    lock = tmp_path / "skvm.lock"
    own = skvm.home / "profiles" / "qwen3.5-9b@bare-agent.json"
    own.parent.mkdir(parents=True)
    shutil.copy(data_path("profiles") / own.name, own)
    assert skvm("lock", skill, "--target", "qwen/qwen3.5-9b@bare-agent", "-o", lock).code == 0
    assert skvm("verify", lock, "--frozen").code == 0
    body = json.loads(own.read_text())
    cell = next(iter(body["cells"].values()))
    cell["level"] = "L2" if cell["level"] != "L2" else "L1"
    own.write_text(json.dumps(body))
    assert "profile" in skvm("verify", lock, "--format", "json").json["changed"]
    shutil.copy(data_path("profiles") / own.name, own)
    (skill / "more.md").write_text("One more file.\n")
    assert skvm("verify", lock, "--format", "json").json["changed"] == ["skill"]


def test_the_environment_is_locked_with_the_rest(skvm, skill, tmp_path) -> None:
    lock, environment = tmp_path / "skvm.lock", tmp_path / "tidy.lock"
    with (skill / "SKILL.md").open("a") as file:
        file.write("\n## Setup\n\n```bash\npip install tidy-rows\n```\n")
    assert skvm("env", skill, "--lock", "--offline", "-o", environment).code == 0
    words = ("lock", skill, "--target", "sim/weak", "-o", lock, "--environment")
    assert skvm(*words, environment).code == 0 and str(tmp_path) not in lock.read_text()
    verify = ("verify", lock, "--frozen", "--format", "json")
    assert skvm(*verify).code == 0
    kept = environment.read_bytes()
    for name, change in (
        ("edited", lambda: environment.write_bytes(kept.replace(b"tidy-rows", b"tidy-bows"))),
        ("gone", environment.unlink),
        ("made anew", lambda: skvm("env", skill, "--lock", "--offline", "--without", "tidy-rows", "-o", environment)),
    ):
        change()
        done = skvm(*verify)
        assert done.code == 1 and done.json["plan_same"] and done.json["changed"] == ["environment"], name
    environment.write_bytes(kept)
    other = tmp_path / "other"
    shutil.copytree(skill, other)
    text = (other / "SKILL.md").read_text()
    (other / "SKILL.md").write_text(text.replace("tidy-rows", "tidy-more"))
    done = skvm("lock", other, "--target", "sim/weak", "-o", tmp_path / "y.lock", "--environment", environment)
    assert done.code == 2 and "not for what tidy-csv asks for" in done.err and not (tmp_path / "y.lock").exists()
    (other / "SKILL.md").write_text(text.replace("name: tidy-csv", "name: other"))
    done = skvm("lock", other, "--target", "sim/weak", "-o", tmp_path / "y.lock", "--environment", environment)
    assert done.code == 2 and "no such skill is locked" in done.err


def test_a_lock_of_the_first_schema_is_read(skvm, skill, tmp_path) -> None:
    lock = tmp_path / "skvm.lock"
    skvm("lock", skill, "--target", "sim/weak", "-o", lock)
    body = json.loads(lock.read_text())
    body["skills"][0].pop("environment")
    lock.write_text(json.dumps({**body, "schema": 1}))
    assert skvm("verify", lock, "--frozen").code == 0


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
