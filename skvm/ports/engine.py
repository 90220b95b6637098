"""Engines: who carries a run out, and who goes on with it when that process or machine dies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

import anyio

from skvm.ir import Frozen
from skvm.ports.storage import Storage


class Job(Frozen):
    """A run to be carried out. `text`: all that whoever does it needs to know, in the words of who handed it in. `again`: the
    run was begun, has ended or was cut off, and a person wants it to go on."""

    run: str
    text: str = ""
    again: bool = False


Work = Callable[[Job], Awaitable[str]]
"""Does a job and says how it ended. It may be called again for a job whose earlier worker died, and then goes on where the
journal of the run ends: engines see to it that a job is done by somebody, one at a time; the journal, that no effect is done
twice."""


@runtime_checkable
class Engine(Protocol):
    """Carries runs out. State of runs is in `storage`, which everybody who may go on with them shares."""

    @property
    def name(self) -> str:
        """As in `--engine NAME`."""
        ...

    @property
    def storage(self) -> Storage:
        """Journal, records and locks."""
        ...

    async def carry(self, job: Job, work: Work) -> None:
        """Do a job in this process, to its end; what `work` raises goes on to the caller. A cancellation ends the work at once.

        Raises StoreError for a run that somebody else carries out.
        """
        ...

    async def close(self) -> None:
        """Release what is held; state on disk stays."""
        ...


@runtime_checkable
class QueueEngine(Engine, Protocol):
    """An engine whose runs outlive the process that handed them in."""

    async def put(self, job: Job) -> None:
        """Hand a job to whoever serves; durable on return. Raises StoreError."""
        ...

    async def serve(self, work: Work, stop: anyio.Event, ready: anyio.Event) -> None:
        """Do jobs, one at a time, those of dead processes too, until `stop` is set and the job at hand is done; sets `ready`
        when the first may come. What `work` raises ends that job only."""
        ...

    async def waiting(self) -> int:
        """Number of jobs in the queue that nobody has begun."""
        ...

    async def cancel(self, run: str) -> bool:
        """End a run wherever it is: queued at once, running within seconds; False when nothing of it is going on."""
        ...
