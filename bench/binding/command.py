"""`python -m bench binding`: regret against the judges, and CPU per step where steps are uncoupled."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any

from bench.binding.judges import exhaustive, integer_program
from bench.binding.tables import coupled, uncoupled
from skvm.compile.binding import Table, solve

TIE = 1e-6
"""Relative difference of costs that the judges' own tolerances explain."""

UNCOUPLED_STEPS = 200
REPEATS = 20


def add_to(subs: Any) -> argparse.ArgumentParser:
    """The command's arguments."""
    parser: argparse.ArgumentParser = subs.add_parser("binding", help="is the cheapest assignment the cheapest?")
    parser.set_defaults(function=run)
    parser.add_argument("--tables", type=int, default=1000, help="random tables per judge")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit 1 when one answer was not the cheapest."""
    rows = [
        regret("everything tried, up to 6 x 4", exhaustive, (6, 4), args.tables, args.seed),
        regret("integer program (HiGHS), up to 12 x 8", integer_program, (12, 8), args.tables, args.seed),
    ]
    speed = per_step(args.seed)
    if args.format == "json":
        print(json.dumps({"judges": rows, "microseconds_per_uncoupled_step": speed}, indent=1))
    else:
        print("\n".join(map(line, rows)))
        print(f"uncoupled steps: {speed:.1f} us of CPU a step ({UNCOUPLED_STEPS} steps x 8 models)")
    return 1 if any(row["wrong"] or row["not_proved"] for row in rows) else 0


def regret(name: str, judge: Callable[[Table], float | None], most: tuple[int, int], tables: int, first: int) -> dict[str, Any]:
    """How often our answer differed from the judge's, over tables of up to `most` steps and models."""
    row: dict[str, Any] = {"judge": name, "tables": tables, "wrong": 0, "not_proved": 0, "without_choice": 0}
    ours = theirs = longest = 0.0
    for seed in range(first, first + tables):
        random = Random(seed)
        table = coupled(random, random.randint(1, most[0]), random.randint(1, most[1]))
        begin = process_time()
        found = solve(table)
        middle = process_time()
        right = judge(table)
        theirs += process_time() - middle
        ours += middle - begin
        longest = max(longest, middle - begin)
        row["without_choice"] += right is None
        row["not_proved"] += found is not None and not found.proved
        same = right is None if found is None else right is not None and abs(found.cost - right) <= TIE * right
        row["wrong"] += not same
        print(f"\r{name}: {seed - first + 1} of {tables}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {**row, "cpu_ours": round(ours, 2), "cpu_judge": round(theirs, 2), "cpu_longest": round(longest, 3)}


def per_step(seed: int) -> float:
    """Microseconds of CPU a step, least of several repeats."""
    table = uncoupled(Random(seed), UNCOUPLED_STEPS, 8)
    best = float("inf")
    for _ in range(REPEATS):
        begin = process_time()
        solve(table)
        best = min(best, process_time() - begin)
    return best / UNCOUPLED_STEPS * 1e6


def line(row: dict[str, Any]) -> str:
    """One judge's row as text."""
    return (
        f"{row['judge']}: {row['wrong']} of {row['tables']} answers differ, {row['not_proved']} not proved, "
        f"{row['without_choice']} tables have no choice; CPU {row['cpu_ours']} s (longest {row['cpu_longest']} s), "
        f"judge {row['cpu_judge']} s"
    )
