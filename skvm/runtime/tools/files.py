"""File tools. Blocking; the caller runs them in a thread that can be abandoned."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from skvm.runtime.work.confined import ASIDE, Confined, Refused

MAX_RESULT = 64 * 1024
"""Bytes of one tool result that a model sees."""

MAX_LINES = 2000
MAX_ENTRIES = 1000
MAX_EDIT = 16 * 1024**2
SPILL_PREFIX = "@output/"


class ToolFailure(Exception):
    """A call that did not work, in words for the model."""


@dataclass(frozen=True)
class Places:
    """Where tools look: the work folder, the read-only skill, outputs that were too long."""

    work: Confined
    skill: Confined
    spill: Confined
    bundle: frozenset[str]

    def find(self, path: str) -> tuple[Confined, str, bool]:
        """(folder, relative path, writable): the work folder first, the bundle for what exists only there."""
        if path.startswith(SPILL_PREFIX):
            return self.spill, self.spill.relative(path.removeprefix(SPILL_PREFIX)), False
        if path.startswith("/") and (path + "/").startswith(f"{self.skill.root}/"):
            return self.skill, self.skill.relative(path), False
        relative = self.work.relative(path)
        if self.in_bundle(relative) and not self.work.exists(relative):
            return self.skill, relative, False
        return self.work, relative, True

    def in_bundle(self, path: str) -> bool:
        """Is it a file or folder of the bundle?"""
        return path in self.bundle or any(name.startswith(path + "/") for name in self.bundle)


def read_file(places: Places, path: str, offset: int = 1, limit: int = MAX_LINES) -> str:
    """Lines of a text file, bounded, with a note where more follows."""
    folder, relative, _ = places.find(path)
    lines: list[str] = []
    size, number, more = 0, 0, False
    with folder.reading(relative) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        total = os.fstat(descriptor).st_size
        if b"\0" in file.read(4096):
            raise ToolFailure(f"{path} is a binary file of {total} bytes; use a command to look into it")
        file.seek(0)
        while chunk := file.readline(MAX_RESULT):
            number += 1
            if number < max(1, offset):
                continue
            if len(lines) >= max(1, limit) or size + len(chunk) > MAX_RESULT:
                more = True
                break
            size += len(chunk)
            lines.append(chunk.decode("utf-8", "replace"))
    text = "".join(lines)
    if more:
        return f"{text}\n[cut: {total} bytes in all; go on with offset={max(1, offset) + len(lines)}]"
    return text if text or total else "[the file is empty]"


def write_file(places: Places, path: str, content: str) -> str:
    """Create or replace a file of the work folder."""
    relative = writable(places, path)
    data = content.encode("utf-8", "replace")
    places.work.write(relative, data)
    return f"wrote {relative} ({len(data)} bytes)"


def edit_file(places: Places, path: str, old: str, new: str) -> str:
    """Replace the only occurrence of `old`."""
    relative = writable(places, path)
    text = _whole(places, relative)
    count = text.count(old) if old else 0
    if count != 1:
        found = "does not occur" if count == 0 else f"occurs {count} times; give more of its surroundings"
        raise ToolFailure(f"`old` {found} in {path}; nothing was changed")
    places.work.write(relative, text.replace(old, new).encode("utf-8", "surrogateescape"))
    return f"edited {relative}"


def edit_digests(places: Places, path: str, old: str, new: str) -> dict[str, str]:
    """Digest of the file before and after an edit, journalled with its intent so that a resume can read back what happened."""
    try:
        text = _whole(places, writable(places, path))
    except (OSError, Refused, ToolFailure, ValueError):
        return {}
    if not old or text.count(old) != 1:
        return {}
    return {"before": _digest(text), "after": _digest(text.replace(old, new))}


def text_digest(places: Places, path: str) -> str:
    """Digest of a file as `edit_digests` counts it; empty when it cannot be read."""
    try:
        return _digest(_whole(places, writable(places, path)))
    except (OSError, Refused, ToolFailure, ValueError):
        return ""


def list_directory(places: Places, path: str = ".") -> str:
    """Names with sizes, folders with a slash; files that come from the skill are marked."""
    folder, relative, _ = places.find(path)
    rows = _entries(folder, relative)
    if folder is places.work and (relative == "." or places.in_bundle(relative)):
        seen = {row.split("  ")[0] for row in rows}
        own = _entries(places.skill, relative) if relative == "." or places.skill.kind(relative) == "folder" else []
        rows += [f"{row}  (skill, read-only)" for row in own if row.split("  ")[0] not in seen]
    if len(rows) > MAX_ENTRIES:
        rows = [*rows[:MAX_ENTRIES], f"[{len(rows) - MAX_ENTRIES} more]"]
    return "\n".join(rows) or "[the folder is empty]"


def writable(places: Places, path: str) -> str:
    """Relative path of a file that may be written; raises Refused for the skill and anything outside."""
    if path.startswith(SPILL_PREFIX) or (path + "/").startswith(f"{places.skill.root}/"):
        raise Refused(f"{path} is read-only; write into the work folder")
    return places.work.relative(path)


def _whole(places: Places, relative: str) -> str:
    with places.work.reading(relative) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(MAX_EDIT + 1)
    if len(data) > MAX_EDIT:
        raise ToolFailure(f"{relative} is larger than {MAX_EDIT} bytes; use a command")
    return data.decode("utf-8", "surrogateescape")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _entries(folder: Confined, relative: str) -> list[str]:
    rows = []
    with folder.folder(relative) as descriptor:
        for name in sorted(os.listdir(descriptor)):  # noqa: PTH208 - by descriptor, which pathlib cannot
            if name.startswith(ASIDE):
                continue
            info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            shown = name.encode("utf-8", "replace").decode()
            rows.append(f"{shown}/" if stat.S_ISDIR(info.st_mode) else f"{shown}  {info.st_size} bytes")
    return rows
