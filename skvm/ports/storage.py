"""Storage ports: the journal of runs and content-addressed blobs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.plan import Event

QUEUED = "queued"
"""Status of a run that waits for somebody to carry it out."""


class RunRow(Frozen):
    """One past run as listed by `skvm runs`; `started` is an ISO 8601 UTC time."""

    run: str
    skill: str
    plan: str
    model: str
    mode: str
    status: str
    started: str
    seconds: float = 0.0
    simulated: bool = False


@runtime_checkable
class Journal(Protocol):
    """Append-only events per run, durable when `append` returns."""

    def append(self, *events: Event) -> None:
        """Write events of a run, all or none of them; raises StoreError (full disk, lock) when it is none."""
        ...

    def read(self, run: str) -> tuple[Event, ...]:
        """All events of a run in order; empty for an unknown run."""
        ...

    def runs(self, limit: int = 100) -> tuple[RunRow, ...]:
        """Past runs, newest first."""
        ...

    def open_run(self, row: RunRow) -> None:
        """Register a new run, or begin one that is `QUEUED`; raises StoreError when the id exists otherwise."""
        ...

    def close_run(self, run: str, status: str, seconds: float) -> None:
        """Record how a run ended."""
        ...


@runtime_checkable
class Blobs(Protocol):
    """Content-addressed bytes and JSON records."""

    def put(self, data: bytes) -> str:
        """Store and return the digest."""
        ...

    def get(self, digest: str) -> bytes:
        """Raises KeyError when absent."""
        ...

    def records(self, table: str) -> Iterable[tuple[str, Any]]:
        """(key, JSON value) rows of a named table in key order."""
        ...

    def save(self, table: str, key: str, value: Any) -> None:
        """Write one record, atomically."""
        ...

    def load(self, table: str, key: str) -> Any | None:
        """One record or None."""
        ...

    def drop(self, table: str, key: str) -> None:
        """Remove one record."""
        ...

    def generation(self) -> object | None:
        """Equal to what it was: no record was written since, by anybody. Costs microseconds; None where it is not known."""
        ...


@runtime_checkable
class Storage(Protocol):
    """All state of runs in one place."""

    @property
    def journal(self) -> Journal:
        """What happened."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Content and records."""
        ...

    def lock(self, name: str, timeout: float = 0.0) -> AbstractContextManager[None]:
        """Hold the lock called `name` (any text), which is free again when the process dies; raises StoreError when another
        process that uses the same storage has it for `timeout` seconds."""
        ...

    def holds(self, name: str) -> bool:
        """Is a lock that this process took and did not let go still its own?"""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...
