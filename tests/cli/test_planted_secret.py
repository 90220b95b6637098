"""A secret that a step may use: looked for in every byte that a run leaves behind, says, or sends to a model."""

import base64
import json
from urllib.parse import quote

import pytest

from skvm.testing.loopback import Asked, LoopbackServer, Say

pytestmark = pytest.mark.net

SECRET = "pl4nted/secret+with=odd&chars-0815"
SKILL = """---
name: fetch-report
description: Fetches the weekly figures and writes a report. Use for the weekly report.
---
# Fetch report

## Steps

1. Ask the service for the figures of the week, with the key in `$FIGURES_KEY`, and write them to `week.json`.
2. Read `week.json` and write `out/report.md`.
"""
LEAKS = (
    "echo $FIGURES_KEY",
    "echo $FIGURES_KEY | base64; printf %s $FIGURES_KEY | base64 -w0",
    "env; cat /proc/self/environ",
    "echo $FIGURES_KEY >&2; exit 3",
    "echo $FIGURES_KEY > week.json; cat week.json",
    "for i in $(seq 20000); do echo $FIGURES_KEY; done",  # longer than what is kept in memory: the rest lies on disk
    "python3 -c \"import os, urllib.parse; print(urllib.parse.quote(os.environ['FIGURES_KEY'], safe=''))\"",
    'python3 -c "import json, os; print(json.dumps(dict(os.environ)))"',
)


def forms() -> list[bytes]:
    encoded = base64.b64encode(SECRET.encode()).decode().rstrip("=")
    return [form.encode() for form in (SECRET, quote(SECRET, safe=""), encoded[:-1])]


def curious(asked: Asked) -> Say:
    """Tries one way after the other to be told the secret, then says what it was told. The second step has no right to it."""
    done = len(asked.results)
    if "out/report.md" in json.dumps(asked.messages[:2]):
        report = ("write_file", {"path": "out/report.md", "content": "report"})
        ways = [report, ("execute_command", {"command": "env; cat /proc/self/environ"})]
        return Say(calls=[ways[done] if done < len(ways) else ("finish", {"values": {}, "summary": "done"})])
    if done < len(LEAKS):
        return Say(calls=[("execute_command", {"command": LEAKS[done]})])
    said = asked.results[0].splitlines()[-1]
    return Say(calls=[("finish", {"values": {"key": said}, "summary": said})])


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_it_is_in_no_byte(skvm, tmp_path, sandbox):
    root = tmp_path / "fetch-report"
    root.mkdir()
    (root / "SKILL.md").write_text(SKILL)
    env = {"FIGURES_KEY": SECRET, "OPENAI_API_KEY": "sk-loopback", "SKVM_SANDBOX": sandbox}
    with LoopbackServer(curious) as server:
        words = ("run", root, "--model", "openai/m", "--api-base", server.base_url, "--input", "go", "--env", "FIGURES_KEY")
        done = skvm(*words, "--format", "json", env=env, timeout=110)
        if "no sandbox proved itself" in done.err:
            pytest.skip(f"{sandbox} does not prove itself here")
        run = done.json["run"]
        page, lines = tmp_path / "run.html", tmp_path / "run.jsonl"
        said = [done.out, done.err]
        said += [skvm("trace", run, *more).out for more in (("--format", "json"), ("--html", page), ("--jsonl", lines), ())]
        said += [skvm("runs").out, skvm("jit", "list", "--format", "json").out, page.read_text(), lines.read_text()]
        asked = [json.dumps(r.body) for r in server.requests]
    commands = [r for r in server.requests if len(r.results) == len(LEAKS)]
    assert commands and any("[secret:FIGURES_KEY]" in text for text in commands[0].results), "the commands did see it"
    for form in forms():
        assert not [text[:200] for text in said if form.decode() in text]
        assert not [text[:200] for text in asked if form.decode() in text]
        files = [p for p in skvm.home.rglob("*") if p.is_file() and p.name != "week.json"]  # that one the command wrote itself
        assert not [str(p) for p in files if form in p.read_bytes()]
    assert any(p.parent.name == "spill" for p in files)
