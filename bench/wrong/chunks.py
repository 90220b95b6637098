"""Long trials in pieces: several processes, kept results, and on from there after a stop.

A piece is some requests of one skill, or of one generated program, with a seed of its own. What came of it is kept beside the
state of the skill under the digest of everything that it depends on, so a piece that is there need not be done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from bench.wrong.tally import Verdicts

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("bench/wrong", "bench/solutions", "bench/skills", "skvm/jit", "skvm/plan")


@dataclass(frozen=True)
class Piece:
    """Requests of one subject (a skill, a generated program): `count` of them from `seed` on."""

    subject: str
    number: int
    count: int
    seed: int


def code_digest() -> str:
    """Digest of the sources that decide what comes of a request."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".md", ".json") and path.is_file():
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def pieces(subject: str, requests: int, seed: int, size: int) -> list[Piece]:
    """All pieces of a subject."""
    return [Piece(subject, n, min(size, requests - n * size), seed) for n in range((requests + size - 1) // size)]


def run(
    work: Sequence[Piece], key: str, kept: Path, jobs: int, do: Callable[[Piece], Verdicts], seconds: float | None = None
) -> Iterator[tuple[Piece, Verdicts]]:
    """What came of each piece, as they end; those that were kept first. `seconds`: no new piece after that many."""
    began, left = time.monotonic(), []
    for piece in work:
        place = _place(kept, key, piece)
        if place.is_file():
            yield piece, Verdicts.read(json.loads(place.read_text(encoding="utf-8")))
        else:
            left.append(piece)
    done = len(work) - len(left)
    if jobs == 1:
        for piece in left:
            if seconds is not None and time.monotonic() - began > seconds:
                return
            yield piece, _keep(_place(kept, key, piece), do(piece))
            done += 1
            _say(piece.subject, done, len(work), began)
        return
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(do, piece): piece for piece in left}
        for future in as_completed(futures):
            piece = futures[future]
            if future.cancelled():
                continue
            yield piece, _keep(_place(kept, key, piece), future.result())
            done += 1
            _say(piece.subject, done, len(work), began)
            if seconds is not None and time.monotonic() - began > seconds:
                pool.shutdown(wait=False, cancel_futures=True)


def _place(kept: Path, key: str, piece: Piece) -> Path:
    body = json.dumps([key, piece.subject, piece.number, piece.count, piece.seed])
    return kept / "pieces" / f"{hashlib.sha256(body.encode()).hexdigest()[:32]}.json"


def _keep(place: Path, verdicts: Verdicts) -> Verdicts:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False, encoding="utf-8") as file:
        json.dump(verdicts.as_json(), file)
    os.replace(file.name, place)
    return verdicts


def _say(subject: str, done: int, total: int, began: float) -> None:
    print(f"{subject}: {done} of {total} pieces, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
