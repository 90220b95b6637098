"""Plays a solution script in a work folder with real tools and no model: what a task's checks must accept."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.skillruns import lacking
from skvm.adapters.simulation.oracle import Call, Done, Result, Script
from skvm.app.tasks import Task

ROOT = Path(__file__).resolve().parents[2]
SKILLS = ROOT / "bench" / "skills"
SOLUTIONS = ROOT / "bench" / "solutions"


def needs_programs_of(skill: Path) -> None:
    """Skips where a program is not there that the skill cannot do without."""
    gone = lacking(skill)
    if gone:
        pytest.skip(gone)


def prepare(task: Task, work: Path) -> Path:
    """A work folder with the task's input files."""
    work.mkdir(parents=True, exist_ok=True)
    for name, place in task.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, work / name)
    return work


def play(script: Script, work: Path, skill: Path, env: dict[str, str] | None = None) -> Done:
    """Run the script's calls for real; returns how it ends."""
    reply: object = None
    try:
        while True:
            wanted = script.send(reply)
            if isinstance(wanted, list):
                reply = [perform(call, work, skill, env or {}) for call in wanted]
            else:
                reply = perform(wanted, work, skill, env or {})
    except StopIteration as stop:
        assert isinstance(stop.value, Done)
        return stop.value


def perform(call: Call, work: Path, skill: Path, env: dict[str, str]) -> Result:
    """One tool call."""
    args = call.args
    match call.tool:
        case "execute_command":
            return Result(command(args["command"], work, skill, env))
        case "read_file":
            return Result((work / args["path"]).read_text(encoding="utf-8"))
        case "write_file":
            path = work / args["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(args["content"], encoding="utf-8")
            return Result(f"wrote {args['path']}")
        case "edit_file":
            path = work / args["path"]
            text = path.read_text(encoding="utf-8")
            assert text.count(args["old"]) == 1, f"{args['old']!r} is not there exactly once"
            path.write_text(text.replace(args["old"], args["new"]), encoding="utf-8")
            return Result(f"edited {args['path']}")
        case "list_directory":
            return Result("\n".join(sorted(p.name for p in (work / args.get("path", ".")).iterdir())))
        case "ask_user":
            return Result("yes")
    raise AssertionError(f"the solution calls a tool that is not on offer: {call.tool}")


def command(text: str, work: Path, skill: Path, env: dict[str, str]) -> str:
    """Standard output of a command; a path that exists only in the bundle resolves there."""
    words = [
        str(skill / word) if (skill / word).is_file() and not (work / word).exists() else word for word in shlex.split(text)
    ]
    if words[0] in ("python", "python3"):
        words[0] = sys.executable
    full = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **env}
    done = subprocess.run(words, cwd=work, env=full, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}\n{done.stdout}{done.stderr}"
