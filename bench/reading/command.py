"""`python -m bench reading`: options and output."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from bench.reading import PARTS
from bench.reading.common import Options
from skvm.diag import UsageError


def add_to(subs: Any) -> argparse.ArgumentParser:
    """Add the sub-command."""
    reading: argparse.ArgumentParser = subs.add_parser("reading", help="measure the front end on the corpus and on stress")
    reading.set_defaults(function=run)
    defaults = Options()
    reading.add_argument("--part", action="append", choices=PARTS, help="only this part (repeatable; default: all)")
    reading.add_argument("--corpus", type=Path, default=defaults.corpus)
    reading.add_argument("--gold", type=Path, default=defaults.gold)
    reading.add_argument("--limit", type=int, help="read N texts only")
    reading.add_argument("--jobs", type=int, help="processes (default: one per core)")
    reading.add_argument("--python", type=Path, action="append", default=[], help="stable: another interpreter (repeatable)")
    reading.add_argument("--shape", action="append", default=[], help="mutated: only shapes whose name contains this")
    reading.add_argument("--patience", type=int, default=120, help="mutated: CPU seconds for one shape")
    reading.add_argument("--sample", type=int, default=0, help="findings to print, to be read by hand (declared: of each kind)")
    reading.add_argument("--seed", type=int, default=1, help="declared: seed of the sample")
    reading.add_argument("--profile", action="store_true", help="speed: the functions with most own time")
    return reading


def run(args: argparse.Namespace) -> int:
    """Exit 1 when a text raised, was not rebuilt, or gave two digests; figures below their bar are no failure."""
    if not args.corpus.is_dir():
        raise UsageError("there is no corpus", where=str(args.corpus), help="name its folder with --corpus")
    options = Options(
        corpus=args.corpus,
        gold=args.gold,
        limit=args.limit,
        jobs=args.jobs,
        pythons=tuple(args.python),
        sample=args.sample,
        seed=args.seed,
        profile=args.profile,
        shapes=tuple(args.shape),
        patience=args.patience,
    )
    results: dict[str, Any] = {}
    for name in args.part or PARTS:
        print(f"measuring {name}", file=sys.stderr)
        part = importlib.import_module(f"bench.reading.{name}")
        results[name] = part.measure(options)
        if args.format == "text":
            print("\n".join([f"== {name}", *part.text(results[name]), ""]), flush=True)
    if args.format == "json":
        print(json.dumps(results, indent=1))
    return 1 if any(broken(result) for result in results.values()) else 0


def broken(result: dict[str, Any]) -> bool:
    """Does a result hold something that no text may cause?"""
    return any(result.get(key) for key in ("exceptions", "failed", "not_exact", "verifier", "refused", "differing"))
