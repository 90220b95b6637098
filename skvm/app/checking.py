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
    """One row per check: `{ok, text}`; raises UsageError when the task file is wrong."""
    from skvm.app.tasks import load_task, run_checks

    task = load_task(file)

    async def run() -> list[dict[str, Any]]:
        sandbox = await sandbox_of(settings) if any(c.kind == "command" for c in task.checks) else None
        return [{"ok": r.ok, "text": r.text} for r in await run_checks(task, Path(outcome.workdir), sandbox)]

    return anyio.run(run)
