"""Every kind of bad input gives a diagnostic or one clear line, the right exit code, and leaves nothing behind."""

import os

import pytest


def one_line(done, *words):
    lines = [x for x in done.err.splitlines() if x.startswith("skvm: ")]
    assert len(lines) == 1, done.err
    assert all(w in lines[0] for w in words), lines[0]


def test_missing_path(skvm, tmp_path):
    done = skvm("check", tmp_path / "nowhere")
    assert done.code == 2
    one_line(done, "no such file", "nowhere")


@pytest.mark.parametrize("verb", ["check", "outline", "ir"])
def test_an_empty_word_is_not_this_folder(skvm, skill, verb):
    done = skvm(verb, "", cwd=skill)
    assert done.code == 2
    one_line(done, "empty word")


@pytest.mark.parametrize("name", ["plan.json", "skill.zip", "run.py"])
def test_a_file_that_is_no_markdown(skvm, tmp_path, name):
    (tmp_path / name).write_text('{"broken": ')
    for words in (["check"], ["outline"], ["diff", tmp_path / name]):
        done = skvm(*words, tmp_path / name)
        assert done.code == 2
        one_line(done, name, "not a Markdown file")


def test_a_reference_is_broken_when_the_folder_holds_nothing_else(skvm, tmp_path):
    text = "# Report\n\n1. Run `python scripts/report.py`.\n2. Read out/report.md.\n"
    (tmp_path / "SKILL.md").write_text(text)
    found = [d["code"] for d in skvm("check", tmp_path, "--format", "json").json["diagnostics"]]
    assert found.count("SKV204") == 1
    alone = skvm("check", "-", "--format", "json", stdin=text.encode()).json["diagnostics"]
    assert "SKV204" not in {d["code"] for d in alone}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_the_folder_that_cannot_be_read_is_named(skvm, skill, tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    done = skvm("check", tmp_path)
    assert done.code == 2
    one_line(done, "closed", "cannot be read")


@pytest.mark.parametrize("word", ["--nonsense", "--format=yaml"])
def test_unknown_flags(skvm, skill, word):
    done = skvm("check", skill, word)
    assert done.code == 2
    one_line(done, "see `skvm check --help`")
    assert ".;" not in done.err


def test_folder_without_skill(skvm, tmp_path):
    (tmp_path / "empty").mkdir()
    done = skvm("compile", tmp_path / "empty", "--target", "sim/strong")
    assert done.code == 2
    one_line(done, "no SKILL.md")


@pytest.mark.parametrize("verb", [["check"], ["outline"], ["ir"], ["compile", "--target", "sim/weak"], ["explain"], ["env"]])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n \n",
        b"# No front matter\n\ntext\n",
        b"---\nname: x\nno end\n",
        b"---\n: : [ {\n---\nbody\n",
        b"---\nname: a\ndescription: b: c: d\n---\n",
        bytes(range(256)) * 40,
        b"\xff\xfe" + "wide".encode("utf-16-le"),
        "---\nname: größe\ndescription: 漢字 を 使う\n---\n# 漢字\n\n1. 読む `データ.csv`\n".encode(),
        b"---\nname: x\ndescription: y\n---\nSee [up](../../etc/passwd), [gone](gone.md), `../../x.py`.\n",
        b"---\nname: x\ndescription: y\n---\n1. Go to step 2.\n2. Go to step 1.\n3. Return to step 99.\n",
    ],
    ids=["empty", "blank", "plain", "unclosed", "broken", "colon", "binary", "utf16", "unicode", "escape", "cycle"],
)
def test_any_text_gives_an_answer(skvm, tmp_path, verb, raw):
    root = tmp_path / "s"
    root.mkdir()
    (root / "SKILL.md").write_bytes(raw)
    done = skvm(verb[0], root, *verb[1:], "--format", "json")
    assert done.code in (0, 1), done.err
    assert done.json


def test_empty_and_binary_are_errors_with_a_code(skvm, tmp_path):
    for raw, code in ((b"", "SKV101"), (bytes(range(256)) * 40, "SKV106")):
        (tmp_path / "SKILL.md").write_bytes(raw)
        done = skvm("check", tmp_path, "--format", "json")
        assert done.code == 1
        assert code in {d["code"] for d in done.json["diagnostics"]}


def test_five_megabytes(skvm, tmp_path):
    (tmp_path / "SKILL.md").write_bytes(
        b"---\nname: big\ndescription: big\n---\n" + b"- Read `a.csv` and write it.\n" * 180_000
    )
    done = skvm("check", tmp_path, "--certify", "--format", "json", timeout=110)
    assert done.code in (0, 1)
    assert done.json["certificate"]["byte_exact"] is True


