"""The journal and the named records in SQL that SQLite and PostgreSQL both read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from pydantic_core import PydanticSerializationError, to_json

from skvm.diag import StoreError
from skvm.plan import Event, EventKind
from skvm.ports import QUEUED, RunRow


def _runs_and_events(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE runs (run TEXT PRIMARY KEY, skill TEXT NOT NULL, plan TEXT NOT NULL, model TEXT NOT NULL,"
        " mode TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL, simulated INTEGER NOT NULL)"
    )
    db.execute(
        "CREATE TABLE events (run TEXT NOT NULL, seq INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL,"
        " node TEXT NOT NULL, scope TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID"
    )


def _records(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE records (tab TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID"
    )


MIGRATIONS = (("0001 runs and events", _runs_and_events), ("0002 records", _records))
"""Applied in this order, each once; names are recorded in the file and never change."""

OPEN_RUN = (
    "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (run) DO UPDATE SET model = excluded.model, mode = excluded.mode,"
    " status = excluded.status, started = excluded.started, simulated = excluded.simulated"
    " WHERE runs.status = ? RETURNING run"
)
APPEND = "INSERT INTO events VALUES "
_ROW = "(?,?,?,?,?,?,?)"
SAVE = "INSERT INTO records VALUES (?,?,?) ON CONFLICT (tab, key) DO UPDATE SET value = excluded.value"


class Database(Protocol):
    """A connection to either of them."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One statement with `?` for values, its own transaction; all rows. Raises StoreError."""
        ...

    def foreign(self) -> object | None:
        """Equal to what it was: nobody else wrote since. None where it is not known."""
        ...


class SqlJournal:
    """`ports.Journal` on a connection; safe for threads and for many processes on one database."""

    def __init__(self, connection: Database) -> None:
        self._db = connection

    def append(self, *events: Event) -> None:
        """Write events, all or none of them; raises StoreError."""
        values: list[Any] = []
        for event in events:
            values += (event.run, event.seq, event.time, event.kind.value, event.node, event.scope, to_text(event.data))
        # One statement is one transaction: most of what a write costs is paid once.
        self._db.run(APPEND + _ROW + ("," + _ROW) * (len(events) - 1), values)

    def read(self, run: str) -> tuple[Event, ...]:
        """All events of a run in order."""
        rows = self._db.run("SELECT seq, time, kind, node, scope, data FROM events WHERE run = ? ORDER BY seq", (run,))
        return tuple(
            Event(run=run, seq=seq, time=time, kind=EventKind(kind), node=node, scope=scope, data=json.loads(data))
            for seq, time, kind, node, scope, data in rows
        )

    def runs(self, limit: int = 100) -> tuple[RunRow, ...]:
        """Past runs, newest first."""
        rows = self._db.run("SELECT * FROM runs ORDER BY started DESC, run DESC LIMIT ?", (limit,))
        return tuple(_run_row(row) for row in rows)

    def open_run(self, row: RunRow) -> None:
        """Register a new run, or begin one that is queued; raises StoreError when the id exists otherwise."""
        values = (row.run, row.skill, row.plan, row.model, row.mode, row.status, row.started, row.seconds, int(row.simulated))
        if not self._db.run(OPEN_RUN, (*values, QUEUED)):
            raise StoreError("a run with this id exists", where=row.run)

    def close_run(self, run: str, status: str, seconds: float) -> None:
        """Record how a run ended."""
        self._db.run("UPDATE runs SET status = ?, seconds = ? WHERE run = ?", (status, seconds, run))


class Records:
    """Named tables of JSON values on a connection."""

    def __init__(self, connection: Database) -> None:
        self._db = connection
        self._writes = 0

    def records(self, table: str) -> Iterator[tuple[str, Any]]:
        """Rows of a table in key order, as they are now."""
        rows = self._db.run("SELECT key, value FROM records WHERE tab = ? ORDER BY key", (table,))
        return ((key, json.loads(value)) for key, value in rows)

    def save(self, table: str, key: str, value: Any) -> None:
        """Write one record."""
        try:
            self._db.run(SAVE, (table, key, to_text(value)))
        finally:  # afterwards: whoever reads in between has what was there before
            self._writes += 1

    def load(self, table: str, key: str) -> Any | None:
        """One record or None."""
        rows = self._db.run("SELECT value FROM records WHERE tab = ? AND key = ?", (table, key))
        return json.loads(rows[0][0]) if rows else None

    def drop(self, table: str, key: str) -> None:
        """Remove one record; absent ones are no error."""
        try:
            self._db.run("DELETE FROM records WHERE tab = ? AND key = ?", (table, key))
        finally:
            self._writes += 1

    def generation(self) -> object | None:
        """Own writes of records, and whether anybody else wrote anything; None where that is not known."""
        foreign = self._db.foreign()
        return None if foreign is None else (self._writes, foreign)


def to_text(value: Any) -> str:
    """JSON in ASCII, which a database of any encoding holds: lone surrogates (from file names) are escaped as well.

    pydantic's encoder takes a third of the time, but escapes nothing: what is not ASCII is left to Python's.
    """
    with suppress(PydanticSerializationError):
        data = to_json(value)
        if data.isascii():
            return data.decode()
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def _run_row(row: tuple[Any, ...]) -> RunRow:
    run, skill, plan, model, mode, status, started, seconds, simulated = row
    return RunRow(
        run=run, skill=skill, plan=plan, model=model, mode=mode, status=status,
        started=started, seconds=seconds, simulated=bool(simulated),
    )  # fmt: skip
