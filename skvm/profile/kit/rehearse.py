"""Rehearsal: carry out a play against an instance without a model or a harness, to prove graders and references.

Tools act on a folder in memory; commands go to the workbench; pages come straight from the site's function.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from skvm.ports import HarnessCall, HarnessTurn
from skvm.profile.kit.instance import Job, Task, Trial, Verdict, Workbench
from skvm.profile.kit.plays import Call, Play, at
from skvm.profile.kit.site import BASE, Asked, Logged, Visit, pairs

MAX_RESULT = 64 * 1024
"""Bytes of a file that are shown at once."""

REHEARSED = "http://127.0.0.1:1"
"""Where a site seems to be in a rehearsal."""


@dataclass(frozen=True)
class Props:
    """What a rehearsal has for real instead of played: the task's site served at `base`, which notes `visits`, and tools by
    name, which return whether they worked and what they show."""

    base: str
    visits: Sequence[Visit]
    tools: Mapping[str, Callable[..., Awaitable[tuple[bool, str]]]] = field(default_factory=dict)


async def judged(task: Task, play: Play, bench: Workbench, props: Props | None = None) -> Verdict:
    """Verdict on a play."""
    return await task.grade(await rehearse(task, play, bench, props), bench)


async def rehearse(task: Task, play: Play, bench: Workbench, props: Props | None = None) -> Trial:
    """The trial a play leads to."""
    stage = _Stage(task, bench, props)
    script = at(play, stage.props.base)()
    turns: list[HarnessTurn] = []
    results: list[str] | None = None
    try:
        while True:
            calls = next(script) if results is None else script.send(results)
            done = [await stage.act(call) for call in calls]
            turns.append(HarnessTurn(calls=tuple(done)))
            results = [call.result for call in done]
    except StopIteration as stop:
        text = str(stop.value or "")
    return Trial(text, tuple(turns), stage.files, tuple(stage.props.visits))


class _Stage:
    """Files and tools of one rehearsal."""

    def __init__(self, task: Task, bench: Workbench, props: Props | None) -> None:
        self.task = task
        self.bench = bench
        self.site = Logged(task.site) if task.site is not None else None
        self.props = props or Props(REHEARSED, self.site.visits if self.site is not None else ())
        self.files: dict[str, bytes] = dict(task.files)

    async def act(self, call: Call) -> HarnessCall:
        """Carry out one call."""
        if call.raw:
            return HarnessCall(tool=call.tool, arguments=call.raw, ok=False, result="error: not one JSON object")
        raw, args = json.dumps(call.args, ensure_ascii=False), call.args
        code: int | None = None
        if any(function.name == call.tool for function in self.task.functions):
            ok, result = True, "accepted"
        elif call.tool not in self.task.tools:
            ok, result = False, f"error: there is no tool called {call.tool!r}"
        elif call.tool == "execute_command":
            code, result = await self._command(str(args["command"]))
            ok = code == 0
        elif call.tool in self.props.tools:
            ok, result = await self.props.tools[call.tool](**args)
        else:
            ok, result = getattr(self, f"_{call.tool}")(**args)
        return HarnessCall(tool=call.tool, arguments=raw, args=args, ok=ok, result=result, exit_code=code)

    async def _command(self, command: str) -> tuple[int, str]:
        done = await self.bench.run(Job(("bash", "-c", command), self.files))
        self.files = dict(done.files)
        parts = [f"exit code: {done.exit_code}"]
        parts += [
            f"{name}:\n{text.rstrip()}" for name, text in (("stdout", done.stdout), ("stderr", done.stderr)) if text.strip()
        ]
        return done.exit_code, "\n".join(parts)

    def _read_file(self, path: str, offset: int = 1, limit: int = 2000) -> tuple[bool, str]:
        data = self.files.get(posixpath.normpath(path))
        if data is None:
            return False, f"error: there is no {path}"
        lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        shown, size = [], 0
        for line in lines[offset - 1 : offset - 1 + limit]:
            size += len(line.encode())
            if size > MAX_RESULT:
                break
            shown.append(line)
        rest = "" if offset - 1 + len(shown) >= len(lines) else f"\n[cut; go on with offset={offset + len(shown)}]"
        return True, "".join(shown) + rest

    def _write_file(self, path: str, content: str) -> tuple[bool, str]:
        self.files[posixpath.normpath(path)] = content.encode()
        return True, f"wrote {path}"

    def _edit_file(self, path: str, old: str, new: str) -> tuple[bool, str]:
        text = self.files.get(posixpath.normpath(path), b"").decode()
        if text.count(old) != 1:
            return False, f"error: `old` stands {text.count(old)} times in {path}"
        self.files[posixpath.normpath(path)] = text.replace(old, new).encode()
        return True, f"edited {path}"

    def _list_directory(self, path: str = ".") -> tuple[bool, str]:
        return True, "\n".join(sorted(self.files))

    def _search(self, pattern: str, path: str = ".") -> tuple[bool, str]:
        hits = [f"{name}:{n}: {line}" for name in sorted(self.files) for n, line in _lines(self.files[name]) if pattern in line]
        return True, "\n".join(hits) or "no line matches"

    def _web_fetch(self, url: str) -> tuple[bool, str]:
        if self.site is None or not url.startswith(REHEARSED):
            return False, "error: the host is not permitted for this step"
        parts = urlsplit(url)
        got = self.site.answer(Asked("GET", parts.path or "/", pairs(parts.query)))
        return True, f"status: {got.status}\n{got.body}".replace(BASE, REHEARSED)


def _lines(data: bytes) -> list[tuple[int, str]]:
    return list(enumerate(data.decode("utf-8", "replace").splitlines(), 1))
