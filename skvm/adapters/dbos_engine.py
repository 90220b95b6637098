"""DBOS as an engine: runs are workflows in SQLite (one machine) or PostgreSQL (many), and outlive the process that began them.

A run is one workflow, its id the run's id (with `#N` when a person takes it up again). Its steps are not DBOS steps: those are
numbered in the order they start, which for steps that overlap is another one each time, and a step of ours has several effects,
each with a guarantee of its own. So DBOS holds what the journal cannot - the queue, and who does what - and the journal, in the
same database or home folder, holds what happened: a run that is taken over is resumed from it.

A run stays with one executor; its steps are not spread over several. They share more than files: what is left of the limits
(held back before each call), lanes, locks of their effects, the numbering of the journal, and the knowledge of who else is
working, without which nobody can say whose a changed file is. Each of these would be a question to the database before each
call; whether an effect happened could only be told when every step had a lease of its own; and a shared file system need not
show one machine what another has just written. A step waits for its model most of the time, and one process carries hundreds,
so what is spread is runs.

Who does a run is an executor: one process, which holds the lock of its name as long as it lives. Whoever serves looks for runs
whose executor's lock is free and puts them back into the queue. Runs stay with those who see their files: queue and executors
are named after the home folder.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.from_thread

from skvm.adapters.databases import checked_url, open_storage, require_dbos, sqlite_module
from skvm.diag import CheckError, InternalError, SkvmError, StoreError
from skvm.ports import Job, Work
from skvm.runtime.threads import in_thread
from skvm.store import write_aside

if TYPE_CHECKING:
    from dbos import WorkflowStatus

T = TypeVar("T")

WORKFLOW = "skvm.run"
VERSION = "skvm-job-1"
"""Changes with the form of a job: an executor takes only jobs of its own form."""

BEAT = 0.5
"""Seconds between two looks for cancelled runs and dead executors."""

POLL = 0.2
"""Seconds between two looks into the queue."""

RECORD_SECONDS = 3.0
"""How long the end of a run may take to be recorded; a run whose end is not is found to have ended when it is taken over."""

CLOSE_SECONDS = 5.0
"""How long DBOS may take to stop; it takes some 50 ms, but waits for a database that is gone."""

CANCELLED = "cancelled"
GOING_ON = ("ENQUEUED", "PENDING", "DELAYED")


@dataclass
class _Desk:
    """Where jobs of this process are done: the loop, what does them, and those at hand by workflow id."""

    portal: anyio.from_thread.BlockingPortal
    work: Work
    at_hand: dict[str, anyio.CancelScope] = field(default_factory=dict)


class DbosEngine:
    """`ports.QueueEngine`. DBOS allows one per process at a time."""

    name = "dbos"

    def __init__(self, url: str, home: Path) -> None:
        """Raises UsageError (wrong URL, extra not installed) and StoreError (database cannot be used)."""
        self._url, self._postgres = checked_url(url)
        require_dbos()
        self._module = None if self._postgres else sqlite_module()
        self.storage = open_storage(self._url, self._postgres, home)
        self._home = self._home_id(home)
        self.executor = f"{self._home}.{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._desks: dict[str, _Desk] = {}
        self._server: _Desk | None = None
        self._held = ExitStack()
        self._launched = self._lost = False
        self._launching = anyio.Lock()

    @property
    def _name(self) -> str:
        """The lock that says that this process lives."""
        return f"executor {self.executor}"

    @property
    def queue(self) -> str:
        """Name of the queue of this home folder."""
        return f"skvm-{self._home}"

    async def carry(self, job: Job, work: Work) -> None:
        """Do a job here, as `ports.Engine` says; raises CheckError when somebody cancelled it meanwhile."""
        await self._ready()
        raised: list[Exception] = []
        ended = anyio.Event()

        async def noted(job: Job) -> str:
            try:
                return await work(job)
            except Exception as error:
                raised.append(error)
                return f"failed: {error.line() if isinstance(error, SkvmError) else error!r}"
            finally:
                ended.set()

        status = ""
        id = await _dbos(lambda: self._new_id(job))
        if id in self._desks:
            raise _in_use(job.run)
        # An error must not leave the portal's block, which would wrap it in a group.
        async with anyio.from_thread.BlockingPortal() as portal:
            desk = self._desks[id] = _Desk(portal, noted)
            try:
                handle = await _dbos(lambda: self._begin(id, job, queued=False))
                status = await self._attended(desk, ended, handle)
            except SkvmError as error:
                raised.append(error)
            finally:
                del self._desks[id]
        if raised:
            raise raised[0]
        if status == CANCELLED:
            raise CheckError("the run was cancelled", where=job.run)

    async def _attended(self, desk: _Desk, ended: anyio.Event, handle: Any) -> str:
        """How the job at a desk ended, empty where that could not be recorded in time."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._heed, desk)
            await ended.wait()
            group.cancel_scope.cancel()
        with anyio.move_on_after(RECORD_SECONDS):
            return await _dbos(lambda: _result(handle))
        return ""

    async def put(self, job: Job) -> None:
        """Queue a job."""
        await self._ready()
        await _dbos(lambda: self._begin(self._new_id(job), job, queued=True))

    async def serve(self, work: Work, stop: anyio.Event, ready: anyio.Event) -> None:
        """Do jobs out of the queue, as `ports.QueueEngine` says."""
        async with anyio.from_thread.BlockingPortal() as portal:
            desk = self._server = _Desk(portal, work)
            try:
                await self._ready(serving=True)
                ready.set()
                async with anyio.create_task_group() as group:
                    group.start_soon(self._heed, desk)
                    group.start_soon(self._watch_over, stop)
                    await stop.wait()
                    group.cancel_scope.cancel()
                await _dbos(lambda: self._shut(wait=True))
            finally:
                self._server = None
        if self._lost:
            raise StoreError("the database was lost for a while; others take over", help="start `skvm worker` again")

    async def waiting(self) -> int:
        """Jobs that are queued."""
        await self._ready()

        def queued() -> int:
            from dbos import DBOS

            return len(DBOS.list_workflows(queue_name=self.queue, status="ENQUEUED", load_input=False, load_output=False))

        return await _dbos(queued)

    async def cancel(self, run: str) -> bool:
        """Cancel whatever of a run is queued or running."""
        await self._ready()

        def cancel() -> bool:
            from dbos import DBOS

            ids = [w.workflow_id for w in self._parts(run) if w.status in GOING_ON]
            for id in ids:
                DBOS.cancel_workflow(id)
            return bool(ids)

        return await _dbos(cancel)

    async def close(self) -> None:
        """Stop DBOS and let go of the name; what was at hand here is taken over by others."""
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            await _dbos(self._shut)
        self._held.close()
        self.storage.close()

    async def _ready(self, serving: bool = False) -> None:
        """Start DBOS on first use; only who serves listens to the queue."""
        async with self._launching:
            if not self._launched:
                self._held.enter_context(self.storage.lock(self._name))
                await _dbos(lambda: self._launch(serving))
                self._launched = True

    def _launch(self, serving: bool) -> None:
        global _current
        if _current is not None:
            raise InternalError("two DBOS engines in one process")
        log = logging.getLogger("dbos")
        log.handlers, log.propagate, log.disabled = [logging.NullHandler()], False, True
        from dbos import DBOS

        _registered()
        settings: dict[str, Any] = {"module": self._module} if self._module else {}
        DBOS(
            config={
                "name": "skvm",
                "system_database_url": self._url,
                "executor_id": self.executor,
                "application_version": VERSION,
                "log_level": "CRITICAL",
                "notification_listener_polling_interval_sec": BEAT / 5,  # stopping waits for it
                **({"db_engine_kwargs": settings} if settings else {}),
            }
        )
        _current = self
        DBOS.listen_queues([self.queue] if serving else [])
        DBOS.launch()
        if serving:
            DBOS.register_queue(self.queue, worker_concurrency=1, polling_interval_sec=POLL)

    def _shut(self, wait: bool = False) -> None:
        global _current
        if self._launched:
            from dbos import DBOS

            DBOS.destroy(workflow_completion_timeout_sec=sys.maxsize if wait else 0)
            self._launched = False
        if _current is self:
            _current = None

    def _home_id(self, home: Path) -> str:
        """A name of the home folder that is the same wherever it is mounted."""
        path = home / "engine-id"
        with self.storage.lock("engine id", timeout=10):
            if not path.is_file():
                write_aside(path, secrets.token_hex(6).encode())
            return path.read_text().strip()

    def _parts(self, run: str) -> list[WorkflowStatus]:
        from dbos import DBOS

        found = DBOS.list_workflows(workflow_id_prefix=run, name=WORKFLOW, load_input=False, load_output=False)
        return [w for w in found if w.workflow_id == run or w.workflow_id.startswith(f"{run}#")]

    def _new_id(self, job: Job) -> str:
        """Id of the workflow for a job; what a dead executor left of the run is ended first."""
        if not job.again:
            return job.run
        parts = self._parts(job.run)
        for part in parts:
            if part.status == "ENQUEUED":
                raise StoreError(f"{job.run} waits in the queue", help="start `skvm worker`")
            if part.status == "PENDING" and not self._end_left_behind(part):
                raise _in_use(job.run)
        return f"{job.run}#{len(parts)}" if parts else job.run

    def _end_left_behind(self, part: WorkflowStatus) -> bool:
        """False when who does it lives, or somebody is just taking it over."""
        from dbos import DBOS

        try:
            with self.storage.lock(f"executor {part.executor_id}"):
                DBOS.cancel_workflow(part.workflow_id)
                return True
        except StoreError:
            return False

    def _begin(self, id: str, job: Job, queued: bool) -> Any:
        from dbos import DBOS, SetWorkflowID
        from dbos._error import DBOSWorkflowIDInUseError

        try:
            with SetWorkflowID(id, workflow_id_reuse_policy="reject"):
                if queued:
                    return DBOS.enqueue_workflow(self.queue, _registered(), job.run, job.text, job.again)
                return DBOS.start_workflow(_registered(), job.run, job.text, job.again)
        except DBOSWorkflowIDInUseError:
            raise _in_use(job.run) from None

    def do(self, id: str, job: Job) -> str:
        """A job in DBOS's thread: handed to the loop it is done in."""
        desk = self._desks.get(id) or self._server
        assert desk is not None, "only who serves listens to the queue"
        with suppress(CancelledError):
            return desk.portal.call(self._attend, desk, id, job)
        return CANCELLED

    async def _attend(self, desk: _Desk, id: str, job: Job) -> str:
        with anyio.CancelScope() as scope:
            desk.at_hand[id] = scope
            try:
                return await desk.work(job)
            finally:
                del desk.at_hand[id]
        return CANCELLED

    async def _heed(self, desk: _Desk) -> None:
        """End jobs at hand that somebody cancelled."""
        from dbos import DBOS

        while True:
            await anyio.sleep(BEAT)
            ids = list(desk.at_hand)
            if not ids:
                continue
            with suppress(StoreError):  # the run itself finds out whether its database is there
                for row in await _dbos(lambda ids=ids: DBOS.list_workflows(workflow_ids=ids, status="CANCELLED")):  # type: ignore[misc]
                    if row.workflow_id in desk.at_hand:
                        desk.at_hand[row.workflow_id].cancel()

    async def _watch_over(self, stop: anyio.Event) -> None:
        """Put back into the queue what executors of this home folder left behind when they died; stop when this one must look
        dead to the others."""
        while True:
            if not await _dbos(lambda: self.storage.holds(self._name)):
                self._lost = True
                stop.set()
            others: set[str] = set()
            with suppress(StoreError):
                others = await _dbos(self._others)
            for executor in others:
                with suppress(StoreError):  # it lives, or somebody else takes care of it
                    await _dbos(lambda executor=executor: self._take_over(executor))  # type: ignore[misc]
            await anyio.sleep(BEAT)

    def _others(self) -> set[str]:
        from dbos import DBOS

        pending = DBOS.list_workflows(status="PENDING", name=WORKFLOW, load_input=False, load_output=False)
        names = {w.executor_id for w in pending if w.executor_id and w.executor_id.startswith(f"{self._home}.")}
        return names - {self.executor}

    def _take_over(self, executor: str) -> None:
        from dbos import DBOS

        with self.storage.lock(f"executor {executor}"):
            # Looked up under the lock: until it is let go, nobody else can have put these back.
            left = DBOS.list_workflows(
                status="PENDING", name=WORKFLOW, executor_id=executor, load_input=False, load_output=False
            )
            for workflow in left:
                DBOS.resume_workflow(workflow.workflow_id, queue_name=self.queue)


