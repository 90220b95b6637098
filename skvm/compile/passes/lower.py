"""lower: from the program to draft plan nodes, all bound to the target's model until `bind` decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, TypeGuard

from skvm.capability import Level
from skvm.compile.layout import Box, Entry, Layout, bound_of
from skvm.compile.passes.effects import effects_of
from skvm.compile.request import CompileRequest
from skvm.compile.slices import Slicer
from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import Control, Hazard, Program
from skvm.plan import (
    Arm,
    Artifact,
    BranchNode,
    DelegateNode,
    Edge,
    Executor,
    ExecutorKind,
    GateNode,
    LoopNode,
    MapNode,
    Output,
    PlanNode,
    Requires,
    StepNode,
)
from skvm.plan.timing import estimate_of
from skvm.source import Span, digest_text

WHOLE = "skill"
"""Id of the one step of a skill without a procedure."""


@dataclass(frozen=True)
class LowerPass(Pass):
    """Program to nodes."""

    id: ClassVar[str] = "lower"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "steps, gates, branches, loops and maps out of the program"
    needs: ClassVar[tuple[str, ...]] = ("program",)
    gives: ClassVar[tuple[str, ...]] = ("nodes", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with draft nodes in the author's order.

        The order is none of what the pass gives: it holds until a pass has looked for hazards, so that a pipeline that is cut
        short, or leaves that pass out, makes a plan in which nothing overlaps (law 5).
        """
        slicer = Slicer(unit.program, unit.source)
        model = Executor(kind=ExecutorKind.MODEL, target=str(unit.request.target))
        if not has_procedure(unit.program):
            return replace(unit, nodes=(_whole(unit.program, slicer, model),))
        layout = Layout(unit.program, slicer, partial(effects_of, unit.program))
        nodes = _Builder(unit.program, slicer, model, layout, unit.request.skills).nodes(layout.entries())
        found = [_note(unit.program, owner, words) for owner, words in layout.notes]
        found += [_apart(node, *unit.request.apart[node.skill]) for node in nodes if _is_apart(node, unit.request)]
        return replace(unit, nodes=nodes, edges=_as_written(nodes), diagnostics=(*unit.diagnostics, *dict.fromkeys(found)))


def has_procedure(program: Program) -> bool:
    """Does the program list steps that make a procedure?"""
    return bool(program.steps) and program.skill.has_procedure


def _as_written(nodes: Sequence[PlanNode]) -> tuple[Edge, ...]:
    """Each node behind the one before it in its block; arms of a branch exclude each other."""
    last: dict[tuple[str | None, int | None], str] = {}
    edges: list[Edge] = []
    for node in nodes:
        place = (node.parent, node.arm)
        if place in last:
            detail = "as the author ordered them"
            edges.append(Edge(before=last[place], after=node.id, hazard=Hazard.DECLARED_ORDER, detail=detail))
        last[place] = node.id
    return tuple(edges)


def _note(program: Program, owner: str, words: str) -> Diagnostic:
    node = program.step_by_id.get(owner) or program.scene_by_id.get(owner)
    span = node.span if node is not None else Span(program.main, 0, 0)
    code = CODES["SKV502"]
    return Diagnostic(code.number, code.severity, f"{owner}: {words}", span)


def _is_apart(node: PlanNode, request: CompileRequest) -> TypeGuard[DelegateNode]:
    return isinstance(node, DelegateNode) and node.skill in request.apart


def _apart(node: DelegateNode, code: str, words: str) -> Diagnostic:
    return Diagnostic(code, CODES[code].severity, f"{node.id}: {words}", node.span)


def _whole(program: Program, slicer: Slicer, model: Executor) -> StepNode:
    cut = slicer.whole()
    return StepNode(
        id=WHOLE,
        key=digest_text(cut.text),
        title=program.skill.name,
        span=slicer.body,
        executor=model,
        slice=cut,
        inputs=("$task",),
        outputs=_outputs(program, None),
    )


