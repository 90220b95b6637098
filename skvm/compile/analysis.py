"""What a program needs, touches and orders, before any target is known: what `skvm outline` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skvm.capability import Requirement, Target
from skvm.compile.passes.dependencies import DependenciesPass
from skvm.compile.passes.effects import EffectsPass
from skvm.compile.passes.lower import LowerPass
from skvm.compile.passes.reduce import reduce_edges
from skvm.compile.request import CompileRequest
from skvm.compile.rules import evidence_of, skill_requirements, step_requirements
from skvm.compile.sections import Sections
from skvm.compile.unit import StepEffects, Unit
from skvm.ir import Effects, Hazard, Program
from skvm.plan import Edge
from skvm.source import SkillSource


@dataclass(frozen=True)
class Analysis:
    """`requirements`: of the skill's main job, one per primitive. `step_requirements`: of each step. `effects`: by step id.

    `edges` join step ids (never blocks or gates) and are transitively reduced. Steps without a path between them may overlap,
    exclude each other (arms, ways of doing the job), or one of them is only for when something fails. `ways`: the way a step
    belongs to, where the skill tells several; `handlers`: steps that are only for when something fails.
    """

    requirements: tuple[Requirement, ...]
    step_requirements: tuple[Requirement, ...]
    effects: Mapping[str, Effects]
    step_effects: Mapping[str, StepEffects]
    edges: tuple[Edge, ...]
    ways: Mapping[str, str] = field(default_factory=dict)
    handlers: frozenset[str] = frozenset()


def analyse(program: Program, source: SkillSource) -> Analysis:
    """Requirements, effects and order of a program. Never raises for a program that `parse` made."""
    unit = Unit(program, source, CompileRequest(Target(model="any")))
    for item in (LowerPass(), EffectsPass(), DependenciesPass()):
        unit = item.run(unit)
    evidence = evidence_of(program, source)
    sections = Sections(program, source)
    return Analysis(
        requirements=skill_requirements(evidence),
        step_requirements=step_requirements(evidence),
        effects={step: found.effects for step, found in unit.effects.items()},
        step_effects=unit.effects,
        edges=_edges(unit, sections),
        ways={step: f"{control.owner}.{arm}" for step, (control, arm) in sections.way_of.items()},
        handlers=frozenset(sections.handlers),
    )


def _edges(unit: Unit, sections: Sections) -> tuple[Edge, ...]:
    """Edges of the plan between steps of the program: blocks give their first and last steps, gates their step."""
    steps = unit.program.step_by_id
    order = {s.id: i for i, s in enumerate(unit.program.steps)}
    found: list[Edge] = []
    for edge in unit.edges:
        firsts, lasts = unit.ends(edge.after, "before"), unit.ends(edge.before, "after")
        for before in lasts:
            for after in firsts:
                one, two = _step_of(before, steps), _step_of(after, steps)
                if one is not None and two is not None and order[one] < order[two]:
                    found.append(Edge.made(**{**edge.__dict__, "before": one, "after": two}))
    return reduce_edges(_without_handlers(tuple(found), unit.program, sections), order)


def _without_handlers(edges: tuple[Edge, ...], program: Program, sections: Sections) -> tuple[Edge, ...]:
    """The same order with sections of failure handlers hung off the steps that can fail, as a reader takes them.

    The plan keeps them in line; here what was joined through handlers is joined directly.
    """
    handlers, loose = sections.handlers, sections.loose_handlers
    if not handlers:
        return edges
    past = _past(edges, program, handlers)
    found = [e for e in edges if e.after not in handlers and e.before not in handlers]
    found += [e for e in edges if e.after in handlers and e.before in handlers and not {e.before, e.after} & loose]
    for edge in edges:
        if edge.before in handlers and edge.after not in handlers:
            found += [_declared(b, edge.after, "as the author ordered them") for b in past[edge.before]]
    found += [_declared(target, step, "runs when it fails") for step, target in handlers.items() if target is not None]
    return tuple(found)


def _declared(before: str, after: str, detail: str) -> Edge:
    return Edge(before=before, after=after, hazard=Hazard.DECLARED_ORDER, detail=detail)


def _past(edges: tuple[Edge, ...], program: Program, handlers: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """For each handler the steps of the flow that come before it in the plan, through other handlers."""
    before: dict[str, list[str]] = {}
    for edge in edges:
        before.setdefault(edge.after, []).append(edge.before)
    out: dict[str, tuple[str, ...]] = {}
    for step in program.steps:  # edges go forward in the text, so the handlers before this one are known
        if step.id in handlers:
            rows = [out.get(b, (b,)) for b in before.get(step.id, ())]
            out[step.id] = tuple(dict.fromkeys(b for row in rows for b in row))
    return out


def _step_of(node: str, steps: Mapping[str, object]) -> str | None:
    """Step id of a leaf; the gate beside a step counts as that step."""
    name = node if node in steps else node.removesuffix(".gate")
    return name if name in steps else None
