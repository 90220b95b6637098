# ruff: noqa: PTH112, PTH114, PTH118 - pathlib would cost a third of the start-up time of this small program
"""Search by regular expression, as a program of its own: `python -I -S grep.py` reads one JSON object on stdin.

A model's pattern may need exponential time, and Python's `re` holds the interpreter meanwhile; a process can be killed.
Only the standard library is used, and the folder is walked by descriptor without following links.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from typing import Any

MAX_HITS = 200
MAX_LINE = 300
MAX_FILE = 32 * 1024**2


def main() -> None:
    """Answer {"root", "path", "pattern"} with {"hits": [...], "more": bool} or {"error": ...}."""
    question = json.load(sys.stdin)
    try:
        pattern = re.compile(question["pattern"])
    except (re.error, RecursionError, OverflowError) as error:
        answer: dict[str, Any] = {"error": f"not a regular expression: {error}"}
    else:
        answer = find(question["root"], question["path"], pattern)
    json.dump(answer, sys.stdout)


def find(root: str, path: str, pattern: re.Pattern[str]) -> dict[str, Any]:
    """Matching lines of a file, or of all files below a folder, in path order."""
    hits: list[str] = []
    full = os.path.join(root, path) if path != "." else root
    if os.path.isdir(full) and not os.path.islink(full):
        for folder, folders, names, descriptor in os.fwalk(full, follow_symlinks=False):
            folders.sort()
            for name in sorted(names):
                shown = os.path.relpath(os.path.join(folder, name), root)
                if not scan(name, descriptor, shown, pattern, hits):
                    return {"hits": hits, "more": True}
        return {"hits": hits, "more": False}
    more = not scan(full, None, path, pattern, hits)
    return {"hits": hits, "more": more}


def scan(name: str, folder: int | None, shown: str, pattern: re.Pattern[str], hits: list[str]) -> bool:
    """Append the hits of one file; False when there are enough."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return True
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE:
            return True
        data = file.read()
    if b"\0" in data[:4096]:
        return True
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if pattern.search(line):
            if len(hits) >= MAX_HITS:
                return False
            hits.append(f"{shown}:{number}: {line[:MAX_LINE]}")
    return True


if __name__ == "__main__":
    main()
