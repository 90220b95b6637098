"""Putting one instance to a harness: folder, site, prompt; and what came of it, judged."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import anyio.to_thread

from skvm.diag import InternalError, SkvmError, TargetError
from skvm.ports import Harness, HarnessRun, HarnessTask, RequestTag
from skvm.profile.kit.instance import Instance, Trial, Workbench
from skvm.profile.kit.server import serving
from skvm.profile.kit.site import BASE
from skvm.profile.run.ledger import Result

MOST_BYTES = 64 * 1024**2
"""Of a work folder that graders get to see."""

SECONDS = 300.0
"""For one instance; a model that needs longer was not waited for, which is no verdict on it."""


async def put(instance: Instance, harness: Harness, bench: Workbench, work: Path, seconds: float = SECONDS) -> Result:
    """The result of one instance, worked on in `work` (made anew).

    Raises TargetError, EnvironmentFailure, StoreError when model, harness or machine fail, InternalError for a broken probe.
    """
    task = instance.task
    await anyio.to_thread.run_sync(_laid_out, work, dict(task.files))
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(task.site)) if task.site is not None else None
        order = HarnessTask(
            prompt=task.prompt.replace(BASE, served.base) if served else task.prompt,
            work=work,
            tools=task.tools,
            functions=task.functions,
            hosts=(served.host,) if served else (),
            seconds=seconds,
            turns=task.turns,
            tag=RequestTag(question="probe", key=instance.key),
        )
        run = await _run(harness, order)
        visits = tuple(served.visits) if served else ()
    files = await anyio.to_thread.run_sync(files_below, work)
    trial = Trial(run.text, run.turns, files, visits)
    try:
        verdict = await task.grade(trial, bench)
    except SkvmError:
        raise
    except Exception as error:
        raise InternalError(f"the grader of {instance.key} failed: {type(error).__name__}: {error}") from error
    shutil.rmtree(work, ignore_errors=True)
    return Result(
        passed=verdict.passed,
        reason=verdict.reason,
        calls=run.model_calls,
        tokens=run.prompt_tokens + run.completion_tokens,
        cost=run.cost,
        seconds=round(run.seconds, 3),
    )


async def _run(harness: Harness, order: HarnessTask) -> HarnessRun:
    """A harness that breaks its contract counts as one that crashed."""
    try:
        return await harness.run(order)
    except SkvmError as error:
        if error.exit_code == 4:  # a limit of the harness: it did not let the model finish
            raise TargetError(error.message, kind="timeout") from error
        raise
    except Exception as error:
        raise TargetError(f"the harness {harness.name} crashed: {type(error).__name__}: {error}", kind="protocol") from error


def _laid_out(work: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for path, data in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(data)


def files_below(work: Path) -> dict[str, bytes]:
    """Regular files by path, sorted, as far as MOST_BYTES go; links are not followed."""
    found: dict[str, bytes] = {}
    room = MOST_BYTES
    for folder, names, files in os.walk(work):
        names.sort()
        for name in sorted(files):
            path = Path(folder) / name
            info = path.lstat()
            if not stat.S_ISREG(info.st_mode) or info.st_size > room:
                continue
            room -= info.st_size
            found[path.relative_to(work).as_posix()] = path.read_bytes()
    return found
