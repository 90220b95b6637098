"""Did the step leave behind what it declares? No model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from skvm.plan import Check, StepNode
from skvm.runtime.agent.calls import StepCalls
from skvm.runtime.threads import in_thread

MAX_READ = 1_000_000
"""Bytes of a file in which a text is looked for."""


class Problems(NamedTuple):
    """What does not hold, in words: of what the author declares, and of checks that a transform added."""

    wrong: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Both, the author's first."""
        return (*self.wrong, *self.doubtful)


async def problems(calls: StepCalls, node: StepNode, values: dict[str, Any]) -> Problems:
    """What is missing or wrong; empty when all holds. Command checks are journalled like any call."""
    found = [
        f"the value {o.name!r} is missing" for o in node.outputs if o.required and o.path is None and values.get(o.name) is None
    ]
    for output in node.outputs:
        if output.required and output.path is not None and not await _there(calls, output.path):
            found.append(f"the file {output.path} does not exist")
    doubtful: list[str] = []
    for check in node.checks:
        problem = await _check(calls, check)
        if problem and problem not in (*found, *doubtful):
            (doubtful if check.added else found).append(problem)
    return Problems(tuple(found), tuple(doubtful))


async def _check(calls: StepCalls, check: Check) -> str:
    if check.kind == "exists":
        return "" if await _there(calls, check.value) else f"the file {check.value} does not exist"
    if check.kind == "contains":
        return "" if await in_thread(_contains, calls, check) else f"{check.path} has no line {check.value!r}"
    record = await calls.run("execute_command", {"command": check.value}, keep=False)
    return "" if record.ok else f"the check `{check.value}` failed: {record.result[:500]}"


def _contains(calls: StepCalls, check: Check) -> bool:
    """Is there a line that begins with the text, blanks aside? A file that cannot be read has none."""
    try:
        with (calls.session.space.work / check.path.removeprefix("./")).open("rb") as file:
            text = file.read(MAX_READ).decode("utf-8", "replace")
    except OSError:
        return False
    wanted = " ".join(check.value.split())
    return any(" ".join(line.split()).startswith(wanted) for line in text.splitlines())


async def _there(calls: StepCalls, pattern: str) -> bool:
    return await in_thread(matches, calls.session.space.work, pattern)


def matches(work: Path, pattern: str) -> bool:
    """Is there a file (or folder) of this path or glob in the work folder?"""
    if not any(c in pattern for c in "*?["):
        return (work / pattern.removeprefix("./")).exists()
    try:
        return next(iter(work.glob(pattern.removeprefix("./"))), None) is not None
    except (ValueError, NotImplementedError, IndexError):
        return False
