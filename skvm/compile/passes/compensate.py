"""compensate: help for a step whose target is measured below what it needs. No measured gap, no edit (law 6).

The author's text stays byte for byte; the help is a separate part of the slice that can be dropped. It cites the gap by
primitive and level; the gap and the step's requirement in the artifact hold the spans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from skvm.capability import Level, Profile, Requirement, Verdict, judge, load_catalog
from skvm.capability.estimate import probability
from skvm.capability.gaps import MET_AT
from skvm.compile.unit import Pass, Unit
from skvm.ir import Program
from skvm.plan import Addition, ExecutorKind, PlanNode, StepNode

_TEXT_PRIMITIVES = frozenset({"follow.procedure", "reason.planning", "tool.exec"})


@dataclass(frozen=True)
class CompensatePass(Pass):
    """Lowering hints for measured gaps, made concrete for the step. `at_most`: hints per step, heaviest gaps first."""

    id: ClassVar[str] = "compensate"
    summary: ClassVar[str] = "help for steps whose target is measured below what they need"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "requirements", "bindings")
    gives: ClassVar[tuple[str, ...]] = ("nodes",)
    at_most: int = 4

    def run(self, unit: Unit) -> Unit:
        """The unit with added parts on the slices of steps that have a measured gap."""

        def change(node: PlanNode) -> PlanNode:
            if not isinstance(node, StepNode) or node.executor.kind is not ExecutorKind.MODEL:
                return node
            added = additions(unit, node)[: self.at_most]
            if added == node.slice.added:
                return node
            return node.model_copy(update={"slice": node.slice.model_copy(update={"added": added})})

        return unit.with_nodes(change)


def additions(unit: Unit, node: StepNode) -> tuple[Addition, ...]:
    """What to add for one step, heaviest gap first; empty when nothing is measured below what it needs."""
    profile = unit.request.processor(node.executor.target).profile
    found: list[tuple[float, int, Addition]] = []
    for index, requirement in enumerate(unit.needs.get(node.id, ())):
        gap = judge(requirement, profile)
        if gap.verdict not in (Verdict.WEAK, Verdict.MISSING):
            continue
        text = _text(unit.program, profile, node, requirement)
        if text:
            part = Addition(text=text, primitive=gap.primitive, required=gap.required)
            found.append((gap.probability or 0.0, index, part))
    return tuple(part for _, _, part in sorted(found, key=lambda row: row[:2]))


def _text(program: Program, profile: Profile | None, node: StepNode, requirement: Requirement) -> str:
    """The hints from the required level down to one that the target holds, and what is known of this step."""
    hints = load_catalog().get(requirement.primitive).hints
    parts = [hints[level] for level in _levels_between(profile, requirement) if level in hints]
    if not parts:
        return ""
    concrete = _concrete(program, node, requirement.primitive)
    return " ".join([*parts, *([concrete] if concrete else [])])


def _levels_between(profile: Profile | None, requirement: Requirement) -> tuple[Level, ...]:
    """Required level first, downwards, as long as the level itself is not held; at least the required one."""
    cell = profile.cells.get(requirement.primitive) if profile else None
    out: list[Level] = []
    for rank in range(requirement.level.rank, 1, -1):
        level = Level.of(rank)
        estimate = probability(cell, level) if cell is not None else None
        if out and estimate is not None and estimate.mean >= MET_AT:
            break
        out.append(level)
    return tuple(out)


def _concrete(program: Program, node: StepNode, primitive: str) -> str:
    """Names out of the step itself: its commands for shell and execution, its parts for procedures, its files for reading."""
    if primitive in ("gen.code.shell", "tool.exec"):
        commands = [a.command for a in program.acts_of(node.id) if a.command]
        if commands:
            return "Commands this step states, one at a time: " + "; ".join(" ".join(c.split()) for c in commands[:6]) + "."
    if primitive in _TEXT_PRIMITIVES:
        parts = sentences(node.slice.text)
        if len(parts) > 1:
            return "In order: " + " ".join(f"{i + 1}) {p}" for i, p in enumerate(parts[:7]))
    if primitive in ("tool.file.read", "tool.file.write", "tool.call.batch"):
        acts = program.acts_of(node.id)
        places = [p for a in acts for p in (a.reads if primitive != "tool.file.write" else a.writes) if ":" not in p]
        if places:
            return "Files of this step: " + ", ".join(dict.fromkeys(places)) + "."
    return ""


def sentences(text: str) -> list[str]:
    """Sentences of a step's prose: fences left out, lines of a paragraph joined, bullets as sentences of their own."""
    bare = re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", "\n\n", text)
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", bare)
    out: list[str] = []
    for paragraph in paragraphs:
        line = " ".join(re.sub(r"^[\s>#*+-]*(?:\d+[.)])?\s*(?:\[[ xX]\])?\s*", "", paragraph).split())
        out += [s.strip(" *_") for s in re.split(r"(?<=[.!?;])\s+", line) if len(s.split()) > 2]
    return out
