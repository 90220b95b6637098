"""Recorded runs of any agent as turns: what was known before the model was asked, and the calls that it then made.

Two formats: `traj/1` (one JSON object a file, `steps` with role, text, calls and results) and OpenAI-style JSON lines (one
`{"messages": [...]}` a line). Nothing in them is ever run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skvm.diag import UsageError
from skvm.ir import canonical_json

_READS = re.compile(r"(?:^|\.)(?:get|find|list|search|read|lookup|fetch|query|show|describe|view|check)(?=[._]|$|[A-Z])")
_FAILED = re.compile(r"\s*(?:error\b|traceback\b|\{\s*\"error\")", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call: tool and arguments; `result` is the text that came back, None while it has not."""

    tool: str
    args: dict[str, Any]
    result: str | None = None

    @property
    def key(self) -> tuple[str, bytes]:
        """What makes two calls the same: tool and canonical arguments."""
        return self.tool, canonical_json(self.args)

    @property
    def ok(self) -> bool:
        """Did it come back, and not with an error?"""
        return self.result is not None and not _FAILED.match(self.result)


@dataclass(frozen=True)
class Turn:
    """A moment at which a model was asked. `said`: the user's words when they came last, else None. `done`: earlier calls with
    their results. `made`: what the model then called. `reads`: those calls and the reads that followed without a word."""

    said: str | None
    done: tuple[Call, ...]
    made: tuple[Call, ...]
    reads: tuple[Call, ...]


@dataclass(frozen=True)
class Run:
    """One recorded run; runs of one `task` belong together."""

    id: str
    task: str
    turns: tuple[Turn, ...]


def is_read(tool: str) -> bool:
    """Does the name of a tool begin with (or hold, behind a dot) a verb of looking? Anything else counts as a write."""
    return _READS.search(tool) is not None


def read_traces(path: Path) -> Iterator[Run]:
    """Runs of a file, or of all `.json` and `.jsonl` files below a folder in path order; raises UsageError with file:line."""
    if not path.exists():
        raise UsageError("no recorded runs here", where=str(path), help="name a .json or .jsonl file, or a folder of them")
    files = sorted(p for p in path.rglob("*") if p.suffix in (".json", ".jsonl")) if path.is_dir() else [path]
    for file in files:
        yield from _read(file)


def _read(file: Path) -> Iterator[Run]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(file)) from None
    rows = enumerate(text.splitlines(), 1) if file.suffix == ".jsonl" else [(1, text)]
    for line, row in rows:
        if row.strip():
            yield _run(row, file, line)


def _run(text: str, file: Path, line: int) -> Run:
    try:
        row = json.loads(text)
        if row.get("schema") == "traj/1":
            return Run(str(row["id"]), str(row["task"]), tuple(_turns(_traj(row["steps"]))))
        id = str(row.get("id", f"{file.stem}:{line}"))
        return Run(id, str(row.get("task", id)), tuple(_turns(_openai(row["messages"]))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"{type(error).__name__}: {error}"
        help = 'a run is a traj/1 object, or a line {"messages": [...]}'
        raise UsageError(f"not a recorded run ({words})", where=f"{file}:{line}", help=help) from None


@dataclass(frozen=True)
class _Said:
    """One message: words of the user, an answer with calls, or the result of one."""

    role: str
    text: str
    calls: tuple[tuple[str, Call], ...] = ()
    of: str = ""


def _traj(steps: list[dict[str, Any]]) -> Iterator[_Said]:
    for step in steps:
        calls = tuple((str(c["id"]), Call(str(c["tool"]), dict(c["args"]))) for c in step.get("calls") or ())
        yield _Said(step["role"], step.get("text") or "", calls, str(step.get("result_of", "")))


def _openai(messages: list[dict[str, Any]]) -> Iterator[_Said]:
    for message in messages:
        calls = tuple(
            (str(c["id"]), Call(str(c["function"]["name"]), dict(json.loads(c["function"]["arguments"] or "{}"))))
            for c in message.get("tool_calls") or ()
        )
        yield _Said(message["role"], _words(message.get("content")), calls, str(message.get("tool_call_id", "")))


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content or ""


_Asked = tuple[str | None, tuple[Call, ...], tuple[Call, ...]]
"""The user's words when they came last, what was done before, the calls of the answer."""


def _turns(messages: Iterable[_Said]) -> Iterator[Turn]:
    said: str | None = None
    open_calls: dict[str, Call] = {}
    done: list[Call] = []
    asked: list[_Asked] = []
    for message in messages:
        if message.role == "user":
            said = message.text
        elif message.role == "tool":
            call = open_calls.pop(message.of, None)
            if call is not None:
                done.append(Call(call.tool, call.args, message.text))
            said = None
        elif message.role == "assistant":
            made = tuple(call for _, call in message.calls)
            asked.append((said, tuple(done), made))
            open_calls |= dict(message.calls)
            said = None
    for at, (words, before, made) in enumerate(asked):
        yield Turn(words, before, made, tuple(_reads(asked[at:])))


def _reads(rest: list[_Asked]) -> Iterator[Call]:
    """Reads from here on until the user speaks, the model answers in words, or something is written."""
    for at, (said, _, made) in enumerate(rest):
        if (said is not None and at) or not made:
            return
        for call in made:
            if not is_read(call.tool):
                return
            yield call
