"""requirements: which primitive at which level, of steps, of the skill and of each way of a purpose, shown by spans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.paths import purposes_of
from skvm.compile.rules import evidence_of, skill_requirements, step_requirements
from skvm.compile.unit import Pass, Unit
from skvm.ir import ControlKind
from skvm.plan import BranchNode, LoopNode, MapNode, StepNode


@dataclass(frozen=True)
class RequirementsPass(Pass):
    """Requirements of steps (`step` set) and of the skill (`step` None), and purposes that have several paths."""

    id: ClassVar[str] = "requirements"
    summary: ClassVar[str] = "which capability each step needs, at which level, and where that is shown"
    needs: ClassVar[tuple[str, ...]] = ("program", "nodes")
    gives: ClassVar[tuple[str, ...]] = ("requirements", "purposes")

    def run(self, unit: Unit) -> Unit:
        """The unit with its requirements. The one step of a skill without a procedure needs what the skill needs."""
        boxes = {n.span for n in unit.nodes if isinstance(n, BranchNode | LoopNode | MapNode)}
        lowered = {c.id for c in unit.program.controls if c.span in boxes or (c.kind is ControlKind.PARALLEL and c.members)}
        lowered |= {
            c.id for c in unit.program.controls if c.kind is ControlKind.PARALLEL and f"{c.owner}.map" in unit.node_by_id
        }
        evidence = evidence_of(unit.program, unit.source, frozenset(lowered))
        whole = skill_requirements(evidence)
        single = next((n.id for n in unit.nodes if isinstance(n, StepNode) and n.id not in unit.program.step_by_id), None)
        if single is not None:
            steps = tuple(r.model_copy(update={"step": single}) for r in whole)
        else:
            steps = step_requirements(evidence)
        return replace(unit, requirements=(*steps, *whole), purposes=purposes_of(unit.program, unit.source, steps))
