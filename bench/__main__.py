"""`python -m bench`: run example skills, measure the corpus, list what there is. Results on stdout, progress on stderr."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import corpus as corpus_bench
from bench import skillruns
from bench.binding import command as binding_bench
from bench.reading import command as reading_bench
from bench.safety import command as safety_bench
from bench.soundness import command as soundness_bench
from skvm.app.tasks import load_tasks
from skvm.diag import SkvmError, UsageError


def main(words: list[str] | None = None) -> int:
    """Exit 0; 1 when a run failed its checks or a text raised; else the code of the error."""
    args = _parser().parse_args(words)
    try:
        code: int = args.function(args)
        return code
    except SkvmError as error:
        print(f"error: {error.line()}", file=sys.stderr)
        return error.exit_code


def _run(args: argparse.Namespace) -> int:
    wanted = skillruns.Wanted(
        model=args.model,
        mode=args.mode,
        seeds=args.seeds,
        first_seed=args.seed,
        solid=not args.no_solid,
        task=args.task,
        solution=args.solution,
        deadline=args.deadline,
        passes=args.passes,
    )
    words = skillruns.names() if args.skills == ["all"] else args.skills
    rows = []
    for skill in [skillruns.find_skill(word) for word in words]:
        for row in skillruns.run_skill(skill, wanted, args.home):
            rows.append(row)
            print(skillruns.line(row), file=sys.stdout if args.format == "text" else sys.stderr, flush=True)
    if args.format == "json":
        items = [skillruns.as_json(row) for row in rows]
        print(json.dumps({"model": args.model, "mode": args.mode, "items": items, **skillruns.totals(rows)}, indent=1))
    else:
        print(skillruns.total_line(rows))
    return 0 if all(row.ok for row in rows) else 1


def _corpus(args: argparse.Namespace) -> int:
    if not args.corpus.is_dir():
        raise UsageError("there is no corpus", where=str(args.corpus), help="name its folder with --corpus")
    result = corpus_bench.measure(args.corpus, limit=args.limit, only="s233" if args.s233 else None, jobs=args.jobs)
    print(corpus_bench.as_json(result) if args.format == "json" else corpus_bench.text(result))
    return 1 if result["exceptions"] else 0


def _list(args: argparse.Namespace) -> int:
    rows = [{"skill": name, "tasks": [t.id for t in load_tasks(skillruns.SKILLS / name)]} for name in skillruns.names()]
    if args.format == "json":
        print(json.dumps({"items": rows}, indent=1))
    else:
        print("\n".join(f"{row['skill']:<16} {len(row['tasks'])} tasks: {', '.join(row['tasks'])}" for row in rows))
    return 0


def _demo(args: argparse.Namespace) -> int:
    from bench import demo

    return demo.main()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    subs = parser.add_subparsers(required=True)
    run = subs.add_parser("run", help="run the tasks of skills and apply their checks")
    run.set_defaults(function=_run)
    run.add_argument("skills", nargs="+", help="names of example skills, skill folders, or `all`")
    run.add_argument("--model", required=True)
    run.add_argument("--mode", choices=("plan", "raw"), default="plan")
    run.add_argument("--task")
    run.add_argument("--seed", type=int, default=0, help="first seed")
    run.add_argument("--seeds", type=int, default=1, help="number of seeds per task")
    run.add_argument("--no-solid", action="store_true", help="serve nothing from solidified steps")
    run.add_argument("--solution", type=Path, help="solution file of a simulated model (default: bench/solutions)")
    run.add_argument("--deadline", type=float, default=120.0, help="seconds per run")
    run.add_argument("--passes", help="pipeline of the compiler, as `skvm compile --passes` takes it")
    run.add_argument("--home", type=Path, help="keep state here instead of in a temporary folder")
    corpus = subs.add_parser("corpus", help="check and compile every text of the corpus")
    corpus.set_defaults(function=_corpus)
    corpus.add_argument("--corpus", type=Path, default=corpus_bench.CORPUS)
    corpus.add_argument("--limit", type=int, help="only the first N texts by path")
    corpus.add_argument("--s233", action="store_true", help="only the 233 texts of S233")
    corpus.add_argument("--jobs", type=int, help="processes (default: one per core)")
    listing = subs.add_parser("list", help="list example skills and their tasks")
    listing.set_defaults(function=_list)
    subs.add_parser("demo", help="compile, run, solidify, edit: what `make demo` shows").set_defaults(function=_demo)
    reading = reading_bench.add_to(subs)
    binding = binding_bench.add_to(subs)
    safety = safety_bench.add_to(subs)
    soundness = soundness_bench.add_to(subs)
    for sub in (run, corpus, listing, reading, binding, soundness, *safety):
        sub.add_argument("--format", choices=("text", "json"), default="text")
    return parser


if __name__ == "__main__":
    sys.exit(main())
