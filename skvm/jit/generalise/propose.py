"""Generalise: the code of a step out of several observations of it, or the reason why there is none.

The code is a chain of rewrites: templates of the inputs -> template of the first call -> what its result must look like ->
template of the next call ... -> templates of the values. Holes that the inputs fill are captures; every other hole has an
origin that explains it in all observations (`provenance`). What was the same in all of them is a guard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from skvm.jit.generalise.build import Builder
from skvm.jit.generalise.layout import Layout, call_rows, layouts
from skvm.jit.generalise.named import naming
from skvm.jit.generalise.origins import LATER, mentioned
from skvm.jit.generalise.patterns import covering, ignored, looks_like_data
from skvm.jit.generalise.pieces import Inputs, is_scalar
from skvm.jit.generalise.results import Abstain, encoded, type_of, whole_texts
from skvm.jit.generalise.unify import Column, Unifier, spelled
from skvm.jit.generalise.wordings import used_words, wordings
from skvm.jit.observe.courtesy import LOWERED
from skvm.jit.observe.observation import MAX_CALLS, Observation
from skvm.plan import (
    Guard,
    Hole,
    OneOf,
    Origin,
    SolidState,
    SolidStep,
    Template,
    Text,
    Var,
    as_text,
    decode,
    match_tree,
    variables,
)
from skvm.plan.ranges import numbers, reach

ASKING = frozenset({"ask_user"})
"""Tools whose answer belongs to a person: never solidified."""

LOCAL = frozenset({"execute_command", "write_file", "edit_file"})
"""Tools that the sandbox and the work folder confine."""

KINDS = {"task": "t", "files": "f", "values": "v", "item": "i"}
SOURCE_OF = {"task": "task", "files": "file", "values": "value", "item": "item"}
QUOTES = '"`“”'


def generalise(observations: Sequence[Observation]) -> SolidStep:
    """The code of a step; raises Abstain. Deterministic: the order of observations only numbers the holes."""
    _same_step(observations)
    inputs = read_inputs(observations)
    reason: Abstain | None = None
    for layout in layouts(observations):
        try:
            return _generalised(observations, inputs, layout)
        except Abstain as abstained:
            reason = reason or abstained
    raise reason or Abstain("the runs did not make the same sequence of calls")


def _generalised(observations: Sequence[Observation], inputs: Inputs, layout: Layout) -> SolidStep:
    first = observations[0]
    builder = Builder(observations, inputs, layout)
    calls = builder.calls()
    values = builder.output([o.values for o in observations], "values")
    summary = builder.summary([o.summary for o in observations])
    holes = (*_captures(inputs), *_ties(inputs), *builder.holes.values())
    acted = used_holes(holes, [*(c.args for c in calls), *("{{" + loop.items + "}}" for loop in builder.loops)])
    passed = used_holes(holes, [values])
    agreeing = builder.agreeing()
    holes = (*holes, *(hole for found in agreeing.values() for hole in found))
    shapes = [_with_ties(builder.result(index, acted), agreeing.get(index, ())) for index in range(len(calls))]
    calls = tuple(c.model_copy(update={"result": shape}) for c, shape in zip(calls, shapes, strict=True))
    told = passed & {name for name, kind in inputs.kinds.items() if kind == "task"}
    return SolidStep(
        id="",
        step_key=first.step_key,
        step_id=observations[-1].step_id,
        skill=first.skill,
        state=SolidState.CANDIDATE,
        holes=holes,
        calls=calls,
        loops=tuple(builder.loops),
        values=values,
        summary=summary,
        guards=_guards(observations, inputs, holes, acted | told),
        evidence=tuple(sorted({o.id for o in observations})),
        slice_digest=first.guard.slice_digest,
        simulated=any(o.simulated for o in observations),
        recorded=_outside(observations),
    )


def _with_ties(shape: dict[str, Any] | None, agreeing: Sequence[Hole]) -> dict[str, Any] | None:
    """What a result must look like, with the holes whose origins must agree once it is there."""
    return {**(shape or {}), "ties": [hole.name for hole in agreeing]} if agreeing else shape


def _outside(observations: Sequence[Observation]) -> dict[str, str]:
    """The first tool whose effect may leave the work folder. A sandboxed command without hosts cannot."""
    for seen in observations:
        for call in seen.calls:
            if call.effect == "effectful" and (call.tool not in LOCAL or seen.hosts):
                return {"outside": call.tool}
    return {}


def program_shape(observation: Observation) -> tuple[Any, ...]:
    """What two observations must share to be runs of one program without loops: its calls, and the names of its values."""
    return call_rows(observation), tuple(sorted(observation.values))


def one_program(observations: Sequence[Observation]) -> bool:
    """May these be runs of one program, with loops or without?"""
    names = {tuple(sorted(o.values)) for o in observations}
    return len(names) == 1 and next(layouts(observations), None) is not None


def _same_step(observations: Sequence[Observation]) -> None:
    first = observations[0]
    if any(len(o.calls) > MAX_CALLS for o in observations):
        raise Abstain(f"more than {MAX_CALLS} calls")
    if not one_program(observations):
        raise Abstain("the runs did not make the same sequence of calls")
    asked = next((c.tool for o in observations for c in o.calls if c.tool in ASKING), None)
    if asked:
        raise Abstain(f"{asked}: the answer belongs to a person")
    for name in ("slice_digest", "sandbox", "tool_versions", "verdicts"):
        if any(getattr(o.guard, name) != getattr(first.guard, name) for o in observations[1:]):
            raise Abstain(f"the runs differ in {name}")


def read_inputs(observations: Sequence[Observation]) -> Inputs:
    """Templates of the inputs; raises Abstain when a hole of the task could be read in two ways."""
    found = Inputs({}, {}, {})
    for name, prefix in KINDS.items():
        column = [o.inputs.get(name) for o in observations]
        template, table = _task(observations) if name == "task" else _data(column, prefix)
        found.templates[name] = template
        found.table.update(table)
        found.kinds.update(dict.fromkeys(table, SOURCE_OF[name]))
        _check_reading(name, template, table, column)
    return found


def _data(column: Sequence[Any], prefix: str) -> tuple[Template, dict[str, Column]]:
    unifier = Unifier(prefix, stop=whole_texts)
    return unifier.unify(column), unifier.table


def _task(observations: Sequence[Observation]) -> tuple[Template, dict[str, Column]]:
    """One wording with holes, or several whose holes mean the same; the first where it fits and all its words matter."""
    column = [o.inputs.get("task") for o in observations]
    unifier = Unifier(KINDS["task"])
    template = unifier.unify(column)
    try:
        _check_task(template, unifier.table)
        if all(_matters(observations, c) for c in unifier.table.values()):
            return template, unifier.table
    except Abstain as one:
        try:
            return _wordings(observations)
        except Abstain:
            raise one from None
    try:
        return _wordings(observations)
    except Abstain:
        return template, unifier.table


def _matters(observations: Sequence[Observation], column: Column) -> bool:
    return all(looks_like_data(v) for v in column) or used_words(observations, column)


def _wordings(observations: Sequence[Observation]) -> tuple[Template, dict[str, Column]]:
    template, table = wordings(observations, KINDS["task"])
    assert isinstance(template, OneOf)
    for form, _ in template.choices:
        _check_task(form, table)
    _check_reading("task", template, table, [o.inputs.get("task") for o in observations])
    return template, table


def _check_reading(name: str, template: Template, table: Mapping[str, Column], column: Sequence[Any]) -> None:
    for index, value in enumerate(column):
        if match_tree(template, value) != {k: v[index] for k, v in table.items()}:
            raise Abstain(f"the {name} of the runs can be read in more than one way")


def _check_task(template: Template, table: Mapping[str, Column]) -> None:
    if isinstance(template, Var) and not all(looks_like_data(v) and " " not in v for v in table[template.name]):
        raise Abstain("the tasks have no wording in common")
    if not isinstance(template, Text):
        return
    stated = len(re.findall(r"[^\W_]+", " ".join(p for p in template.parts if isinstance(p, str))))
    plain = sum(not all(looks_like_data(v) for v in table[p.name]) for p in template.parts if isinstance(p, Var))
    if stated < max(1, plain):
        raise Abstain("the tasks have too little wording in common")
    for at, part in enumerate(template.parts):
        if isinstance(part, str):
            continue
        if any(re.search(r"\s", v) for v in table[part.name]) and not _quoted(template, at):
            raise Abstain("the wording of the tasks differs by more than single words")


def _quoted(template: Text, at: int) -> bool:
    before = template.parts[at - 1] if at else ""
    after = template.parts[at + 1] if at + 1 < len(template.parts) else ""
    return isinstance(before, str) and isinstance(after, str) and before[-1:] in set(QUOTES) and after[:1] in set(QUOTES)


def _captures(inputs: Inputs) -> tuple[Hole, ...]:
    return tuple(
        Hole(name=name, source=inputs.kinds[name], path=name, type=type_of(column, inputs.kinds[name] == "value"))
        for name, column in inputs.table.items()
    )


def _ties(inputs: Inputs) -> tuple[Hole, ...]:
    """Inputs that varied and were always the same thing, such as the file that is given and the one a request names.

    They must agree: a request that names another file is another request, whether or not the code looks at the name.
    """
    alike: dict[str, list[Origin]] = {}
    for name, column in inputs.table.items():
        texts = _texts(column)
        if len({spelled(v) for v in column}) > 1:
            told = texts is not None and texts != column
            origin = Origin(source=inputs.kinds[name], path=name, via=(("text",),) if told else ())
            alike.setdefault(spelled(list(texts if texts is not None else column)), []).append(origin)
    found: list[Hole] = []
    for first, *others in alike.values():
        if others:
            kind = "string" if first.via else type_of(inputs.table[first.path])
            name = f"e{len(found) + 1}"
            found.append(Hole(name=name, source=first.source, path=first.path, via=first.via, type=kind, also=tuple(others)))
    return tuple(found)


def used_holes(holes: Sequence[Hole], code: Sequence[Any]) -> set[str]:
    """Holes that stored templates hold, and the captures those are derived from."""
    used = {name for part in code for name in variables(decode(part))}
    for hole in holes:
        if hole.name in used:
            origins = [inner for o in (hole, *hole.also) for inner in mentioned(o)]
            used |= {o.path for o in origins if o.source not in (*LATER, "const")}
    return used


def _guards(observations: Sequence[Observation], inputs: Inputs, holes: Sequence[Hole], used: set[str]) -> tuple[Guard, ...]:
    first = observations[0]
    guards = [Guard(kind="slice", value=first.guard.slice_digest)]
    if first.guard.sandbox:
        guards.append(Guard(kind="sandbox", value=first.guard.sandbox))
    used_tools = {c.tool for o in observations for c in o.calls}
    guards += [Guard(kind="tool", name=n, value=v) for n, v in sorted(first.guard.tool_versions.items()) if n in used_tools]
    guards += [Guard(kind="verdict", name=n, value=v) for n, v in sorted(first.guard.verdicts.items()) if n in first.primitives]
    if any(o.simulated for o in observations):
        guards.append(Guard(kind="simulated", value="true"))
    for hole in holes:
        if hole.name in inputs.table:
            guards += _hole_guards(hole, inputs, hole.name in used)
    guards += naming(inputs, [o.inputs for o in observations])
    for name, template in inputs.templates.items():
        guards.append(Guard(kind="input", name=name, value=spelled(encoded(template))))
    return tuple(sorted(guards, key=lambda g: (g.cost, g.kind, g.name)))


def _hole_guards(hole: Hole, inputs: Inputs, used: bool) -> list[Guard]:
    """Type, pattern, and for numbers the range. What the calls act on may vary as data does; what they do not use could still
    decide, so a word must have been seen and a number lie between those seen. A plain word that opens a sentence of the task
    could be an instruction: only the words seen will do."""
    guards = [Guard(kind="hole_type", name=hole.name, value=hole.type)]
    column = inputs.table[hole.name]
    request = hole.source == "task"
    word = request and not _passed_on(inputs, column)
    free = used and not (request and _opens_sentence(inputs.templates["task"], hole.name))
    if hole.type == "string":
        pattern = covering(column) if free else ignored(column, words=word)
        if word and used and _begins(inputs.templates["task"], hole.name):
            pattern = rf"(?!{LOWERED}\Z)(?:{pattern})"
        guards += [Guard(kind="hole_match", name=hole.name, value=pattern)] if all(column) else []
    elif not free and not numbers(column):
        pattern = ignored(column)
        guards += [Guard(kind="hole_match", name=hole.name, value=pattern)] if pattern else []
    limits = reach(column)
    return [*guards, Guard(kind="hole_range", name=hole.name, value=limits)] if limits else guards


def _passed_on(inputs: Inputs, column: Column) -> bool:
    """Did an earlier step take it for a value, and pass it on as one? (It must be that value again, see `_ties`.)"""
    return any(kind == "value" and _texts(inputs.table[name]) == column for name, kind in inputs.kinds.items())


def _texts(column: Column) -> Column | None:
    """How single values read inside a text; None where one is no such value."""
    return tuple(as_text(v) for v in column) if all(is_scalar(v) for v in column) else None


def _begins(template: Template, name: str) -> bool:
    """Does a request begin with a hole? Then nobody knows the case of its first letter, see `observe.courtesy`."""
    if isinstance(template, OneOf):
        return any(_begins(form, name) for form, _ in template.choices)
    return isinstance(template, Text) and template.parts[0] == Var(name)


def _opens_sentence(template: Template, name: str) -> bool:
    if isinstance(template, OneOf):
        return any(_opens_sentence(form, name) for form, _ in template.choices)
    parts = template.parts if isinstance(template, Text) else (template,)
    for at, part in enumerate(parts):
        if isinstance(part, Var) and part.name == name:
            before = parts[at - 1] if at else ""
            if not isinstance(before, str) or not before.strip() or re.search(r"[.!?:;\n]\s*$|[-*]\s+$", before):
                return True
    return False
