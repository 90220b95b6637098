"""effects: what each step may touch, from its acts. Whatever is not known is anything (decisions, "Effects")."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from skvm.compile.layout import domain_glob
from skvm.compile.unit import Pass, StepEffects, Unit
from skvm.ir import TOP, Act, ActType, ControlKind, EffectClass, Effects, Origin, Program, Scope, Step, StepEncoding
from skvm.ir.effects import ANYWHERE
from skvm.plan import PlanNode, StepNode

USER = "user:"

_LOCAL = (Scope.LOCAL_FS, Scope.CODEBASE, Scope.USER_DATA)
_TIES = (
    ControlKind.GATE,
    ControlKind.TERMINATE,
    ControlKind.RECOVER,
    ControlKind.JUMP,
    ControlKind.BRANCH,
    ControlKind.DELEGATE,
)
_MAKING = (ActType.WRITE, ActType.UPDATE_STATE, ActType.TRANSFER, ActType.CALL_TOOL)
_ENDINGS = (
    "md|mdx|txt|rst|json|jsonl|json5|ya?ml|toml|csv|tsv|xml|html?|css|scss|py|ipynb|sh|js|mjs|cjs|ts|tsx|jsx|vue|sql|log|env|cfg|ini|conf|"
    "lock|rs|go|java|kt|rb|php|c|h|cpp|cs|swift|bicep|tf|gradle|properties|db|sqlite|parquet|pdf|docx|xlsx|pptx|png|jpe?g|gif|svg|zip|gz|tar|"
    "plist|proto|graphql|dockerfile|gitignore|example|local"
)
_SHOWN = re.compile(rf"`((?:[\w.{{}}<>*$~-]+/)*[\w.{{}}<>*$-]*\.(?:{_ENDINGS})|(?:[\w.{{}}<>*$~-]+/)+)`", re.IGNORECASE)
"""Files and folders shown in backticks; a dot alone does not make a file (`user.email`)."""
_LOOKS = re.compile(
    r"[\s>#*+_-]*(?:\d+\w?[.):]\s*)?[\s*_-]*(?:read|re-read|inspect|review|load|open|examine|scan|look|search|list|fetch|pull|get|gather|"
    r"retrieve|discover|find|locate|query|view|explore|investigate|browse|consult|study)\b",
    re.IGNORECASE,
)
"""Steps that begin by looking at something. Checks do not count: what fails a check may end the work."""
_CHECK = re.compile(
    r"\W*(?:check|test|lens|dimension|criterion|category|question|aspect|angle|perspective|rule|source|area|audit|scan|vector|probe)"
    r"\W*\d",
    re.IGNORECASE,
)
"""Titles of things that are looked at one by one, in any order; steps, phases and stages are not."""
_WHOLE = (
    r"(?:(?:code ?base|repo(?:sitory)?|project|workspace|work(?:ing)? (?:folder|directory)|file ?system|user|task|request|"
    r"skill|internet|web|documentation|docs|readme|changelog|licen[cs]e)\b)"
)
_UNNAMED = re.compile(
    rf"\b(?:the|this|that|these|those|its|their|each|every|said)\s+(?!(?:[\w'-]+\s+){{0,2}}?{_WHOLE})[A-Za-z]|\b(?:it|them|one)\b",
    re.IGNORECASE,
)
"""Something that is spoken of as known and not named: only what was read or said before tells which one it is. The whole
that a skill works on ("the repository", "the user's request") is one and the same for all steps."""
_OPEN = re.compile(r"\{\{?[^{}]*\}?\}|<[^<>]*>")
_STAND_IN = re.compile(
    r"\{\{?[^{}]*\}?\}|<[^<>]*>|(?:^|/)(?:path|mount|your|my|some|example|foo|bar)(?:[/_-]|$)|\byour[_-]", re.IGNORECASE
)
"""A place whose name stands for another one that is known at run time: `<file>`, `/path/to/x`."""
_THINKING = (ActType.INFER, ActType.SELECT, ActType.COMPARE, ActType.VALIDATE)
_LOOKING = (ActType.READ, *_THINKING)
_OFFERED = re.compile(r"\W*(?:it is |it's |is )?(?:connected|installed|configured|enabled)\W*", re.IGNORECASE)
"""Conditions on what the surroundings offer: no earlier step decides them."""


@dataclass(frozen=True)
class EffectsPass(Pass):
    """Infer effect sets and classes."""

    id: ClassVar[str] = "effects"
    version: ClassVar[int] = 2
    summary: ClassVar[str] = "what each step reads, writes and touches outside"
    needs: ClassVar[tuple[str, ...]] = ("nodes",)
    gives: ClassVar[tuple[str, ...]] = ("effects", "nodes")

    def run(self, unit: Unit) -> Unit:
        """The unit with effects by step id, and on the step nodes."""
        table = step_effects(unit.program)

        def change(node: PlanNode) -> PlanNode:
            if not isinstance(node, StepNode):
                return node
            found = table.get(node.id, UNKNOWN)
            return node.model_copy(update={"effects": found.effects, "effect_class": found.kind})

        return replace(unit.with_nodes(change), effects=MappingProxyType(table))


UNKNOWN = StepEffects(TOP, EffectClass.EFFECTFUL)


def step_effects(program: Program) -> dict[str, StepEffects]:
    """Effects of every step of a program."""
    return {step.id: _of_step(program, step) for step in program.steps}


def effects_of(program: Program, step: str) -> StepEffects:
    """Effects of one step of a program."""
    found = program.step_by_id.get(step)
    return UNKNOWN if found is None else _of_step(program, found)


def _of_step(program: Program, step: Step) -> StepEffects:
    return _of_acts(program.acts_of(step.id), step, _bound(program, step.id), _per_file(program, step))


def _per_file(program: Program, step: Step) -> bool:
    """Is the step, or the scene it lies in, done once for each of some files that can be named?"""
    owners, scene = [step.id], program.scene_by_id.get(step.scene)
    while scene is not None:
        owners.append(scene.id)
        scene = program.scene_by_id.get(scene.parent or "")
    loops = (c for owner in owners for c in program.controls_of(owner) if c.kind is ControlKind.LOOP)
    return any(c.domain and domain_glob(c.domain) is not None for c in loops)


def _bound(program: Program, step: str) -> bool:
    """Does control tie the step to what comes before it?"""
    return any(
        c.kind in _TIES and not (c.kind is ControlKind.BRANCH and _OFFERED.fullmatch(c.condition or ""))
        for c in program.controls_of(step)
    )


def _of_acts(acts: tuple[Act, ...], step: Step, tied: bool, per_file: bool) -> StepEffects:
    if not acts:
        return UNKNOWN
    if _asks_only(acts, step):
        acts = tuple(a for a in acts if a.type in _LOOKING)
    parts = [act_effects(a, per_file) for a in acts] + [_named_only(acts, step.text)]
    total = parts[0]
    for part in parts[1:]:
        total = total | part
    closed = not (tied or total.top or total.external) and _closed(acts, step)
    apart = per_file and not (tied or total.top or total.external)
    literal, item = all(_literal(a) for a in acts), _item(acts, step)
    return StepEffects(total, _class(acts, total), closed, closed and literal, closed and item, apart)


def _item(acts: tuple[Act, ...], step: Step) -> bool:
    """Is it one of several things looked at in any order: a numbered check, or a topic under a heading that is only read?"""
    return all(a.type in _LOOKING for a in acts) and (_CHECK.match(step.title) is not None or _topic(step))


def _topic(step: Step) -> bool:
    return step.number is None and step.encoding in (StepEncoding.NUMBERED_HEADING, StepEncoding.STEP_HEADING)


def _asks_only(acts: tuple[Act, ...], step: Step) -> bool:
    """A numbered check that opens with a question only looks; the other verbs in it are about what is looked for.

    The step is granted no more than reading, so that the claim holds when it runs.
    """
    if _CHECK.match(step.title) is None or any(a.origin is not Origin.PROSE or a.command is not None for a in acts):
        return False
    body = _without_fences(step.text).strip().split("\n", 1)
    opening = re.split(r"(?<=[.?!])\s", body[-1].strip(), maxsplit=1)[0]
    return opening.endswith("?") and any(a.type in _LOOKING for a in acts)


def _named_only(acts: tuple[Act, ...], text: str) -> Effects:
    """Files that the prose shows in backticks but no act claims: read, and written too where the step writes anything."""
    claimed = {p for a in acts for p in (*a.reads, *a.writes)}
    named = tuple(p for p in dict.fromkeys(_SHOWN.findall(_without_fences(text))) if p not in claimed)
    writing = any(a.type in _MAKING for a in acts)
    return place_effects(named, named if writing else ())


def _without_fences(text: str) -> str:
    return re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", " ", text)


def _without_code(text: str) -> str:
    """Prose; what stands in backticks is a name, also behind an article ("the `parse` function")."""
    return re.sub(r"`[^`\n]*`", " 0 ", _without_fences(text))


def place_effects(reads: tuple[str, ...], writes: tuple[str, ...]) -> Effects:
    """Effects of named places. Placeholders stand for any name; variables and places outside the work folder are anything."""
    opened = tuple(_OPEN.sub("*", p) for p in reads), tuple(_OPEN.sub("*", p) for p in writes)
    if any("$" in p for p in (*reads, *writes)) or any(p.startswith(("/", "~", "..")) or "/../" in p for p in writes):
        return TOP
    return Effects(*opened)


def act_effects(act: Act, per_file: bool = False) -> Effects:
    """Effects of one act. Network, processes, unknown commands and unnamed tools are anything, beside what they name.

    `per_file`: placeholders in places that prose names stand for the file that is at hand, and not for anything.
    """
    named = place_effects(act.reads, act.writes)
    spoken = act.origin is Origin.PROSE and act.command is None
    of_file = per_file and spoken and "*" not in (*named.reads, *named.writes)
    if (act.unknown and not of_file) or act.scope in (Scope.NETWORK, Scope.PROCESS):
        return named | TOP
    if not spoken:
        return named if act.type is not ActType.CALL_TOOL or act.reads or act.writes else TOP
    return named | _prose_effects(act)


def _prose_effects(act: Act) -> Effects:
    """What prose implies beyond the places it names."""
    if act.type in _THINKING:
        return Effects() if act.reads or act.scope is Scope.MEMORY else Effects(reads=(ANYWHERE,))
    match act.type:
        case ActType.READ:
            return Effects() if act.reads or act.scope is Scope.MEMORY else Effects(reads=(ANYWHERE,))
        case ActType.WRITE:
            return Effects() if act.writes or act.scope is Scope.MEMORY else Effects(writes=(ANYWHERE,))
        case ActType.NOTIFY:
            return Effects(writes=(USER,))
        case ActType.REQUEST:
            return Effects(reads=(USER,), writes=(USER,))
        case ActType.UPDATE_STATE:
            return Effects() if act.writes and act.scope in _LOCAL else TOP
        case _:
            return TOP


def _class(acts: tuple[Act, ...], total: Effects) -> EffectClass:
    if total.top or total.external or any(a.effect is EffectClass.EFFECTFUL for a in acts):
        return EffectClass.EFFECTFUL
    return EffectClass.PURE if total.pure else EffectClass.IDEMPOTENT


def _closed(acts: tuple[Act, ...], step: Step) -> bool:
    """Is everything that goes into this step named in it, so that nothing can come from what was said before?

    So it is for commands with known places, for reading named files and thinking about them, for writing named files out of
    named files, for steps that only read and speak of nothing as known ("the exact line"), and for numbered checks ("Check
    3"); a place whose name stands for another one (`/path/to/x`) names nothing. What a step writes out of no named source may
    come from anything said or made before. That their words do not lean back is looked at pair by pair, and prose
    counts only beside its siblings in one scene.
    """
    named = bool(_SHOWN.search(_without_fences(step.text))) or any(a.reads for a in acts)
    topic = _topic(step)
    sourced = any(a.reads for a in acts)
    looks = topic or _LOOKS.match(step.text) is not None
    known = topic or _UNNAMED.search(_without_code(step.text)) is None
    reading = looks and known and all(a.type is ActType.READ and (topic or a.scope in _LOCAL) for a in acts)
    checks = bool(_CHECK.match(step.title)) and all(a.type in (ActType.READ, *_THINKING) for a in acts)
    if not checks and any(_STAND_IN.search(place) for a in acts for place in a.reads):
        return False
    return checks or all(_literal(a) or _closed_prose(a, named and looks, reading, sourced) for a in acts)


def _literal(act: Act) -> bool:
    return not act.unknown and (act.origin is not Origin.PROSE or act.command is not None) and bool(act.reads or act.writes)


def _closed_prose(act: Act, named: bool, reading: bool, sourced: bool) -> bool:
    if act.unknown or act.origin is not Origin.PROSE or act.command is not None:
        return False
    if act.type is ActType.WRITE:
        return bool(act.writes) and sourced
    return reading or (named and act.type in (ActType.READ, *_THINKING))
