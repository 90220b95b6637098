"""Past runs, wherever their journal is: below home, and in the database of an engine that many machines share."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from skvm.app.settings import Settings
from skvm.diag import UsageError
from skvm.plan import Event
from skvm.ports import RunRow, Storage


def past_runs(settings: Settings, limit: int) -> tuple[RunRow, ...]:
    """Newest first; raises StoreError, and UsageError for a wrong address of a database."""
    with closing(_storages(settings)) as storages:
        rows = [row for storage in storages for row in storage.journal.runs(limit)]
    return tuple(sorted(rows, key=lambda row: (row.started, row.run), reverse=True)[:limit])


def events_of(run: str, settings: Settings) -> tuple[Event, ...]:
    """The journal of a run; raises UsageError for an unknown one, and one that nobody has begun."""
    with closing(_storages(settings)) as storages:
        for storage in storages:
            if events := storage.journal.read(run):
                return events
            if any(row.run == run for row in storage.journal.runs()):
                raise UsageError("this run has not begun", where=run, help="start `skvm worker`")
    raise UsageError("no run has this id", where=run, help="see `skvm runs`")


def _storages(settings: Settings) -> Generator[Storage, None, None]:
    """One after the other, each open as long as it is looked at."""
    from skvm.store import open_store

    with open_store(settings.home) as store:
        yield store
    if settings.engine_url is not None:
        from skvm.adapters.engines import shared_storage

        shared = shared_storage(settings.engine_url, settings.home)
        if shared is not None:
            with closing(shared):
                yield shared