_current: DbosEngine | None = None
_workflow: Callable[[str, str, bool], str] | None = None


def _registered() -> Callable[[str, str, bool], str]:
    """The workflow, registered with DBOS once per process; it does its job with the engine that is open."""
    global _workflow
    if _workflow is None:
        from dbos import DBOS, WorkflowSerializationFormat

        @DBOS.workflow(name=WORKFLOW, serialization_type=WorkflowSerializationFormat.PORTABLE)
        def carry_out(run: str, text: str, again: bool) -> str:
            assert _current is not None, "DBOS runs only while an engine is open"
            return _current.do(str(DBOS.workflow_id), Job(run=run, text=text, again=again))

        _workflow = carry_out
    return _workflow


def _in_use(run: str) -> StoreError:
    return StoreError(f"the run {run} is in use", help="wait until it ends")


def _result(handle: Any) -> str:
    """How a workflow ended; a cancelled one has no result of its own."""
    from dbos._error import DBOSAwaitedWorkflowCancelledError

    try:
        return str(handle.get_result())
    except DBOSAwaitedWorkflowCancelledError:
        return CANCELLED


async def _dbos(call: Callable[[], T]) -> T:
    """A call into DBOS, which blocks; its errors as StoreError. Abandoned when cancelled: DBOS waits for a lost database."""

    def guarded() -> T:
        try:
            return call()
        except SkvmError:
            raise
        except Exception as error:
            text = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise StoreError(f"DBOS: {text}", help="see the database of SKVM_ENGINE_URL") from None

    return await in_thread(guarded)
