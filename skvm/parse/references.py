"""Text files of a bundle that link to each other in a circle, starting from the main file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from skvm.diag import CODES, Diagnostic
from skvm.ir import NeedKind, Program
from skvm.source import SkillSource

MAX_FILES = 60
MAX_BYTES = 64 * 1024
"""Caps: how many files of a bundle are followed, and how large one may be."""

_LINK = re.compile(rb"\]\(<?([^()\s<>#]+\.md)(?:#[^()\s]*)?>?\)")
_FENCE = re.compile(rb"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)


def reference_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """SKV205 at the first reference of the main file that leads into a circle of links."""
    wanted = [n for n in program.needs if n.kind is NeedKind.FILE and n.exists and n.name.endswith(".md")]
    if not wanted or source.root is None:
        return
    links = _Links(source)
    told: set[frozenset[str]] = set()
    for need in wanted:
        circle = links.circle(normpath(need.name))
        if circle is not None and frozenset(circle) not in told:
            told.add(frozenset(circle))
            message = f"these files refer to each other in a circle: {' -> '.join((*circle, circle[0]))}"
            yield Diagnostic("SKV205", CODES["SKV205"].severity, message, need.span)


class _Links:
    """Which file links to which, read when first asked for."""

    def __init__(self, source: SkillSource) -> None:
        self.source = source
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, path: str) -> tuple[str, ...]:
        """Markdown files of the skill that a file of it links to, in text order."""
        if path not in self._known:
            self._known[path] = self._read(path) if len(self._known) < MAX_FILES else ()
        return self._known[path]

    def _read(self, path: str) -> tuple[str, ...]:
        try:
            data = self.source.read(path)
        except (OSError, KeyError):
            return ()
        names = [m.group(1).decode("utf-8", "replace") for m in _LINK.finditer(_FENCE.sub(b"", data[:MAX_BYTES]))]
        paths = dict.fromkeys(normpath(join(dirname(path), n)) for n in names)
        return tuple(p for p in paths if p != path and (p in self.source.paths or p == self.source.main.file))

    def circle(self, start: str) -> list[str] | None:
        """A circle that following links depth first from `start` runs into; None when there is none."""
        way: list[str] = []
        left: list[list[str]] = [[start]]
        done: set[str] = set()
        while left:
            if not left[-1]:
                left.pop()
                done.update(way[-1:])
                del way[-1:]
                continue
            path = left[-1].pop(0)
            if path in way:
                return way[way.index(path) :]
            if path not in done:
                way.append(path)
                left.append(list(self.of(path)))
        return None
