"""`python -m bench.compiling`: every text of a corpus for every shipped profile, and the same artifacts under other hash seeds.

Each text is read once and compiled for each target. Counted: exceptions, gaps, and steps with help. With `--seeds K` the
first N texts by sha256 of the path are compiled in K processes of other hash seeds, in shuffled order of texts and targets; an
artifact whose bytes differ is printed and gives exit code 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.corpus import CORPUS
from skvm.app.asked import CompileOptions
from skvm.app.check import diagnose, warm_up
from skvm.app.compiling import request_of
from skvm.app.pool import in_processes
from skvm.app.settings import Settings
from skvm.capability.profiles import shipped_profiles
from skvm.compile import compile_program
from skvm.plan import StepNode
from skvm.source import load_skill

ROOT = Path(__file__).resolve().parent.parent


def one(path: Path, targets: tuple[str, ...]) -> dict[str, Any]:
    """Digests by target, counts and exceptions of one text."""
    settings = Settings(home=Path("/nonexistent"), cache=Path("/nonexistent"))
    counts: Counter[str] = Counter()
    digests: dict[str, str] = {}
    failed: list[str] = []
    began = time.process_time()
    try:
        source = load_skill(path)
        program, _ = diagnose(source)
    except Exception as error:
        return {"path": str(path), "failed": [f"read: {type(error).__name__}: {error}"], "digests": {}, "counts": {}, "ms": 0}
    read = time.process_time() - began
    for target in targets:
        try:
            made = compile_program(program, source, replace(request_of(CompileOptions(target), settings)))
        except Exception as error:
            failed.append(f"{target}: {type(error).__name__}: {error}")
            continue
        digests[target] = made.digest
        steps = [n for n in made.plan.nodes if isinstance(n, StepNode)]
        helped = sum(bool(n.slice.added) for n in steps)
        counts.update(artifacts=1, steps=len(steps), gaps=len(made.gaps), helped=helped)
    spent = time.process_time() - began
    ms = {"read": read * 1000, "compile": (spent - read) * 1000 / max(1, len(targets))}
    return {"path": str(path), "failed": failed, "digests": digests, "counts": dict(counts), "ms": ms}


def totals(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Sums, and one digest over all artifacts."""
    counts: Counter[str] = Counter()
    whole = hashlib.sha256()
    failed: list[str] = []
    spent: list[float] = []
    texts = 0
    for row in rows:
        texts += 1
        counts.update(row["counts"])
        failed += [f"{row['path']}: {f}" for f in row["failed"]]
        whole.update(json.dumps(row["digests"], sort_keys=True).encode())
        spent.append(row["ms"]["compile"] if row["ms"] else 0.0)
    spent.sort()
    cpu = {"median": spent[len(spent) // 2], "p90": spent[int(len(spent) * 0.9)]} if spent else {}
    return {
        "texts": texts,
        **counts,
        "exceptions": len(failed),
        "failed": failed[:40],
        "all artifacts": whole.hexdigest(),
        "cpu_ms of passes for one target": {k: round(v, 2) for k, v in cpu.items()},
    }


def digests_here(paths: list[Path], targets: tuple[str, ...], seed: int) -> dict[str, str]:
    """`path target` -> digest, made in an order that `seed` shuffles."""
    order, names = list(paths), list(targets)
    random.Random(seed).shuffle(order)
    random.Random(seed + 1).shuffle(names)
    rows = [one(path, tuple(names)) for path in order]
    return {f"{row['path']} {target}": digest for row in rows for target, digest in row["digests"].items()}


def stable(paths: list[Path], targets: tuple[str, ...], corpus: Path, seeds: int) -> dict[str, Any]:
    """Artifacts that are the same under all hash seeds, and those that are not."""
    found = [_elsewhere(len(paths), targets, corpus, seed) for seed in range(seeds)]
    keys = sorted(set().union(*found))
    differing = [key for key in keys if len({f.get(key) for f in found}) > 1]
    return {"hash seeds": seeds, "artifacts": len(keys), "same": len(keys) - len(differing), "differing": differing[:20]}


def _elsewhere(texts: int, targets: tuple[str, ...], corpus: Path, seed: int) -> dict[str, str]:
    words = [sys.executable, "-m", "bench.compiling", "--digests", str(seed), "--limit", str(texts), "--corpus", str(corpus)]
    words += [word for target in targets for word in ("--target", target)]
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(words, capture_output=True, text=True, env=env, cwd=ROOT, check=True)
    result: dict[str, str] = json.loads(done.stdout)
    return result


def chosen(corpus: Path, limit: int | None) -> list[Path]:
    """Texts by sha256 of their path below the corpus."""
    texts = sorted(corpus.rglob("*.md"), key=lambda p: hashlib.sha256(p.relative_to(corpus).as_posix().encode()).digest())
    return texts[:limit]


def main() -> int:
    """Exit 1 when a text raised or an artifact differed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--target", action="append", help="default: every shipped profile")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--digests", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    targets = tuple(options.target or sorted(p.name for p in shipped_profiles()))
    paths = chosen(options.corpus, options.limit)
    if options.digests is not None:
        print(json.dumps(digests_here(paths, targets, options.digests), sort_keys=True))
        return 0
    if options.seeds:
        result = stable(paths, targets, options.corpus, options.seeds)
        print(json.dumps(result, indent=1))
        return int(result["same"] != result["artifacts"])
    result = totals(in_processes(partial(one, targets=targets), paths, warm_up))
    print(json.dumps(result, indent=1))
    return int(bool(result["exceptions"]))


if __name__ == "__main__":
    raise SystemExit(main())
