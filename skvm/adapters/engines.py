"""The engines there are: `local`, in this process, and `dbos`, for more than one."""

from __future__ import annotations

from pathlib import Path

from skvm.adapters.databases import checked_url, open_storage, require_dbos
from skvm.diag import UsageError
from skvm.ports import Engine, Job, QueueEngine, Storage, Work
from skvm.store import open_store

LOCAL, DBOS = "local", "dbos"
NAMES = (LOCAL, DBOS)


class LocalEngine:
    """`ports.Engine` in this process: what is cut off waits for `--resume`."""

    name = LOCAL

    def __init__(self, home: Path) -> None:
        self.storage = open_store(home)

    async def carry(self, job: Job, work: Work) -> None:
        """Do a job; the lock of a run is taken by who does it."""
        await work(job)

    async def close(self) -> None:
        """Release the database."""
        self.storage.close()


def choose_engine(name: str, url: str | None, home: Path) -> Engine:
    """The engine of a name; `url`: its database, by default SQLite below `home`. Raises UsageError, StoreError."""
    if name == LOCAL:
        return LocalEngine(home)
    return queue_engine(name, url, home)


def queue_engine(name: str, url: str | None, home: Path) -> QueueEngine:
    """An engine with a queue; raises UsageError for one without, StoreError when its database cannot be used."""
    if name != DBOS:
        what = "has no queue" if name == LOCAL else "is not known"
        raise UsageError(f"the engine {name} {what}", help=f"use --engine {DBOS}")
    from skvm.adapters.dbos_engine import DbosEngine

    return DbosEngine(url or f"sqlite:///{home / 'engine.sqlite'}", home)


def shared_storage(url: str, home: Path) -> Storage | None:
    """State that many machines share in an engine's database, None where it is below home; raises UsageError, StoreError."""
    checked, postgres = checked_url(url)
    if not postgres:
        return None
    require_dbos()
    return open_storage(checked, postgres, home)
