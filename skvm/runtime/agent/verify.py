"""Did the step leave behind what it declares? No model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skvm.plan import Check, StepNode
from skvm.runtime.agent.calls import StepCalls
from skvm.runtime.threads import in_thread


async def problems(calls: StepCalls, node: StepNode, values: dict[str, Any]) -> list[str]:
    """What is missing or wrong, in words; empty when all holds. Command checks are journalled like any call."""
    found = [
        f"the value {o.name!r} is missing" for o in node.outputs if o.required and o.path is None and values.get(o.name) is None
    ]
    for output in node.outputs:
        if output.required and output.path is not None and not await _there(calls, output.path):
            found.append(f"the file {output.path} does not exist")
    for check in node.checks:
        problem = await _check(calls, check)
        if problem:
            found.append(problem)
    return found


async def _check(calls: StepCalls, check: Check) -> str:
    if check.kind == "exists":
        return "" if await _there(calls, check.value) else f"the file {check.value} does not exist"
    record = await calls.run("execute_command", {"command": check.value}, keep=False)
    return "" if record.ok else f"the check `{check.value}` failed: {record.result[:500]}"


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
