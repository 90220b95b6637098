"""One SQLite connection per process, shared by its threads under a lock.

WAL with `synchronous=NORMAL`: a write survives the death of the process (not of the kernel) and costs some 26 µs
(measured, CPython 3.11). Only features of SQLite <= 3.40.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from skvm.diag import StoreError
from skvm.store.files import PRIVATE_FILE

BUSY_SECONDS = 20.0
"""How long a writer waits for another one. A write takes microseconds, so this is met only when the disk stalls."""

_forks = 0
"""How often this process was forked from another one since this was loaded; asking for its id costs a system call a write."""


def _forked() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_forked)

Migration = Callable[[sqlite3.Connection], None]


class Connection:
    """A database file that is migrated when first opened; survives `fork` by opening again in the child."""

    def __init__(self, path: Path, migrations: Sequence[tuple[str, Migration]]) -> None:
        self.path = path
        self._migrations = migrations
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._forks = _forks
        self._openings = 0
        with self.use():
            pass

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; every SQLite error leaves as StoreError."""
        with self._lock:
            try:
                yield self._here()
            except sqlite3.Error as error:
                raise self._failure(error) from None

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One statement, its own transaction; all rows."""
        with self._lock:
            try:
                return self._here().execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise self._failure(error) from None

    def foreign(self) -> tuple[int, int]:
        """Equal to what it was: no other connection wrote since. SQLite counts that for one opening of the file."""
        ((version,),) = self.run("PRAGMA data_version")
        return self._openings, version

    def _here(self) -> sqlite3.Connection:
        """The connection of this process."""
        if self._db is None or self._forks != _forks:
            self._db, self._forks = self._open(), _forks
            self._openings += 1
        return self._db

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._db is not None and self._forks == _forks:
                self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        try:
            # WAL conversion and migrations take the file alone: two first users at once would see "database is locked".
            with FileLock(self.path.with_suffix(".lock"), timeout=BUSY_SECONDS, mode=PRIVATE_FILE):
                return self._open_alone()
        except Timeout:
            raise StoreError("another process keeps the state locked", where=str(self.path), help="wait or end it") from None
        except OSError as error:
            text = error.strerror or str(error)
            raise StoreError(f"cannot open the state: {text}", where=str(self.path), help="set SKVM_HOME") from None

    def _open_alone(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
            done = {row[0] for row in db.execute("SELECT name FROM migrations")}
            if newer := done - {name for name, _ in self._migrations}:
                text = f"the state was written by a newer skvm ({', '.join(sorted(newer))})"
                raise StoreError(text, where=str(self.path), help="upgrade skvm, or set SKVM_HOME to another folder")
            for name, step in self._migrations:
                if name not in done:
                    self._migrate(db, name, step)
        except BaseException:
            db.close()
            raise
        return db

    @staticmethod
    def _migrate(db: sqlite3.Connection, name: str, step: Migration) -> None:
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db)
            db.execute("INSERT INTO migrations VALUES (?)", (name,))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk has ended it already
                db.execute("ROLLBACK")
            raise

    def _failure(self, error: sqlite3.Error) -> StoreError:
        text = str(error)
        help = "free some space" if "full" in text else "set SKVM_HOME to a folder you can write"
        if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
            help = "the file is damaged: move it away"
        return StoreError(f"state: {text}", where=str(self.path), help=help)
