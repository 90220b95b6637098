"""What a step with known effects may write while others run: its inferred places, as paths and as grants of a sandbox. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from skvm.ir.effects import lies_in

_SCHEME = re.compile(r"[a-z]+:")
_GLOB = re.compile(r"[*?\[]")

DENIED = re.compile(
    r"permission denied|read-only file system|device or resource busy|cross-device link|\[Errno (?:13|16|18|30)\]"
    r"|\b(?:EACCES|EROFS|EBUSY|EXDEV)\b",
    re.IGNORECASE,
)
"""How programs say that a place could not be written: not granted, or granted only as the one file that lies there."""


def file_places(places: Iterable[str]) -> tuple[str, ...]:
    """The places that are files: not `user:`, `env:NAME` and the like."""
    return tuple(p.removeprefix("./") for p in places if not _SCHEME.match(p))


def may_write(work: Path, path: str, places: Iterable[str]) -> bool:
    """Does `path` (relative to `work`), with its links followed, lie in one of the places?"""
    root = work.resolve()
    real = (root / path).resolve()
    return real.is_relative_to(root) and covered(real.relative_to(root).as_posix(), places)


def covered(path: str, places: Iterable[str]) -> bool:
    """Is a file's path one of the places, below one, or matched by one?"""
    return any(lies_in(path, place) for place in file_places(places))


def within(work: Path, path: str, folders: Iterable[str]) -> bool:
    """Does `path` (relative to `work`), with its links followed, lie in one of these folders of the work folder?"""
    root = work.resolve()
    real = (root / path).resolve()
    return any(real.is_relative_to((root / folder).resolve()) for folder in _inner(root, folders))


def permitted_folders(work: Path, folders: Iterable[str]) -> tuple[Path, ...]:
    """The folders as grants of a sandbox, made where they are missing: a place that is not there would stand for the folder
    around it. One that leads out of the work folder is none."""
    root = work.resolve()
    found = set()
    for folder in _inner(root, folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        found.add((root / folder).resolve())
    return tuple(sorted(found))


def meet_places(one: tuple[Path, ...] | None, two: tuple[Path, ...] | None) -> tuple[Path, ...] | None:
    """The places that lie in both grants; None grants the whole work folder."""
    if one is None or two is None:
        return two if one is None else one
    met = {a if a.is_relative_to(b) else b for a in one for b in two if a.is_relative_to(b) or b.is_relative_to(a)}
    return tuple(sorted(met))


def _inner(root: Path, folders: Iterable[str]) -> list[str]:
    return [folder for folder in folders if (root / folder).resolve().is_relative_to(root)]


def write_grants(work: Path, places: Iterable[str]) -> tuple[Path, ...] | None:
    """Absolute paths that a sandbox lets a command write; None for the whole work folder.

    A glob stands for the folder that its literal part names. Places that lead out of the work folder are not granted.
    """
    root = work.resolve()
    found = set()
    for place in file_places(places):
        glob = _GLOB.search(place)
        head = place if glob is None else place[: glob.start()].rpartition("/")[0]
        real = (root / head).resolve()
        if real == root:
            return None
        if real.is_relative_to(root):
            found.add(real)
    return tuple(sorted(found))
