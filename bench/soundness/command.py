"""`python -m bench soundness`: random programs, the same with a broken compiler, annotated skills, the corpus."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from bench.corpus import CORPUS
from bench.reading.common import spread_out, warm
from bench.soundness import real
from bench.soundness.broken import WAYS, broken
from bench.soundness.compiled import compiled
from bench.soundness.interpreter import at_random, in_order, runs_of, violations
from bench.soundness.programs import program
from skvm.source import skill_from_bytes

INTERLEAVINGS = 3
KINDS = ("batch", "task", "branch", "loop", "map", "gate")
GOLD = CORPUS.parent.parent / "gold"


def add_to(subs: Any) -> argparse.ArgumentParser:
    """The command's arguments."""
    parser: argparse.ArgumentParser = subs.add_parser("soundness", help="does nothing overlap that must not?")
    parser.set_defaults(function=run)
    parser.add_argument("--part", choices=tuple(PARTS), default="random")
    parser.add_argument(
        "--programs", type=int, default=10_000, help="random programs; with --part broken the most for each way"
    )
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--gold", type=Path, default=GOLD)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--limit", type=int, help="only the first N texts of the corpus")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit 1 when something may overlap that must not, or when the judge misses a broken compiler."""
    measure, words, failed = PARTS[args.part]
    result = measure(args)
    print(json.dumps(result, indent=1) if args.format == "json" else "\n".join(words(result)))
    return 1 if failed(result) else 0


def judged(seed: int) -> dict[str, Any]:
    """One random program: what its plan holds, the pairs that wrongly may overlap, and the runs that ended otherwise."""
    made = program(seed)
    raw, starts = made.text()
    artifact = compiled(skill_from_bytes(raw, "made"))
    runs = runs_of(artifact.plan, starts)
    right = in_order(made, runs)
    other = sum(at_random(made, runs, Random(seed * INTERLEAVINGS + n)) != right for n in range(INTERLEAVINGS))
    kinds = {n.kind for n in artifact.plan.nodes} & set(KINDS)
    free = bool(artifact.plan.parallel) or any(n.kind == "map" and n.parallel for n in artifact.plan.nodes)
    return {"seed": seed, "free": free, "kinds": sorted(kinds), "violations": list(violations(made, runs)), "other": other}


def _random(args: argparse.Namespace) -> dict[str, Any]:
    warm()
    rows = list(spread_out(judged, list(range(args.seed, args.seed + args.programs)), args.jobs))
    bad = [row for row in rows if row["violations"] or row["other"]]
    return {
        "programs": len(rows),
        "with_overlap": sum(row["free"] for row in rows),
        "kinds": dict(sorted(Counter(kind for row in rows for kind in row["kinds"]).items())),
        "interleavings": len(rows) * INTERLEAVINGS,
        "violations": sum(len(row["violations"]) for row in rows),
        "other_results": sum(row["other"] for row in rows),
        "found": bad[:20],
    }


def _random_text(result: dict[str, Any]) -> list[str]:
    kinds = ", ".join(f"{count} with a {kind}" for kind, count in result["kinds"].items())
    lines = [
        f"{result['programs']} random programs ({kinds}); in {result['with_overlap']} something may overlap",
        f"{result['violations']} conflicting pairs may overlap; {result['other_results']} of {result['interleavings']} random "
        "interleavings ended otherwise than one step after the other",
    ]
    return lines + [f"  seed {row['seed']}: {'; '.join(row['violations'][:2]) or 'another result'}" for row in result["found"]]


def _broken(args: argparse.Namespace) -> dict[str, Any]:
    return {"ways": [{"way": way, **caught(way, args.seed, args.programs)} for way in WAYS]}


def caught(way: str, first: int, most: int) -> dict[str, Any]:
    """After how many programs the judge notices that the compiler is broken in this way; None when it does not."""
    with broken(way):
        for count, seed in enumerate(range(first, first + most), 1):
            row = judged(seed)
            if row["violations"] or row["other"]:
                return {"after": count, "pairs": len(row["violations"]), "other": row["other"]}
    return {"after": None, "pairs": 0, "other": 0}


def _broken_text(result: dict[str, Any]) -> list[str]:
    return [
        f"{row['way']:<12} {(WAYS[row['way']].__doc__ or '').split('.')[0]}: "
        + (f"noticed after {row['after']} programs" if row["after"] else "NOT NOTICED")
        for row in result["ways"]
    ]


def _gold_text(result: dict[str, Any]) -> list[str]:
    head = (
        f"{result['skills']} annotated skills, {result['matched']} steps matched, {result['pairs']} ordered pairs "
        f"({result['exclusive']} of them in arms that exclude each other in the plan): {result['violations']} may overlap"
    )
    return [head] + [f"  {row['path']}: {' and '.join(row['pair'])}, lines {row['lines']}" for row in result["found"]]


def _corpus_text(result: dict[str, Any]) -> list[str]:
    kinds = ", ".join(f"{count} with {kind}" for kind, count in result["kinds"].items())
    lines = [
        f"{result['texts']} texts: independence proved in {result['proved']}, said by the author in {result['said']} ({kinds})"
    ]
    for row in result["drawn"]:
        lines.append(f"  {row['path']}")
        lines += [f"    {group['kind']} {group['basis']}: {' | '.join(group['members'])}" for group in row["groups"]]
    return lines


Part = tuple[
    Callable[[argparse.Namespace], dict[str, Any]], Callable[[dict[str, Any]], list[str]], Callable[[dict[str, Any]], bool]
]
PARTS: dict[str, Part] = {
    "random": (_random, _random_text, lambda result: bool(result["violations"] or result["other_results"])),
    "broken": (_broken, _broken_text, lambda result: any(row["after"] is None for row in result["ways"])),
    "gold": (
        lambda args: real.gold(args.gold, args.corpus, args.jobs),
        _gold_text,
        lambda result: bool(result["violations"]),
    ),
    "corpus": (lambda args: real.corpus(args.corpus, args.jobs, args.limit), _corpus_text, lambda result: False),
}
