"""A run from request to outcome."""

from __future__ import annotations

import signal
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import anyio
import anyio.abc

from skvm.diag import InDoubtError, LimitHit, SkvmError, StoreError, TargetError
from skvm.plan import (
    Event,
    EventKind,
    FileResult,
    StepStatus,
)
from skvm.ports import RunRow
from skvm.runtime.api import RunOutcome, RunPorts, RunRequest, Totals
from skvm.runtime.flow.controls import control
from skvm.runtime.flow.scheduler import Flow
from skvm.runtime.lanes import EffectLocks, Lanes
from skvm.runtime.opening import earlier, needs_model, plan_of, prepared, remembered
from skvm.runtime.session import Graph, Session
from skvm.runtime.state.board import Board
from skvm.runtime.state.budget import Budget
from skvm.runtime.state.overlap import Overlap
from skvm.runtime.state.record import Recorder, new_run_id
from skvm.runtime.state.redact import Redactor
from skvm.runtime.state.replay import Replay
from skvm.runtime.state.scope import TOP_SCOPE
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.browser import Browsing
from skvm.runtime.tools.commands import Commands
from skvm.runtime.tools.files import Places
from skvm.runtime.work.confined import Confined
from skvm.runtime.work.snapshot import Inventory, digest_file, outputs
from skvm.runtime.work.workspace import Workspace, kept_skill, run_folder_made
from skvm.store import held_lock

CLOSING_SECONDS = 0.3
"""What collecting the outputs may take after the deadline: a 2 s deadline must be over within 2.5 s."""

LONGEST_ERROR = 300
"""Characters of a target's last error in the reason of a run that ran out of time."""


async def execute(request: RunRequest, ports: RunPorts, home: Path) -> RunOutcome:
    """Run a plan to its end, or resume one.

    Raises UsageError (unknown model, wrong plan or run id, bad input) and StoreError before anything runs; later failures
    are in the outcome, with exit codes as of design §9. A cancellation from outside is journalled, then goes on.
    """
    plan = plan_of(request)
    client = ports.model_for(request.model) if request.model and needs_model(plan) else None
    run = request.resume or request.run or new_run_id()
    lock = ports.lock or partial(held_lock, home)
    with ExitStack() as locks:
        locks.enter_context(lock(f"run {run}"))
        events = earlier(request, ports, home)
        request = remembered(request, events)
        if request.workdir is not None:
            locks.enter_context(lock(f"work folder {request.workdir.resolve()}"))
        simulated = bool(client is not None and client.simulated)
        with run_folder_made(home, run):
            space, before = await prepared(request, ports, home, run, bool(events), client is not None)
            session = _session(request, ports, space, run, events, Graph(plan))
            if not events:
                _open(session, simulated)
        try:
            return await _Lifetime(session, before, simulated).run()
        finally:
            session.browsing.close()
            session.commands.close()


