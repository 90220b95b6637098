"""Wrong calls and damaged files around profiles: one line that says what, where, what to do; the right exit code; no file."""

import json

import pytest

TCP = {"version": "1", "model": "m", "harness": "bare-agent", "profiledAt": "2026-01-01", "capabilities": {"gen.regex": "L1"}}


def refused(skvm, code, *words, says=(), **more):
    """One error line that holds all of `says`, nothing on stdout, no profile written."""
    done = skvm(*words, **more)
    lines = [line for line in done.err.splitlines() if line.startswith("skvm: ")]
    assert (done.code, done.out, len(lines)) == (code, "", 1), done.err
    assert all(word in lines[0] for word in says), lines[0]
    assert not list(skvm.home.glob("profiles/*.json")) or more.get("env") or "damaged" in words
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nonsense",), ("nonsense", "PROVIDER/NAME")),
        (("sim/nobody",), ("sim/nobody", "known: ")),
        (("",), ("empty", "sim/strong")),
        (("openai/m@codex",), ("codex", "leave --harness out")),
        (("openai/m", "--api-base", "localhost:8000"), ("localhost:8000", "http://HOST:PORT")),
        (("openai/no-price-known", "--max-cost", "1"), ("price of openai/no-price-known", "--max-tokens")),
        (("sim/strong", "--primitive", "reason.magic"), ("reason.magic", "profile show")),
        (("sim/strong", "--for", "nowhere"), ("nowhere", "SKILL.md")),
        (("sim/strong", "--for", "empty"), ("empty", "SKILL.md")),
        (("sim/strong", "--for", "broken.json"), ("broken.json", "not a plan", "skvm compile")),
        (("sim/strong", "--for", "list.json"), ("list.json", "skvm compile")),
        (("sim/strong", "--budget-calls", "0"), ("--budget-calls", "--help")),
        (("sim/strong", "--deadline", "nan"), ("--deadline", "finite")),
        (("sim/strong", "--deadline", "0"), ("--deadline",)),
        (("sim/strong", "--max-cost", "inf"), ("--max-cost", "finite")),
        (("sim/strong", "--concurrency", "65"), ("--concurrency",)),
        (("sim/strong", "--seed", "-1"), ("--seed",)),
        (("replay:nowhere",), ("nowhere", "record")),
    ],
    ids=lambda value: "-".join(value) if value and value[0] != value else None,
)
def test_a_wrong_call_measures_nothing(skvm, tmp_path, words, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    refused(skvm, 2, "profile", *words, says=says, cwd=tmp_path)


def test_without_a_model_the_help_is_shown(skvm):
    done = skvm("profile")
    assert done.code == 2 and done.out == ""
    assert "Usage: " in done.err and "import" in done.err and len(done.err.splitlines()) > 5


FILES = {
    "broken.json": (b"{", "not JSON"),
    "bytes.json": (bytes(range(256)), "not JSON"),
    "deep.json": (b"[" * 50_000, "nested too deeply"),
    "other.json": (b'{"a": 1}', "not a TCP at version"),
    "level.json": (json.dumps({**TCP, "capabilities": {"gen.regex": "L9"}}).encode(), "capabilities.gen.regex"),
    "strange.json": (json.dumps({**TCP, "capabilities": {"gen.magic": "L1"}}).encode(), "no primitive"),
    "missing.json": (None, "no such file"),
    ".": (None, "not a file"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_tcp_is_not_taken_over_and_neither_is_one_beside_it(skvm, tmp_path, name):
    data, words = FILES[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.json").write_text(json.dumps(TCP))
    refused(skvm, 2, "profile", "import", "good.json", name, says=(name, words, "SkVM"), cwd=tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "show", "DAMAGED"),
        ("profile", "diff", "DAMAGED", "sim/strong"),
        ("coverage", "SKILL", "--profile", "DAMAGED"),
        ("compile", "SKILL", "--target", "openai/m", "--profile", "DAMAGED"),
    ],
    ids=lambda words: "-".join(words[:2]),
)
@pytest.mark.parametrize("data", ["{", '{"name": "x"}', "[" * 50_000, '{"cells": {"gen.magic": {}}}'], ids=range(4))
def test_a_damaged_profile_is_named_with_what_to_do(skvm, skill, tmp_path, words, data):
    damaged = tmp_path / "damaged.json"
    damaged.write_text(data)
    real = [{"DAMAGED": damaged, "SKILL": skill}.get(word, word) for word in words]
    line = refused(skvm, 2, *real, says=("damaged.json", "not a profile", "move it away"))
    assert line.count("; ") >= 1 and len(line) < 500


def test_a_profile_that_is_not_there(skvm, tmp_path):
    refused(skvm, 2, "profile", "show", tmp_path / "gone.json", says=("gone.json", "No such file", "profile list"))
    refused(skvm, 2, "profile", "show", "openai/unheard-of", says=("openai/unheard-of", "profile list"))


def test_a_damaged_file_where_the_profile_is_to_be_is_told_before_anything_is_spent(skvm):
    (skvm.home / "profiles").mkdir(parents=True)
    damaged = skvm.home / "profiles" / "m@builtin.json"
    damaged.write_text("{")
    done = skvm("profile", "openai/m", "--api-base", "http://127.0.0.1:9/v1")
    assert done.code == 2 and "m@builtin.json" in done.err and done.err.count("\n") == 1
    assert damaged.read_text() == "{" and not (skvm.home / "measuring").exists()


def test_a_state_folder_that_cannot_be_one(skvm, tmp_path):
    skvm.home.write_text("a file")
    refused(skvm, 3, "profile", "sim/strong", "--primitive", "reason.logic", says=("set SKVM_HOME",))


def test_two_measurements_of_one_target_do_not_meet(skvm):
    from skvm.store import held_lock

    with held_lock(skvm.home, "measurement of sim/strong"):
        done = skvm("profile", "sim/strong", "--primitive", "reason.logic", timeout=120)
    assert done.code == 3 and "measurement of sim/strong" in done.err and done.out == ""


@pytest.mark.net
@pytest.mark.parametrize("model", ["openai/m", "gemini/m", "anthropic/m"])
def test_without_a_key_nobody_is_asked_twice(skvm, model):
    names = ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY")
    words = ("profile", model, "--primitive", "reason.logic", "--deadline", "100")
    refused(skvm, 3, *words, says=("there is no key", "set the key"), env=dict.fromkeys(names, ""), timeout=120)


@pytest.mark.net
def test_a_deadline_says_how_the_last_call_failed(skvm):
    words = ("profile", "openai/m", "--api-base", "http://127.0.0.1:9/v1", "--primitive", "reason.logic", "--deadline")
    done = skvm(*words, "25", env={"OPENAI_API_KEY": "sk-loopback-not-a-secret"})
    assert done.code == 3 and done.err.count("\n") == 1
    assert "cannot be reached" in done.err or "before the deadline" in done.err
