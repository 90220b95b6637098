"""Paths: what each way of a purpose needs. Of whole steps the most that any of them needs, of a part of a text what the rules
find in that part."""

from __future__ import annotations

from skvm.capability import Path, Purpose, Requirement
from skvm.compile.alternatives import Alternatives, Told
from skvm.compile.rules import evidence_of, step_requirements
from skvm.compile.sections import Sections
from skvm.ir import Program, Step, StepEncoding
from skvm.source import SkillSource

PART = "part"
"""Id of the step that stands for one way that is told inside of something larger."""


def purposes_of(program: Program, source: SkillSource, needs: tuple[Requirement, ...]) -> tuple[Purpose, ...]:
    """Purposes with several paths; `needs` are the requirements of the steps."""
    found = Alternatives(program, source, Sections(program, source)).found
    return tuple(
        Purpose(
            about=choice.about,
            paths=tuple(_path(program, source, way, needs) for way in choice.ways),
            first=choice.first,
            because=choice.because,
        )
        for choice in found
    )


def _path(program: Program, source: SkillSource, way: Told, needs: tuple[Requirement, ...]) -> Path:
    steps = tuple(s.id for s in program.steps if way.span.contains(s.span)) if program.skill.has_procedure else ()
    rows = [r for r in needs if r.step in steps] if steps else _inside(program, source, way)
    return Path(title=way.title, span=way.span, steps=steps, needs=_most(rows), limited=way.limited)


def _most(rows: list[Requirement]) -> tuple[Requirement, ...]:
    """The highest level of each primitive."""
    table: dict[str, Requirement] = {}
    for row in rows:
        seen = table.get(row.primitive)
        if seen is None or row.level.rank > seen.level.rank:
            table[row.primitive] = row
    return tuple(table[name].model_copy(update={"step": None}) for name in sorted(table))


def _inside(program: Program, source: SkillSource, way: Told) -> list[Requirement]:
    """What the rules find in the text of one way, as if it were a step of its own."""
    text = source.main.slice(way.span)
    step = Step(id=PART, span=way.span, scene="", key="", title=way.title, text=text, encoding=StepEncoding.NUMBERED_HEADING)
    own = {"step": PART}
    rows = {
        "steps": (step,),
        "acts": tuple(a.model_copy(update=own) for a in program.acts if way.span.contains(a.span)),
        "blocks": tuple(b.model_copy(update=own) for b in program.blocks if way.span.contains(b.span)),
        "needs": tuple(n.model_copy(update=own) for n in program.needs if way.span.contains(n.span)),
        "controls": tuple(c.model_copy(update={"owner": PART}) for c in program.controls if way.span.contains(c.span)),
    }
    part = Program.made(**{name: getattr(program, name) for name in Program.model_fields} | rows)
    return list(step_requirements(evidence_of(part, source)))
