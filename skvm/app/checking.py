"""Checks of a task file, held against what a run left in its work folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from skvm.app.running import sandbox_of
from skvm.app.settings import Settings

if TYPE_CHECKING:
    from skvm.runtime import RunOutcome


def check_outcome(file: Path, outcome: RunOutcome, settings: Settings) -> list[dict[str, Any]]:
    """One row per check: `{check, ok, detail}`; raises UsageError when the task file is wrong."""
    from skvm.app.tasks import CommandCheck, load_task, run_checks

    task = load_task(file)

    async def run() -> list[dict[str, Any]]:
        wanted = any(isinstance(c, CommandCheck) for c in task.checks)
        sandbox = await sandbox_of(settings) if wanted else None
        return [r.to_json() for r in await run_checks(task, outcome.work, sandbox)]

    return anyio.run(run)
