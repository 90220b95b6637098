"""`python -m bench.shells [--traces DIR]`: shell commands of recorded agent runs: which are read, and which are one program.

A command is *read* when every word of it is known; it *has a fellow* when a command of another task differs from it only where
a hole may stand, or not at all. Nothing is run. What a fellow shows is that code could be learned, not that a run needs it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from skvm.jit.generalise.shell.commands import Piece, Role, differing, pieces

Row = tuple[Piece, ...]
MOST = 200
"""Commands of one shape that each is compared with."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.shells", description=__doc__)
    parser.add_argument("--traces", type=Path, default=Path("../shared/data/trajectories"))
    args = parser.parse_args()
    if not args.traces.is_dir():
        print(f"there is no {args.traces}", file=sys.stderr)
        return 2
    for folder in sorted(p for p in args.traces.iterdir() if p.is_dir()):
        found = [row for path in sorted(folder.rglob("*.json")) for row in commands(path)]
        if found:
            print(f"{folder.name}: {told(found)}")
    return 0


def commands(path: Path) -> Iterator[tuple[str, str]]:
    """Task and text of every shell command of a file."""
    try:
        run = json.loads(path.read_text("utf-8"))
    except ValueError:
        return
    for step in run.get("steps", ()) if isinstance(run, dict) else ():
        for call in step.get("calls", ()):
            text = call["args"].get("command") if isinstance(call.get("args"), dict) else None
            if isinstance(text, str):
                yield run["task"], text


def told(found: list[tuple[str, str]]) -> str:
    """Counts of one group."""
    read = [(task, row) for task, text in found if (row := pieces(text)) is not None]
    shapes: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for task, row in read:
        shapes[" ".join(f"{p.role}{p.value if p.role in (Role.GLUE, Role.KEYWORD, Role.NAME) else ''}" for p in row)].append(
            (task, row)
        )
    kinds: Counter[str] = Counter()
    for same in shapes.values():
        for task, row in same:
            others = [other for own, other in same[:MOST] if own != task]
            if any(differing((row, other)) is not None for other in others):
                kinds["fellow"] += 1
                kinds["document"] += any(p.role in (Role.TEXT, Role.OPEN) for p in row)
                kinds["several"] += any(set(p.value or "") & set("|&;") for p in row if p.role is Role.GLUE)
    bodies = sum(any(p.role in (Role.TEXT, Role.OPEN) for p in row) for _, row in read)
    return (
        f"{len(found)} commands, {len(read)} read ({bodies} with a here-document), {kinds['fellow']} have a fellow in another "
        f"task ({kinds['several']} of several commands, {kinds['document']} with a here-document)"
    )


if __name__ == "__main__":
    sys.exit(main())
