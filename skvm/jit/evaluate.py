"""What live code would have done in the model runs that are kept: right, handed back, or otherwise. Nothing is run."""

from __future__ import annotations

from typing import Any

from skvm.jit.observe.observation import Observation
from skvm.jit.prove.apply import in_effect, leave_one_out, predict
from skvm.jit.prove.course import Handed
from skvm.jit.prove.groups import LIVE
from skvm.jit.prove.ladder import StepRecord
from skvm.jit.serve.book import Book
from skvm.jit.show import Page, named, nothing
from skvm.plan import SolidStep


def evaluate(book: Book, name: str | None = None, skill: str | None = None) -> Page:
    """Every live code, or one, against the kept runs of its step; raises KeyError, ValueError as `named`.

    Runs that a code was made from are counted apart: that it does those says only that it was made from them.
    """
    known = book.records()
    if name is not None:
        chosen = [named(book, name)]
    else:
        chosen = [(r, v) for r in known if skill in (None, r.skill) for v in r.versions if v.state in LIVE]
    rows = [_row(record, code, book.observations(code.step_key, code.slice_digest)) for record, code in chosen]
    lines = [line for row in rows for line in _lines(row)]
    text = "\n".join(lines or [_none(skill, known)]) + "\n"
    return Page(text=text, data={"items": rows})


def _none(skill: str | None, known: list[StepRecord]) -> str:
    if any(skill in (None, r.skill) for r in known):
        return "no code is alive: see `skvm jit list`"
    return nothing(skill, (r.skill for r in known))


def _row(record: StepRecord, code: SolidStep, runs: list[Observation]) -> dict[str, Any]:
    counts = {"own": 0, "right": 0, "in_effect": 0, "otherwise": 0, "handed_back": 0}
    told: list[dict[str, str]] = []
    for seen in runs:
        if seen.mixed:
            continue
        kind, reason = _held(code, seen)
        counts[kind] += 1
        told += [{"run": seen.run, "what": kind, "reason": reason}] if kind in ("otherwise", "handed_back") else []
    right, handed, wrong = leave_one_out([seen for seen in runs if seen.id in code.evidence])
    left = {"right": right, "handed_back": handed, "otherwise": wrong}
    head = {"id": code.id, "state": code.state.value, "skill": record.skill, "step": code.step_id, "simulated": code.simulated}
    return {**head, "runs": sum(counts.values()), **counts, "left_out": left, "differences": told}


def _held(code: SolidStep, seen: Observation) -> tuple[str, str]:
    try:
        difference = predict(code, seen)
    except Handed as handed:
        return "handed_back", f"{handed.guard}: {handed.reason}"
    if difference:
        return ("in_effect", "") if in_effect(code, seen) else ("otherwise", difference)
    return ("own" if seen.id in code.evidence else "right"), ""


def _lines(row: dict[str, Any]) -> list[str]:
    note = " (simulated)" if row["simulated"] else ""
    head = f"{row['id']:<14} {row['state']:<9} {row['skill']} {row['step']}{note}: {row['runs']} kept model runs; "
    head += f"{row['own']} it rests on, {row['right']} others done exactly so, {row['in_effect']} the same in effect, "
    head += f"{row['otherwise']} otherwise, {row['handed_back']} handed back"
    left = row["left_out"]
    told = f"  each of these left out and foretold from the rest: {left['right']} right, {left['handed_back']} handed back"
    told += f", otherwise: {left['otherwise']}" if left["otherwise"] else ""
    return [head, told, *(f"  {d['what'].replace('_', ' ')}: {d['reason']}  [{d['run']}]" for d in row["differences"])]
