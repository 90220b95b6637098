"""Rules for the next read of an agent, from files of recorded runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from skvm.diag import UsageError
from skvm.jit.foresee import learn, score
from skvm.jit.traces import Run, read_traces


def learned(traces: Iterable[Path], serve: Iterable[Path]) -> dict[str, Any]:
    """`{runs, rules [{tool, after, sources, right, wrong, mean, text}], served, problems}`; raises UsageError without any run.

    `served` is None without runs to try the rules on; `problems`: files and lines that could not be read, one line each.
    """
    problems: list[str] = []
    runs = _all(traces, problems)
    rules = learn(runs)
    rows = [
        {
            "tool": rule.tool,
            "after": rule.after,
            "sources": [{"kind": type(s).__name__.lower(), **_plain(asdict(s))} for s in rule.sources],
            "right": rule.right,
            "wrong": rule.wrong,
            "mean": round(rule.mean, 4),
            "text": rule.text(),
        }
        for rule in rules
    ]
    tried = _all(serve, problems)
    return {"runs": len(runs), "rules": rows, "served": score(rules, tried).to_json() if tried else None, "problems": problems}


def learned_text(made: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{made['runs']} runs, {len(made['rules'])} rules for the next read (not used by runs yet)"]
    lines += [f"  {row['mean']:.3f}  {row['text']}" for row in made["rules"]]
    served = made["served"]
    if served is not None:
        total = served["served right"] + served["served wrong"]
        lines.append(
            f"tried on {served['runs']} runs: {total} of {served['reads']} reads foretold, {served['served right']} right, "
            f"{served['served wrong']} wrong (precision at least {served['precision, 95 % lower bound']:.3f}, one-sided 95 %)"
        )
    return "\n".join(lines)


def _all(paths: Iterable[Path], problems: list[str]) -> list[Run]:
    places = list(paths)
    runs = [run for path in places for run in read_traces(path, lambda error: problems.append(error.line()))]
    if places and not runs:
        told = problems[0] if problems else "there is no .json or .jsonl file"
        raise UsageError(f"no run could be read: {told}", where=str(places[0]), help="see `skvm jit learn --help`")
    return runs


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Sets and tuples as lists in a fixed order."""
    return {k: sorted(v) if isinstance(v, frozenset) else list(v) if isinstance(v, tuple) else v for k, v in row.items()}
