"""Slices: what a model step sees of the skill. Every text is cut verbatim from the source, with its span (law 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from skvm.ir import Constraint, Knowledge, LeafKind, NeedKind, Program, Scene, Step
from skvm.plan import Slice
from skvm.source import SkillSource, Span

WHOLE_LIMIT = 12_000
"""Bytes of body up to which a skill without a procedure is sent whole (some 3,000 tokens); beyond, its sections are listed."""

KNOWLEDGE_LIMIT = 8_000
"""Bytes of one knowledge section a step refers to that are sent with it; of a longer one only the heading, to be read."""


@dataclass(frozen=True)
class Slicer:
    """Cuts slices out of one program."""

    program: Program
    source: SkillSource

    @cached_property
    def goal(self) -> str:
        """The author's own goal, or the description."""
        return self.program.skill.goal or self.program.skill.description

    @cached_property
    def _goal_spans(self) -> tuple[Span, ...]:
        spans = self.program.skill.spans
        found = spans.get("goal") if self.program.skill.goal else spans.get("description")
        return (found,) if found is not None else ()

    def step(self, step: Step) -> Slice:
        """Own text, applying constraints, knowledge and bundle files it refers to."""
        rules = tuple(c for c in self._rules(step) if not step.span.contains(c.span))
        known = tuple(k for k in self.program.knowledge_of(step.id) if k.file is None)
        spans = (step.span, *(c.span for c in rules), *(k.span for k in known), *self._goal_spans)
        scene = self.program.scene_by_id.get(step.scene)
        return Slice(
            goal=self.goal,
            text=step.text,
            scene=scene.title if scene is not None else "",
            constraints=tuple(c.text for c in rules),
            knowledge=tuple(self._knowledge(k) for k in known),
            files=self._files(step),
            spans=spans,
        )

    def whole(self) -> Slice:
        """The one step of a skill without a procedure: its body, or where that is long a list of its sections to be read."""
        body = self.body
        text = self.source.main.slice(body)
        knowledge: tuple[str, ...] = ()
        spans = (body, *self._goal_spans)
        if len(body) > WHOLE_LIMIT:
            first = min((k.span.start for k in self.program.knowledge), default=body.end)
            body = Span(body.file, body.start, min(max(first, body.start), body.start + WHOLE_LIMIT))
            text = self.source.main.slice(body)
            knowledge = tuple(self._heading(k) for k in self.program.knowledge if k.file is None)
            spans = (body, *(k.span for k in self.program.knowledge if k.file is None), *self._goal_spans)
        files = sorted({self.source.main.file, *(f.path for f in self.source.files)})
        return Slice(goal=self.goal, text=text, knowledge=knowledge, files=tuple(files), spans=spans)

    @cached_property
    def body(self) -> Span:
        """The main file after its front matter."""
        ends = [leaf.span.end for leaf in self.program.leaves if leaf.kind is LeafKind.FRONT_MATTER]
        return Span(self.program.main, max(ends, default=0), len(self.source.main.raw))

    def _rules(self, step: Step) -> list[Constraint]:
        """Constraints that apply to a step, in source order: those of the skill, of the step, and of the scenes around it."""
        owners = dict.fromkeys((None, step.id, *self.scene_chain(step.scene)))
        found = [row for owner in owners for row in self._rules_by_owner.get(owner, ())]
        return [self.program.constraints[at] for at in sorted(found)]

    @cached_property
    def _rules_by_owner(self) -> dict[str | None, list[int]]:
        table: dict[str | None, list[int]] = {}
        for at, rule in enumerate(self.program.constraints):
            table.setdefault(rule.owner, []).append(at)
        return table

    def scene_chain(self, scene: str) -> tuple[str, ...]:
        """Ids of a scene and the scenes around it, outermost first."""
        known = self._chains.get(scene)
        if known is None:
            known = self._chains[scene] = self._chain(scene)
        return known

    @cached_property
    def _chains(self) -> dict[str, tuple[str, ...]]:
        return {}

    def _chain(self, scene: str) -> tuple[str, ...]:
        chain: list[str] = []
        current: Scene | None = self.program.scene_by_id.get(scene)
        while current is not None and current.id not in chain:
            chain.append(current.id)
            current = self.program.scene_by_id.get(current.parent or "")
        return tuple(reversed(chain))

    def _knowledge(self, item: Knowledge) -> str:
        return self.source.main.slice(item.span) if len(item.span) <= KNOWLEDGE_LIMIT else self._heading(item)

    def _heading(self, item: Knowledge) -> str:
        """First line of a section and the lines where it stands, so that it can be read when it is needed."""
        lines = self.source.main.lines
        first, last = lines.line(item.span.start), lines.last_line(item.span.start, item.span.end)
        return f"{item.title} ({item.span.file}, lines {first}-{last})"

    def _files(self, step: Step) -> tuple[str, ...]:
        known = self.program.knowledge_of(step.id)
        named = {n.name for n in self.program.needs_of(step.id) if n.kind is NeedKind.FILE}
        named |= {k.file for k in known if k.file}
        named |= set(_skill_places(self.program, step.id))
        long = {k.span.file for k in known if len(k.span) > KNOWLEDGE_LIMIT}
        return tuple(sorted({n.removeprefix("./") for n in named | long} & self.source.paths))


def _skill_places(program: Program, step: str) -> Iterable[str]:
    for act in program.acts_of(step):
        for place in (*act.reads, act.instrument or ""):
            yield place.removeprefix("skill:")
