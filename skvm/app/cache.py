"""A disposable cache of results by content. Deleting it costs time only; whatever goes wrong with it counts as a miss."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from skvm.source import data_path

FRONT = ("source", "diag", "ir", "parse")
"""Rooms whose code decides what the front end says."""

LIMIT = 50_000
"""Entries kept; beyond it the table is emptied, which is simpler than ageing and never wrong."""


class Cache:
    """One SQLite file of JSON values by key; more than `limit` of them empty it."""

    def __init__(self, folder: Path, name: str = "front", limit: int = LIMIT) -> None:
        self._base: sqlite3.Connection | None = None
        self._limit = limit
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = sqlite3.connect(folder / f"{name}.sqlite", timeout=1.0, isolation_level=None)
            self._base.execute("PRAGMA synchronous=OFF")
            self._base.execute("CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        except (OSError, sqlite3.Error):
            self._base = None

    def key(self, *parts: str, rooms: tuple[str, ...] = FRONT) -> str:
        """Key of a result: what was asked of which bytes by which code (that of `rooms`, and the language data)."""
        return hashlib.sha256("\0".join((code_digest(rooms), *parts)).encode("utf-8", "surrogatepass")).hexdigest()

    def load(self, key: str) -> Any | None:
        """A stored value, or None."""
        if self._base is None:
            return None
        try:
            row = self._base.execute("SELECT value FROM entry WHERE key = ?", (key,)).fetchone()
            return json.loads(row[0]) if row else None
        except (sqlite3.Error, ValueError):
            return None

    def save(self, values: Mapping[str, Any]) -> None:
        """Store values in one transaction."""
        if self._base is None or not values:
            return
        try:
            rows = [(key, json.dumps(value)) for key, value in values.items()]
            self._base.execute("BEGIN IMMEDIATE")
            (count,) = self._base.execute("SELECT count(*) FROM entry").fetchone()
            if count > self._limit:
                self._base.execute("DELETE FROM entry")
            self._base.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
            self._base.execute("COMMIT")
        except sqlite3.Error:
            self._base.close()
            self._base = None


@cache
def code_digest(rooms: tuple[str, ...]) -> str:
    """Digest of the code of some rooms, and of grammar and catalogue."""
    package = Path(__file__).resolve().parent.parent
    files = [p for room in rooms for p in (package / room).rglob("*.py")]
    files += [*data_path("grammar").iterdir(), data_path("profiles") / "catalog.json"]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
