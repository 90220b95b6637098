"""Profiles on the command line: found by any of their names, taken over, compared."""

import json
import os

import pytest

import skvm.capability as capability


def tcp(path, letter="L2", when="2026-03-04T05:06:07.000Z", model="acme/tiny-1", **more):
    rows = [{"level": "L1", "passed": True, "passCount": 3, "totalCount": 3}]
    body = {
        "version": "1.0",
        "model": model,
        "harness": "bare-agent",
        "profiledAt": when,
        "capabilities": {"tool.exec": letter, "gen.regex": "L1"},
        "details": [{"primitiveId": "gen.regex", "highestLevel": "L1", "levelResults": rows}],
    }
    path.write_text(json.dumps(body | more))
    return path


def test_import_then_list_show_and_compile_with_it(skvm, skill, tmp_path):
    done = skvm("profile", "import", tcp(tmp_path / "a.json"))
    assert done.code == 0 and done.out.startswith("written ")
    assert "not measured:" in done.err and "tool.web" in done.err
    listed = skvm("profile", "list", "--format", "json").json
    own = [row for row in listed if row["from"] == "own"]
    assert [row["name"] for row in own] == ["tiny-1@bare-agent"] and own[0]["counted"] == 1 and len(listed) == 23
    for word in ("tiny-1@bare-agent", "acme/tiny-1@bare-agent", skvm.home / "profiles" / "tiny-1@bare-agent.json"):
        found = skvm("profile", "show", word, "--format", "json").json
        assert found["name"] == "tiny-1@bare-agent" and found["cells"]["gen.regex"]["levels"]["L1"]["basis"] == "counted"
        assert found["cells"]["tool.exec"]["levels"]["L2"]["basis"] == "inferred"
        assert found["cells"]["tool.web"]["levels"] == {} and found["cells"]["tool.web"]["level"] is None
    assert "not measured itself" in skvm("profile", "show", "acme/tiny-1").out
    assert skvm("compile", skill, "--target", "acme/tiny-1@bare-agent", "--format", "json").json["target"]["profile"]


def test_own_profiles_hide_shipped_ones(skvm, tmp_path):
    skvm("profile", "import", tcp(tmp_path / "a.json", "L1", model="openai/gpt-5.4"))
    rows = {r["name"]: r for r in skvm("profile", "list", "--format", "json").json}
    assert rows["gpt-5.4@bare-agent"]["from"] == "own" and rows["gpt-5.4@openclaw"]["from"] == "shipped"
    assert skvm("profile", "show", "openai/gpt-5.4@bare-agent", "--format", "json").json["cells"]["tool.exec"]["level"] == "L1"


def test_importing_twice_changes_nothing_and_an_older_one_is_refused(skvm, tmp_path):
    path = skvm.home / "profiles" / "tiny-1@bare-agent.json"
    skvm("profile", "import", tcp(tmp_path / "a.json"))
    before = path.read_bytes()
    assert "unchanged" in skvm("profile", "import", tmp_path / "a.json").out
    older = tcp(tmp_path / "b.json", "L3", "2026-03-04T05:06:06.000Z")
    done = skvm("profile", "import", older, "--format", "json")
    assert done.code == 1 and done.json["action"] == "refused" and "measured later" in done.err
    fewer = tcp(tmp_path / "c.json", "L3", "2026-04-01", capabilities={"tool.exec": "L3"}, details=[])
    assert skvm("profile", "import", fewer).code == 1
    assert path.read_bytes() == before
    newer = tcp(tmp_path / "d.json", "L3", "2026-03-05T00:00:00.000Z")
    assert skvm("profile", "import", newer).code == 0
    assert capability.load_profile(path).cells["tool.exec"].level == "L3"
    assert os.listdir(path.parent) == [path.name], "nothing is left aside"


def test_into_a_folder_of_choice(skvm, tmp_path):
    done = skvm("profile", "import", tcp(tmp_path / "a.json"), "-o", tmp_path / "out", "--format", "json")
    assert done.json["action"] == "written" and (tmp_path / "out" / "tiny-1@bare-agent.json").is_file()
    assert not (skvm.home / "profiles").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": "1.0"}', "[" * 100_000, "\x00", '{"version": 9e999}'])
def test_one_bad_file_is_one_line_and_nothing_is_written(skvm, tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    done = skvm("profile", "import", tcp(tmp_path / "good.json"), tmp_path / "bad.json")
    assert done.code == 2 and done.err.count("\n") == 1 and "bad.json" in done.err and done.out == ""
    assert not (skvm.home / "profiles").exists()


def test_a_file_that_is_not_there_or_no_file(skvm, tmp_path):
    for path in (tmp_path / "gone.json", tmp_path):
        done = skvm("profile", "import", path)
        assert done.code == 2 and done.err.count("\n") == 1


def test_a_folder_that_cannot_be_made(skvm, tmp_path):
    done = skvm("profile", "import", tcp(tmp_path / "a.json"), "-o", tmp_path / "a.json")
    assert done.code == 3 and done.err.count("\n") == 1


def test_diff_as_text_and_json(skvm):
    done = skvm("profile", "diff", "strong", "weak")
    assert done.code == 0 and "differ by more than chance" in done.out and "Holm over 78" in done.out
    found = skvm("profile", "diff", "qwen/qwen3.5-9b@bare-agent", "gpt-5.4@openclaw", "--format", "json").json
    assert found["family"] == 78 == len(found["levels"]) and found["possible"] is False
    assert {"primitive", "level", "a", "b", "p_value", "holm", "b_better", "significant"} == set(found["levels"][0])
    assert skvm("profile", "diff", "strong", "nobody/knows").code == 2
    assert skvm("profile", "show", "gone.json").code == 2
