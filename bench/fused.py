"""`python -m bench.fused [SKILL]`: what reading the records of a run of solidified steps beside its first calls saves.

Learns a skill with the real pipeline, then makes the same requests in turn with and without reading ahead, each with a book of
its own, as each `skvm run` has one. Requests that a model had to do a part of are left out. CPU of the thread that runs the
steps is what stands between them; wall is of the whole run, sandbox included, and of a loaded machine says little.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from bench.wrong.documents import WORLDS
from bench.wrong.learning import Pipeline, Request, draw
from skvm.jit import Book
from skvm.ports import Offer, Refusal, StepContext

LEARNED, SEED = 60, 1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fused", description=__doc__)
    parser.add_argument("skill", nargs="?", default="sales-report", choices=sorted(WORLDS))
    parser.add_argument("--requests", type=int, default=40, help="requests that are served as a whole, each made both ways")
    parser.add_argument("--home", type=Path, help="keep what was learned here, and learn no more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skvm-fused-") as made:
        home = args.home or Path(made)
        pipe, world = Pipeline(args.skill, home), WORLDS[args.skill]
        if not pipe.known()[0]:
            for _ in pipe.learn(world, LEARNED, SEED):
                pass
        rows = measured(pipe, args.requests)
    print(f"{args.skill}: {len(rows['apart']['wall'])} requests both ways, load {os.getloadavg()[0]:.1f}, 1 model: simulated")
    for name in rows["apart"]:
        cells = [f"{way} {statistics.median(rows[way][name]):8.2f}" for way in rows]
        saved = [a - b for a, b in zip(rows["apart"][name], rows["fused"][name], strict=True)]
        print(f"  {name:<44} ms  {'  '.join(cells)}  saved {statistics.median(saved):6.2f}")
    return 0


def measured(pipe: Pipeline, requests: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each request, both ways, in turn, the order changing."""
    rng = random.Random(SEED + 1)
    rows: dict[str, dict[str, list[float]]] = {way: {} for way in ("apart", "fused")}
    for number in range(4 * requests):
        request = draw(WORLDS[pipe.name], rng)
        ways = ["apart", "fused"][:: 1 if number % 2 else -1]
        found = {way: once(pipe, request, 10_000 + number, way == "fused") for way in ways}
        if all(row is not None for row in found.values()):
            for way, row in found.items():
                for name, value in (row or {}).items():
                    rows[way].setdefault(name, []).append(value)
        if len(rows["apart"].get("wall", ())) == requests:
            break
    return rows


def once(pipe: Pipeline, request: Request, seed: int, fused: bool) -> dict[str, float] | None:
    """One run; None where a model had to do a part of it."""
    spent: list[float] = []
    lookup, ahead = Book.lookup, Book.ahead

    def timed(book: Book, context: StepContext) -> Offer | Refusal | None:
        began = time.thread_time()
        try:
            return lookup(book, context)
        finally:
            spent.append(1000 * (time.thread_time() - began))

    reads: Callable[[Book, tuple[str, ...]], None] = ahead if fused else lambda book, keys: None
    with patch.object(Book, "lookup", timed), patch.object(Book, "ahead", reads):
        began = time.perf_counter()
        outcome = pipe.run(WORLDS[pipe.name], request, seed)
        wall = 1000 * (time.perf_counter() - began)
    if outcome.status != "done" or any(row.executor != "solid" for row in outcome.steps):
        return None
    return {"look-ups of the steps behind the first (CPU)": sum(spent[1:]), "all look-ups (CPU)": sum(spent), "wall": wall}


if __name__ == "__main__":
    sys.exit(main())
