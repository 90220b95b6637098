"""What a compilation is asked for, and a key of it that needs no model of a profile or plan.

Loading those models takes longer than finding two hundred plans in the cache. So what the options come down to (target,
profile, pool, limits by digest) is kept by the words they were given in and by the bytes of every file that they may lead to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skvm import __version__
from skvm.app.cache import FRONT, code_digest
from skvm.app.settings import Settings
from skvm.source import data_path

ROOMS = (*FRONT, "capability", "plan", "compile")
"""Rooms whose code decides what a plan is."""


@dataclass(frozen=True)
class CompileOptions:
    """Options of `skvm compile` that change the result, and the two that only show it."""

    target: str
    profile: Path | None = None
    passes: str | None = None
    pool: tuple[str, ...] = ()
    success: float | None = None
    wall: float | None = None
    models: int | None = None
    stop_after: str | None = None
    print_after: tuple[str, ...] = ()
    show: Callable[[str, str], None] | None = None
    watch: Callable[[str, Callable[[], str]], None] | None = None


def key_of(options: CompileOptions, settings: Settings) -> str | None:
    """Digest of the words, the code and the profile files; None where a file cannot be read, which is for others to tell."""
    words = (options.target, options.profile, options.passes, options.pool, options.success, options.wall, options.models)
    total = hashlib.sha256(f"{__version__} {code_digest((*ROOMS, 'app'))} {words!r}".encode("utf-8", "surrogatepass"))
    try:
        for path in _files(options, settings):
            data = path.read_bytes()
            total.update(f"\0{path}\0{len(data)}\0".encode("utf-8", "surrogatepass") + data)
    except OSError:
        return None
    return f"asked {total.hexdigest()}"


def _files(options: CompileOptions, settings: Settings) -> Iterator[Path]:
    shipped = data_path("profiles")
    for folder in (settings.profiles, shipped, shipped / "sim"):
        yield from sorted(folder.glob("*.json"))
    if options.profile is not None:
        yield options.profile
