"""Rows of a file: JSON objects with their places, and what is said about those that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skvm.diag import UsageError

Tell = Callable[[UsageError], None]
"""Hears of what cannot be read; when it raises, reading ends there."""

WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What data of another shape makes a reader raise."""


@dataclass(frozen=True)
class Row:
    """One JSON object with its file and line."""

    file: Path
    line: int
    data: dict[str, Any]

    def wrong(self, error: Exception, what: str = "not a recorded run") -> UsageError:
        """What to say of a row of another shape."""
        return UsageError(f"{what} ({type(error).__name__}: {error})", where=f"{self.file}:{self.line}", help=HELP)


HELP = (
    'a run is a traj/1 object, a line {"messages": [...]}, a file of OpenAI messages, or a session file of Claude Code or Codex'
)


def rows_of(file: Path, text: str, tell: Tell) -> Iterator[Row]:
    """The objects of a `.jsonl` (one a line) or a `.json` file; a line that holds none is told."""
    lines: Iterable[tuple[int, str]] = enumerate(text.split("\n"), 1) if file.suffix == ".jsonl" else [(1, text)]
    for line, row in lines:
        if not row.strip():
            continue
        try:
            data = json.loads(row)
        except (ValueError, RecursionError) as error:
            tell(UsageError(f"not JSON ({error})", where=f"{file}:{line}", help="the rest of the file is read without it"))
            continue
        if isinstance(data, dict):
            yield Row(file, line, data)
        else:
            tell(UsageError(f"not a recorded run (a {type(data).__name__})", where=f"{file}:{line}", help=HELP))


def words(content: Any) -> str:
    """The text of a message's content: a text, or the texts of its parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")
