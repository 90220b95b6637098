"""Effects as sets of places, with a top that conflicts with everything (law 5).

A place is a POSIX path relative to the work folder (`out/report.md`), a path that ends in `/` for all below it, a glob
inside the work folder, or a named thing with a scheme (`env:KEY`, `skill:scripts/a.py`, `user:`, `net:host`).
"""

from __future__ import annotations

import fnmatch
import posixpath
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

ANYWHERE = "**"


class Hazard(StrEnum):
    """Why two steps may not overlap or be swapped."""

    READ_AFTER_WRITE = "read_after_write"
    WRITE_AFTER_READ = "write_after_read"
    WRITE_AFTER_WRITE = "write_after_write"
    EXTERNAL_ORDER = "external_order"
    UNKNOWN_EFFECT = "unknown_effect"
    DECLARED_ORDER = "declared_order"
    VALUE = "value"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Effects:
    """What a step may touch. `external` = an effect outside the work folder whose order others can see. `top` = anything."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    external: bool = False
    top: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", tuple(sorted(set(self.reads))))
        object.__setattr__(self, "writes", tuple(sorted(set(self.writes))))

    def __or__(self, other: Effects) -> Effects:
        return Effects(
            self.reads + other.reads, self.writes + other.writes, self.external or other.external, self.top or other.top
        )

    @property
    def pure(self) -> bool:
        """True when nothing is written and nothing outside is touched."""
        return not (self.writes or self.external or self.top)


TOP = Effects(top=True)


def conflict(first: Effects, second: Effects) -> tuple[Hazard, str] | None:
    """The hazard that keeps `second` after `first`, with the place that shows it; None when provably independent."""
    if first.top or second.top:
        return Hazard.UNKNOWN_EFFECT, "an effect that is not known"
    if first.external and second.external:
        return Hazard.EXTERNAL_ORDER, "both act outside the work folder"
    if not (first.writes or second.writes):
        return None
    for hazard, one, two in (
        (Hazard.READ_AFTER_WRITE, first.writes, second.reads),
        (Hazard.WRITE_AFTER_WRITE, first.writes, second.writes),
        (Hazard.WRITE_AFTER_READ, first.reads, second.writes),
    ):
        place = shared_place(one, two)
        if place is not None:
            return hazard, place
    return None


def shared_place(one: tuple[str, ...], two: tuple[str, ...]) -> str | None:
    """The first place (in sorted order) of `one` that may be the same as a place of `two`."""
    return next((a for a in sorted(one) if any(may_alias(a, b) for b in two)), None) if one and two else None


def may_alias(a: str, b: str) -> bool:
    """Can the two places be the same thing, or one lie in the other? Errs towards yes."""
    one, two = plain(a), plain(b)
    if one == two or ANYWHERE in (one, two) or _holds(one, two) or _holds(two, one):
        return True
    if _is_glob(one) and _is_glob(two):
        return _heads_meet(one, two)
    if _is_glob(one):
        return _matches(one, two) or (b.endswith("/") and _heads_meet(one, f"{two}/"))
    return _is_glob(two) and (_matches(two, one) or (a.endswith("/") and _heads_meet(two, f"{one}/")))


def lies_in(path: str, place: str) -> bool:
    """Is the path the place, below it, or named by it? Unlike `may_alias` it errs towards no: permissions rest on it."""
    one, two = plain(path), plain(place)
    return one == two or two == ANYWHERE or _holds(two, one) or (_is_glob(two) and _matches(two, one))


@lru_cache(maxsize=4096)
def plain(place: str) -> str:
    """A place in its shortest spelling, without the slash of a folder: `./a//b/../c/` is `a/c`, the work folder itself `**`."""
    short = posixpath.normpath(place) if place else "."
    return ANYWHERE if short == "." else short


def _holds(folder: str, place: str) -> bool:
    """Is the one a folder around the other, or around all that a pattern names? Any path may be a folder."""
    return place.startswith(f"{folder}/")


def _matches(pattern: str, place: str) -> bool:
    """Does the pattern name the place or a folder around it?"""
    parts = place.split("/")
    return any(fnmatch.fnmatchcase("/".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))


def _is_glob(place: str) -> bool:
    return "*" in place or "?" in place or "[" in place


def _heads_meet(a: str, b: str) -> bool:
    """Literal heads of two globs: one a prefix of the other means that a common name may exist."""
    head_a, head_b = (p[: min([p.find(c) for c in "*?[" if c in p] or [len(p)])] for p in (a, b))
    return head_a.startswith(head_b) or head_b.startswith(head_a)
