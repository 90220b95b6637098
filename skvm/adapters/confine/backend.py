"""What every sandbox backend does alike: refuse what cannot be run, find the program, run one job, prove itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import anyio.to_thread

from skvm.adapters.confine.places import checked_work, find_program, python_prefixes, read_places
from skvm.adapters.confine.process import run_job
from skvm.adapters.confine.selftest import Attempt, prove
from skvm.adapters.confine.verdict import not_found, unpassable
from skvm.ports import SandboxRequest, SandboxResult, SelfTest


class Backend(ABC):
    """A sandbox backend; a concrete one says its name and version, and how one program is started."""

    name: str

    @property
    @abstractmethod
    def version(self) -> str:
        """Identity of backend and policy, part of solidified keys."""

    @abstractmethod
    def start(self, request: SandboxRequest, work: Path, program: str) -> Attempt:
        """A job ready to run `program` in the checked folder `work`. Raises SandboxError for impossible grants."""

    async def run(self, request: SandboxRequest) -> SandboxResult:
        """Run one program; see the port."""
        attempt = self.attempt(request)
        if isinstance(attempt, SandboxResult):
            return attempt
        try:
            return attempt.read(await run_job(attempt.job))
        finally:
            attempt.release()

    async def self_test(self) -> SelfTest:
        """Prove denial on this machine; see `selftest.prove`."""
        return await anyio.to_thread.run_sync(self.prove)

    def prove(self) -> SelfTest:
        """`self_test` for callers without an event loop."""
        return prove(self.name, self.version, self.attempt)

    def attempt(self, request: SandboxRequest) -> Attempt | SandboxResult:
        """A job ready to run, or the result when the program does not exist. Raises SandboxError for impossible grants."""
        work = checked_work(request)
        if problem := unpassable(request):
            return not_found(request, problem)
        program = find_program(request, (work, *read_places(request), *python_prefixes()))
        if program is None:
            return not_found(request)
        return self.start(request, work, program)
