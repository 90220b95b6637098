"""`python -m bench.reading.digests`: digests of the programs of the paths on stdin, as one JSON object on stdout.

Imports the front end only, so that any interpreter with its few packages can run it. `--shuffle SEED` changes the order in
which folders list their entries; the order of the paths is the caller's.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any


class _Listing:
    """What `os.scandir` gives, in another order."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Any:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def close(self) -> None:
        """Nothing is held open."""


def shuffle_listings(seed: int) -> None:
    """From now on every folder lists its entries in an order drawn from `seed`."""
    scandir, listdir = os.scandir, os.listdir
    draw = random.Random(seed)

    def mixed(path: Any = ".") -> _Listing:
        entries = list(scandir(path))
        draw.shuffle(entries)
        return _Listing(entries)

    def names(path: Any = ".") -> list[Any]:
        entries = listdir(path)
        draw.shuffle(entries)
        return entries

    os.scandir = mixed  # type: ignore[assignment]
    os.listdir = names


def main() -> int:
    """Exit 0; a text that raises has the exception as its digest."""
    if len(sys.argv) > 2 and sys.argv[1] == "--shuffle":
        shuffle_listings(int(sys.argv[2]))
    from skvm.parse import parse_skill
    from skvm.source import load_skill

    out = {}
    for line in sys.stdin.read().splitlines():
        try:
            out[line] = parse_skill(load_skill(Path(line))).program.digest
        except Exception as error:
            out[line] = f"{type(error).__name__}: {error}"
    json.dump({"python": sys.version.split()[0], "digests": out}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
