"""`python -m bench.wrong`: valid and mutated requests against what the real pipeline solidified of every example skill."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench.skillruns import find_skill, lacking
from bench.wrong.boxed import Boxed, boxed
from bench.wrong.chunks import code_digest, pieces, run
from bench.wrong.documents import WORLDS
from bench.wrong.generated import pipeline, solution, world_of
from bench.wrong.learning import Pipeline, promoted
from bench.wrong.mined import program
from bench.wrong.subjects import mined_piece, skill_piece, trial_by, trial_of
from bench.wrong.tally import Verdicts
from bench.wrong.told import as_row, mined_text, text
from bench.wrong.worlds import World
from skvm.ir import digest_json

PIECE = 500
"""Requests of one piece."""


def main() -> int:
    """Measure; exit code 1 when anything was executed wrongly."""
    parser = argparse.ArgumentParser(prog="python -m bench.wrong", description=__doc__)
    parser.add_argument("skills", nargs="*", help="example skills; all when none is named")
    parser.add_argument("--requests", type=int, default=10_000, help="requests per skill or program, half of them mutated")
    parser.add_argument("--learn", type=int, default=100, help="runs of the real pipeline to learn from")
    parser.add_argument("--mined", type=int, default=0, metavar="N", help="instead, N programs over generated tools")
    parser.add_argument("--thresholds", action="store_true", help="of --mined: programs that turn at a rare number")
    parser.add_argument(
        "--sandboxed", type=int, default=0, metavar="N", help="instead, N requests of each through the real sandbox"
    )
    parser.add_argument("--accept", action="store_true", help="a person accepts what acts outside of the work folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, help="begin no piece of a skill after that many; the same command goes on")
    parser.add_argument("--home", type=Path, help="keep state and pieces here, learn no more and do no piece again")
    parser.add_argument("--why", action="store_true", help="also why valid requests were not served")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skvm-wrong-") as made:
        args.home = args.home or Path(made)
        rows = [one(name, args) for name in args.skills or (() if args.mined else WORLDS)]
        if args.mined:
            rows += generated(args) if args.sandboxed else [mined(args)]
    if args.format == "json":
        print(json.dumps({"items": rows}, indent=1))
    return int(any(row["wrong"] for row in rows))


def one(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Learn and try one skill."""
    began, home = time.process_time(), args.home / name
    gone = lacking(find_skill(name))
    if gone:
        print(f"{name}: left out, {gone}", file=sys.stderr)
        return {"skill": name, "wrong": 0, "left out": gone}
    pipe = Pipeline(name, home)
    records, _ = pipe.known()
    if not records:
        learn(pipe, WORLDS[name], args)
    accepted = pipe.accept() if args.accept else []
    records, _ = pipe.known()
    if args.sandboxed:
        found = boxed(trial_of(name, home), pipe, args.sandboxed, args.seed)
        print(found.text(name), flush=True)
        return found.as_row(name)
    codes = {r.step_id: promoted(r) for r in records}
    key = digest_json([code_digest(), [[c.model_dump(mode="json") for c in row] for _, row in sorted(codes.items())]])
    verdicts = Verdicts()
    work = pieces(name, args.requests, args.seed, PIECE)
    for _, found_ in run(work, key, home, args.jobs, partial(skill_piece, home), args.seconds):
        verdicts.add(found_)
    row = as_row(name, verdicts, {n: len(c) for n, c in codes.items()}) | {"accepted": accepted}
    if args.format == "text":
        print(text(row, verdicts, args.why, time.process_time() - began), flush=True)
        print(f"  accepted by a person: {', '.join(accepted)}", flush=True) if accepted else None
    return row


def generated(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Programs over generated tools as skills, in the sandbox."""
    rows, total = [], Boxed()
    for number in range(args.mined):
        made = program(number, args.seed, args.thresholds)
        pipe, world = pipeline(made, args.home / "generated" / str(number)), world_of(made)
        if not pipe.known()[0]:
            learn(pipe, world, args)
        found = boxed(trial_by(pipe, solution(made), world), pipe, args.sandboxed, args.seed)
        print(found.text(pipe.name), flush=True)
        rows.append(found.as_row(pipe.name))
        total.add(found)
    print(total.text(f"{args.mined} generated programs"), flush=True)
    return rows


def learn(pipe: Pipeline, world: World, args: argparse.Namespace) -> None:
    """Runs of the real pipeline."""
    for number, _ in enumerate(pipe.learn(world, args.learn, args.seed), 1):
        print(f"{pipe.name}: learned from {number} of {args.learn} runs", file=sys.stderr) if number % 25 == 0 else None


def mined(args: argparse.Namespace) -> dict[str, Any]:
    """Programs over generated tools, `--requests` for each; those of which nothing was promoted are counted apart."""
    began, total = time.process_time(), Verdicts()
    work = [piece for n in range(args.mined) for piece in pieces(f"program {n}", args.requests, args.seed, 10_000)]
    key = digest_json([code_digest(), args.learn, args.thresholds])
    for _, found in run(
        work, key, args.home / "mined", args.jobs, partial(mined_piece, args.learn, args.thresholds), args.seconds
    ):
        total.add(found)
    row = {**as_row("mined", total, {}), "programs": args.mined, "learned": len(total.steps)}
    if args.format == "text":
        print(mined_text(row, total, time.process_time() - began), flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
