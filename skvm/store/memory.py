"""The same ports in memory, for tests and for commands that must leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skvm.diag import StoreError
from skvm.plan import Event
from skvm.ports import QUEUED, RunRow
from skvm.source import digest_bytes
from skvm.store.database import to_text


class NullJournal:
    """`ports.Journal` in memory."""

    def __init__(self) -> None:
        self._events: dict[str, dict[int, Event]] = {}
        self._runs: dict[str, RunRow] = {}

    def append(self, *events: Event) -> None:
        """Keep events; raises StoreError for a number that is taken."""
        for event in events:
            rows = self._events.setdefault(event.run, {})
            if event.seq in rows:
                raise StoreError(f"event {event.seq} exists", where=event.run)
        for event in events:
            self._events[event.run][event.seq] = event

    def read(self, run: str) -> tuple[Event, ...]:
        """All events of a run in order."""
        rows = self._events.get(run, {})
        return tuple(rows[seq] for seq in sorted(rows))

    def runs(self, limit: int = 100) -> tuple[RunRow, ...]:
        """Past runs, newest first."""
        rows = sorted(self._runs.values(), key=lambda r: (r.started, r.run), reverse=True)
        return tuple(rows[:limit])

    def open_run(self, row: RunRow) -> None:
        """Register a new run, or begin one that is queued; raises StoreError when the id exists otherwise."""
        if row.run in self._runs and self._runs[row.run].status != QUEUED:
            raise StoreError("a run with this id exists", where=row.run)
        self._runs[row.run] = row

    def close_run(self, run: str, status: str, seconds: float) -> None:
        """Record how a run ended."""
        if run in self._runs:
            self._runs[run] = self._runs[run].model_copy(update={"status": status, "seconds": seconds})


class NullBlobs:
    """`ports.Blobs` in memory. Values go through JSON text, so that nothing is shared with the caller."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        self._tables: dict[str, dict[str, str]] = {}
        self._writes = 0

    def put(self, data: bytes) -> str:
        """Store and return the digest."""
        digest = digest_bytes(data)
        self._blobs[digest] = data
        return digest

    def get(self, digest: str) -> bytes:
        """Raises KeyError when absent."""
        return self._blobs[digest]

    def records(self, table: str) -> Iterator[tuple[str, Any]]:
        """Rows of a table in key order, as they are now."""
        rows = sorted(self._tables.get(table, {}).items())
        return ((key, json.loads(value)) for key, value in rows)

    def save(self, table: str, key: str, value: Any) -> None:
        """Write one record."""
        self._tables.setdefault(table, {})[key] = to_text(value)
        self._writes += 1

    def load(self, table: str, key: str) -> Any | None:
        """One record or None."""
        text = self._tables.get(table, {}).get(key)
        return None if text is None else json.loads(text)

    def drop(self, table: str, key: str) -> None:
        """Remove one record."""
        self._tables.get(table, {}).pop(key, None)
        self._writes += 1

    def generation(self) -> int:
        """Writes so far."""
        return self._writes


class NullStore:
    """A store that forgets."""

    def __init__(self) -> None:
        self.journal = NullJournal()
        self.blobs = NullBlobs()

    @contextmanager
    def lock(self, name: str, timeout: float = 0.0) -> Iterator[None]:
        """Nobody else can be here."""
        yield

    def holds(self, name: str) -> bool:
        """Nobody else can take it."""
        return True

    def close(self) -> None:
        """Nothing is held."""