def test_link_out_of_the_folder_is_said_and_not_followed(skvm, skill, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    (skill / "leak.md").symlink_to(secret)
    done = skvm("check", skill, "--format", "json")
    assert "SKV104" in {d["code"] for d in done.json["diagnostics"]}
    artifact = skvm("compile", skill, "--target", "sim/strong", "--format", "json")
    assert "TOPSECRET" not in artifact.out


def test_unknown_simulated_model(skvm, skill):
    done = skvm("run", skill, "--model", "sim/nobody", "--input", "x")
    assert done.code == 2
    one_line(done, "nobody", "sim/")


def test_unknown_model(skvm, skill):
    done = skvm("run", skill, "--model", "nosuchmodel", "--input", "x")
    assert done.code == 2
    one_line(done, "nosuchmodel")
    assert not list((skvm.home / "runs").glob("*/work/*"))


def test_other_harness(skvm, skill):
    done = skvm("run", skill, "--model", "openai/x", "--harness", "codex", "--input", "x")
    assert done.code == 2
    one_line(done, "codex")


def test_wrong_use(skvm, skill, tmp_path):
    assert skvm("nonsense").code == 2
    assert skvm("check").code == 2
    assert skvm("run", skill, "--model", "sim/strong", "--file", "x").code == 2
    assert skvm("run", skill, "--model", "sim/strong", "--file", f"x={tmp_path}/gone").code == 2
    assert skvm("run", skill, "--model", "sim/strong", "--env", "SURELY_NOT_SET").code == 2
    assert skvm("run", skill, "--model", "openai/unpriced-model", "--max-cost", "1").code == 2
    assert skvm("explain", "SKV999").code == 2
    assert skvm("trace", "no-such-run").code == 2
    assert skvm("compile", skill, "--target", "sim/strong", "--passes", "lower,bogus,worse").code == 2


def test_not_a_plan(skvm, tmp_path):
    for text in (
        "{",
        "[]",
        '{"format": "skvm/compiled-skill", "schema": 99}',
        '{"format": "skvm/compiled-skill", "schema": 1}',
    ):
        (tmp_path / "p.json").write_text(text)
        done = skvm("explain", tmp_path / "p.json")
        assert done.code == 2
        one_line(done, "p.json")


def test_changed_plan_is_refused(skvm, skill, tmp_path):
    plan = tmp_path / "p.json"
    assert skvm("compile", skill, "--target", "sim/strong", "-o", plan).code == 0
    plan.write_text(plan.read_text().replace("sorted.csv", "other.csv"))
    done = skvm("run", plan, "--model", "sim/strong")
    assert done.code == 2
    one_line(done, "digest")


@pytest.mark.skipif(os.geteuid() == 0 or not os.path.exists("/dev/full"), reason="root writes anywhere")
def test_output_that_cannot_be_written_as_a_user(skvm, skill):
    assert skvm("compile", skill, "--target", "sim/strong", "-o", "/proc/nope/p.json").code == 3


def test_output_that_cannot_be_written(skvm, skill, tmp_path):
    (tmp_path / "file").write_text("")
    done = skvm("compile", skill, "--target", "sim/strong", "-o", tmp_path / "file" / "p.json")
    assert done.code == 3
    one_line(done, "cannot be written")


@pytest.mark.parametrize(
    "words",
    [["compile", "--target", "sim/weak", "-o"], ["lock", "--target", "sim/weak", "-o"], ["explain", "--html"]],
    ids=["compile", "lock", "explain"],
)
def test_a_result_never_replaces_a_text(skvm, skill, words):
    main = skill / "SKILL.md"
    before = main.read_bytes()
    done = skvm(words[0], skill, *words[1:], main)
    assert done.code == 2
    one_line(done, "SKILL.md", "name another file")
    assert main.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "--target", "sim/weak", "-o", ""],
        ["explain", "--html", ""],
        ["emit", "--harness", "codex", "-o", ""],
        ["ir", "--as", "ssl", "--sidecar", ""],
        ["ir", "--from", "ssl", "--text", ""],
    ],
    ids=["compile", "explain", "emit", "ir --sidecar", "ir --text"],
)
def test_an_empty_word_is_no_place_for_a_result(skvm, skill, tmp_path, words):
    (tmp_path / "here").mkdir()
    done = skvm(words[0], skill, *words[1:], cwd=tmp_path / "here")
    assert done.code == 2
    one_line(done, "the path is empty")
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize("text", ["", "# Tool\n\nRead `in.txt`.\n"])
def test_explain_ends_as_compile_does(skvm, tmp_path, text):
    (tmp_path / "SKILL.md").write_text(text, encoding="utf-8")
    codes = [skvm(verb, tmp_path, "--target", "sim/weak").code for verb in ("compile", "explain")]
    assert codes == ([1, 1] if not text else [0, 0])


def test_an_empty_pipeline_is_not_the_default_one(skvm, skill):
    done = skvm("compile", skill, "--target", "sim/weak", "--passes", "")
    assert done.code == 2
    one_line(done, "the pipeline is empty")


def test_a_simulated_model_without_a_name(skvm, skill):
    done = skvm("compile", skill, "--target", "sim/")
    assert done.code == 2
    one_line(done, "sim/", "the name of a profile is missing", "strong")


def test_closed_pipe_is_quiet(skvm, skill):
    import subprocess
    import sys

    env = os.environ | {"SKVM_HOME": str(skvm.home)}
    command = f"{sys.executable} -m skvm ir {skill} --format json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env)
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
