"""Grants that were worked out before. To work one out is to look at every place of the system that a sandbox shows (half a
millisecond); whether any of what that depends on has changed since is seen in a tenth of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from skvm.adapters.confine.places import ETC, SYSTEM, python_prefixes
from skvm.ports import SandboxRequest

MOST = 64
"""Grants that are remembered; the one that came first goes first."""


class Grants:
    """What `work_out` says of a request, for as long as nothing has changed that it depends on."""

    def __init__(self, work_out: Callable[[SandboxRequest], Any | None]) -> None:
        self._work_out = work_out
        self._found: dict[Any, tuple[Any, Any]] = {}

    def of(self, request: SandboxRequest) -> Any | None:
        """The grant of a request. Programs that a policy names are looked for each time: they may lie anywhere."""
        if request.grants.programs is not None:
            return self._work_out(request)
        asked, seen = _asked(request), _seen(request)
        known = self._found.get(asked)
        if known is None or known[0] != seen:
            if asked not in self._found and len(self._found) == MOST:
                del self._found[next(iter(self._found))]
            known = self._found[asked] = (seen, self._work_out(request))
        return known[1]


def _asked(request: SandboxRequest) -> Any:
    """All of a request that a grant depends on."""
    limits = request.limits
    bounds = limits.cpu, limits.memory, limits.file, limits.processes
    return request.argv[0], request.cwd, request.grants, tuple(sorted(request.env.items())), bounds


def _seen(request: SandboxRequest) -> Any:
    """What lies behind every name that is granted, and whether an entry came to or went from the folders of the system."""
    grants = request.grants
    named = [grants.work, *grants.read, *(grants.skill,) * (grants.skill is not None)]
    named += [grants.work / place for place in grants.write or ()]
    folders = [*_listed(), *(place for place in request.env.get("PATH", os.defpath).split(":") if place.startswith("/"))]
    return tuple(_behind(str(place)) for place in named), tuple(map(_changed, folders))


def _behind(place: str) -> tuple[str, int, int]:
    """Where a name leads, and to what."""
    real = os.path.realpath(place)
    try:
        found = os.stat(real)  # noqa: PTH116 - at every call
    except OSError:
        return real, 0, 0
    return real, found.st_dev, found.st_ino


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - at every call
    except OSError:
        return 0


@cache
def _listed() -> tuple[str, ...]:
    """Folders whose entries decide what of the system a sandbox shows."""
    shown = [*map(Path, SYSTEM), *(Path("/etc") / name for name in ETC), *python_prefixes()]
    return tuple(sorted({str(path.parent) for path in shown}))
