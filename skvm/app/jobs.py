"""Runs as jobs of an engine: what is written down so that another process can go on, and doing what was written down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from skvm.app.policy import policy_of
from skvm.app.running import RunOptions, Settled, ports_of, prefix_of, request_of, restrained
from skvm.app.settings import Settings
from skvm.diag import PlanError, SkvmError, UsageError
from skvm.ir import Frozen
from skvm.plan import Event, EventKind, load_artifact
from skvm.plan.policy import Policy
from skvm.ports import QUEUED, Job, RunRow, Storage

if TYPE_CHECKING:
    from skvm.runtime import RunOutcome, RunPorts, RunRequest


class Written(Frozen):
    """What a job says beside what lies in the run's folder (plan, skill, inputs): the options of the run. `submitted` is the
    time its deadline counts from, in seconds since 1970; `files` are paths in the work folder; `events` says how many events
    the run had when the job was written. Variables and keys come from the environment of whoever does it, whose policy holds
    beside the one written."""

    model: str
    harness: str
    api_base: str | None
    task: str
    files: dict[str, str]
    workdir: str | None
    mode: str
    deadline: float | None
    submitted: float
    max_tokens: int | None
    max_cost: float | None
    yes: bool
    env: tuple[str, ...]
    seed: int
    solid: bool
    policy: Policy
    events: int


def write_down(job: Job, request: RunRequest, run: Settled, storage: Storage, home: Path) -> Job:
    """The job with its text, after all that others need is in the run's folder; raises UsageError, StoreError."""
    from skvm.runtime.work.workspace import prepare, run_folder

    events = storage.journal.read(job.run)
    files: dict[str, str] = {}
    if not job.again:
        place = storage.lock(f"work folder {request.workdir.resolve()}") if request.workdir else nullcontext()
        with place:
            files = prepare(request, home, job.run).files
        storage.journal.open_run(_row(job.run, request))
    elif not events or not run_folder(home, job.run).is_dir():
        raise UsageError("no such run", where=job.run, help="`skvm runs` lists them")
    options = run.options
    written = Written(
        model=options.model,
        harness=options.harness,
        api_base=options.api_base,
        task=request.task,
        files=files,
        workdir=str(request.workdir.resolve()) if request.workdir else None,
        mode=request.mode,
        deadline=request.deadline,
        submitted=time.time() - (time.monotonic() - request.started),
        max_tokens=request.max_tokens,
        max_cost=request.max_cost,
        yes=request.yes,
        env=options.env,
        seed=request.seed,
        solid=options.solid,
        policy=run.policy,
        events=len(events),
    )
    return job.model_copy(update={"text": written.model_dump_json()})


def _row(run: str, request: RunRequest) -> RunRow:
    from skvm.runtime import SystemClock

    return RunRow(
        run=run,
        skill=request.artifact.source.name,
        plan=request.artifact.digest,
        model=request.model,
        mode=request.mode,
        status=QUEUED,
        started=SystemClock().utc(),
    )


class Worker:
    """Does jobs as they are written, one after the other. `say` hears what a person at the terminal is to know."""

    def __init__(self, storage: Storage, settings: Settings, say: Callable[[str], None]) -> None:
        self.storage = storage
        self.settings = settings
        self.say = say
        self.busy = 0

    async def __call__(self, job: Job) -> str:
        """One job to its end, however it ends; in words."""
        self.busy += 1
        try:
            return await self._done(job)
        finally:
            self.busy -= 1

    async def _done(self, job: Job) -> str:
        from skvm.runtime import execute

        events = self.storage.journal.read(job.run)
        try:
            written = _read(job)
            if (words := _ended(events[written.events :])) is not None:
                return words
            request, ports = self._asked(job, written, bool(events))
            self.say(f"{job.run}: {'goes on' if events else 'begins'} ({request.artifact.source.name})")
            outcome = await execute(request, ports, self.settings.home)
        except SkvmError as error:
            self.say(f"{job.run}: {error.line()}")
            if not self.storage.journal.read(job.run):
                self.storage.journal.close_run(job.run, "failed", 0.0)
            return f"failed: {error.line()}"
        self.say(f"{job.run}: {outcome.status}" + (f" ({outcome.reason})" if outcome.reason else ""))
        return in_words(outcome)

    def _asked(self, job: Job, written: Written, begun: bool) -> tuple[RunRequest, RunPorts]:
        from skvm.runtime import saved_plan
        from skvm.runtime.work.workspace import run_folder

        folder = run_folder(self.settings.home, job.run)
        work = Path(written.workdir) if written.workdir else folder / "work"
        options = RunOptions(
            model=written.model,
            harness=written.harness,
            api_base=written.api_base,
            task=written.task,
            files={} if begun else {name: work / path for name, path in written.files.items()},
            workdir=Path(written.workdir) if written.workdir else None,
            mode=written.mode,
            deadline=written.deadline,
            max_tokens=written.max_tokens,
            max_cost=written.max_cost,
            yes=written.yes,
            env=written.env,
            resume=job.run if begun else None,
            seed=written.seed,
            solid=written.solid,
            started=time.monotonic() - (time.time() - written.submitted),
        )
        policy = written.policy.both(policy_of(self.settings))
        artifact = load_artifact(saved_plan(self.settings.home, job.run))
        options = restrained(options, policy)
        prefix = prefix_of(artifact, options, self.settings)
        run = Settled(artifact=artifact, skill=folder / "skill", options=options, policy=policy, prefix=prefix)
        request = request_of(run)
        if not begun:
            request = replace(request, run=job.run)
            # Whoever had it may have died between registering the run and its first event.
            self.storage.journal.close_run(job.run, QUEUED, 0.0)
        return replace(request, signals=False), ports_of(run, self.storage, self.settings, None)


def _read(job: Job) -> Written:
    try:
        return Written.model_validate_json(job.text)
    except ValidationError:
        raise PlanError("this job was written by another version of skvm", where=job.run) from None


def _ended(events: tuple[Event, ...]) -> str | None:
    """How a run ended whose end the engine had no time to note."""
    if not events or events[-1].kind is not EventKind.RUN_END:
        return None
    return json.dumps({key: events[-1].data.get(key) for key in ("status", "exit_code", "reason")})


def in_words(outcome: RunOutcome) -> str:
    """An outcome as an engine keeps it: how it ended, not what came out, which is in journal and work folder."""
    return json.dumps({"status": outcome.status, "exit_code": outcome.exit_code, "reason": outcome.reason})
