"""Instructions of one skill that cannot all be followed: a step against a rule, two rules, a step against the order.

Only the plain case is reported: the same words, without a qualification on either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.diag import CODES, Diagnostic
from skvm.ir import Constraint, ControlKind, Force, Program, Step
from skvm.parse.logic.numbers import Numbers
from skvm.source import SkillSource, Span

_FORBIDS = re.compile(
    r"(?a)\b(?:never|do not|don['\u2019]t|must not|must never)\s+(?:ever\s+)?(?:run|use|execute|call|invoke)\s+`([^`\n]+)`"
    r"\s*(?:[*_]*[.!;]|\Z|\s(?:\u2014|\u2013|-|because)\s)",
    re.IGNORECASE,
)
_FORCE = re.compile(
    r"(?a)\b(?:must not|must never|must|never|always|do not|don['\u2019]t|should not|shouldn['\u2019]t|should)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"(?a)\bonly\b|[:?]\s*\Z", re.IGNORECASE)
_MARKS = re.compile(r"[*_`.!,\"'\u2019]+")
_ORDER = re.compile(
    r"(?a)\A[\W\d]*(?:only )?(after|before)\s+(?:completing |finishing |running |starting )?"
    r"((?:step|phase|stage) \d+[a-z]?)\b(?!\s+of\b)",
    re.IGNORECASE,
)
_CONDITIONAL = frozenset({ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.RECOVER, ControlKind.GATE})
_MIN_WORDS = 2
_TO = {Force.MUST: True, Force.SHOULD: True, Force.MUST_NOT: False, Force.SHOULD_NOT: False}


def clash_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """SKV210 for everything in the program that contradicts another part of it."""
    yield from _forbidden(program, source)
    yield from _opposite(program, source)
    yield from _order(program)


def _note(message: str, span: Span) -> Diagnostic:
    code = CODES["SKV210"]
    return Diagnostic(code.number, code.severity, message, span)


def _forbidden(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """Steps that always run a command that a rule of the skill, of their scene or their own forbids outright."""
    bans: dict[tuple[str | None, tuple[str, ...]], Constraint] = {}
    for rule in program.constraints:
        if rule.force is Force.MUST_NOT:
            for match in _bans(rule, source):
                bans.setdefault((rule.owner, tuple(match.group(1).split())), rule)
    sizes = sorted({len(words) for _, words in bans if words})
    for act in program.acts if sizes else ():
        words = tuple((act.command or "").split())
        owners = (None, act.step, program.step_by_id[act.step].scene)
        found = next((bans[o, words[:n]] for n in sizes for o in owners if (o, words[:n]) in bans), None)
        if found is None or any(c.kind in _CONDITIONAL for c in program.controls_of(act.step)):
            continue
        if not any(c.span.start <= act.span.start < c.span.end for c in program.constraints):
            line = source.main.lines.line(found.span.start)
            yield _note(f"{act.step} runs what the rule in line {line} forbids: {' '.join(words)[:60]}", act.span)


def _bans(rule: Constraint, source: SkillSource) -> Iterator[re.Match[str]]:
    yield from _FORBIDS.finditer(source.main.raw[rule.span.start : rule.span.end].decode("utf-8", "replace"))


def _opposite(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """Rules that say the same words, once with and once without a "not"."""
    seen: dict[tuple[str | None, str], Constraint] = {}
    for rule in program.constraints:
        if not _FORCE.search(rule.text) or _VAGUE.search(rule.text.strip()):
            continue
        words = _MARKS.sub("", _FORCE.sub(" ", rule.text)).lower().split()
        known = seen.setdefault((rule.owner, " ".join(words)), rule)
        if len(words) >= _MIN_WORDS and _TO[known.force] is not _TO[rule.force]:
            line = source.main.lines.line(known.span.start)
            yield _note(f"this rule says the opposite of the one in line {line}", rule.span)


def _order(program: Program) -> Iterator[Diagnostic]:
    """Steps that begin with "after Step N" and stand before it, or the other way round."""
    numbers: Numbers | None = None
    for step in program.steps:
        match = _ORDER.match(step.text)
        if match is None:
            continue
        numbers = numbers or Numbers(program.scenes, program.steps)
        found = numbers.find(step.scene, match.group(2))
        other = program.step_by_id.get(found or "") or program.scene_by_id.get(found or "")
        word = match.group(1).lower()
        if other is not None and _against(step, other.span, word):
            place = "before" if word == "after" else "behind"
            yield _note(f"{step.id} says {word} {match.group(2)}, but stands {place} it", step.span)


def _against(step: Step, other: Span, word: str) -> bool:
    return other.start >= step.span.end if word == "after" else other.end <= step.span.start
