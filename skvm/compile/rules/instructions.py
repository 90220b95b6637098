"""Rules of the instruction-following primitives."""

from __future__ import annotations

import re

from skvm.compile.rules.evidence import Evidence, Where
from skvm.compile.rules.finding import Finding, finding
from skvm.ir import ActType, BlockRole, ControlKind, Force, SkillKind

_SECTION = re.compile(r"(?m)^\s{0,3}#{1,6}\s|^\s*\|.*\|\s*$")
_HARD = (Force.MUST, Force.MUST_NOT)


def output_format(e: Evidence, where: Where) -> Finding | None:
    """A format that is given: named is L1, a template or schema L2, several rules at once L3."""
    templates = [
        f
        for f in e.fences(where)
        if f.block.role is BlockRole.TEMPLATE or (f.language in ("markdown", "md") and _SECTION.search(f.body))
    ]
    hits = e.hits("format", where)
    if where is None and len(hits) + (2 * len(templates) if _makes_something(e) else 0) < 2:
        return None
    strict = e.hits("strict", where)
    rank = 3 if len(strict) >= (8 if where is None else 2) and templates else 2 if templates or where is None else 1
    return finding(rank, [e.span(h) for h in hits] + [f.block.span for f in templates], "keeps to a given format")


def _makes_something(e: Evidence) -> bool:
    """Is there a result to which a shown template can belong? What is only looked up shows templates as examples."""
    return e.program.skill.kind in (SkillKind.PROCEDURAL, SkillKind.CONTENT_GENERATION)


def constraint(e: Evidence, where: Where) -> Finding | None:
    """Rules on behaviour: one is L1, several L2."""
    rules = e.constraints(where)
    hard = [c for c in rules if c.force in _HARD]
    if where is None:
        if not _many_rules(e, len(rules), len(hard)):
            return None
        return finding(2, [c.span for c in hard or rules], f"{len(rules)} rules, {len(hard)} of them strict")
    return finding(2 if len(rules) > 2 else 1, [c.span for c in rules], f"{len(rules)} rules")


def _many_rules(e: Evidence, rules: int, hard: int) -> bool:
    """Are the rules a main part of the text? Where the text is to be followed fewer are enough than where it is looked up."""
    refused = sum(c.force is Force.MUST_NOT for c in e.program.constraints)
    if _makes_something(e):
        return refused >= 3 or hard >= 8 or (rules >= 5 and rules >= 1.2 * e.size)
    return rules >= 4 and rules >= 1.5 * e.size


def procedure(e: Evidence, where: Where) -> Finding | None:
    """Following an order: up to four steps are L1, more or conditions L2, repetition with verification L3.

    A plan owns the order of steps, so a step alone needs this only for the order inside it.
    """
    if where is not None:
        return _inner_procedure(e, where)
    steps = e.program.steps
    if not e.program.skill.has_procedure or not steps:
        return None
    loops = e.controls(None, ControlKind.LOOP, ControlKind.JUMP, ControlKind.RECOVER)
    branches = e.controls(None, ControlKind.BRANCH)
    if loops and e.acts(None, ActType.VALIDATE):
        rank = 3
    else:
        rank = 2 if len(steps) > 4 or branches else 1
    spans = [s.span for s in e.program.scenes] or [s.span for s in steps]
    return finding(rank, spans, f"{len(steps)} steps, {len(branches)} conditions, {len(loops)} loops")


def _inner_procedure(e: Evidence, where: Where) -> Finding | None:
    if where is None:
        return None
    loops = e.controls(where, ControlKind.LOOP, ControlKind.JUMP)
    branches = e.controls(where, ControlKind.BRANCH)
    if loops:
        return finding(3, [c.span for c in loops], "repeats until something holds")
    if len(e.acts(where)) > 4:
        return finding(2, [where.span], f"{len(e.acts(where))} acts in one step")
    return finding(2, [c.span for c in branches], "depends on a condition") if len(branches) > 1 else None


def delegation(e: Evidence, where: Where) -> Finding | None:
    """Told to leave calculation to code."""
    hits = e.hits("delegate_code", where)
    return finding(2, [e.span(h) for h in hits], "told to leave calculation to code")


def style(e: Evidence, where: Where) -> Finding | None:
    """A tone or persona that has to be kept."""
    hits = e.hits("style", where)
    if where is None and len(hits) < 3:
        return None
    return finding(2, [e.span(h) for h in hits], "keeps to a style")
