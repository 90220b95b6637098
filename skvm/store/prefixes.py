"""Isolated prefixes below the home folder: each is whole or absent, and built once.

A folder is filled under a name nobody looks at; it becomes a prefix when its receipt is written. What a crash left behind is
removed by whoever builds next.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from skvm.store.files import private_folder, write_aside
from skvm.store.home import held_lock

WAIT_SECONDS = 3600.0
"""How long to wait for another process that builds."""


class Prefixes:
    """Prefixes by key, and the locks they were built from by what was wanted. Keys are digests (`sha256:HEX`)."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._root = home / "prefixes"

    def find(self, key: str) -> tuple[Path, dict[str, Any]] | None:
        """Folder and receipt of a whole prefix; None where there is none."""
        receipt = _read(self._receipt(key))
        if not isinstance(receipt, dict) or not isinstance(receipt.get("folder"), str):
            return None
        folder = self._root / receipt["folder"]
        return (folder, receipt) if folder.parent == self._root and folder.is_dir() else None

    @contextmanager
    def building(self, key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """An empty folder to fill and a receipt to complete, alone: kept when the block ends well, removed when it does not.

        Raises StoreError when another process still builds after an hour.
        """
        folder = private_folder(self._root) / f"{_short(key)}-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        try:
            receipt: dict[str, Any] = {"folder": folder.name}
            yield folder, receipt
            write_aside(self._receipt(key), _bytes(receipt))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else builds a prefix meanwhile, so that what has no receipt was left by a build that died, and is removed."""
        private_folder(self._root)
        with held_lock(self._home, "the folder of prefixes", WAIT_SECONDS):
            receipts = [_read(path) for path in self._root.glob("*.json")]
            kept = {row.get("folder") for row in receipts if isinstance(row, dict)}
            for place in self._root.iterdir():
                if place.is_dir() and place.name not in kept:
                    shutil.rmtree(place, ignore_errors=True)
            yield

    def remember(self, wanted: str, lock: bytes) -> None:
        """Note which lock answers what a skill wants; raises StoreError."""
        write_aside(private_folder(self._root) / f"wanted-{_short(wanted)}.json", lock)

    def lock_for(self, wanted: str) -> bytes | None:
        """The lock that was noted last for it."""
        with suppress(OSError):
            return (self._root / f"wanted-{_short(wanted)}.json").read_bytes()
        return None

    def _receipt(self, key: str) -> Path:
        return self._root / f"{_short(key)}.json"


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile does not count."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(f"{root}/{name}").st_size
    return total


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:32]


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
