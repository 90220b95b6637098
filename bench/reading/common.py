"""What the parts share: the corpus as sources, CPU time, intervals, forked children."""

from __future__ import annotations

import gc
import hashlib
import json
import math
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from bench import corpus as corpus_bench
from skvm.source import SkillSource, SourceFile, load_skill, skill_from_bytes

T = TypeVar("T")

SHARED = corpus_bench.CORPUS.parent.parent


@dataclass(frozen=True)
class Options:
    """What every part may ask: where the texts lie, how many to read, and the options of single parts."""

    corpus: Path = corpus_bench.CORPUS
    gold: Path = SHARED / "gold"
    limit: int | None = None
    jobs: int | None = None
    pythons: tuple[Path, ...] = ()
    sample: int = 0
    seed: int = 1
    profile: bool = False
    shapes: tuple[str, ...] = ()
    patience: int = 120


def texts(options: Options, default: int | None = None) -> list[Path]:
    """The texts to read: all by path, or the first N by sha256 of the path, so that a part of the corpus is a fair one."""
    found = corpus_bench.paths(options.corpus)
    limit = options.limit if options.limit is not None else default
    if limit is None or limit >= len(found):
        return found
    return [options.corpus / name for name in by_digest(options.corpus, found)[:limit]]


def by_digest(corpus: Path, found: Iterable[Path]) -> list[str]:
    """Paths below the corpus in the order of the sha256 of their names."""
    names = [p.relative_to(corpus).as_posix() for p in found]
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def bundles(options: Options) -> dict[str, list[tuple[str, int]]]:
    """Names and sizes (0 where none is recorded) of the files that lay beside each text, by its path below the corpus."""
    table = options.corpus / "bundles.jsonl"
    rows = (json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()) if table.is_file() else ()
    return {row["path"]: [(name, size or 0) for name, size in row["files"]] for row in rows}


def with_bundle(path: Path, files: list[tuple[str, int]]) -> SkillSource:
    """A text together with the names (not the contents) of the files beside it."""
    bundle = sorted((SourceFile(name, size, "") for name, size in files), key=lambda f: f.path)
    return SkillSource(path.stem, None, load_skill(path).main, tuple(bundle))


def lone(raw: bytes, path: Path) -> SkillSource:
    """The text of a corpus file, or a changed one, as a skill of its name without a bundle."""
    return skill_from_bytes(raw, path.stem)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927, JASA 22:209); (0, 1) when nothing was counted."""
    if n == 0:
        return (0.0, 1.0)
    share, square = hits / n, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return (max(0.0, middle - half), min(1.0, middle + half))


def share(hits: int, n: int) -> dict[str, Any]:
    """A share as counts, value and interval."""
    low, high = wilson(hits, n)
    return {"hits": hits, "n": n, "share": round(hits / n, 4) if n else None, "interval": [round(low, 4), round(high, 4)]}


def show_share(row: dict[str, Any]) -> str:
    """`12 of 13 = 92.3 % (66.7-98.6)`."""
    if not row["n"]:
        return "0 of 0"
    low, high = row["interval"]
    return f"{row['hits']} of {row['n']} = {100 * row['share']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def spread(values: list[float], digits: int = 2) -> dict[str, float]:
    """Mean, median, 90th and 99th percentile, maximum."""
    if not values:
        return {}
    ordered = sorted(values)
    at = {"median": 0.5, "p90": 0.9, "p99": 0.99}
    row = {name: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], digits) for name, part in at.items()}
    return {"mean": round(sum(ordered) / len(ordered), digits), **row, "max": round(ordered[-1], digits)}


def timed(work: Callable[[], T], repeats: int = 3, enough: float = 4.0) -> tuple[float, T]:
    """Least CPU seconds of this process over some repeats, and what the last one gave; no further repeat once `enough` seconds
    were spent.

    The garbage collector runs before each repeat and is on during it, as rarely as it is for users (`warm`).
    """
    best, spent = math.inf, 0.0
    for _ in range(repeats):
        gc.collect()
        began = time.process_time()
        result = work()
        took = time.process_time() - began
        best, spent = min(best, took), spent + took
        if spent > enough:
            break
    return best, result


def cpu(work: Callable[[], Any], repeats: int = 3, enough: float = 4.0) -> float:
    """Least CPU seconds of `timed`."""
    return timed(work, repeats, enough)[0]


def spread_out(work: Callable[[Any], Any], items: list[Any], jobs: int | None = None) -> Iterator[Any]:
    """`work` over items in order, on one process per core."""
    workers = max(1, min(jobs or os.cpu_count() or 1, len(items) or 1))
    if workers == 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(work, items, chunksize=8)


def in_child(work: Callable[[], dict[str, Any]], seconds: float = 300.0) -> dict[str, Any]:
    """The result of `work` in a forked child, so that a crash or an endless run is a finding and not the end.

    `seconds` bounds its CPU (in whole seconds), whatever else the machine does, and ten times as many its wall.
    """
    context = get_context("fork")
    here, there = context.Pipe(duplex=False)

    def bounded() -> None:
        whole = math.ceil(seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
        there.send(work())

    child = context.Process(target=bounded)
    child.start()
    there.close()
    endless = f"no end after {seconds:g} s of CPU"
    try:
        result: dict[str, Any] = here.recv() if here.poll(10 * seconds) else {"exception": endless}
    except EOFError:
        child.join()
        ran_out = child.exitcode == -signal.SIGXCPU
        result = {"exception": endless if ran_out else f"the process died with code {child.exitcode}"}
    if child.is_alive():
        child.kill()
    child.join()
    return result


def warm() -> None:
    """Load grammars and tables before anything is timed, and set the collector as `skvm` sets it."""
    from skvm.app.pool import SELDOM
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    raw = b"---\nname: warm\ndescription: Use when warming up.\n---\n# Steps\n\n1. Run `ls a.txt`.\n2. If it is empty, stop.\n"
    source = skill_from_bytes(raw)
    analyse(parse_skill(source).program, source)
    gc.set_threshold(*SELDOM)
    gc.freeze()
