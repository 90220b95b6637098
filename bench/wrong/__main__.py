"""`python -m bench.wrong`: valid and mutated requests against what the real pipeline solidified of every example skill."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.skillruns import SKILLS, SOLUTIONS
from bench.wrong.judging import SERVED, Tally, Trial, Verdicts
from bench.wrong.learning import Pipeline, promoted
from bench.wrong.machine import Machine
from bench.wrong.mined import trials
from bench.wrong.scene import Scene
from bench.wrong.worlds import WORLDS
from skvm.adapters.simulation.oracle import load_solution


def main() -> int:
    """Measure; exit code 1 when anything was executed wrongly."""
    parser = argparse.ArgumentParser(prog="python -m bench.wrong", description=__doc__)
    parser.add_argument("skills", nargs="*", help="example skills; all when none is named")
    parser.add_argument("--requests", type=int, default=10_000, help="requests per skill, half of them mutated")
    parser.add_argument("--learn", type=int, default=40, help="runs of the real pipeline to learn from")
    parser.add_argument("--mined", type=int, default=0, metavar="N", help="instead, N programs over generated tools")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the state of each skill here, and learn no more where there is some")
    parser.add_argument("--why", action="store_true", help="also why valid requests were not served")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    rows = [one(name, args) for name in args.skills or (() if args.mined else WORLDS)]
    rows += [mined(args)] if args.mined else []
    if args.format == "json":
        print(json.dumps({"items": rows}, indent=1))
    return int(any(row["wrong"] for row in rows))


def one(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Learn and try one skill."""
    made = Path(tempfile.mkdtemp(prefix="skvm-wrong-"))
    began = time.process_time()
    try:
        home = args.home / name if args.home else made / "home"
        pipe = Pipeline(name, home)
        records, guards = pipe.known()
        if not records:
            for _ in pipe.learn(WORLDS[name], args.learn, args.seed):
                pass
            records, guards = pipe.known()
        machine = Machine(SKILLS / name, made / "work", dict(WORLDS[name].env))
        scene = Scene(pipe.artifact, load_solution(SOLUTIONS / f"{name}.py"), machine, guards)
        trial = Trial(scene, WORLDS[name], {r.step_key: promoted(r) for r in records})
        verdicts = trial.run(args.requests, args.seed)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    row = as_row(name, verdicts, {n: len(c) for n, c in _codes(records).items()})
    if args.format == "text":
        print(text(row, verdicts, args.why, time.process_time() - began), flush=True)
    return row


def mined(args: argparse.Namespace) -> dict[str, Any]:
    """Programs over generated tools, `--requests` for each; those of which nothing was promoted are counted apart."""
    began, total, learned = time.process_time(), Tally(), 0
    for _, known, verdicts in trials(args.mined, args.requests, args.learn, args.seed):
        learned += known
        if known:
            tally = verdicts.of("mined")
            total.proper += tally.proper
            total.spoilt += tally.spoilt
            total.wrong += tally.wrong
    judged = sum(total.proper.values()) + sum(total.spoilt.values())
    row = {
        "skill": "mined",
        "programs": args.mined,
        "learned": learned,
        "valid": dict(total.proper),
        "mutated": dict(total.spoilt),
    }
    row |= {"judged": judged, "wrong": len(total.wrong), "bound": bound(judged)}
    if args.format == "text":
        share = total.proper[SERVED] / max(1, sum(total.proper.values()))
        print(
            f"mined: {learned} of {args.mined} programs learned; wrong {row['wrong']} of {judged} "
            f"(95 % bound {row['bound']:.2e}); of valid ones {share:.1%} served; {_counts(total)}; "
            f"{time.process_time() - began:.0f} s CPU",
            *(f"  WRONG {line[:600]}" for line in total.wrong[:5]),
            sep="\n",
            flush=True,
        )
    return row


def _codes(records: list[Any]) -> dict[str, list[Any]]:
    return {r.step_id: promoted(r) for r in records}


def bound(count: int) -> float:
    """Upper 95 % bound of a rate of which 0 of `count` trials were seen."""
    return 1.0 - 0.05 ** (1.0 / count) if count else 1.0


def as_row(name: str, verdicts: Verdicts, codes: dict[str, int]) -> dict[str, Any]:
    """Figures of one skill."""
    steps = {
        s: {"codes": codes.get(s, 0), "valid": dict(t.proper), "mutated": dict(t.spoilt)} for s, t in verdicts.steps.items()
    }
    valid = sum(sum(t.proper.values()) for t in verdicts.steps.values())
    judged = valid + sum(sum(t.spoilt.values()) for t in verdicts.steps.values())
    served = sum(t.proper[SERVED] for t in verdicts.steps.values())
    return {
        "skill": name,
        "steps": steps,
        "valid_steps": valid,
        "served": served,
        "judged": judged,
        "whole": verdicts.requests[SERVED],
        "requests": sum(verdicts.requests.values()),
        "wrong": len(verdicts.wrong),
        "bound": bound(judged),
    }


def text(row: dict[str, Any], verdicts: Verdicts, why: bool, seconds: float) -> str:
    """The figures for people."""
    share = row["served"] / max(1, row["valid_steps"])
    lines = [
        f"{row['skill']}: wrong {row['wrong']} of {row['judged']} judged steps (95 % bound {row['bound']:.2e}); of valid ones "
        f"{share:.1%} served ({row['served']} of {row['valid_steps']}), whole requests {row['whole']} of {row['requests']}; "
        f"{seconds:.0f} s CPU"
    ]
    for step, tally in verdicts.steps.items():
        lines.append(f"  {step}: {_counts(tally)}, {row['steps'][step]['codes']} codes")
        lines += [f"      {count:>5} {reason}" for reason, count in tally.why.most_common(6)] if why else []
    lines += [f"  WRONG {line[:600]}" for line in verdicts.wrong[:5]]
    return "\n".join(lines)


def _counts(tally: Tally) -> str:
    valid = ", ".join(f"{n} {c}" for c, n in sorted(tally.proper.items()))
    other = ", ".join(f"{n} {c}" for c, n in sorted(tally.spoilt.items()))
    return f"valid {valid or 'none'}; mutated {other or 'none'}"


if __name__ == "__main__":
    sys.exit(main())
