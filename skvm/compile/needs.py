"""What a skill asks of a model before any target is known: the needs of the steps that only a model can do."""

from __future__ import annotations

from skvm.capability import Target
from skvm.capability.coverage import Need, SkillNeeds, StepNeeds
from skvm.compile.passes.bind import BindPass
from skvm.compile.passes.effects import EffectsPass
from skvm.compile.passes.lower import LowerPass
from skvm.compile.passes.requirements import RequirementsPass
from skvm.compile.request import CompileRequest
from skvm.compile.unit import Unit
from skvm.ir import Program
from skvm.plan import ExecutorKind, StepNode
from skvm.source import SkillSource


def needs_of(program: Program, source: SkillSource) -> SkillNeeds:
    """Needs by step, as binding states them (who does a step depends on no profile). Never raises for what `parse` made."""
    unit = Unit(program, source, CompileRequest(Target(model="any")))
    for item in (LowerPass(), EffectsPass(), RequirementsPass(), BindPass()):
        unit = item.run(unit)
    steps = [node for node in unit.nodes if isinstance(node, StepNode)]
    bound = [node for node in steps if node.executor.kind is ExecutorKind.MODEL]
    rows = tuple(
        StepNeeds(
            id=node.id,
            title=_title(program, node),
            line=source.main.lines.line(node.span.start),
            needs=tuple(sorted({Need(r.primitive, r.level) for r in node.requires})),
        )
        for node in bound
    )
    return SkillNeeds(program.skill.name, "", rows, len(steps) - len(bound))


def _title(program: Program, node: StepNode) -> str:
    step = program.step_by_id.get(node.id)
    return step.title if step is not None else "the whole skill"
