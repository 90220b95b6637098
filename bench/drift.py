"""`python -m bench.drift`: a simulated model loses an ability in mid-stream; what is noticed, mended, and never made worse.

Every figure is SIMULATED. The statistics, records, requests and compilations are those of the product; where a run itself would
be too dear its outcome is drawn, per step and required primitive, from the same profile that a simulated model draws from.

`stream`  500 tasks of an example skill; after 150 of them the model loses a primitive. Beside it raw mode with common
          random numbers: one number per task, step and primitive, whoever does the step.
`same`    200 trials without a change: pairs differ in 27 % by chance. Error stated beforehand: 0.01.
`power`   200 trials in which the model lost 20 points of success.
`doubt`   promoted code checked by a model that strays: right code left alone, wrong code demoted.
`runs`    the same through real runs of an example skill: plan, sandbox, scripts, journal, store and checks are real.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bench.drifting import doubts, pairs, real, streams
from skvm.diag import SkvmError

PARTS = ("stream", "same", "power", "doubt", "runs")


def main(words: list[str] | None = None) -> int:
    """Exit 0; 1 when a bar is missed; else the code of the error."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.drift", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--streams", type=int, default=20, help="streams of 500 tasks")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--runs", type=int, default=90, help="most real runs of a stream")
    parser.add_argument("--real", type=int, default=3, help="streams of real runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args(words)
    made: dict[str, Any] = {"simulated": True}
    try:
        for part in args.part or PARTS:
            made[part] = _part(part, args)
            if args.format == "text":
                print(made[part]["text"], flush=True)
    except SkvmError as error:
        print(f"error: {error.line()}", file=sys.stderr)
        return error.exit_code
    if args.format == "json":
        print(json.dumps(made, indent=1))
    return 0 if all(row["held"] for row in made.values() if isinstance(row, dict)) else 1


def _part(part: str, args: argparse.Namespace) -> dict[str, Any]:
    if part == "stream":
        return streams.measure(args.streams, args.seed)
    if part == "doubt":
        return doubts.measure(args.trials, args.seed)
    if part == "runs":
        return real.measure(args.runs, args.real, args.seed)
    return pairs.same(args.trials, args.seed) if part == "same" else pairs.power(args.trials, args.seed)


if __name__ == "__main__":
    raise SystemExit(main())
