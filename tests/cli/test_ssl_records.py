"""`skvm ir --from ssl`: records that others wrote, as a user brings them."""

import json

import pytest

from skvm.ir.ssl import validate_ssl


@pytest.fixture
def record(skvm, tmp_path, skill):
    """The record of a skill, in a file."""
    done = skvm("ir", skill, "--as", "ssl")
    path = tmp_path / "tidy.ssl.json"
    path.write_text(done.out)
    return path


def test_what_was_exported_is_read_again(skvm, record, tmp_path):
    done = skvm("ir", record, "--from", "ssl", "--text", tmp_path / "text.txt", "--format", "json")
    assert done.code == 0, done.err
    assert [s["title"] for s in done.json["steps"]] == [s["object"] for s in json.loads(record.read_text())["logic_steps"]]
    name = done.json["skill"]["spans"]["name"]
    raw = (tmp_path / "text.txt").read_bytes()
    assert raw[name["start"] : name["end"]] == b"tidy-csv"
    assert "tidy-csv" in skvm("ir", "-", "--from", "ssl", stdin=record.read_bytes()).out


def test_what_is_only_claimed_is_told_and_read(skvm, record):
    body = json.loads(record.read_text())
    body["logic_steps"][0]["input_args"] = ["$never_bound"]
    assert validate_ssl(body)
    record.write_text(json.dumps(body))
    done = skvm("ir", record, "--from", "ssl")
    assert done.code == 0
    assert "claimed of every record" in done.err and f"{record}: logic_steps[" in done.err


def test_a_record_that_is_none_is_told_place_by_place(skvm, record):
    body = json.loads(record.read_text())
    body["logic_steps"][0]["act_type"] = "DANCE"
    body["scenes"][0]["scene_type"] = "BALL"
    record.write_text(json.dumps(body))
    done = skvm("ir", record, "--from", "ssl", "--format", "json")
    assert (done.code, done.out) == (1, "")
    assert {line.split(": ")[1].split(".")[0] for line in done.err.splitlines()} == {"scenes[0]", "logic_steps[0]"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", ":1:2: not JSON"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[" * 100_000, "nested too deep"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_json_is_wrong_use(skvm, tmp_path, raw, said):
    path = tmp_path / "x.json"
    if raw is not None:
        path.write_bytes(raw)
    done = skvm("ir", path, "--from", "ssl")
    assert done.code == 2 and said in done.err and len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("--from", "ssl", "--as", "ssl"), ("--text", "t.txt"), ("--from", "ssl", "--text", "t", "two")]
)
def test_options_that_do_not_go_together(skvm, record, words):
    assert skvm("ir", record, *words).code == 2
