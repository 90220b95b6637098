"""Watching the passes of one compilation: how long each took, and the program after each in files (`SKVM_DUMP`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from skvm.app.inputs import file_name
from skvm.diag import UsageError


class Watch:
    """Call it after every pass. `seconds`: wall seconds by pass, writing the files not counted."""

    def __init__(self, skill: str, dump: Path | None = None) -> None:
        self.skill = skill
        self.dump = dump
        self.seconds: dict[str, float] = {}
        self._at = perf_counter()

    def __call__(self, name: str, text: Callable[[], str]) -> None:
        """Note the time of a pass; write the program as it is after it. Raises UsageError when it cannot be written."""
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - self._at
        if self.dump is not None:
            self._write(self.dump / file_name(self.skill), name, text)
        self._at = perf_counter()

    def _write(self, folder: Path, name: str, text: Callable[[], str]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{len(self.seconds):02d}-{name}.txt").write_text(text() + "\n", "utf-8", "replace")
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=f"SKVM_DUMP={self.dump}") from None
