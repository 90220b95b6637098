"""Past runs, wherever their journal is: below home, and in the database of an engine that many machines share."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from skvm.app.settings import Settings
from skvm.diag import UsageError
from skvm.plan import Event
from skvm.ports import QUEUED, RunRow, Storage

CUT = "cut"
"""How a run ended whose process died: it can be resumed, if it had begun."""

MOST = 1_000_000


def past_runs(settings: Settings, limit: int) -> tuple[RunRow, ...]:
    """Newest first; raises StoreError, and UsageError for a wrong address of a database."""
    rows: list[RunRow] = []
    with closing(_storages(settings)) as storages:
        for number, storage in enumerate(storages):
            found = storage.journal.runs(limit)
            rows += found if number else [*(_as_it_is(row, settings.home) for row in found), *_unbegun(storage, settings.home)]
    return tuple(sorted(rows, key=lambda row: (row.started, row.run), reverse=True)[:limit])


def events_of(run: str, settings: Settings) -> tuple[Event, ...]:
    """The journal of a run; raises UsageError for an unknown one, and one that nobody has begun."""
    from skvm.runtime import not_begun
    from skvm.store import is_held

    with closing(_storages(settings)) as storages:
        for storage in storages:
            if events := storage.journal.read(run):
                return events
            row = next((row for row in storage.journal.runs(MOST) if row.run == run), None)
            if row is not None and row.status == QUEUED:
                raise UsageError("this run has not begun", where=run, help="start `skvm worker`")
            if row is not None and not is_held(settings.home, f"run {run}"):
                raise not_begun(settings.home, run) or UsageError("nothing of this run is known but that it began", where=run)
    if is_held(settings.home, f"run {run}"):
        raise UsageError("this run is about to begin", where=run, help="look again in a moment")
    raise not_begun(settings.home, run) or UsageError("no run has this id", where=run, help="see `skvm runs`")


def died(run: str, settings: Settings) -> bool:
    """Was a run of this machine left by a process that died?"""
    from skvm.store import open_store

    with open_store(settings.home) as store:
        return any(_as_it_is(row, settings.home).status == CUT for row in store.journal.runs(MOST) if row.run == run)


def _as_it_is(row: RunRow, home: Path) -> RunRow:
    """A row that says `running` while nobody runs it was left by a process that died."""
    from skvm.store import is_held

    return row.altered(status=CUT) if row.status == "running" and not is_held(home, f"run {row.run}") else row


def _unbegun(storage: Storage, home: Path) -> list[RunRow]:
    """Folders of runs that died (or still are) before the journal knows them."""
    from skvm.store import is_held

    try:
        folders = {entry.name: entry.stat().st_mtime for entry in os.scandir(home / "runs") if entry.is_dir()}
    except OSError:
        return []
    known = {row.run for row in storage.journal.runs(MOST)} if folders else set()
    return [
        RunRow(
            run=name, skill="", plan="", model="", mode="",
            status="beginning" if is_held(home, f"run {name}") else CUT,
            started=datetime.fromtimestamp(changed, UTC).isoformat().replace("+00:00", "Z"),
        )
        for name, changed in folders.items() if name not in known
    ]  # fmt: skip


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
