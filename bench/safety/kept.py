"""A sandbox in which every Python program runs in a worker that served others before, for tests and attempts to escape."""

from __future__ import annotations

from typing import Any

from skvm.adapters.confine.backend import Backend
from skvm.adapters.confine.warm import python_call
from skvm.ports import SandboxLimits, SandboxRequest, SandboxResult

FLAGS = ("-I", "-S")
"""Options of the interpreter with which no worker takes a program; they are left out."""


class Kept:
    """A `Sandbox`; raises RuntimeError where a program that can be taken by a worker was not."""

    def __init__(self, box: Backend) -> None:
        self.box = box
        self.name = box.name
        self.version = box.version

    async def self_test(self) -> Any:
        """That of the sandbox itself."""
        return await self.box.self_test()

    async def run(self, request: SandboxRequest) -> SandboxResult:
        """Run it in a worker, when three others have run there, and let go of that."""
        words = tuple(word for at, word in enumerate(request.argv) if at > len(FLAGS) or word not in FLAGS)
        request = request.model_copy(update={"argv": words, "warm": True})
        try:
            if not python_call(request) or not self.box.same_in_worker(request):
                return await self.box.run(request)
            usual = SandboxLimits().model_copy(update={"memory": request.limits.memory, "cpu": request.limits.cpu})
            first = {"argv": (words[0], "-c", "pass"), "stdin": b"", "spill": None, "limits": usual}
            for _ in range(3):
                await self.box.run(request.model_copy(update=first))
            before = self.served
            done = await self.box.run(request)
            if before < 2 or (self.served == before and request.limits == usual):
                raise RuntimeError(f"no worker took {request.argv}")
            return done
        finally:
            self.box.rest(request.grants.work)

    @property
    def served(self) -> int:
        """Programs that workers took."""
        return sum(worker.served for worker in self.box._workers._by_grant.values())
