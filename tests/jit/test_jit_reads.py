"""Which recorded calls only look, and what of the environment an agent was told about is in their arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.jit.foresee import foresee, learn
from skvm.jit.foresee.kept import plain, rule_of
from skvm.jit.traces import Call, Run, Turn, is_read, read_traces

LOOKS = (
    "ls -la",
    "cat a.txt | head -3 && grep -n 'two words' b 2>/dev/null",
    "sed -n '1,20p' src/a.py",
    "sed -n 7p a b",
    "find . -name '*.py' | sort",
    "cd src && ls",
    "cat a 2>&1 | tail -n 5",
    'grep -r "a b" . | wc -l',
    "ls\ncat größe.txt",
)
CHANGES = (
    "rm a",
    "ls; rm a",
    "ls & rm a",
    "sed -i s/a/b/ f",
    "sed -n wout f",
    "sed -n 3p f -i",
    "sed -n -e 3p f",
    "find . -delete",
    "find . -exec rm {} +",
    "sort -no f f",
    "tree -o f",
    "echo x > f",
    "cat a >& f",
    "echo x >> /dev/null/../f",
    "echo $(rm x)",
    "ls `rm x`",
    "diff <(rm x) b",
    'cat "$(rm x)"',
    "PATH=. ls",
    "alias ls=rm",
    "for f in *; do cat $f; done",
    "(ls)",
    "time ls",
    "xargs cat",
    "python -c pass",
    "",
    "#",
    'ls "',
)


@pytest.mark.parametrize(
    ("tool", "read"),
    [
        ("get_order", True), ("http.get", True), ("http.post", False), ("listFiles", True), ("delete_list", False),
        ("target", False), ("findUser", True), ("reader", False), ("update_and_get", False), ("cancel", False),
    ],
)  # fmt: skip
def test_reads_are_told_by_their_first_verb(tool: str, read: bool) -> None:
    assert is_read(Call(tool, {})) is read


@pytest.mark.parametrize("tool", [("Bash", "command"), ("exec_command", "cmd")])
def test_a_command_reads_when_all_it_runs_only_looks(tool: tuple[str, str]) -> None:
    name, argument = tool
    assert [text for text in LOOKS if not is_read(Call(name, {argument: text}))] == []
    assert [text for text in CHANGES if is_read(Call(name, {argument: text}))] == []
    assert not is_read(Call(name, {})) and not is_read(Call(name, {argument: 7}))


@given(
    st.lists(st.sampled_from(LOOKS), max_size=3), st.sampled_from(CHANGES[:-3]), st.sampled_from(["; ", " && ", "\n", " | "])
)
def test_one_command_that_changes_something_makes_a_write(before: list[str], change: str, joint: str) -> None:
    assert not is_read(Call("Bash", {"command": joint.join([*before, change])}))


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert is_read(Call("Bash", {"command": text})) in (True, False)


def claude(folder: str, said: str, calls: list[tuple[str, dict[str, Any]]]) -> str:
    """A session of Claude Code in a folder: the request, one answer for each call with its result, a last word."""
    rows: list[dict[str, Any]] = [{"type": "user", "message": {"role": "user", "content": said}}]
    for at, (tool, args) in enumerate(calls):
        use = {"type": "tool_use", "id": f"u{at}", "name": tool, "input": args}
        rows.append({"type": "assistant", "message": {"id": f"m{at}", "role": "assistant", "content": [use]}})
        result = {"type": "tool_result", "tool_use_id": f"u{at}", "content": "fine"}
        rows.append({"type": "user", "message": {"role": "user", "content": [result]}})
    told = [{**row, "sessionId": folder, "cwd": folder} for row in rows]
    return "\n".join(map(json.dumps, told))


def sessions(home: Path, folders: list[str]) -> list[Run]:
    """Agents that read the notes of a month, each in a folder of its own."""
    home.mkdir()
    for number, folder in enumerate(folders):
        month = f"2031-{number % 12 + 1:02}"
        said, path = f"Sum up the notes of {month}, please.", f"{folder}/notes/{month}.md"
        (home / f"{number}.jsonl").write_text(claude(folder, said, [("Read", {"file_path": path})]))
    return list(read_traces(home))


def test_a_file_in_the_folder_of_the_agent_is_foretold_in_any_other_folder(tmp_path: Path) -> None:
    rules = learn(sessions(tmp_path / "many", [f"/home/u{n}/desk {n}" for n in range(24)]))
    assert [rule.tool for rule in rules] == ["Read"] and "{{folder}}/notes/" in rules[0].text()
    (other,) = sessions(tmp_path / "one", ["/srv/else/where"])
    assert foresee(rules, other.turns[0]) == Call("Read", {"file_path": "/srv/else/where/notes/2031-01.md"})
    said = other.turns[0].said
    assert foresee(rules, Turn(said, (), (), ())) is None, "where nobody told the folder, nothing is foretold"


def test_a_call_that_is_the_same_in_every_folder_is_kept_as_one_rule(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(24):
        folder = f"/home/u{number}/desk"
        calls = [("Bash", {"command": f"ls {folder}/in"})]
        (tmp_path / "many" / f"{number}.jsonl").write_text(claude(folder, f"{'abcdefgh'[number % 8] * 9}!", calls))
    rules = learn(list(read_traces(tmp_path / "many")), fixed=True)
    assert [rule.fixed for rule in rules] == [True]
    assert rule_of(json.loads(json.dumps(plain(rules[0])))) == rules[0]
    turn = Turn("Something else.", (), (), (), (), (("folder", "/srv/x"),))
    assert rules[0].call(turn) == Call("Bash", {"command": "ls /srv/x/in"})
    hostile = Turn("Something else.", (), (), (), (), (("folder", "/srv/x; rm y"),))
    assert rules[0].call(hostile) is None, "what is no read any more is not foretold"


def test_a_folder_at_the_root_is_no_environment(tmp_path: Path) -> None:
    rules = learn(sessions(tmp_path / "many", ["/w"] * 24))
    assert [rule for rule in rules if "{{folder}}" in rule.text()] == []
