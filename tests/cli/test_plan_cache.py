"""The cache of plans, as a user meets it: same output, a miss that is told, damage that costs time only."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

from skvm.source import data_path


def test_a_second_compile_says_the_same_and_a_changed_skill_is_told(skvm, skill) -> None:
    first = skvm("compile", skill, "--target", "sim/weak", "--format", "json")
    again = skvm("compile", skill, "--target", "sim/weak", "--format", "json")
    assert first.code == again.code == 0 and first.out == again.out
    assert skvm("compile", skill, "--target", "sim/weak").out == skvm("compile", skill, "--target", "sim/weak").out
    known = skvm("explain", "--cache", skill, "--target", "sim/weak", "--format", "json").json
    assert known["hit"] and known["changed"] == []
    with (skill / "SKILL.md").open("a") as file:
        file.write("\n3. Check it.\n")
    known = skvm("explain", "--cache", skill, "--target", "sim/weak", "--format", "json").json
    assert not known["hit"] and known["changed"] == ["skill"]
    text = skvm("explain", "--cache", skill, "--target", "sim/strong").out
    assert "not kept" in text and "changed since the last one: skill, target, profile" in text
    assert skvm("compile", skill, "--target", "sim/weak", "--format", "json").out != first.out


def test_pool_and_limits_are_parts_of_the_key(skvm, skill) -> None:
    skvm("compile", skill, "--target", "sim/weak")
    for more in (("--pool", "sim/strong"), ("--success", "0.5")):
        known = skvm("explain", "--cache", skill, "--target", "sim/weak", *more, "--format", "json").json
        assert not known["hit"] and known["changed"] == ["pool" if more[0] == "--pool" else "limits"]


HANDS_OVER = "\n3. Use the `{}` skill to store the result.\n"


def test_a_plan_that_hands_over_is_kept_until_what_it_hands_over_to_changes(skvm, skill) -> None:
    """The other skill, and one that it hands over to itself: there, changed, gone; beside a lone text there is none."""
    own = (skill / "SKILL.md").read_text()
    other, third = skill.parent / "archive-keeper", skill.parent / "shelf"
    lone = skill.parent / "lone.md"
    for place in (skill / "SKILL.md", lone):
        place.write_text(own + HANDS_OVER.format("archive-keeper"))

    def known(place: object = skill) -> tuple[bool, list[str], list[str]]:
        """Is it kept, what changed, which skills does the plan made now hold? After that it is kept."""
        row = skvm("explain", "--cache", place, "--target", "sim/weak", "--format", "json").json
        made = skvm("compile", place, "--target", "sim/weak", "--format", "json").json
        again = skvm("explain", "--cache", place, "--target", "sim/weak", "--format", "json").json
        assert again["hit"] and again["changed"] == []
        assert skvm("compile", place, "--target", "sim/weak", "--format", "json").json == made
        return row["hit"], row["changed"], sorted(s["source"]["name"] for s in made["skills"])

    assert known()[2] == known(lone)[2] == []
    assert known() == (True, [], [])
    other.mkdir()
    (other / "SKILL.md").write_text(own.replace("tidy-csv", "archive-keeper") + HANDS_OVER.format("shelf"))
    assert known() == (False, ["other skills"], ["archive-keeper"])
    assert known(lone) == (True, [], [])
    third.mkdir()
    (third / "SKILL.md").write_text(own.replace("tidy-csv", "shelf"))
    assert known() == (False, ["other skills"], ["archive-keeper", "shelf"])
    (third / "note.md").write_text("more")
    assert known() == (False, ["other skills"], ["archive-keeper", "shelf"])
    shutil.rmtree(other)
    assert known() == (False, ["other skills"], [])


def test_a_damaged_cache_costs_time_only(skvm, skill) -> None:
    first = skvm("compile", skill, "--target", "sim/weak", "--format", "json")
    base = sqlite3.connect(next(skvm.home.rglob("plans.sqlite")))
    base.execute("UPDATE entry SET value = replace(value, 'tidy', 'evil')")
    base.commit()
    base.close()
    assert skvm("compile", skill, "--target", "sim/weak", "--format", "json").out == first.out
    next(skvm.home.rglob("plans.sqlite")).write_bytes(b"not a database")
    assert skvm("compile", skill, "--target", "sim/weak", "--format", "json").out == first.out


def test_every_pass_is_dumped_and_timed(skvm, skill, tmp_path) -> None:
    done = skvm("compile", skill, "--target", "sim/weak", "--timings", env={"SKVM_DUMP": str(tmp_path / "dump")})
    assert done.code == 0 and "bind" in done.err and " ms" in done.err
    names = [p.name for p in sorted((tmp_path / "dump").rglob("*.txt"))]
    assert names[0] == "01-parse.txt" and names[-1].endswith("-emit.txt") and len(names) == 14
    last = next((tmp_path / "dump").rglob("*-emit.txt")).read_text()
    assert "bind S1.s1" in last or "bind skill" in last


def test_a_dump_that_cannot_be_written_is_one_line(skvm, skill, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    done = skvm("compile", skill, "--target", "sim/weak", env={"SKVM_DUMP": str(tmp_path / "file")})
    assert done.code == 2 and "SKVM_DUMP" in done.err


def test_many_skills_on_several_processes_come_in_order(skvm, skill, tmp_path) -> None:
    for number in range(3):
        folder = tmp_path / "many" / f"s{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text((skill / "SKILL.md").read_text().replace("tidy-csv", f"s{number}"))
    words = ("compile", tmp_path / "many", "--target", "sim/weak", "--format", "json")
    one = skvm(*words, "--jobs", "1")
    two = skvm(*words, "--jobs", "2", env={"SKVM_HOME": str(tmp_path / "other")})
    assert one.out == two.out and [i["source"]["name"] for i in one.json["items"]] == ["s0", "s1", "s2"]


def test_a_reader_that_goes_away_is_no_bug(skvm, skill) -> None:
    env = {**os.environ, "SKVM_HOME": str(skvm.home)}
    command = [sys.executable, "-m", "skvm", "explain", str(skill), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 0


def test_a_kept_plan_is_shown_without_any_model(skvm, skill) -> None:
    words = ("compile", skill, "--target", "sim/weak")
    first, again = skvm(*words), skvm(*words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip() for line in again.err.splitlines()}
    assert "skvm.app.plans" in loaded and not loaded & {"pydantic", "skvm.ir", "skvm.plan", "skvm.capability", "lark"}
    assert first.out == again.out


def test_a_profile_that_changes_in_place_is_seen(skvm, skill, tmp_path) -> None:
    shipped = {name: (data_path("profiles") / "sim" / f"{name}.json").read_text() for name in ("strong", "weak")}
    mine = tmp_path / "mine.json"
    words = ("compile", skill, "--target", "sim/weak", "--profile", mine, "--format", "json")
    found = []
    for name in ("weak", "strong", "weak"):
        mine.write_text(shipped[name])
        found.append(skvm(*words).out)
    assert found[0] == found[2] != found[1]
    mine.write_text("{}")
    assert skvm(*words).code == 2


def test_a_profile_of_the_user_takes_the_place_of_a_shipped_one(skvm, skill) -> None:
    words = ("compile", skill, "--target", "sim/weak", "--format", "json")
    before = skvm(*words).json
    own = skvm.home / "profiles" / "weak.json"
    own.parent.mkdir(parents=True)
    text = (data_path("profiles") / "sim" / "strong.json").read_text()
    own.write_text(text.replace('"name": "strong"', '"name": "weak"'))
    after = skvm(*words).json
    assert before["digest"] != after["digest"]
    own.unlink()
    assert skvm(*words).json == before
