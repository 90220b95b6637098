"""effects: what each step may touch, from its acts. Whatever is not known is anything (decisions, "Effects")."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from skvm.compile.unit import Pass, StepEffects, Unit
from skvm.ir import TOP, Act, ActType, EffectClass, Effects, Origin, Program, Scope
from skvm.plan import PlanNode, StepNode

ANYWHERE = "**"
USER = "user:"

_LOCAL = (Scope.LOCAL_FS, Scope.CODEBASE, Scope.USER_DATA)
_MAKING = (ActType.WRITE, ActType.UPDATE_STATE, ActType.TRANSFER, ActType.CALL_TOOL)
_SHOWN = re.compile(r"`((?:[\w.{}<>*$~-]+/)*[\w.{}<>*$-]*\.[A-Za-z0-9]{1,8}|(?:[\w.{}<>*$~-]+/)+)`")
_OPEN = re.compile(r"\{\{?[^{}]*\}?\}|<[^<>]*>")
_THINKING = (ActType.INFER, ActType.SELECT, ActType.COMPARE, ActType.VALIDATE)


@dataclass(frozen=True)
class EffectsPass(Pass):
    """Infer effect sets and classes."""

    id: ClassVar[str] = "effects"
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
    return {step.id: _of_acts(program.acts_of(step.id), step.text) for step in program.steps}


def _of_acts(acts: tuple[Act, ...], text: str) -> StepEffects:
    if not acts:
        return UNKNOWN
    parts = [act_effects(a) for a in acts] + [_named_only(acts, text)]
    total = parts[0]
    for part in parts[1:]:
        total = total | part
    return StepEffects(total, _class(acts, total), closed=all(_closed(a) for a in acts))


def _named_only(acts: tuple[Act, ...], text: str) -> Effects:
    """Files that the prose shows in backticks but no act claims: read, and written too where the step writes anything."""
    claimed = {p for a in acts for p in (*a.reads, *a.writes)}
    named = tuple(p for p in dict.fromkeys(_SHOWN.findall(_without_fences(text))) if p not in claimed)
    writing = any(a.type in _MAKING for a in acts)
    return place_effects(named, named if writing else ())


def _without_fences(text: str) -> str:
    return re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", " ", text)


def place_effects(reads: tuple[str, ...], writes: tuple[str, ...]) -> Effects:
    """Effects of named places. Placeholders stand for any name; variables and places outside the work folder are anything."""
    opened = tuple(_OPEN.sub("*", p) for p in reads), tuple(_OPEN.sub("*", p) for p in writes)
    if any("$" in p for p in (*reads, *writes)) or any(p.startswith(("/", "~", "..")) or "/../" in p for p in writes):
        return TOP
    return Effects(*opened)


def act_effects(act: Act) -> Effects:
    """Effects of one act. Network, processes, unknown commands and unnamed tools are anything."""
    if act.unknown or act.scope in (Scope.NETWORK, Scope.PROCESS):
        return TOP
    named = place_effects(act.reads, act.writes)
    if act.origin is not Origin.PROSE or act.command is not None:
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


def _closed(act: Act) -> bool:
    """Is everything that goes into this act named in the act itself?"""
    if act.unknown:
        return False
    if act.origin is not Origin.PROSE or act.command is not None:
        return bool(act.reads or act.writes)
    return act.type is ActType.READ and bool(act.reads)
