"""`python -m bench.coverage`: `skvm coverage` of corpus skills against all measured profiles, cold and warm.

Seconds of wall and of CPU (of the command and all its processes), each the least of several repeats; for cold ones the cache is
deleted before. Skills are evenly spaced in the corpus by path, copied into folders of their own.
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
from pathlib import Path
from shutil import rmtree
from typing import Any

from bench.corpus import CORPUS, paths


def measure(corpus: Path, count: int, repeats: int) -> dict[str, Any]:
    """Least wall and CPU seconds of cold and warm runs, and whether all printed the same."""
    texts = paths(corpus)
    chosen = [texts[i * len(texts) // count] for i in range(min(count, len(texts)))]
    with tempfile.TemporaryDirectory() as temporary:
        root, home = Path(temporary) / "skills", Path(temporary) / "home"
        for number, text in enumerate(chosen):
            (root / f"s{number:04}").mkdir(parents=True)
            (root / f"s{number:04}" / "SKILL.md").write_bytes(text.read_bytes())
        outputs: set[bytes] = set()
        cold = [_run(root, home, outputs, fresh=True) for _ in range(repeats)]
        warm = [_run(root, home, outputs, fresh=False) for _ in range(repeats + 2)]
    return {"skills": len(chosen), "cold": _least(cold), "warm": _least(warm), "same_output": len(outputs) == 1}


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
    """Print the figures; exit 1 when two runs differ in what they print, 2 where there is no corpus."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--skills", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    if not args.corpus.is_dir():
        print(f"error: {args.corpus}: there is no corpus; name its folder with --corpus", file=sys.stderr)
        return 2
    found = measure(args.corpus, args.skills, args.repeats)
    print(json.dumps(found, indent=1))
    return 0 if found["same_output"] else 1


if __name__ == "__main__":
    sys.exit(main())
