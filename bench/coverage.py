"""`python -m bench.coverage`: `skvm coverage` of corpus skills against all measured profiles, cold and warm.

Seconds of wall and of CPU (of the command and all its processes), each the least of several repeats; for cold ones the cache is
deleted before. Skills are evenly spaced in the corpus by path, copied into folders of their own. `--laws` measures no time but
changes every cell of every profile, one at a time, for the worse and for the better, and looks at what that does to the matrix.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from shutil import rmtree
from typing import Any

from bench.corpus import CORPUS, paths
from skvm.app.coverage import needs_many
from skvm.app.inputs import expand_inputs
from skvm.capability import Cell, Level, Verdict
from skvm.capability.coverage import Column, SkillNeeds, cover
from skvm.capability.profiles import shipped_profiles


def measure(corpus: Path, count: int, repeats: int) -> dict[str, Any]:
    """Least wall and CPU seconds of cold and warm runs, and whether all printed the same."""
    with tempfile.TemporaryDirectory() as temporary:
        root, home = Path(temporary) / "skills", Path(temporary) / "home"
        skills = _lay_out(corpus, count, root)
        outputs: set[bytes] = set()
        cold = [_run(root, home, outputs, fresh=True) for _ in range(repeats)]
        warm = [_run(root, home, outputs, fresh=False) for _ in range(repeats + 2)]
    return {"skills": skills, "cold": _least(cold), "warm": _least(warm), "same_output": len(outputs) == 1}


def _lay_out(corpus: Path, count: int, root: Path) -> int:
    """Skills in folders below `root`; how many."""
    texts = paths(corpus)
    chosen = [texts[i * len(texts) // count] for i in range(min(count, len(texts)))]
    for number, text in enumerate(chosen):
        (root / f"s{number:04}").mkdir(parents=True)
        (root / f"s{number:04}" / "SKILL.md").write_bytes(text.read_bytes())
    return len(chosen)


GAPS = (Verdict.WEAK, Verdict.MISSING, Verdict.NOT_OFFERED)


def laws(corpus: Path, count: int) -> dict[str, Any]:
    """How many cells were changed, what that changed in the matrix, and what it should not have: `astray` are verdicts on other
    primitives or of other skills, `new_gaps` gaps of a target that is nowhere worse than one without them."""
    with tempfile.TemporaryDirectory() as temporary:
        _lay_out(corpus, count, Path(temporary))
        needs = list(needs_many(expand_inputs([temporary]), None))
    found = Counter[str](skills=len(needs), changed_cells=0, changed_verdicts=0, astray=0, new_gaps=0)
    for profile in (p for p in shipped_profiles() if not p.synthetic):
        for name, cell in profile.cells.items():
            for other, better in _others(cell):
                changed = profile.model_copy(update={"cells": {**profile.cells, name: other}})
                found["changed_cells"] += 1
                _hold(needs, (Column("it", profile), Column("it", changed)), name, better, found)
    return dict(found)


def _others(cell: Cell) -> list[tuple[Cell, bool]]:
    """A cell that is nowhere better and one that is nowhere worse."""
    if not cell.counts:
        return [(Cell(level=Level.L0), False), (Cell(level=Level.L3), True)]
    worst = {level: (0, n) for level, (_, n) in cell.counts.items()}
    return [(Cell(counts=worst), False), (Cell(counts={level: (n, n) for level, (_, n) in worst.items()}), True)]


def _hold(needs: list[SkillNeeds], both: tuple[Column, Column], name: str, better: bool, found: Counter[str]) -> None:
    for skill in needs:
        was, now = cover(skill, both)
        asked = skill.distinct()
        if was != now and name not in {need.primitive for need in asked}:
            found["astray"] += 1
        for need, one, two in zip(asked, was.verdicts, now.verdicts, strict=True):
            found["changed_verdicts"] += one != two
            found["astray"] += one != two and need.primitive != name
            more, less = (two, one) if better else (one, two)
            found["new_gaps"] += more.verdict in GAPS and less.verdict not in GAPS


def _run(root: Path, home: Path, outputs: set[bytes], *, fresh: bool) -> tuple[float, float]:
    if fresh:
        rmtree(home, ignore_errors=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")} | {"SKVM_HOME": str(home)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([sys.executable, "-m", "skvm", "coverage", str(root)], capture_output=True, env=env, check=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    outputs.add(done.stdout)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _least(rows: list[tuple[float, float]]) -> dict[str, float]:
    return {"wall": round(min(w for w, _ in rows), 2), "cpu": round(min(c for _, c in rows), 2)}


def main() -> int:
    """Print the figures; exit 1 when two runs differ in what they print or a law is broken, 2 where there is no corpus."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--skills", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--laws", action="store_true")
    args = parser.parse_args()
    if not args.corpus.is_dir():
        print(f"error: {args.corpus}: there is no corpus; name its folder with --corpus", file=sys.stderr)
        return 2
    found = laws(args.corpus, args.skills) if args.laws else measure(args.corpus, args.skills, args.repeats)
    print(json.dumps(found, indent=1))
    return 0 if found.get("same_output", True) and not found.get("astray") and not found.get("new_gaps") else 1


if __name__ == "__main__":
    sys.exit(main())
