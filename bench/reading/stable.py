"""Law 3: the same program digest under ten hash seeds, any order of files and of skills, and on several Pythons."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.reading.common import Options, share, show_share, texts
from bench.skillruns import SKILLS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 10
TEXTS = 300


def measure(options: Options) -> dict[str, Any]:
    """Digests of `TEXTS` corpus texts and of the example folders, compared with those of hash seed 0."""
    began = _spent()
    paths = [str(p) for p in texts(options, TEXTS)]
    base = digests(Path(sys.executable), paths + folders(), hash_seed=0)
    differing: dict[str, list[str]] = {}
    runs = []
    for seed in range(1, SEEDS):
        runs.append(_against(base, Path(sys.executable), paths + folders(), seed, f"hash seed {seed}, shuffled", differing))
    with tempfile.TemporaryDirectory(prefix="skvm-bench-") as made:
        moved = [_moved(Path(folder), Path(made)) for folder in folders()]
        runs.append(_against(_renamed(base, moved), Path(sys.executable), moved, 10, "folders copied elsewhere", differing))
    for python in options.pythons:
        runs.append(_against(base, python, paths + folders(), 3, "", differing))
    return {
        "texts": len(paths),
        "folders": len(folders()),
        "cpu_seconds": round(_spent() - began, 1),
        "exceptions": sorted(path for path, digest in base["digests"].items() if not digest.startswith("sha256:")),
        "python": base["python"],
        "runs": runs,
        "differing": dict(sorted(differing.items())),
    }


def folders() -> list[str]:
    """The example skills: folders with scripts and references, where the order of files could matter."""
    return sorted(str(p.parent) for p in SKILLS.glob("*/SKILL.md"))


def digests(python: Path, paths: list[str], hash_seed: int, shuffle: int | None = None) -> dict[str, Any]:
    """Program digests as another process sees them; with `shuffle` in another order of skills and directory entries."""
    order = list(paths)
    words = [str(python), "-m", "bench.reading.digests"]
    if shuffle is not None:
        random.Random(shuffle).shuffle(order)
        words += ["--shuffle", str(shuffle)]
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(words, input="\n".join(order), capture_output=True, text=True, env=env, cwd=ROOT, check=False)
    if done.returncode:
        return {"python": str(python), "digests": {}, "error": done.stderr.strip().splitlines()[-1:]}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _against(
    base: dict[str, Any], python: Path, paths: list[str], seed: int, label: str, differing: dict[str, list[str]]
) -> dict[str, Any]:
    found = digests(python, paths, hash_seed=seed, shuffle=seed)
    name = label or f"Python {found['python']}"
    equal = 0
    for path in paths:
        wanted = base["digests"].get(path)
        if wanted is not None and wanted == found["digests"].get(path):
            equal += 1
        else:
            differing.setdefault(path, []).append(name)
    return {"run": name, **share(equal, len(paths)), **({"error": found["error"]} if "error" in found else {})}


def _moved(folder: Path, to: Path) -> str:
    """A copy whose files were made in the reverse order."""
    copy = to / folder.name
    for path in sorted((p for p in folder.rglob("*") if p.is_file()), reverse=True):
        target = copy / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return str(copy)


def _renamed(base: dict[str, Any], moved: list[str]) -> dict[str, Any]:
    known = {Path(path).name: digest for path, digest in base["digests"].items() if path in folders()}
    return {"python": base["python"], "digests": {path: known.get(Path(path).name) for path in moved}}


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    lines = [
        f"CPU {result['cpu_seconds']} s in child processes",
        f"{result['texts']} texts and {result['folders']} folders against Python {result['python']}, hash seed 0, given order; "
        f"{len(result['exceptions'])} exceptions",
    ]
    for row in result["runs"]:
        lines.append(f"  {row['run']:<28} equal {show_share(row)}" + (f"  ERROR {row['error']}" if "error" in row else ""))
    return lines + [f"DIFFERS {path}: {', '.join(names)}" for path, names in list(result["differing"].items())[:40]]
