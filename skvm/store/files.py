"""Files that are whole or absent: write aside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from skvm.diag import StoreError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def private_folder(path: Path) -> Path:
    """Create `path` with its parents, mode 0700 where it is new; raises StoreError.

    A folder that exists keeps its mode: SKVM_HOME may name one that the user shares on purpose.
    """
    try:
        missing = [p for p in (path, *path.parents) if not p.exists()]
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for made in missing:
            made.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise StoreError(f"cannot create the state folder: {error.strerror}", where=str(path), help="set SKVM_HOME") from None
    return path


def write_aside(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Write a file of the state folder as `replace_file` does; raises StoreError."""
    try:
        replace_file(path, data, mode)
    except OSError as error:
        help = "free space or choose another SKVM_HOME"
        raise StoreError(f"cannot write: {error.strerror}", where=str(path), help=help) from None


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Write `data` to `path` so that a reader sees all of it or what was there before; raises OSError.

    The data is on disk (fsync) before the name is. On any failure the file aside is removed. `mode` is subject to the umask.
    """
    aside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(6)}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
