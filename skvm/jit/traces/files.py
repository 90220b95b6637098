"""Which format a file has, and reading it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skvm.diag import UsageError
from skvm.jit.traces import chat, claude_code, codex, traj
from skvm.jit.traces.record import Run
from skvm.jit.traces.rows import HELP, Tell, rows_of

FORMATS = {"traj/1": traj, "OpenAI messages": chat, "Codex session": codex, "Claude Code session": claude_code}
"""In this order a file is asked whether it is one; its first row that says so decides."""


def read_traces(path: Path, tell: Tell | None = None) -> Iterator[Run]:
    """Runs of a file, or of all `.json` and `.jsonl` files below a folder in path order.

    `tell` hears of every file or line that cannot be read, as an error with file:line, and the rest is read; without it that
    error is raised. Raises UsageError when there is nothing at `path`.
    """
    if not path.exists():
        raise UsageError("no recorded runs here", where=str(path), help="name a .json or .jsonl file, or a folder of them")
    files = sorted(p for p in path.rglob("*") if p.suffix in (".json", ".jsonl")) if path.is_dir() else [path]
    for file in files:
        yield from _read(file, tell or _raise)


def _read(file: Path, tell: Tell) -> Iterator[Run]:
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        tell(UsageError(f"cannot be read: {error.strerror}", where=f"{file}:1"))
        return
    rows = list(rows_of(file, text, tell))
    made = next((form for row in rows for form in FORMATS.values() if form.written(row.data)), None)
    if made is not None:
        yield from made.read(rows, tell)
    elif rows:
        tell(UsageError("of no known format", where=f"{file}:{rows[0].line}", help=HELP))


def _raise(error: UsageError) -> None:
    raise error
