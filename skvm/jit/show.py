"""Solidified steps for people: code with holes, guards, evidence and history, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from skvm.ir import Frozen
from skvm.jit.generalise.origins import REWRITE, rewrite_of
from skvm.jit.generalise.unify import spelled
from skvm.jit.prove.agreement import Reach
from skvm.jit.prove.groups import LIVE
from skvm.jit.prove.ladder import REPLACED, Policy, StepRecord
from skvm.jit.serve.book import Book
from skvm.plan import Guard, Hole, Origin, SolidLoop, SolidState, SolidStep

SERVING = ("promoted", "suspended")


class Page(Frozen):
    """One answer: `text` for a terminal, `data` as JSON."""

    text: str
    data: Any


def list_steps(book: Book, skill: str | None = None, former: bool = True) -> Page:
    """All codes with their state and what they rest on; codes the skill no longer reaches are `stale`.

    `former` False leaves codes out of the text that wider ones took the place of; the data has them all.
    """
    stale, known = book.stale(), book.records()
    records = [r for r in known if skill in (None, r.skill)]
    rows = [_row(r, v, stale, book.policy) for r in records for v in r.versions]
    watched = [r for r in records if not r.versions]
    data = {"items": rows, "observed": [{"skill": r.skill, "step": r.step_id, "runs": _runs(r)} for r in watched]}
    shown = [row for row in rows if former or not row["replaced_by"]]
    lines = [
        f"{row['id']:<14} {row['state']:<9} {row['skill']} {row['step']}: {row['runs']} runs, {row['agreed']} predicted, "
        f"{row['disagreed']} otherwise{' (simulated)' if row['simulated'] else ''}"
        + (f"; {told}" if (told := row["standing" if row["state"] in SERVING else "reason"]) else "")
        for row in shown
    ]
    lines += [f"{'-':<14} {'observed':<9} {r.skill} {r.step_id}: {_runs(r)} runs; {_last(r)}" for r in watched]
    if len(shown) < len(rows):
        lines.append(f"and {len(rows) - len(shown)} that wider ones took the place of: see --all")
    return Page(text="\n".join(lines or [nothing(skill, (r.skill for r in known))]) + "\n", data=data)


def nothing(skill: str | None, known: Iterable[str]) -> str:
    """What is said where nothing is known, of a skill or at all."""
    names = ", ".join(sorted(set(known)))
    if skill is None or not names:
        return "no step has been observed yet: run a skill with steps that a model does"
    return f"nothing is known of {skill}; known: {names}"


def _runs(record: StepRecord) -> int:
    return int(record.baseline.get("n", 0))


def _last(record: StepRecord) -> str:
    return record.history[-1].reason if record.history else "too few runs to compare"


def _row(record: StepRecord, code: SolidStep, stale: dict[str, str], policy: Policy) -> dict[str, Any]:
    shown, doubt = policy.standing(code), record.doubt(code.id)
    promoted = code.state is SolidState.PROMOTED
    suspended = promoted and doubt.suspended(policy.weighing)
    told = doubt.text(policy.weighing) if promoted else ""
    return {
        "id": code.id,
        "state": "stale" if code.id in stale else "suspended" if suspended else code.state.value,
        "skill": record.skill,
        "step": code.step_id,
        "runs": len(code.evidence),
        "agreed": code.agreed,
        "disagreed": code.disagreed,
        "simulated": code.simulated,
        "reason": stale.get(code.id, code.reason),
        "replaced_by": code.recorded.get(REPLACED, ""),
        "reach": shown.reach.value,
        "error_bound": round(shown.bound, 6),
        "provisional": not shown.established,
        "standing": f"{shown.text()}; {told}" if told else shown.text(),
        "doubt": doubt.model_dump(mode="json", include={"checks", "otherwise", "excused", "strayed"}),
        "checked": record.checked,
    }


def named(book: Book, name: str) -> tuple[StepRecord, SolidStep]:
    """A code by its id, or the only live one of a step by the step's id or the first part of its own; raises KeyError, and
    ValueError where several are meant."""
    try:
        return book.find(name)
    except KeyError:
        meant = [
            (r, v)
            for r in book.records()
            for v in r.versions
            if v.state in LIVE and name in (r.step_id, v.id.partition("/")[0])
        ]
    if len(meant) > 1:
        raise ValueError(f"{name} may be {', '.join(v.id for _, v in meant)}")
    if not meant:
        raise KeyError(name)
    return meant[0]


def show(book: Book, name: str) -> Page:
    """The code of one solidified step, readable, with guards, evidence and history; raises KeyError, ValueError as `named`."""
    record, code = named(book, name)
    stale = book.stale()
    row = _row(record, code, stale, book.policy)
    flag = " · learned from a simulated model" if code.simulated else ""
    parts = [
        f"{code.id}  {row['state']}  step {code.step_id} of {record.skill}{flag}",
        *([f"  {row['reason']}"] if row["reason"] else []),
        "serves",
        *(f"  {line}" for line in _inputs(code)),
        "holes",
        *(f"  {line}" for line in _holes(code)),
        "code",
        *(f"  {line}" for line in _code(code)),
        "guards",
        *(f"  {_guard(g)}" for g in code.guards if g.kind not in ("input", "hole_type", "hole_match")),
        f"evidence: {len(code.evidence)} runs ({', '.join(code.evidence)}), {code.agreed} predicted beforehand, "
        f"{code.disagreed} otherwise",
        f"standing: {row['standing']}; {_taxed(record, code, book.policy)}",
    ]
    history = [h for h in record.history if h.solid == code.id]
    parts += ["history", *(f"  {line}" for line in _history(history))] if history else []
    parts += [_verdicts(code)] if code.state in LIVE else []
    data = {**row, "code": code.model_dump(mode="json"), "history": [h.model_dump() for h in history]}
    return Page(text="\n".join(parts) + "\n", data=data)


def _verdicts(code: SolidStep) -> str:
    accept = "" if code.state is SolidState.PROMOTED else f"`skvm jit review {code.id} --accept` lets it serve, "
    reject, drop = f"`skvm jit review {code.id} --reject` ends it for good", f"`skvm jit drop {code.id}` has it learned anew"
    return f"your word: {accept}{reject}, {drop}"


def _inputs(code: SolidStep) -> list[str]:
    """Requests, files and earlier values that the code is for; a request in several wordings one a line."""
    lines: list[str] = []
    for guard in code.guards:
        if guard.kind != "input" or guard.value in ("null", "{}", '""', "[]"):
            continue
        try:
            stored = json.loads(guard.value)
        except ValueError:
            stored = None
        if isinstance(stored, dict) and set(stored) == {"$one_of"}:
            lines += [f"{guard.name:<8} {_readable(spelled(form[0]))}" for form in stored["$one_of"]]
        elif guard.name == "files" and isinstance(stored, list):
            lines += [f"{guard.name:<8} {_file(row)}" for row in stored]
        else:
            lines.append(f"{guard.name:<8} {_readable(guard.value)}")
    return lines or ["every run of the step"]


def _file(row: Any) -> str:
    name, path = (_readable(spelled(part)) for part in row) if isinstance(row, list) and len(row) == 2 else (str(row), "")
    return name if path in ("", name) else f"{name} at {path}"


def _taxed(record: StepRecord, code: SolidStep, policy: Policy) -> str:
    share = record.doubt(code.id).share(policy.weighing, policy.standing(code).share)
    return f"{share:.1%} of what it could serve goes to the model and is compared ({record.checked} so far)"


def _holes(code: SolidStep) -> list[str]:
    patterns = {g.name: g.value for g in code.guards if g.kind == "hole_match"}
    return [
        f"{hole.name:<4} {hole.type:<8} {_origin(hole) if hole.name != hole.path else hole.source}"
        + "".join(f", must equal {_origin(o)}" for o in hole.also)
        + (f"  ~ {_pattern(patterns.get(hole.name) or hole.pattern)}" if patterns.get(hole.name) or hole.pattern else "")
        for hole in code.holes
    ] or ["none: the code is constant"]


def _pattern(pattern: str) -> str:
    return pattern.partition(r"\Z)")[2] or pattern


def _origin(origin: Origin | Hole) -> str:
    if origin.source == "const":
        return origin.path
    roots = {"call": f"result of call {origin.path}", "each": f"item of loop {origin.path}"}
    text = roots.get(origin.source, f"{{{origin.path}}}")
    for step in origin.via:
        if step[0] == "pointer":
            text += f" at {step[1]}"
        elif step[0] == "each":
            text = f"{' '.join(step[1:])} of each of {text}"
        elif step[0] == "between":
            text += f" after {step[1]!r}" + (f" before {step[2]!r}" if step[2] else "")
        elif step[0] == "only":
            text = f"the only {step[1]} in {text}"
        elif step[0] == "cell":
            text += f" in the {'first' if step[1] == '0' else 'last'} row under {step[2]!r}"
        elif step[0] == REWRITE:
            text = f"{_rewrite(step[1])} in {text}"
        elif step[0] == "count":
            text = f"how often {step[1]} stands in {text}"
        else:
            text = f"{step[0]}({text})"
    return text


def _rewrite(stored: str) -> str:
    """The ways of a rewrite, at most three of them, and what they are given."""
    found = rewrite_of(stored)
    ways = " or ".join(" ".join(way) for way in found.ways[:3]) + (" or ..." if len(found.ways) > 3 else "")
    given = (" and ".join(" = ".join(map(_origin, piece)) for piece in pieces) for pieces in found.given)
    return " with ".join([f"[{ways}]", *given])


def _code(code: SolidStep) -> list[str]:
    lines: list[str] = []
    for index, call in enumerate(code.calls):
        lines += [f"for each item of {loop.items} ({_loop(loop)}):" for loop in code.loops if loop.first == index]
        for name, value in sorted(call.args.items()):
            lines.append(f"{index} {call.tool:<16} {name} = {_readable(spelled(value))}")
        if not call.args:
            lines.append(f"{index} {call.tool}")
        lines += [f"    then {line}" for line in _expected(call.result)]
    lines.append(f"finish values = {_readable(spelled(code.values))}")
    lines.append("summary not reproduced" if code.summary is None else f"summary = {_readable(spelled(code.summary))}")
    return lines


def _loop(loop: SolidLoop) -> str:
    last = loop.first + loop.calls - 1
    calls = f"call {last}" if loop.calls == 1 else f"calls {loop.first} to {last}"
    return f"{calls}; {loop.least} to {loop.most} items like {_readable(spelled(loop.item['template']))}"


def _expected(shape: Any) -> list[str]:
    if not shape:
        return []
    if "template" in shape:
        return [f"the result must look like {_readable(spelled(shape['template']))}", *_ties(shape)]
    kind, value = next(iter(shape.items()))
    return ([f"the result must be the {kind}: {_readable(spelled(value))}"] if kind != "ties" else []) + _ties(shape)


def _ties(shape: Any) -> list[str]:
    return [f"what was read must agree: {', '.join(shape['ties'])}"] if "ties" in shape else []


def _readable(stored: str) -> str:
    """Stored templates with `{hole}` instead of the markers, commands as one line."""
    text = stored.replace("{{{{}}", "\0").replace("{{", "{").replace("}}", "}").replace("\0", "{{")
    if text.startswith('{"$shell":['):
        parts = json.loads(stored)["$shell"]
        return "".join(p if isinstance(p, str) else p[0].replace("{{", "{").replace("}}", "}") for p in parts)
    return text if len(text) <= 400 else text[:397] + "..."


def _guard(guard: Guard) -> str:
    name = f" {guard.name}" if guard.name else ""
    if guard.kind == "simulated":
        return "evidence is simulated: never serves a run with a real model"
    if guard.kind == "hole_given":
        return f"{guard.name} {'names' if guard.value == 'yes' else 'does not name'} an input file"
    if guard.kind == "hole_asked":
        return f"{guard.name} is one of {', '.join(json.loads(guard.value))}"
    return f"{guard.kind}{name} is {guard.value[:80]}"


def _history(lines: list[Any]) -> list[str]:
    return [(f"{h.before} -> {h.after}: " if h.after else "") + h.reason + (f"  [{h.run}]" if h.run else "") for h in lines]


def why(book: Book, step: str) -> Page:
    """History of a step (its id, start of its key, or id of its code): transitions, guard misses, why there is no code.

    Raises KeyError when no such step was watched.
    """
    records = [r for r in book.records() if _is(r, step)]
    if not records:
        raise KeyError(step)
    lines: list[str] = []
    for record in records:
        lines.append(f"{record.skill} {record.step_id}: {_runs(record)} model runs, {len(record.versions)} codes")
        lines += [f"  {line}" for line in _claims(record, book.policy)]
        lines += [
            f"  {h.solid or '-':<14} {line}" for h, line in zip(record.history, _history(list(record.history)), strict=True)
        ]
    items = [
        {
            "skill": r.skill,
            "step": r.step_id,
            "key": r.step_key,
            "history": [h.model_dump() for h in r.history],
            "errors": book.policy.errors.model_dump(mode="json"),
            "standing": {v.id: book.policy.standing(v).text() for v in r.versions if v.state in LIVE},
        }
        for r in records
    ]
    return Page(text="\n".join(lines) + "\n", data={"items": items})


def _claims(record: StepRecord, policy: Policy) -> list[str]:
    """What is claimed of code before it counts as established, and how far each live code has come."""
    live = [v for v in record.versions if v.state in LIVE]
    if not live:
        return []
    rates = ", ".join(f"{policy.errors.of(r):g} for {r.value.replace('_', ' ')} code" for r in Reach)
    lines = [
        f"claim: disagrees with the model in at most {rates}; wrong with chance {policy.errors.alpha:g} over all its codes"
    ]
    return lines + [f"{v.id:<14} {policy.standing(v).text()}; {_taxed(record, v, policy)}" for v in live]


def _is(record: StepRecord, step: str) -> bool:
    keys = (record.step_key, record.step_key.removeprefix("sha256:"))
    return (
        record.step_id == step
        or any(k.startswith(step) for k in keys if len(step) >= 6)
        or any(v.id == step for v in record.versions)
    )


def drop(book: Book, id: str) -> Page:
    """Demote a code and forget the runs it rests on; raises KeyError, and ValueError for one that a wider one replaced."""
    record, code = book.find(id)
    by = code.recorded.get(REPLACED, "")
    if by and any(v.id == by for v in record.versions):
        raise ValueError(f"{id} serves no more, {by} took its place: drop that one")
    code = book.forget(id, "dropped by hand")
    others = [v.id for v in record.versions if v.id != id and v.state is SolidState.PROMOTED]
    more = f"; {', '.join(others)} of the same step may still serve" if others else f"; step {code.step_id} is learned anew"
    return Page(text=f"{id} dropped{more}\n", data={"id": id, "state": code.state.value, "serving": others})


def review(book: Book, id: str, accept: bool) -> Page:
    """A person accepts a shadow (it serves from now on, guards as ever) or rejects a code for good; raises KeyError.

    Raises ValueError when a code that is neither shadow nor candidate is to be accepted: it was demoted for a reason.
    """
    _, code = book.find(id)
    if accept and code.state not in LIVE:
        again = ": `skvm jit drop` has it learned anew" if code.state is SolidState.REJECTED else ""
        raise ValueError(f"{id} is {code.state.value}: {code.reason}{again}")
    state = SolidState.PROMOTED if accept else SolidState.REJECTED
    changed = book.change(id, state, "accepted by a person" if accept else "rejected by a person")
    stale = book.stale().get(id, "") if accept else ""
    note = f", but it serves nothing: {stale}" if stale else ""
    return Page(text=f"{id} is {changed.state.value}{note}\n", data={"id": id, "state": changed.state.value, "stale": stale})
