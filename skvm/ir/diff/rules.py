"""Differences of constraints, triggers, needs, contract, bundle and knowledge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from skvm.ir.diff.match import Matching, normal, words
from skvm.ir.diff.model import Change, ChangeClass
from skvm.ir.nodes import Constraint, Need, Program, Slot, Trigger
from skvm.ir.vocabulary import Force, LeafKind
from skvm.source import SkillSource, Span

ALIKE = 0.6
"""Likeness from which two rules count as one that was reworded."""

_STRONG = (Force.MUST, Force.MUST_NOT)
_BANS = (Force.MUST_NOT, Force.SHOULD_NOT)
_EXCEPTION = re.compile(
    r"(?i)\b(?:unless|except(?:ion|ing)?|other than|if possible|where possible|when possible|ideally|usually)\b"
)
_KNOWLEDGE = (LeafKind.KNOWLEDGE, LeafKind.CODE, LeafKind.RESIDUAL, LeafKind.OPAQUE)


def constraint_changes(old: Program, new: Program) -> Iterator[Change]:
    """Rules that came, went, or bind more or less than before."""
    one, two = old.constraints, new.constraints
    found = Matching(one, two)
    found.by(lambda i: (one[i].force, normal(one[i].text)), lambda j: (two[j].force, normal(two[j].text)))
    found.by(lambda i: _bare(one[i]), lambda j: _bare(two[j]))
    found.like([words(c.text) for c in one], [words(c.text) for c in two], ALIKE)
    for i in found.old:
        yield Change(ChangeClass.CONSTRAINT_REMOVED, f"rule removed: {_cut(one[i].text)}", old=one[i].span)
    for j in found.new:
        yield Change(ChangeClass.CONSTRAINT_ADDED, f"rule added: {_cut(two[j].text)}", new=two[j].span)
    for i, j in sorted(found.pairs):
        change = _force(one[i], two[j])
        if change is not None:
            yield change


def _bare(rule: Constraint) -> str:
    """A rule without the words that carry its force."""
    return " ".join(
        re.sub(r"(?i)\b(?:must|should|shall|always|never|do not|don't|not|only|avoid|please|be sure to|make sure to)\b", " ",
               normal(rule.text)).lower().split()
    )  # fmt: skip


def _force(one: Constraint, two: Constraint) -> Change | None:
    def change(kind: ChangeClass, words: str) -> Change:
        return Change(kind, f"{words}: {_cut(one.text)} -> {_cut(two.text)}", one.span, two.span)

    if (one.force in _BANS) != (two.force in _BANS):
        return change(ChangeClass.CONSTRAINT_WEAKENED, "rule reversed")
    if (one.force in _STRONG) != (two.force in _STRONG):
        weaker = one.force in _STRONG
        kind = ChangeClass.CONSTRAINT_WEAKENED if weaker else ChangeClass.CONSTRAINT_STRENGTHENED
        return change(kind, f"{one.force.value} became {two.force.value}")
    if (one.owner is None) != (two.owner is None):
        narrower = one.owner is None
        kind = ChangeClass.CONSTRAINT_WEAKENED if narrower else ChangeClass.CONSTRAINT_STRENGTHENED
        return change(kind, "the rule now holds for one part only" if narrower else "the rule now holds everywhere")
    if normal(one.text) == normal(two.text):
        return None
    before, after = bool(_EXCEPTION.search(one.text)), bool(_EXCEPTION.search(two.text))
    if before != after:
        kind = ChangeClass.CONSTRAINT_WEAKENED if after else ChangeClass.CONSTRAINT_STRENGTHENED
        return change(kind, "the rule has an exception now" if after else "the rule lost its exception")
    return change(ChangeClass.CONSTRAINT_REWORDED, "rule reworded")


def trigger_changes(old: Program, new: Program) -> Iterator[Change]:
    """When the skill is used: triggers, and the name and description by which agents choose it."""
    for field in ("name", "description", "intents", "tags"):
        before, after = getattr(old.skill, field), getattr(new.skill, field)
        if _same_words(before) != _same_words(after):
            spans = old.skill.spans.get(field), new.skill.spans.get(field)
            yield Change(ChangeClass.TRIGGER_CHANGED, f"{field} changed", *spans)
    one = [t for t in old.triggers if not _in_description(old, t)]
    two = [t for t in new.triggers if not _in_description(new, t)]
    found = Matching(one, two)
    found.by(lambda i: (one[i].polarity, normal(one[i].text)), lambda j: (two[j].polarity, normal(two[j].text)))
    found.pairs.clear()
    found.like([words(t.text) for t in one], [words(t.text) for t in two], ALIKE)
    for i, j in sorted(found.pairs):
        text = f"trigger changed: {_cut(one[i].text)} -> {_cut(two[j].text)}"
        yield Change(ChangeClass.TRIGGER_CHANGED, text, one[i].span, two[j].span)
    for i in found.old:
        yield Change(ChangeClass.TRIGGER_CHANGED, f"trigger removed: {_cut(one[i].text)}", old=one[i].span)
    for j in found.new:
        yield Change(ChangeClass.TRIGGER_CHANGED, f"trigger added: {_cut(two[j].text)}", new=two[j].span)


def _same_words(value: object) -> object:
    return normal(value) if isinstance(value, str) else value


def _in_description(program: Program, trigger: Trigger) -> bool:
    """Triggers inside the description are reported with it."""
    span = program.skill.spans.get("description")
    return span is not None and span.contains(trigger.span)


def need_changes(old: Program, new: Program) -> Iterator[Change]:
    """What must exist to follow the skill."""
    before, after = _needs(old), _needs(new)
    for key, need in after.items():
        known = before.get(key)
        if known is None:
            yield Change(ChangeClass.DEPENDENCY_ADDED, f"needs {need.kind.value} {need.name}{need.version}", new=need.span)
        elif known.version != need.version:
            text = f"{need.kind.value} {need.name}: version {known.version or 'any'} -> {need.version or 'any'}"
            yield Change(ChangeClass.DEPENDENCY_CHANGED, text, known.span, need.span)
    for key, need in before.items():
        if key not in after:
            yield Change(ChangeClass.DEPENDENCY_REMOVED, f"no longer needs {need.kind.value} {need.name}", old=need.span)


def _needs(program: Program) -> dict[tuple[str, str], Need]:
    """First need of each kind and name; one that states a version goes before one that does not."""
    out: dict[tuple[str, str], Need] = {}
    for need in sorted(program.needs, key=lambda n: not n.version):
        out.setdefault((need.kind.value, need.name), need)
    return out


def contract_changes(old: Program, new: Program) -> Iterator[Change]:
    """Inputs and outputs of the skill as a whole."""
    before, after = _slots(old), _slots(new)
    for key in sorted(before.keys() | after.keys()):
        one, two = before.get(key), after.get(key)
        if one is None or two is None or (one.type, one.pattern) != (two.type, two.pattern):
            verb = "added" if one is None else "removed" if two is None else "changed"
            noun = "input" if key[0] == "in" else "output"
            spans = one.span if one is not None else None, two.span if two is not None else None
            yield Change(ChangeClass.CONTRACT_CHANGED, f"{noun} {verb}: {key[1]}", *spans)


def _slots(program: Program) -> dict[tuple[str, str], Slot]:
    return {(s.direction, s.name): s for s in reversed(program.slots) if s.step is None}


def bundle_changes(old: SkillSource, new: SkillSource) -> Iterator[Change]:
    """Files beside the main one that came, went or have other bytes."""
    before, after = {f.path: f for f in old.files}, {f.path: f for f in new.files}
    for path in sorted(before.keys() | after.keys()):
        one, two = before.get(path), after.get(path)
        if one is not None and two is not None and one.digest == two.digest:
            continue
        verb = "added" if one is None else "removed" if two is None else "changed"
        spans = Span(path, 0, one.size) if one is not None else None, Span(path, 0, two.size) if two is not None else None
        yield Change(ChangeClass.BUNDLE_CHANGED, f"file {verb}: {path}", *spans)


def knowledge_changes(old: Program, new: Program, old_source: SkillSource, new_source: SkillSource) -> Iterator[Change]:
    """Text that belongs to no step, rule or trigger and reads differently, layout aside."""
    before, after = _texts(old, old_source), _texts(new, new_source)
    gone, made = Counter(t for t, _ in before), Counter(t for t, _ in after)
    lost, found = _left(before, gone - made), _left(after, made - gone)
    for index in range(max(len(lost), len(found))):
        one, two = lost[index : index + 1], found[index : index + 1]
        verb = "changed" if one and two else "removed" if one else "added"
        text = f"text {verb}: {_cut((two or one)[0][0])}"
        yield Change(ChangeClass.KNOWLEDGE_CHANGED, text, one[0][1] if one else None, two[0][1] if two else None)


def _texts(program: Program, source: SkillSource) -> list[tuple[str, Span]]:
    """Leaves outside of steps, without layout. One walk over leaves and steps, both in the order of the file."""
    out: list[tuple[str, Span]] = []
    covered = 0
    steps = iter(sorted((s.span for s in program.steps if s.span.file == program.main), key=lambda s: s.start))
    following = next(steps, None)
    for leaf in program.leaves:
        while following is not None and following.start <= leaf.span.start:
            covered = max(covered, following.end)
            following = next(steps, None)
        if leaf.kind in _KNOWLEDGE and leaf.span.end > covered:
            text = normal(source.main.slice(leaf.span))
            out += [(text, leaf.span)] if text else []
    return out


def _left(rows: list[tuple[str, Span]], counts: Counter[str]) -> list[tuple[str, Span]]:
    out = []
    for text, span in rows:
        if counts[text] > 0:
            counts[text] -= 1
            out.append((text, span))
    return out


def _cut(text: str, width: int = 70) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= width else flat[: width - 1] + "…")
