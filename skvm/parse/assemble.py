"""From the structural reading and the logic layer to the program."""

from __future__ import annotations

from dataclasses import dataclass

from skvm.diag import Diagnostic, sort_diagnostics
from skvm.ir import Constraint, Knowledge, Program, Scene, Skill, Step, Trigger
from skvm.parse.allowances import allowance_notes
from skvm.parse.clashes import clash_notes
from skvm.parse.draft import Draft, FrontField, LogicLayer
from skvm.parse.flow import flow_notes
from skvm.parse.logic import logical_layer
from skvm.parse.loops import loop_notes
from skvm.parse.references import reference_notes
from skvm.parse.structure.overlay import leaves_of
from skvm.parse.structure.reading import Structure, read_structure
from skvm.source import SkillSource, Span


@dataclass(frozen=True)
class ParseResult:
    """The program of a skill and what there is to say about it, in one order."""

    program: Program
    diagnostics: tuple[Diagnostic, ...]


def parse_skill(source: SkillSource) -> ParseResult:
    """Read a skill. Total: any bytes give a program and diagnostics, never an exception (law 1)."""
    structure = read_structure(source)
    logic = logical_layer(structure.draft, source)
    program = _program(source, structure, logic)
    finders = (flow_notes, loop_notes, clash_notes, reference_notes, allowance_notes)
    whole = (note for finder in finders for note in finder(program, source))
    return ParseResult(program, sort_diagnostics((*structure.diagnostics, *logic.diagnostics, *whole)))


def _program(source: SkillSource, structure: Structure, logic: LogicLayer) -> Program:
    draft = structure.draft
    file = draft.file
    return Program.made(
        source=source.digest,
        main=file,
        skill=_skill(draft, source),
        scenes=tuple(
            Scene.made(
                id=s.id, span=Span(file, s.start, s.end), title=s.title, type=s.type, parent=s.parent, number=s.number
            )
            for s in draft.scenes
        ),
        steps=tuple(
            Step.made(
                id=s.id, span=Span(file, s.start, s.end), scene=s.scene, key=s.key, title=s.title, text=s.text,
                encoding=s.encoding, parent=s.parent, number=s.number,
            )
            for s in draft.steps
        ),
        blocks=logic.blocks,
        controls=logic.controls,
        acts=logic.acts,
        constraints=_constraints(structure),
        knowledge=tuple(
            Knowledge.made(id=k.id, span=Span(file, k.start, k.end), title=k.title, steps=k.steps, file=k.file)
            for k in draft.knowledge
        ),
        triggers=tuple(
            Trigger.made(id=f"T{n}", span=Span(file, c.start, c.end), polarity=c.polarity, text=c.text)
            for n, c in enumerate(structure.cues, 1)
        ),
        needs=logic.needs,
        slots=logic.slots,
        leaves=leaves_of(list(structure.claims), file),
    )  # fmt: skip


def _constraints(structure: Structure) -> tuple[Constraint, ...]:
    draft = structure.draft
    owners = draft.step_of_block
    scenes = {index: scene.id for scene in draft.scenes for index in scene.sections}
    out = []
    for number, rule in enumerate(structure.rules, 1):
        owner = owners.get(rule.block) or scenes.get(draft.blocks[rule.block].section)
        out.append(
            Constraint.made(
                id=f"C{number}", span=Span(draft.file, rule.start, rule.end), force=rule.force, text=rule.text, owner=owner
            )
        )
    return tuple(out)


def _skill(draft: Draft, source: SkillSource) -> Skill:
    spans: dict[str, Span] = {}

    def take(field: str, *keys: str) -> str:
        for key in keys:
            found = next((f for f in draft.front if f.key == key and f.value), None)
            if found is not None:
                spans[field] = Span(draft.file, found.start, found.end)
                return found.value
        return ""

    name = take("name", "name", "slug", "title") or source.name
    description = take("description", "description", "summary")
    tools = _split(_all(draft, spans, "allowed_tools", "allowed-tools", "allowed_tools", "tools"))
    return Skill.made(
        name=name,
        description=description,
        kind=draft.kind,
        goal=_goal(draft, spans, description),
        intents=tuple(f.value for f in _all(draft, spans, "intents", "triggers", "trigger_phrases", "metadata.triggers")),
        tags=_split(_all(draft, spans, "tags", "tags", "metadata.tags", "keywords")),
        license=take("license", "license"),
        allowed_tools=tools,
        has_procedure=draft.has_procedure,
        spans=spans,
    )


def _all(draft: Draft, spans: dict[str, Span], field: str, *keys: str) -> tuple[FrontField, ...]:
    for key in keys:
        found = tuple(f for f in draft.front if f.key == key and f.value)
        if found:
            spans[field] = Span(draft.file, found[0].start, found[-1].end)
            return found
    return ()


def _split(fields: tuple[FrontField, ...]) -> tuple[str, ...]:
    """A list as YAML items, separated by commas, or (brackets respected) by blanks."""
    if len(fields) != 1 or fields[0].listed:
        return tuple(f.value for f in fields)
    text = fields[0].value.strip("[]")
    if "," in text:
        return tuple(part.strip(" \"'") for part in text.split(",") if part.strip(" \"'"))
    out: list[str] = []
    depth = 0
    for word in text.split():
        if depth and out:
            out[-1] += f" {word}"
        else:
            out.append(word)
        depth += word.count("(") - word.count(")")
    return tuple(out)


def _goal(draft: Draft, spans: dict[str, Span], description: str) -> str:
    """First sentence of the description, else of the first paragraph."""
    if description:
        spans["goal"] = spans["description"]
        return description.split(". ")[0].strip()
    for block in draft.blocks:
        if block.kind.value == "paragraph" and block.text:
            spans["goal"] = Span(draft.file, block.start, block.end)
            return block.text.split(". ")[0].strip()
    return ""
