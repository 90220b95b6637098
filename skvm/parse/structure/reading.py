"""The structural half as one function: source to draft, rules, triggers, leaves and diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

from skvm.diag import Diagnostic
from skvm.ir import LeafKind
from skvm.parse.draft import HEADING, HTML, RULE, Block, Draft, DraftKnowledge, DraftScene
from skvm.parse.structure.blocks import BlockReader
from skvm.parse.structure.chunks import split_fences
from skvm.parse.structure.front import FrontMatter, read_front_matter
from skvm.parse.structure.kinds import kind_features, kind_of
from skvm.parse.structure.knowledge import find_knowledge
from skvm.parse.structure.notes import note_file, note_front, note_shape
from skvm.parse.structure.overlay import Claim, paint
from skvm.parse.structure.procedure import find_procedure
from skvm.parse.structure.report import Reporter
from skvm.parse.structure.rules import Rule, find_rules
from skvm.parse.structure.sections import Part, read_sections, to_sections
from skvm.parse.structure.stages import build
from skvm.parse.structure.tokens import read_tree
from skvm.parse.structure.triggers import Cue, find_cues
from skvm.source import SkillSource


@dataclass(frozen=True)
class Structure:
    """What the structural half read."""

    draft: Draft
    front: FrontMatter
    rules: tuple[Rule, ...]
    cues: tuple[Cue, ...]
    claims: tuple[Claim, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_structure(source: SkillSource) -> Structure:
    """Read the structure of a skill's main file. Never raises for any bytes."""
    main = source.main
    report = Reporter()
    note_file(source, report)
    front = read_front_matter(main, report)
    note_front(source, front, report)
    reader = BlockReader(main, front.body)
    blocks = split_fences(reader.read(), main)
    body = main.origin(front.body)
    parts = read_sections(read_tree(blocks), blocks, body, len(main.raw))
    sections = to_sections(parts, blocks)
    procedure = find_procedure(parts, blocks, front.fields)
    scenes, steps = build(procedure.stages, main, blocks)
    in_step = {index: step.id for step in steps for index in step.blocks}
    knowledge = find_knowledge(parts, blocks, scenes, steps, source.paths)
    kind = kind_of(kind_features(procedure))
    cues = find_cues(parts, blocks, front.fields, in_step, main.raw)
    rules = find_rules(parts, blocks, in_step, procedure.finder, frozenset(c.block for c in cues))
    draft = Draft(
        main.file,
        kind,
        procedure.found,
        tuple(blocks),
        sections,
        tuple(scenes),
        tuple(steps),
        tuple(knowledge),
        front.fields,
        body,
    )
    note_shape(source, draft, reader.failed, report)
    claims = _claims(draft, front, rules, cues, parts, reader.failed, main.origin(front.start), len(main.raw))
    return Structure(draft, front, tuple(rules), tuple(cues), tuple(claims), tuple(report.items))


def _claims(
    draft: Draft,
    front: FrontMatter,
    rules: list[Rule],
    cues: list[Cue],
    parts: list[Part],
    failed: bool,
    head: int,
    size: int,
) -> list[Claim]:
    blocks = draft.blocks
    layers = [
        _text(blocks, draft.scenes, draft.knowledge, failed),
        [Claim(c.start, c.end, LeafKind.TRIGGER, f"T{n}") for n, c in enumerate(cues, 1) if c.start >= draft.body_start],
        [Claim(r.start, r.end, LeafKind.CONSTRAINT, f"C{n}") for n, r in enumerate(rules, 1)],
        [Claim(s.start, s.end, LeafKind.STEP, s.id) for s in draft.steps],
        _code(draft),
        [Claim(p.heading.start, p.heading.end, LeafKind.HEADING, None) for p in parts if p.heading is not None and not p.bold],
        [Claim(head, draft.body_start, LeafKind.FRONT_MATTER, None)] if front.found else [],
    ]
    return paint(size, layers)


def _text(
    blocks: tuple[Block, ...], scenes: tuple[DraftScene, ...], knowledge: tuple[DraftKnowledge, ...], failed: bool
) -> list[Claim]:
    """Top-level blocks by where they stand: a knowledge unit, a stage (residual: no step claims it), or nothing we know."""
    units = sorted((k.start, k.end, k.id) for k in knowledge if k.section is not None)
    out: list[Claim] = []
    at = 0
    for block in blocks:
        if block.parent is not None or block.kind in (HEADING, RULE, HTML):
            continue
        while at < len(units) and units[at][1] <= block.start:
            at += 1
        if failed:
            out.append(Claim(block.start, block.end, LeafKind.OPAQUE, None))
        elif at < len(units) and units[at][0] <= block.start:
            out.append(Claim(block.start, block.end, LeafKind.KNOWLEDGE, units[at][2]))
        else:
            out.append(Claim(block.start, block.end, LeafKind.RESIDUAL, None))
    del scenes
    return out


def _code(draft: Draft) -> list[Claim]:
    owners = draft.step_of_block
    return [Claim(b.start, b.end, LeafKind.CODE, owners.get(b.index)) for b in draft.fences]
