"""Opening all state below one home folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from skvm.diag import StoreError
from skvm.source import digest_text
from skvm.store.blobs import FileBlobs
from skvm.store.connection import Connection
from skvm.store.database import MIGRATIONS, Records, SqlJournal
from skvm.store.files import PRIVATE_FILE, private_folder


class Store:
    """Journal, blobs and locks below `home`."""

    def __init__(self, home: Path) -> None:
        self.home = private_folder(home)
        self._db = Connection(home / "state.sqlite", MIGRATIONS)
        self.journal = SqlJournal(self._db)
        self.blobs = FileBlobs(home / "objects", Records(self._db))

    @contextmanager
    def lock(self, name: str, timeout: float = 0.0) -> Iterator[None]:
        """Hold the lock called `name` (any text); raises StoreError when another process has it for `timeout` seconds."""
        with held_lock(self.home, name, timeout):
            yield

    def holds(self, name: str) -> bool:
        """Yes: the system takes a file lock from nobody who lives."""
        return True

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def held_lock(home: Path, name: str, timeout: float = 0.0) -> Iterator[None]:
    """A lock between processes, kept in `home/locks` under a digest of its name; released when the process dies."""
    path = private_folder(home / "locks") / (digest_text(name).removeprefix("sha256:")[:32] + ".lock")
    try:
        with FileLock(path, timeout=timeout, mode=PRIVATE_FILE):
            yield
    except Timeout:
        raise StoreError(f"{name} is in use by another run", help="wait until it ends") from None


def is_held(home: Path, name: str) -> bool:
    """Does anybody hold the lock called `name` now?"""
    try:
        with held_lock(home, name):
            return False
    except StoreError:
        return True


def open_store(home: Path) -> Store:
    """Open (and where needed create) the state below `home`; raises StoreError."""
    return Store(home)
