"""What changed in the work folder: an inventory before, one after, digests only where needed."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skvm.plan import FileResult
from skvm.runtime.work.confined import ASIDE

MAX_FILES = 50_000
HASHED = 64 * 1024**2
"""Files are hashed at the start up to this many bytes in all; beyond it a changed stat counts as a change."""

RACY_NS = 2_000_000_000
"""A file touched this shortly before the inventory may change again without its time changing (git: "racily clean")."""

Stamp = tuple[int, int, int, int]


@dataclass(slots=True)
class Inventory:
    """Stat stamps (size, mtime, ctime, inode) of all regular files, digests of some, and when it was taken."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    taken: int = 0


def take(root: Path, hashed: bool = False) -> Inventory:
    """Inventory of `root`; with `hashed` also digests, as far as `HASHED` bytes go."""
    inventory = Inventory(taken=time.time_ns())
    room = HASHED
    for path, stamp in _walk(root):
        inventory.stamps[path] = stamp
        if hashed and stamp[0] <= room:
            room -= stamp[0]
            inventory.digests[path] = digest_file(root / path) or ""
    return inventory


def changed(root: Path, before: Inventory) -> list[str]:
    """Paths that are new or have other stamps than before, sorted; contents are not compared."""
    now = take(root)
    return sorted(path for path, stamp in now.stamps.items() if before.stamps.get(path) != stamp)


def outputs(root: Path, before: Inventory) -> tuple[FileResult, ...]:
    """Files created or really changed since `before`, with digests, sorted by path."""
    rows = []
    for path, stamp in sorted(take(root).stamps.items()):
        if not _differs(before, path, stamp):
            continue
        digest = digest_file(root / path)
        if digest is not None and digest != before.digests.get(path):
            rows.append(FileResult(path=path, sha256=digest, size=(root / path).lstat().st_size))
    return tuple(rows)


def digest_file(path: Path) -> str | None:
    """sha256 (hex) of a regular file; None when it is gone, no regular file or not readable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return hashlib.file_digest(file, "sha256").hexdigest()


def _differs(before: Inventory, path: str, stamp: Stamp) -> bool:
    known = before.stamps.get(path)
    return known != stamp or stamp[2] > before.taken - RACY_NS


def _walk(root: Path) -> Iterator[tuple[str, Stamp]]:
    count = 0
    stack = [""]
    while stack:
        folder = stack.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError:
            continue  # vanished or forbidden meanwhile: nothing to report there
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                stack.append(path)
            elif entry.is_file(follow_symlinks=False) and not entry.name.startswith(ASIDE):
                count += 1
                if count > MAX_FILES:
                    return
                try:
                    s = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                yield path, (s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino)
