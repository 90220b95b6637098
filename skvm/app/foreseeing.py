"""Rules for the next read of an agent, from files of recorded runs or from the own runs of a skill; kept for its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from skvm.app.settings import Settings
from skvm.diag import UsageError
from skvm.jit.foresee import learn, score
from skvm.jit.foresee.kept import forget, keep, plain
from skvm.jit.traces import Run, read_traces
from skvm.jit.traces.journal import StepTrace, step_traces
from skvm.plan import Event
from skvm.runtime.agent.foretold import READS
from skvm.store import open_store


def learned(traces: Iterable[Path], serve: Iterable[Path]) -> dict[str, Any]:
    """`{runs, rules [{tool, after, sources, right, wrong, mean, text}], served, problems}`; raises UsageError without any run.

    `served` is None without runs to try the rules on; `problems`: files and lines that could not be read, one line each.
    """
    problems: list[str] = []
    runs = _all(traces, problems)
    rules = learn(runs)
    rows = [plain(rule) for rule in rules]
    tried = _all(serve, problems)
    return {"runs": len(runs), "rules": rows, "served": score(rules, tried).to_json() if tried else None, "problems": problems}


def learned_text(made: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{made['runs']} runs, {len(made['rules'])} rules for the next read"]
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


MOST_RUNS = 10_000
"""Own runs that are looked at, the newest ones."""


def kept_for(skill: str, traces: Iterable[Path], settings: Settings | None = None) -> dict[str, Any]:
    """Learn rules for a skill and keep them for its runs: `{skill, steps [{step, runs, simulated, rules}], problems}`.

    From files the rules are for every step of the skill (`step` empty); without files they come from the skill's own recorded
    runs, each step's for itself (`step`: its key). Only rules for tools that change nothing are kept. Raises UsageError when
    there is no run to learn from.
    """
    settings = settings or Settings.from_environment()
    places, problems = list(traces), list[str]()
    with open_store(settings.home) as store:
        if places:
            runs = _all(places, problems)
            sets = [("", runs, False)]
        else:
            sets = _own(skill, [row.run for row in store.journal.runs(MOST_RUNS) if row.skill == skill], store.journal.read)
        rows = []
        forget(store.blobs, skill)
        for step, found, simulated in sets:
            rules = [rule for rule in learn(found, fixed=bool(step)) if rule.tool in READS]
            if rules:
                keep(store.blobs, skill, step, rules, len(found), simulated)
            rows.append({"step": step, "runs": len(found), "simulated": simulated, "rules": [plain(rule) for rule in rules]})
        return {"skill": skill, "steps": rows, "problems": problems}


def _own(skill: str, runs: list[str], read: Callable[[str], Iterable[Event]]) -> list[tuple[str, list[Run], bool]]:
    """By step key the recorded runs of a step; those with a simulated model only where there are no others."""
    found: dict[str, list[StepTrace]] = {}
    for run in sorted(runs):
        for trace in step_traces(read(run)):
            found.setdefault(trace.key, []).append(trace)
    if not found:
        raise UsageError("no recorded run of this skill", where=skill, help="run it first, or name files of recorded runs")
    sets = []
    for key, rows in sorted(found.items()):
        real = [row.run for row in rows if not row.simulated]
        sets.append((key, real or [row.run for row in rows], not real))
    return sets


def kept_text(made: dict[str, Any]) -> str:
    """What was kept, for people."""
    lines = []
    for row in made["steps"]:
        where = f"step {row['step'].removeprefix('sha256:')[:10]}" if row["step"] else "every step"
        note = ", SIMULATED: used with a simulated model only" if row["simulated"] else ""
        lines.append(f"{made['skill']}, {where}: {len(row['rules'])} rules from {row['runs']} runs{note}")
        lines += [f"  {rule['mean']:.3f}  {rule['text']}" for rule in row["rules"]]
    return "\n".join(lines)


def forgotten(skill: str, settings: Settings | None = None) -> int:
    """Drop the rules that are kept for a skill; for how many steps there were some."""
    settings = settings or Settings.from_environment()
    with open_store(settings.home) as store:
        return forget(store.blobs, skill)
