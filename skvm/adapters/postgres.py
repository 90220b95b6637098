"""State of runs in PostgreSQL: journal, records and locks, for runs that many machines share. Blobs stay files below home.

Three things keep a run with one owner when machines fail. A lock is held by the server for the session that took it, so it is
free the moment that process or its connection dies. An event's number is a primary key: whoever lost a run without noticing
(cut off from the server for a while) collides with the new owner at its next event, before its next effect. And what is
journalled as begun but not as ended is in doubt, whoever reads it.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from skvm.diag import StoreError
from skvm.store import FileBlobs, Records, SqlJournal, private_folder

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
LOCK_PAUSE = 0.05
"""Seconds between two tries for a lock that is waited for."""

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS skvm;
CREATE TABLE IF NOT EXISTS skvm.runs (run TEXT PRIMARY KEY, skill TEXT NOT NULL, plan TEXT NOT NULL,
 model TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL,
 seconds DOUBLE PRECISION NOT NULL, simulated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS skvm.events (run TEXT NOT NULL, seq INTEGER NOT NULL, time DOUBLE PRECISION NOT NULL,
 kind TEXT NOT NULL, node TEXT NOT NULL, scope TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, seq));
CREATE TABLE IF NOT EXISTS skvm.records (tab TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tab, key));
"""


class PostgresConnection:
    """One connection of this process, opened again after a loss; safe for threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.where = place_of(url)
        self._lock = threading.RLock()
        self._db: psycopg.Connection[Any] | None = None
        self._pid = 0

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One statement with `?` for values, its own transaction; all rows. Raises StoreError."""
        import psycopg

        with self._lock:
            try:
                cursor = self._open().execute(sql.replace("?", "%s").encode(), values or None)
                return cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise StoreError(f"state: {_first_line(error)}", where=self.where, help="see the database server") from None

    def foreign(self) -> None:
        """Not known: asking the server would cost what reading a record costs."""
        return

    @property
    def alive(self) -> bool:
        """Is the session that began still there, as far as is known?"""
        return self._db is not None and not self._db.closed and self._pid == os.getpid()

    def close(self) -> None:
        """End the session."""
        import psycopg

        with self._lock, suppress(psycopg.Error):
            if self._db is not None and self._pid == os.getpid():
                self._db.close()
        self._db = None

    def _open(self) -> psycopg.Connection[Any]:
        if self._db is None or not self.alive:
            self._db, self._pid = connect(self._url), os.getpid()
        return self._db


class PostgresStore:
    """`ports.Storage` in a PostgreSQL database that exists; tables are made in its schema `skvm`."""

    def __init__(self, url: str, home: Path) -> None:
        self._db = PostgresConnection(url)
        self._locks = PostgresConnection(url)
        self._held: dict[int, int] = {}
        self._guard = threading.Lock()
        self._db.run("SELECT pg_advisory_lock(?)", (_key("schema"),))
        for statement in SCHEMA.split(";"):
            if statement.strip():
                self._db.run(statement)
        self._db.run("SELECT pg_advisory_unlock(?)", (_key("schema"),))
        self.journal = SqlJournal(self._db)
        self.blobs = FileBlobs(private_folder(home) / "objects", Records(self._db))

    @contextmanager
    def lock(self, name: str, timeout: float = 0.0) -> Iterator[None]:
        """Hold the lock called `name` (any text); raises StoreError when somebody has it for `timeout` seconds."""
        key, ends = _key(name), time.monotonic() + timeout
        while not self._take(key):
            if time.monotonic() >= ends:
                raise StoreError(f"{name} is in use by another run", help="wait until it ends")
            time.sleep(LOCK_PAUSE)
        try:
            yield
        finally:
            with self._guard:
                self._held.pop(key, None)
                with suppress(StoreError):  # a lost session has lost its locks
                    self._locks.run("SELECT pg_advisory_unlock(?)", (key,))

    def _take(self, key: int) -> bool:
        """Within one session the server would grant a lock twice, so this process keeps count itself."""
        with self._guard:
            if key in self._held:
                return False
            ((taken, session),) = self._locks.run("SELECT pg_try_advisory_lock(?), pg_backend_pid()", (key,))
            if taken:
                self._held[key] = session
            return bool(taken)

    def holds(self, name: str) -> bool:
        """False when the session that took the lock has ended, and so everybody else may have it."""
        with self._guard:
            try:
                return self._locks.run("SELECT pg_backend_pid()") == [(self._held.get(_key(name)),)]
            except StoreError:
                return False

    def close(self) -> None:
        """End both sessions."""
        self._db.close()
        self._locks.close()


def connect(url: str) -> psycopg.Connection[Any]:
    """A session; raises StoreError (exit 3) when the server cannot be reached or does not let us in."""
    import psycopg

    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 10, "keepalives_interval": 5}
    try:
        return psycopg.connect(url, autocommit=True, options="-c search_path=skvm", **options)
    except psycopg.Error as error:
        help = "start the server, create the database, or correct SKVM_ENGINE_URL"
        raise StoreError(f"the database cannot be used: {_first_line(error)}", where=place_of(url), help=help) from None


def place_of(url: str) -> str:
    """Server and database of a URL, without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "localhost"
    return f"{host}{parts.path}"


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0]


def _key(name: str) -> int:
    """A name as the 64 bits that the server knows locks by."""
    return int.from_bytes(hashlib.sha256(f"skvm {name}".encode()).digest()[:8], "big", signed=True)
