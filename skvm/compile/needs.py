"""What a skill asks of a model before any target is known: the needs of the steps that only a model can do."""

from __future__ import annotations

from skvm.capability import Purpose, Target
from skvm.capability.coverage import Need, SkillNeeds, StepNeeds, Way, Ways
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
    ways = tuple(_ways(unit, purpose) for purpose in unit.purposes)
    return SkillNeeds(program.skill.name, "", rows, len(steps) - len(bound), ways)


def _ways(unit: Unit, purpose: Purpose) -> Ways:
    line = unit.source.main.lines.line
    rows = tuple(
        Way(
            title=" ".join(path.title.split()),
            line=line(path.span.start),
            needs=tuple(sorted({Need(r.primitive, r.level) for r in path.needs})),
            spares=_spares(unit, purpose, at),
            limited=path.limited,
        )
        for at, path in enumerate(purpose.paths)
    )
    return Ways(purpose.about, purpose.first, rows)


def _spares(unit: Unit, purpose: Purpose, taken: int) -> tuple[tuple[str, Need], ...]:
    """Needs of steps that nothing shows but other ways than the one that is taken."""
    others = [path.span for at, path in enumerate(purpose.paths) if at != taken and not path.limited]
    rows = {
        (r.step, Need(r.primitive, r.level))
        for r in unit.requirements
        if r.step is not None and r.spans and all(any(o.contains(span) for o in others) for span in r.spans)
    }
    return tuple(sorted(rows))


def _title(program: Program, node: StepNode) -> str:
    step = program.step_by_id.get(node.id)
    return step.title if step is not None else "the whole skill"
