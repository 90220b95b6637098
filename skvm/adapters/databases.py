"""What an engine with a database needs: the extra, an address, a new enough SQLite, and a place for the state of runs."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from skvm.diag import UsageError
from skvm.ports import Storage
from skvm.store import open_store

INSTALL = "pip install 'skvm[dbos]'"
PYTHON_WITH_TRAP = (3, 12)
OLDEST_SQLITE = (3, 42)


def require_dbos() -> None:
    """Raises UsageError, which says how to install it, where DBOS is missing."""
    if find_spec("dbos") is None:
        raise UsageError("the engine dbos is not installed", help=INSTALL)


def checked_url(url: str) -> tuple[str, bool]:
    """A URL as DBOS takes it, and whether it is PostgreSQL's; raises UsageError."""
    parts = urlsplit(url)
    scheme = parts.scheme.removesuffix("+psycopg")
    if scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        return "postgresql" + url[len(parts.scheme) :], True
    if scheme == "sqlite" and parts.path.strip("/") and not parts.netloc:
        return url, False
    help = "write sqlite:///FILE, or postgresql://USER@HOST/DATABASE"
    raise UsageError("not the address of a database that an engine can use", where="SKVM_ENGINE_URL", help=help)


def sqlite_module(
    python: Iterable[int] = sys.version_info[:2], version: tuple[int, ...] = sqlite3.sqlite_version_info
) -> ModuleType | None:
    """A newer SQLite where Python's own is too old for DBOS, None where it will do; raises UsageError when there is none.

    From Python 3.12 on, DBOS 3.4 takes times from `unixepoch('subsec')`, which is NULL before SQLite 3.42.
    """
    if tuple(python) < PYTHON_WITH_TRAP or version >= OLDEST_SQLITE:
        return None
    if find_spec("pysqlite3") is None:
        old = ".".join(map(str, version))
        help = f"{INSTALL} brings a newer one (pysqlite3-binary), or use PostgreSQL"
        raise UsageError(f"SQLite {old} of this Python is too old for DBOS, which needs 3.42", help=help)
    import pysqlite3.dbapi2

    module: ModuleType = pysqlite3.dbapi2
    return module


def open_storage(url: str, postgres: bool, home: Path) -> Storage:
    """State of the runs of an engine: in PostgreSQL where its queue is there, else below home; raises StoreError."""
    if postgres:
        from skvm.adapters.postgres import PostgresStore

        return PostgresStore(url, home)
    path = Path(url.partition("///")[2].partition("?")[0])
    storage = open_store(home)
    with suppress(OSError):  # DBOS says what is wrong with it; it is private because it says what runs were asked for
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return storage
