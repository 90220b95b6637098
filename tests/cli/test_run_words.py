"""Words of `skvm run` that are told before anything runs, and what it reads."""

import json

SKILL = (
    "---\nname: count-rows\ndescription: Count rows. Use when rows are to be counted.\n---\n# Count\n\n## Steps\n\n"
    "1. Run `wc -l data.csv`.\n2. Run `head -n 1 data.csv`.\n"
)


def test_a_skill_comes_from_standard_input(skvm, tmp_path):
    (tmp_path / "-").write_text("no skill")
    done = skvm("run", "-", "--model", "sim/strong", "--dry-run", "--format", "json", stdin=SKILL.encode(), cwd=tmp_path)
    assert done.code == 0 and "wc -l data.csv" in done.out, done.err


def test_raw_mode_is_said_where_nothing_runs(skvm, tmp_path):
    (tmp_path / "SKILL.md").write_text(SKILL)
    words = ("run", tmp_path, "--model", "sim/strong", "--dry-run")
    assert skvm(*words, "--mode", "raw", "--format", "json").json["mode"] == "raw"
    assert skvm(*words, "--mode", "raw").out.startswith("mode raw: one agent does it all")
    assert "mode raw" not in skvm(*words).out


def test_an_input_is_named_once(skvm, tmp_path):
    (tmp_path / "SKILL.md").write_text(SKILL)
    file = f"data.csv={tmp_path / 'SKILL.md'}"
    done = skvm("run", tmp_path, "--model", "sim/strong", "--file", file, "--file", file)
    assert done.code == 2 and "'data.csv' is given twice" in done.err


def test_a_wrong_task_file_is_told_before_the_run(skvm, tmp_path):
    (tmp_path / "SKILL.md").write_text(SKILL)
    (tmp_path / "task.json").write_text(json.dumps({"id": "x"}))
    for check in ("task.json", "none.json"):
        done = skvm("run", tmp_path, "--model", "sim/strong", "--check", tmp_path / check)
        assert done.code == 2 and check in done.err
    assert skvm("runs").out == "no runs yet\n"
