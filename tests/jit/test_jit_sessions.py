"""Session files that the real programs leave: driven against a scripted server, where they are installed.

`SKVM_TEST_CLIS` may name the folder of an `npm install --prefix` that holds them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skvm.jit.traces import Run, read_traces
from skvm.testing import Say
from skvm.testing.answers import Asked
from skvm.testing.loopback import LoopbackServer

WORDS = "Add up prices.txt into total.txt."
CODEX = """model = "m"
model_provider = "fake"
[model_providers.fake]
name = "fake"
base_url = "{url}"
env_key = "FAKE_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
[features]
plugins = false
apps = false
"""


def program(name: str, *inside: str) -> str:
    folder = os.environ.get("SKVM_TEST_CLIS", "")
    found = next((str(p) for p in (Path(folder) / "node_modules" / i for i in inside) if folder and p.exists()), None)
    found = found or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def drive(argv: list[str], folder: Path, server: LoopbackServer, env: dict[str, str]) -> None:
    """Run a program with a home, proxy and work folder in which it cannot reach or touch anything else."""
    dead = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    open_ = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    base = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "TMPDIR": str(folder)}
    (folder / "work").mkdir()
    (folder / "work" / "prices.txt").write_text("pear 3\nplum 4\n")
    kept: dict[str, Any] = {"cwd": folder / "work", "env": {**base, **dead, **open_, **env}, "stdin": subprocess.DEVNULL}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False, **kept)
    assert not server.failures and (folder / "work" / "total.txt").read_text().strip() == "7", done.stderr[-500:]


def script(turns: list[list[tuple[str, dict[str, Any]]]]) -> Any:
    """Turn N has the calls of row N; turns are told apart by how many results are shown. Requests without tools get text."""
    before = [sum(map(len, turns[:at])) for at in range(len(turns))]

    def answer(asked: Asked) -> Say:
        at = before.index(len(asked.results)) if asked.tools and len(asked.results) in before else -1
        return Say("All done.") if at < 0 else Say(f"Part {at}.", calls=turns[at])

    return answer


def shown(run: Run) -> list[tuple[bool, list[str]]]:
    return [(turn.said == WORDS, [call.tool for call in turn.made]) for turn in run.turns]


@pytest.mark.slow
@pytest.mark.net
def test_a_session_of_claude_code(tmp_path: Path) -> None:
    claude = program("claude", "@anthropic-ai/claude-code-linux-x64/claude", "@anthropic-ai/claude-code-linux-arm64/claude")
    work = tmp_path / "work"
    turns: list[list[tuple[str, dict[str, Any]]]] = [
        [("Bash", {"command": "ls", "description": "look"})],
        [("Read", {"file_path": str(work / "prices.txt")}), ("Bash", {"command": "false", "description": "fail"})],
        [("Write", {"file_path": str(work / "total.txt"), "content": "7\n"})],
    ]
    with LoopbackServer(script(turns)) as server:
        env = {"ANTHROPIC_BASE_URL": server.anthropic_url, "ANTHROPIC_API_KEY": "k", "IS_SANDBOX": "1"}
        env |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_MAX_RETRIES": "2"}
        flags = ["--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions"]
        drive([claude, "-p", WORDS, "--model", "claude-sonnet-4-5", *flags], tmp_path, server, env)
    (run,) = read_traces(tmp_path / "home" / ".claude" / "projects")
    assert shown(run) == [(True, ["Bash"]), (False, ["Read", "Bash"]), (False, ["Write"]), (False, [])]
    assert [call.ok for call in run.turns[-1].done] == [True, True, False, True]
    assert [call.args for call in run.turns[2].made] == [turns[2][0][1]]
    assert "pear 3" in str(run.turns[2].done[1].result)
    assert run.turns[0].env == (("folder", str(work)),)


@pytest.mark.slow
@pytest.mark.net
def test_a_session_of_codex(tmp_path: Path) -> None:
    codex = program("codex", ".bin/codex")
    turns: list[list[tuple[str, dict[str, Any]]]] = [
        [("exec_command", {"cmd": "ls"})],
        [("exec_command", {"cmd": "cat prices.txt"}), ("exec_command", {"cmd": "false"})],
        [("exec_command", {"cmd": "echo 7 > total.txt"})],
    ]
    with LoopbackServer(script(turns)) as server:
        (tmp_path / "home" / ".codex").mkdir(parents=True)
        (tmp_path / "home" / ".codex" / "config.toml").write_text(CODEX.format(url=server.base_url))
        flags = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        drive([codex, "exec", *flags, WORDS], tmp_path, server, {"FAKE_KEY": "k"})
    (run,) = read_traces(tmp_path / "home" / ".codex" / "sessions")
    assert shown(run) == [(True, ["exec_command"]), (False, ["exec_command"] * 2), (False, ["exec_command"]), (False, [])]
    assert [(call.args["cmd"], call.ok) for call in run.turns[-1].done] == [
        ("ls", True),
        ("cat prices.txt", True),
        ("false", False),
        ("echo 7 > total.txt", True),
    ]
    assert run.turns[2].done[1].result == "pear 3\nplum 4\n"
    assert run.turns[0].env == (("folder", str(tmp_path / "work")),)
