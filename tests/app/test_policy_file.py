"""`skvm.toml`: what is wrong in it is said with file, line and column before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from skvm.app import Settings
from skvm.app.policy import policy_of, read_policy
from skvm.app.running import RunOptions, restrained
from skvm.diag import UsageError
from skvm.plan.policy import Policy, PolicyLimits

WHOLE = """
[policy]
hosts = ["API.example.com:443", "*.example.org", "[::1]:80", "*"]
executables = ["python3", "g++"]
env = ["TOKEN"]
write = ["out/", "a b/c/"]

[policy.limits]
deadline = 1.5
tokens = 7
cost = 0.25
command_seconds = 3
memory_mb = 100
file_mb = 5
processes = 9
"""


def test_everything_that_may_stand_there(tmp_path: Path) -> None:
    path = tmp_path / "skvm.toml"
    path.write_text(WHOLE)
    assert read_policy(path) == Policy(
        hosts=("api.example.com:443", "*.example.org", "[::1]:80", "*"),
        executables=("python3", "g++"),
        env=("TOKEN",),
        write=("out/", "a b/c/"),
        limits=PolicyLimits(deadline=1.5, tokens=7, cost=0.25, command_seconds=3, memory_mb=100, file_mb=5, processes=9),
    )


def test_no_file_and_an_empty_one_permit_what_the_manifest_grants(tmp_path: Path) -> None:
    assert read_policy(tmp_path / "skvm.toml") == Policy()
    (tmp_path / "skvm.toml").write_text("")
    assert read_policy(tmp_path / "skvm.toml") == Policy()


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("[policy]\nhosts = [", "2:10", "not TOML"),
        ("[policy]\nhosts == []\n", "2:8", "not TOML"),
        ("[polity]\n", "1:1", "unknown table 'polity'"),
        ("policy = 3\n", "1:1", "must be a table"),
        ("# x\n[policy]\n\n  host = []\n", "4:3", "unknown key 'host'"),
        ('[policy]\nhosts = "a"\n', "2:1", "must be a list"),
        ("[policy]\nenv = [\n  1,\n]\n", "2:1", "1 is none"),
        ('[policy]\nhosts = ["ok.example",\n   "http://a.example/"]\n', "3:4", "a host is NAME"),
        ('[policy]\nhosts = ["*a.example"]\n', "2:10", "a host is NAME"),
        ('[policy]\nexecutables = ["/usr/bin/python3"]\n', "2:16", "without its folder"),
        ('[policy]\nenv = ["A-B"]\n', "2:8", "no name of a variable"),
        ('[policy]\nwrite = ["out"]\n', "2:10", "ends in `/`"),
        ('[policy]\nwrite = ["../x/"]\n', "2:10", "folder of the work folder"),
        ('[policy]\nwrite = ["/tmp/"]\n', "2:10", "folder of the work folder"),
        ("[policy]\nlimits = 3\n", "2:1", "must be a table"),
        ("[policy.limits]\n\nwall = 3\n", "3:1", "unknown limit 'wall'"),
        ("[policy]\nlimits.tokens = 1.5\n", "2:1", "whole number"),
        ("[policy.limits]\ndeadline = -1\n", "2:1", "number above 0"),
        ("[policy.limits]\ndeadline = nan\n", "2:1", "number above 0"),
        ("[policy.limits]\ntokens = true\n", "2:1", "whole number"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, at: str, word: str) -> None:
    path = tmp_path / "skvm.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_policy(path)
    assert caught.value.where == f"{path}:{at}"
    assert word in caught.value.message
    assert "\n" not in caught.value.line()


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "skvm.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        read_policy(tmp_path / "skvm.toml")


def test_both_files_hold(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder, text in ((home, 'env = ["A", "B"]\nhosts = ["*.a.example"]'), (here, 'env = ["B", "C"]\nwrite = ["out/"]')):
        folder.mkdir()
        (folder / "skvm.toml").write_text(f"[policy]\n{text}\n")
    policy = policy_of(Settings(home, home / "cache"), here)
    assert policy == Policy(env=("B",), hosts=("*.a.example",), write=("out/",))


def test_limits_of_a_run_are_the_lower_ones() -> None:
    policy = Policy(limits=PolicyLimits(deadline=5, tokens=100, cost=1.0))
    left = restrained(RunOptions("m", deadline=2.0, max_tokens=1000), policy)
    assert (left.deadline, left.max_tokens, left.max_cost) == (2.0, 100, 1.0)
    assert restrained(RunOptions("m", deadline=2.0), Policy()) == RunOptions("m", deadline=2.0)