def _outputs(program: Program, step: str | None) -> tuple[Output, ...]:
    slots = [s for s in program.slots_of(step) if s.direction == "out"]
    found = {s.name: Output(name=s.name, path=s.pattern) for s in slots}
    for act in program.acts_of(step) if step is not None else ():
        for place in act.writes:
            if ":" not in place and not place.endswith("/") and place not in ("", "**"):
                found.setdefault(place, Output(name=place, path=place))
    return tuple(found.values())


@dataclass
class _Builder:
    program: Program
    slicer: Slicer
    model: Executor
    layout: Layout
    skills: Mapping[str, Artifact]

    def nodes(self, entries: tuple[Entry, ...]) -> tuple[PlanNode, ...]:
        out: list[PlanNode] = []
        open_path: list[tuple[str, str]] = []
        used: dict[str, int] = {}
        for entry in entries:
            ids = [box.id for box, _ in entry.path]
            shared = 0
            while shared < min(len(ids), len(open_path)) and open_path[shared][0] == ids[shared]:
                shared += 1
            del open_path[shared:]
            for level in range(shared, len(ids)):
                box, _ = entry.path[level]
                parent, arm = self._place(entry, level, open_path)
                used[box.id] = used.get(box.id, 0) + 1
                name = box.id if used[box.id] == 1 else f"{box.id}.{used[box.id]}"
                out.append(self._container(box, name, parent, arm, entry))
                open_path.append((box.id, name))
            parent, arm = self._place(entry, len(ids), open_path)
            out.append(self._leaf(entry, parent, arm))
        return tuple(out)

    def _place(self, entry: Entry, level: int, open_path: list[tuple[str, str]]) -> tuple[str | None, int | None]:
        if level == 0:
            return None, None
        return open_path[level - 1][1], entry.path[level - 1][1]

    def _container(self, box: Box, name: str, parent: str | None, arm: int | None, entry: Entry) -> PlanNode:
        key = digest_text(
            f"{box.kind}\0{entry.step.key}\0{box.control.condition or box.control.until or box.control.domain or ''}"
        )
        base = {"id": name, "key": key, "title": box.title, "parent": parent, "arm": arm, "span": box.control.span}
        if box.kind == "branch":
            need = (Requires(primitive="reason.logic", level=Level.L1),)
            return BranchNode(**base, arms=self._arms(box.control), executor=self.model, requires=need)
        if box.kind == "map":
            return MapNode(**base, over=box.over, parallel=False)
        bound, stated = bound_of(box.control)
        return LoopNode(**base, bound=bound, bound_stated=stated, until=box.until, executor=self.model)

    def _arms(self, control: Control) -> tuple[Arm, ...]:
        group = self.layout.groups.get(control.group or "", ())
        arms = group if len(group) > 1 else (control,)
        return tuple(Arm(label=f"arm {i + 1}", condition=c.condition or "otherwise", span=c.span) for i, c in enumerate(arms))

    def _leaf(self, entry: Entry, parent: str | None, arm: int | None) -> PlanNode:
        step = entry.step
        base = {"id": entry.id, "title": step.title, "parent": parent, "arm": arm, "optional": entry.optional}
        if entry.kind == "gate" and entry.control is not None:
            question = entry.control.condition or step.text
            key = digest_text(f"gate\0{step.key}")
            return GateNode(**base, key=key, span=entry.control.span, question=question)
        if entry.kind == "delegate" and entry.control is not None and entry.control.target:
            cut = self.slicer.step(step)
            skill = entry.control.target
            node = DelegateNode(
                **base, key=step.key, span=step.span, skill=skill, executor=self.model, slice=cut, inputs=("$task",)
            )
            return self._linked(node)
        return StepNode(
            **base,
            key=step.key,
            span=step.span,
            executor=self.model,
            slice=self.slicer.step(step),
            inputs=("$task",),
            outputs=_outputs(self.program, step.id),
            recover_of=entry.recover_of,
        )

    def _linked(self, node: DelegateNode) -> DelegateNode:
        """With the plan of the other skill, where there is one."""
        other = self.skills.get(node.skill)
        if other is None:
            return node
        return node.model_copy(update={"plan": other.digest, "estimate": estimate_of(other.plan.nodes, other.plan.edges)})
