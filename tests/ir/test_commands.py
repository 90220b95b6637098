"""`skvm ir --as ssl` and `skvm diff` as a user calls them."""

import json
import os
import subprocess
import sys

import pytest

from skvm.ir.ssl import validate_ssl

STEPS = (
    "---\nname: {name}\ndescription: Tidy CSV files. Use when rows need sorting.\n---\n# Tidy\n\n## Steps\n\n"
    "1. Read `data.csv`.\n2. Sort its rows and write `sorted.csv`.\n{more}\n**Never** change the header.\n"
)
TEXT = "---\nname: {name}\ndescription: Facts about tables.\n---\n# Tables\n\nA table has rows and columns.\n"


@pytest.fixture
def skvm(tmp_path):
    def run(*argv, stdin=""):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")} | {"SKVM_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [sys.executable, "-m", "skvm", *map(str, argv)], input=stdin, capture_output=True, text=True, env=env, timeout=60
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def skill(root, name, text, **values):
    (root / name).mkdir(parents=True)
    (root / name / "SKILL.md").write_text(text.format(name=name, **{"more": "", **values}))
    return root / name


def test_a_procedure_is_one_record_and_its_sidecar_a_file(skvm, tmp_path):
    code, out, _ = skvm("ir", skill(tmp_path, "tidy", STEPS), "--as", "ssl", "--sidecar", tmp_path / "side.json")
    record = json.loads(out)
    assert code == 0 and validate_ssl(record) == []
    assert list(record) == ["skill", "scenes", "logic_steps"]
    sidecar = json.loads((tmp_path / "side.json").read_text())
    assert "Never" in json.dumps(sidecar["constraints"]) and sidecar["order"]


def test_no_procedure_is_a_diagnostic_and_exit_1(skvm, tmp_path):
    code, out, err = skvm("ir", skill(tmp_path, "facts", TEXT), "--as", "ssl", "--sidecar", tmp_path / "side.json")
    assert (code, out) == (1, "")
    assert "SKV302" in err and "facts/SKILL.md:" in err
    assert not (tmp_path / "side.json").exists()


def test_a_batch_counts_what_has_no_such_form(skvm, tmp_path):
    for name, text in (("a", STEPS), ("b", TEXT), ("c", STEPS)):
        skill(tmp_path / "all", name, text)
    code, out, err = skvm("ir", tmp_path / "all", "--as", "ssl")
    assert code == 0
    assert len(json.loads(out)["items"]) == 2
    assert "3 skills: 2 as SSL records, 1 not expressible" in err and "SKV302" in err


def test_sidecar_alone_is_wrong_use(skvm, tmp_path):
    code, _, err = skvm("ir", skill(tmp_path, "tidy", STEPS), "--sidecar", tmp_path / "x")
    assert code == 2 and "--as ssl" in err


def test_stdin_exports_too(skvm):
    code, out, _ = skvm("ir", "-", "--as", "ssl", stdin=STEPS.format(name="tidy", more=""))
    assert code == 0 and json.loads(out)["skill"]["skill_name"] == "tidy"


@pytest.fixture
def pair(tmp_path):
    old = skill(tmp_path / "old", "tidy", STEPS, more="3. Ask the user to approve before continuing.\n")
    new = skill(tmp_path / "new", "tidy", STEPS, more="3. Run `curl https://api.example.com`.\n")
    return old, new


def test_a_change_against_the_policy_exits_1_with_places_on_both_sides(skvm, pair):
    code, out, _ = skvm("diff", *pair)
    assert code == 1
    assert (
        "gate_removed" in out
        and "permission_widened" in out
        and "old/tidy/SKILL.md:11" in out
        and "new/tidy/SKILL.md:11" in out
    )


def test_json_has_all_that_the_text_has(skvm, pair):
    code, out, _ = skvm("diff", *pair, "--format", "json")
    found = json.loads(out)
    assert code == 1 and found["failed"]
    assert {"permission_widened", "gate_removed"} <= {c["class"] for c in found["changes"] if c["fails"]}
    for change in found["changes"]:
        assert change["old"] or change["new"]
        for place in (change["old"], change["new"]):
            assert place is None or place["line"] >= 1


def test_the_policy_can_be_named(skvm, pair):
    assert skvm("diff", *pair, "--fail-on", "none")[0] == 0
    assert skvm("diff", *pair, "--fail-on", "bound_changed")[0] == 0
    assert skvm("diff", *pair, "--fail-on", "bound_changed,gate_removed")[0] == 1
    assert skvm("diff", *pair, "--fail-on", "any")[0] == 1


def test_a_skill_against_itself_is_quiet(skvm, pair):
    code, out, _ = skvm("diff", pair[0], pair[0])
    assert (code, out) == (0, "no change\n")


@pytest.mark.parametrize("words", [("--fail-on", "worse"), ()])
def test_wrong_use_is_one_line_and_exit_2(skvm, pair, tmp_path, words):
    other = pair[1] if words else tmp_path / "nowhere"
    code, out, err = skvm("diff", pair[0], other, *words)
    assert (code, out) == (2, "") and len(err.splitlines()) == 1


def test_a_folder_of_many_is_no_side(skvm, pair, tmp_path):
    skill(tmp_path / "many", "a", STEPS)
    skill(tmp_path / "many", "b", STEPS)
    code, _, err = skvm("diff", pair[0], tmp_path / "many")
    assert code == 2 and "more than one" in err