class _Lifetime:
    """From the first node to the outcome."""

    def __init__(self, session: Session, before: Inventory, simulated: bool) -> None:
        self.session = session
        self.before = before
        self.simulated = simulated
        self.status = "failed"
        self.exit_code = 4
        self.reason = ""
        self.interrupted = False

    async def run(self) -> RunOutcome:
        """Run, whatever happens; a StoreError while closing is part of the outcome too."""
        try:
            await self._flow()
        except anyio.get_cancelled_exc_class():
            self.status, self.exit_code, self.reason = "cancelled", 130, "cancelled"
            with suppress(SkvmError):
                self._close()
            raise
        found = await self._outputs()
        try:
            self._close()
        except StoreError as error:
            self.status, self.exit_code, self.reason = "failed", 3, error.line()
            self.session.course.fatal = self.session.course.fatal or error
        return self._outcome(found)

    async def _flow(self) -> None:
        """The plan under its deadline; afterwards status, exit code and reason are settled."""
        session = self.session
        flow = Flow(session, control)
        left = session.budget.left
        result = None
        with anyio.CancelScope(deadline=anyio.current_time() + left if left is not None else float("inf")) as scope:
            async with anyio.create_task_group() as group:
                if session.request.signals:
                    await group.start(self._watch_signals, scope)
                try:
                    result = await flow.block(None, TOP_SCOPE)
                except SkvmError as error:
                    session.course.fatal = session.course.fatal or error
                group.cancel_scope.cancel()
        ran_out = scope.cancelled_caught and not self.interrupted
        if self.interrupted:
            self.status, self.exit_code, self.reason = "cancelled", 130, "interrupted"
        elif ran_out or (session.course.fatal is not None and session.budget.left == 0):
            self._deadline()
        elif session.course.fatal is not None:
            self._fatal(session.course.fatal)
        elif result is not None and result.status is StepStatus.DONE:
            self.status, self.exit_code = "done", 0
        else:
            self._ended_early(result.status if result else StepStatus.FAILED, result.reason if result else "")

    def _deadline(self) -> None:
        session = self.session
        limit = session.request.deadline
        with suppress(StoreError):
            session.emit(EventKind.LIMIT_HIT, limit="wall", value=limit)
        used = session.budget.used
        if (used.calls or session.course.unasked) and not used.replies:
            self.status, self.exit_code = "failed", 3
            last = self._last_error() if used.calls else "; it was not asked yet"
            self.reason = f"no answer from the model before the deadline of {limit:g} s{last}"
            help = "check the server, or raise --deadline" if used.calls else "raise --deadline"
            session.course.fatal = TargetError(self.reason, kind="timeout", help=help)
        else:
            self.status, self.exit_code = "limit", 4
            self.reason = f"the deadline of {limit:g} s was reached{self._last_error()}"

    def _last_error(self) -> str:
        """How the last question to a model failed, when it did, on one line."""
        text = " ".join(self.session.course.refused.split())
        return f"; last: {text[:LONGEST_ERROR]}" if text else ""

    def _fatal(self, error: SkvmError) -> None:
        self.exit_code, self.reason = error.exit_code, error.line()
        if isinstance(error, LimitHit):
            self.status = "limit"
            with suppress(StoreError):
                self.session.emit(EventKind.LIMIT_HIT, limit=error.limit, value=error.message)
        elif isinstance(error, InDoubtError):
            self.status = "in_doubt"
        else:
            self.status = "failed"

    def _ended_early(self, status: StepStatus, reason: str) -> None:
        session = self.session
        self.exit_code = 4
        if status is StepStatus.WAITING:
            self.status = "waiting"
            self.reason = f"waits for a person at {', '.join(session.waiting)}" if session.waiting else reason
        else:
            self.status = "limit" if status is StepStatus.LIMIT else "failed"
            failure = session.course.failure
            self.reason = f"{failure.node}: {failure.reason}" if failure and self.status == "failed" else reason
        self.reason = session.redactor.text(self.reason)

    async def _watch_signals(self, scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
            task_status.started()
            async for _ in received:
                self.interrupted = True
                self.session.course.ending = "interrupted"
                scope.cancel()
                return

    async def _outputs(self) -> tuple[FileResult, ...]:
        """Changed files; when they cannot be listed in time after a deadline, what the steps reported."""
        seconds = CLOSING_SECONDS if self.session.budget.left == 0 else None
        with anyio.move_on_after(seconds, shield=True):
            return await in_thread(outputs, self.session.space.work, self.before)
        return ()

    def _close(self) -> None:
        session = self.session
        session.browsing.close()
        session.emit(EventKind.RUN_END, status=self.status, exit_code=self.exit_code, reason=self.reason)
        session.ports.journal.close_run(session.recorder.run, self.status, round(session.recorder.now, 6))

    def _outcome(self, found: tuple[FileResult, ...]) -> RunOutcome:
        session = self.session
        used = session.budget.used
        values = session.board.values(TOP_SCOPE)
        return RunOutcome(
            run=session.recorder.run,
            status=self.status,
            exit_code=self.exit_code,
            reason=self.reason,
            outputs=found,
            steps=tuple(session.rows),
            totals=Totals(
                model_calls=used.calls,
                prompt_tokens=used.prompt,
                completion_tokens=used.completion,
                cost=None if used.unknown_cost else round(used.cost, 9),
                seconds=round(session.recorder.now, 6),
            ),
            simulated=used.simulated or self.simulated,
            values=values,
            summary=session.board.last_summary(),
            work=session.space.work,
            error=session.course.fatal,
            turns=tuple(session.turns),
        )


def _session(
    request: RunRequest, ports: RunPorts, space: Workspace, run: str, events: tuple[Event, ...], graph: Graph
) -> Session:
    redactor = Redactor(request.env)
    replay = Replay(events)
    ends = request.started + request.deadline if request.deadline is not None else None
    files = {**(events[0].data.get("paths", {}) if events else {}), **space.files}
    board = Board(request.task, files, request.env, graph.maps)
    board.restore(replay.finished, TOP_SCOPE)
    overlap = Overlap(graph.plan, graph.declared, ports.blobs)
    places = Places(Confined(space.work), Confined(space.skill), Confined(space.spill), space.bundle)
    return Session(
        request=request,
        ports=ports,
        graph=graph,
        space=space,
        places=places,
        commands=Commands(space, ports.sandbox, redactor, request.prefix, request.policy),
        board=board,
        budget=Budget(ports.clock, ends, request.max_tokens, request.max_cost, request.calls, replay.used),
        recorder=Recorder(run, ports.journal, ports.sinks, ports.clock, redactor, events),
        redactor=redactor,
        replay=replay,
        lanes=ports.lanes or Lanes(request.lanes),
        locks=EffectLocks(graph.waived, overlap.apart),
        overlap=overlap,
        browsing=Browsing(ports.browsers),
        skills={item.digest: (item, kept_skill(space.folder, item.digest)) for item in request.artifact.skills},
    )


def _open(session: Session, simulated: bool) -> None:
    """Register the run and journal its start."""
    request, artifact, run = session.request, session.request.artifact, session.recorder.run
    session.ports.journal.open_run(
        RunRow(
            run=run,
            skill=artifact.source.name,
            plan=artifact.digest,
            model=request.model,
            mode=request.mode,
            status="running",
            started=session.ports.clock.utc(),
            simulated=simulated,
        )
    )
    digests = {name: digest_file(session.space.work / path) or "" for name, path in session.space.files.items()}
    session.emit(
        EventKind.RUN_START,
        plan=artifact.digest,
        skill=artifact.source.name,
        source=artifact.source.digest,
        target=f"{artifact.target.model}@{artifact.target.harness}",
        model=request.model,
        mode=request.mode,
        task=request.task,
        files=digests,
        paths=session.space.files,
        workdir=str(request.workdir.resolve()) if request.workdir else "",
        seed=request.seed,
        env=sorted(request.env),
        simulated=simulated,
    )
