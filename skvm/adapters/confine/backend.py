"""What every sandbox backend does alike: refuse what cannot be run, find the program, run one job, prove itself."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio.to_thread

from skvm.adapters.confine.grants import Grants
from skvm.adapters.confine.outlet import Outlet
from skvm.adapters.confine.places import checked_work, find_program, hidden_program, python_prefixes, read_places
from skvm.adapters.confine.process import Ended, run_job
from skvm.adapters.confine.selftest import Attempt, prove, prove_outlet
from skvm.adapters.confine.verdict import not_found, read_ending, unpassable
from skvm.adapters.confine.warm import Call, Workers, python_call
from skvm.diag import SandboxError
from skvm.ports import SandboxRequest, SandboxResult, SelfTest


class Backend(ABC):
    """A sandbox backend; a concrete one says its name and version, and how one program is started."""

    name: str
    own_places: tuple[str, ...]
    """Where in a sandbox a program may leave something for the next one; as `forkserver` is told."""
    _outlet_report: SelfTest | None = None

    @property
    @abstractmethod
    def version(self) -> str:
        """Identity of backend and policy, part of solidified keys."""

    @abstractmethod
    def start(
        self, request: SandboxRequest, work: Path, program: str, outlet: Outlet | None, passed: tuple[int, ...] = ()
    ) -> Attempt:
        """A job ready to run `program` in the checked folder `work`, with `outlet` as its only network and the descriptors
        `passed`. Raises SandboxError for impossible grants."""

    def grant(self, request: SandboxRequest, work: Path, program: str) -> Any | None:
        """All that a program may touch, and how much: two requests with equal grants may share a sandbox. None: never."""
        return None

    def same_in_worker(self, request: SandboxRequest) -> bool:
        """Would a program find in a worker what it finds in a sandbox of its own?"""
        return True

    @cached_property
    def _grants(self) -> Grants:
        return Grants(self._grant_of)

    @cached_property
    def _workers(self) -> Workers:
        return Workers(self.own_places)

    async def run(self, request: SandboxRequest) -> SandboxResult:
        """Run one program; see the port. A network that did not prove to lead through the proxy alone is not granted."""
        if request.warm and python_call(request) and self.same_in_worker(request):
            done = await self._in_worker(request)
            if done is not None:
                return read_ending(request, *done)
        why = await self._no_outlet(request) if request.reach is not None else ""
        if not why:
            return await self.run_unproved(request)
        result = await self.run_unproved(request.model_copy(update={"reach": None}))
        return result.model_copy(update={"notes": (*result.notes, f"no network: {why}")})

    async def _in_worker(self, request: SandboxRequest) -> tuple[Ended, int] | None:
        """How a program ended in a worker for exactly its grant; None where it was not begun in one."""
        grant = self._grants.of(request)
        if grant is None:
            return None
        worker = self._workers.find(grant)
        if worker is None and self._workers.wanted(grant, request):
            worker = await anyio.to_thread.run_sync(self._workers.start, grant, request, self._served)
        return await Call(worker, request).run() if worker is not None and worker.take() else None

    def _grant_of(self, request: SandboxRequest) -> Any | None:
        with suppress(SandboxError):  # the cold way says what is wrong
            work = checked_work(request)
            program = self._program_of(request, work)
            return self.grant(request, work, program) if isinstance(program, str) else None
        return None

    def _served(self, request: SandboxRequest, passed: tuple[int, ...]) -> Attempt | None:
        attempt = self.attempt(request, passed)
        return attempt if isinstance(attempt, Attempt) else None

    def rest(self, work: Path) -> None:
        """End the workers of a work folder in which nothing runs any more."""
        self._workers.end(work)

    async def _no_outlet(self, request: SandboxRequest) -> str:
        """Why this program gets no network; empty when it does."""
        report = await anyio.to_thread.run_sync(self.prove_outlet, abandon_on_cancel=True)
        if report.ok:
            return self.blocked(request)
        return f"{self.name} does not prove here that only granted hosts are reached ({_why(report)})"

    def blocked(self, request: SandboxRequest) -> str:
        """Why the grants of a request leave no way to open an outlet; empty when they do."""
        return ""

    async def run_unproved(self, request: SandboxRequest) -> SandboxResult:
        """`run` without the self-test of the outlet, for that test."""
        attempt = self.attempt(request)
        if isinstance(attempt, SandboxResult):
            return attempt
        try:
            if attempt.outlet is None or request.reach is None:
                return attempt.read(await run_job(attempt.job))
            async with attempt.outlet.served(request.reach):
                return attempt.read(await run_job(attempt.job))
        finally:
            attempt.release()

    async def self_test(self) -> SelfTest:
        """Prove denial on this machine; see `selftest.prove`."""
        return await anyio.to_thread.run_sync(self.prove)

    def prove(self) -> SelfTest:
        """`self_test` for callers without an event loop."""
        return prove(self.name, self.version, self.attempt)

    def prove_outlet(self) -> SelfTest:
        """Prove that a program with an outlet gets to what is permitted and nowhere else; once in a process, not in a thread
        that runs an event loop."""
        with _ONE:
            if self._outlet_report is None:
                self._outlet_report = prove_outlet(self.name, self.version, self.run_unproved)
            return self._outlet_report

    def attempt(self, request: SandboxRequest, passed: tuple[int, ...] = ()) -> Attempt | SandboxResult:
        """A job ready to run, or the result when the program does not exist. Raises SandboxError for impossible grants."""
        work = checked_work(request)
        program = self._program_of(request, work)
        if isinstance(program, SandboxResult):
            return program
        return self.start(request, work, program, Outlet() if request.reach is not None else None, passed)

    def _program_of(self, request: SandboxRequest, work: Path) -> str | SandboxResult:
        """The program as it lies in the sandbox, or the result when it does not."""
        if problem := unpassable(request):
            return not_found(request, problem)
        program = find_program(request, (work, *read_places(request), *python_prefixes()))
        if program is None:
            return not_found(request)
        if hidden_program(request, program):
            return not_found(request, f"{request.argv[0]}: the user's policy does not permit this program")
        return program


_ONE = threading.Lock()


def _why(report: SelfTest) -> str:
    return f"failed {', '.join(report.failed)}" + (f": {report.detail}" if report.detail else "")
