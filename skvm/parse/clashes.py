"""Instructions of one skill that cannot all be followed: a step against a rule, two rules, a step against the order.

Only the plain case is reported: the same words, without a qualification on either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from skvm.diag import CODES, Diagnostic
from skvm.ir import Constraint, ControlKind, Force, Program
from skvm.parse.demands import FORCE, MIN_WORDS, Demand, Words, demand_of, opposite, turned, unchecked
from skvm.parse.orders import order_notes
from skvm.source import SkillSource, Span

_FORBIDS = re.compile(
    r"(?a)\b(?:never|do not|don['\u2019]t|must not|must never)\s+(?:ever\s+)?(?:run|use|execute|call|invoke|pass|add)\s+"
    r"`([^`\n]+)`\s*(?:[*_]*[.!;]|\Z|\s(?:\u2014|\u2013|-|because)\s)",
    re.IGNORECASE,
)
_CONDITIONAL = frozenset({ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.RECOVER, ControlKind.GATE})
_TO = {Force.MUST: True, Force.SHOULD: True, Force.MUST_NOT: False, Force.SHOULD_NOT: False}


def clash_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """SKV210 for everything in the program that contradicts another part of it, and what its steps say of their order."""
    yield from _forbidden(program, source)
    yield from _opposite(program, source)
    yield from order_notes(program)


def _note(message: str, span: Span) -> Diagnostic:
    code = CODES["SKV210"]
    return Diagnostic(code.number, code.severity, message, span)


def _forbidden(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """Steps that always run a command that a rule of the skill, of their scene or their own forbids outright."""
    bans: dict[tuple[str | None, tuple[str, ...]], Constraint] = {}
    for rule in program.constraints:
        if rule.force is Force.MUST_NOT:
            for match in _bans(rule, source):
                bans.setdefault((_owner(program, rule), tuple(match.group(1).split())), rule)
    sizes = sorted({len(words) for _, words in bans if words})
    for act in program.acts if sizes else ():
        words = tuple((act.command or "").split())
        flags = [(word,) for word in words if word.startswith("-")]
        step = program.step_by_id[act.step]
        owners = (None, act.step, step.parent, step.scene)
        stated = [*(words[:n] for n in sizes), *flags]
        found = next((bans[o, some] for some in stated for o in owners if (o, some) in bans), None)
        if found is None or any(c.kind in _CONDITIONAL for c in program.controls_of(act.step)):
            continue
        if not any(c.span.start <= act.span.start < c.span.end for c in program.constraints):
            line = source.main.lines.line(found.span.start)
            yield _note(f"{act.step} runs what the rule in line {line} forbids: {' '.join(words)[:60]}", act.span)


def _owner(program: Program, rule: Constraint) -> str | None:
    """Whom a rule speaks for: an item of a list of steps that is nothing but a rule speaks for the whole list."""
    step = program.step_by_id.get(rule.owner or "")
    if step is None or len(step.span) > len(rule.span) + _MARK:
        return rule.owner
    return step.parent or step.scene


def _bans(rule: Constraint, source: SkillSource) -> Iterator[re.Match[str]]:
    yield from _FORBIDS.finditer(source.main.raw[rule.span.start : rule.span.end].decode("utf-8", "replace"))


class _Said(NamedTuple):
    """A demand, who says it, and whether it is a rule or an act of a step."""

    demand: Demand
    owner: str | None
    span: Span
    rule: bool


def _opposite(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """Rules against each other and steps against rules, each later one once."""
    seen: dict[tuple[str, Words], list[_Said]] = {}
    for said in _said(program, source):
        keys = list(_keys(said.demand))
        clash = next(
            (
                (kind, other)
                for kind, words in keys
                for other in seen.get((kind, words), ())
                if _CLASHES[kind](said.demand, other.demand) and _meet(program, said, other)
            ),
            None,
        )
        for key in keys:
            if len(seen.setdefault(key, [])) < _MOST and said.rule:
                seen[key].append(said)
        if clash is not None:
            yield _note(_message(*clash, said, source), said.span)


def _said(program: Program, source: SkillSource) -> Iterator[_Said]:
    """Rules, then acts of steps that no condition governs, as far as they demand something."""
    rules = []
    for rule in program.constraints:
        demand = demand_of(rule.text, wanted=_TO[rule.force]) if FORCE.search(rule.text) else None
        if demand is not None:
            rules.append((rule.span.start, rule.span.end))
            yield _Said(demand, _owner(program, rule), rule.span, rule=True)
    if not rules:
        return
    certain = {s.id: not any(c.kind in _CONDITIONAL for c in program.controls_of(s.id)) for s in program.steps}
    for act in program.acts:
        if act.command is None and certain[act.step] and not any(a <= act.span.start < b for a, b in rules):
            demand = demand_of(source.main.slice(act.span), wanted=True)
            if demand is not None:
                yield _Said(demand, act.step, act.span, rule=False)


def _keys(demand: Demand) -> Iterator[tuple[str, Words]]:
    if len(demand.words) >= MIN_WORDS:
        yield "opposite", demand.words
    if demand.waits or demand.unasked:
        yield "unchecked", demand.core
    if demand.order is not None:
        yield "turned", tuple(sorted((" ".join(demand.order[0]), " ".join(demand.order[1]))))


_CLASHES = {"opposite": opposite, "unchecked": unchecked, "turned": turned}
_MARK = 8
"""Bytes of the number or box in front of an item."""

_MOST = 8
"""How many that say the same are kept to compare with."""


def _meet(program: Program, one: _Said, other: _Said) -> bool:
    """Do two demands hold at the same time: of the same owner, or one for the whole skill or for what holds the other?"""
    return one.owner in _holders(program, other.owner) or other.owner in _holders(program, one.owner)


def _holders(program: Program, owner: str | None) -> Iterator[str | None]:
    """An owner and all that it lies in."""
    step = program.step_by_id.get(owner or "")
    while step is not None:
        yield step.id
        owner = step.scene
        step = program.step_by_id.get(step.parent or "")
    scene = program.scene_by_id.get(owner or "")
    while scene is not None:
        yield scene.id
        scene = program.scene_by_id.get(scene.parent or "")
    yield None


def _message(kind: str, other: _Said, said: _Said, source: SkillSource) -> str:
    line = source.main.lines.line(other.span.start)
    who = "this rule" if said.rule else said.owner
    if kind == "unchecked":
        return f"{who} and the rule in line {line} disagree on whether a check comes first"
    if kind == "turned":
        return f"{who} turns the order of the rule in line {line}"
    if said.demand.bound is not None:
        return f"{who} and the rule in line {line} name numbers that cannot both hold"
    return (
        f"{who} says the opposite of the one in line {line}"
        if said.rule
        else f"{who} does what the rule in line {line} forbids"
    )
