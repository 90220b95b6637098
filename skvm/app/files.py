"""Writing results: aside, then renamed, so that a full disk or a crash never leaves half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from skvm.diag import EnvironmentFailure


def write_aside(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically; raises EnvironmentFailure and leaves nothing behind when it cannot be done."""
    made = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(made).chmod(0o666 & ~umask)
        Path(made).replace(path)
    except OSError as error:
        if made:
            Path(made).unlink(missing_ok=True)
        words = error.strerror or str(error)
        raise EnvironmentFailure(
            f"cannot be written: {words}", where=str(path), help="free space or choose another place"
        ) from None
