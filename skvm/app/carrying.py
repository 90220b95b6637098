"""Runs on their engines: here and now, handed to the queue, out of the queue."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from skvm.adapters.engines import DBOS, LOCAL, choose_engine, queue_engine
from skvm.app.jobs import Worker, in_words, write_down
from skvm.app.running import Named, RunOptions, Settled, TerminalGate, named, ports_of, request_of, settled
from skvm.app.settings import Settings
from skvm.diag import LimitHit, UsageError
from skvm.plan import Artifact
from skvm.ports import Engine, Job, QueueEngine

if TYPE_CHECKING:
    from skvm.runtime import RunOutcome, RunPorts, RunRequest

ENGINE_CLOSING_SECONDS = 0.2
"""What an engine may take after the deadline to note how the run ended: a 2 s deadline must be over within 2.5 s."""

SPANS_SECONDS = 0.4
"""What delivering the last spans may add to a run: a 2 s deadline must be over within 2.5 s."""

LEFT_TO_OTHERS = 130
Say = Callable[[str], None]


def run_blocking(what: Path | str | Artifact, options: RunOptions, settings: Settings) -> RunOutcome:
    """Run to the end on a fresh event loop; raises SkvmError, KeyboardInterrupt."""
    return run_named(named(what, options, settings), settings)


def run_named(run: Named, settings: Settings) -> RunOutcome:
    """The same for what is known already."""
    return anyio.run(_run, run, settings)


async def _run(given: Named, settings: Settings) -> RunOutcome:
    """The run on its engine. What an engine with a database does before and after counts against the deadline too."""
    from skvm.runtime.threads import in_thread

    options = given.options
    spans = _spans() if options.otel else None
    done: list[RunOutcome] = []
    try:
        with anyio.move_on_after(math.inf if options.engine == LOCAL else _left(options)) as scope:
            engine = await in_thread(choose_engine, options.engine, settings.engine_url, settings.home)
            try:
                run = await in_thread(settled, given, engine.storage, settings)
                request = request_of(run)
                ports = ports_of(run, engine.storage, settings, TerminalGate(), *([spans] if spans else []))
                await _carried(engine, request, ports, run, settings.home, done, scope)
            finally:
                await engine.close()
    finally:
        if spans is not None and not await anyio.to_thread.run_sync(spans.close, SPANS_SECONDS):
            sys.stderr.write("skvm: some spans were not delivered; is the collector of OTEL_EXPORTER_OTLP_ENDPOINT there?\n")
    if not done:
        raise LimitHit(f"the deadline of {options.deadline:g} s was reached before the first step", limit="wall")
    return done[0]


async def _carried(
    engine: Engine,
    request: RunRequest,
    ports: RunPorts,
    run: Settled,
    home: Path,
    done: list[RunOutcome],
    scope: anyio.CancelScope,
) -> None:
    from skvm.runtime import execute
    from skvm.runtime.threads import in_thread

    job = _job(request)
    if isinstance(engine, QueueEngine):
        job = await in_thread(write_down, job, request, run, engine.storage, home)

    async def work(job: Job) -> str:
        scope.deadline = math.inf  # from here on the run itself keeps its deadline, and ends with what it has
        outcome = await execute(request if job.again else replace(request, run=job.run), ports, home)
        done.append(outcome)
        scope.deadline = anyio.current_time() + max(ENGINE_CLOSING_SECONDS, _left(run.options))
        return in_words(outcome)

    await engine.carry(job, work)


def _spans() -> Any:
    """A sink for spans; raises UsageError where the extra is missing."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp") is None:
        raise UsageError("OpenTelemetry is not installed", where="--otel", help="pip install 'skvm[otel]'")
    from skvm.adapters.otel import open_sink

    return open_sink()


def _job(request: RunRequest) -> Job:
    from skvm.runtime.state.record import new_run_id

    return Job(run=request.resume or new_run_id(), again=request.resume is not None)


def _left(options: RunOptions) -> float:
    """Seconds until the deadline."""
    if options.deadline is None or options.started is None:
        return math.inf
    return options.started + options.deadline - time.monotonic()


def hand_in(what: Path | str | Artifact, options: RunOptions, settings: Settings) -> str:
    """Put a run into the queue and say its id; raises SkvmError, UsageError for an engine without a queue."""
    if options.otel or options.record:
        raise UsageError("spans and recordings are made where a run is done", help="leave --detach out")
    given = named(what, options, settings)

    async def put() -> str:
        engine = queue_engine(options.engine, settings.engine_url, settings.home)
        try:
            run = settled(given, engine.storage, settings)
            request = request_of(run)
            job = write_down(_job(request), request, run, engine.storage, settings.home)
            await engine.put(job)
            return job.run
        finally:
            await engine.close()

    return anyio.run(put)


def cancel_run(run: str, settings: Settings) -> bool:
    """End a run that is queued or running somewhere; False when nothing of it is going on."""

    async def cancel() -> bool:
        engine = queue_engine(DBOS, settings.engine_url, settings.home)
        try:
            found = await engine.cancel(run)
            if found and not engine.storage.journal.read(run):
                engine.storage.journal.close_run(run, "cancelled", 0.0)
            return found
        finally:
            await engine.close()

    return anyio.run(cancel)


def serve_blocking(engine_name: str, settings: Settings, idle: float | None, say: Say) -> None:
    """Do runs out of the queue until a signal comes, or until there was nothing to do for `idle` seconds; raises SkvmError.

    The run at hand is finished first; a second signal ends this process at once, and another worker goes on with the run.
    """
    anyio.run(_serve, engine_name, settings, idle, say)


async def _serve(engine_name: str, settings: Settings, idle: float | None, say: Say) -> None:
    engine = queue_engine(engine_name, settings.engine_url, settings.home)
    try:
        worker, stop, ready = Worker(engine.storage, settings, say), anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(_heed_signals, worker, stop)
            group.start_soon(_welcome, engine, worker, stop, ready, idle)
            await engine.serve(worker, stop, ready)
            group.cancel_scope.cancel()
    finally:
        await engine.close()


async def _heed_signals(worker: Worker, stop: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if stop.is_set():
                os._exit(LEFT_TO_OTHERS)  # a run that is cancelled is over; one whose worker dies is taken over
            if worker.busy:
                worker.say("finishes the run at hand; a second signal leaves it to others")
            stop.set()


async def _welcome(engine: QueueEngine, worker: Worker, stop: anyio.Event, ready: anyio.Event, idle: float | None) -> None:
    """Say when runs are taken, and stop when there was none for `idle` seconds."""
    await ready.wait()
    worker.say("takes runs from the queue")
    if idle is None:
        return
    last = time.monotonic()
    while time.monotonic() - last < idle:
        if worker.busy or await engine.waiting():
            last = time.monotonic()
        await anyio.sleep(min(0.5, idle / 4))
    stop.set()
