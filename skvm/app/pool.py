"""The same work on many skills: in this process, or on all cores where there are many."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MANY = 24
"""From this many skills on, starting processes costs less than it saves."""

SELDOM = (100_000, 50, 100)
"""Thresholds of the collector while skills are read. A program holds no cycles: hunting for them after every 700 new objects
costs a tenth of the time, on long texts a third, and finds none."""


def in_processes(
    function: Callable[[T], R], items: Sequence[T], warm_up: Callable[[], None], jobs: int | None = None
) -> Iterator[R]:
    """`function` of each item, in their order; several items go to `jobs` processes (None: one per core, where it pays).

    `warm_up` makes this process load what the work needs before others are forked from it.
    """
    if not items:
        return
    with _settled(warm_up):
        workers = min(jobs or os.cpu_count() or 1, len(items))
        if workers < 2 or (len(items) < MANY and jobs is None):
            yield from map(function, items)
        else:
            yield from _forked(function, items, workers)


def _forked(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("fork" if sys.platform == "linux" else "spawn")
    chunk = max(1, min(16, len(items) // (workers * 4)))
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(function, items, chunksize=chunk)


@contextmanager
def _settled(warm_up: Callable[[], None]) -> Iterator[None]:
    """Load grammars and lexicons once, before processes part, and have the collector leave them alone."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        warm_up()
        gc.freeze()
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
