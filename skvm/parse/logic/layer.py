"""The logical half of the front end: acts, control, code, needs and slots of a draft, with their diagnostics.

In: a `Draft` and the skill folder. Out: a `LogicLayer`. Never raises for any text; every node lies where the text shows it.
"""

from __future__ import annotations

from skvm.ir import Act
from skvm.ir import Block as CodeBlock
from skvm.parse.draft import Draft, LogicLayer
from skvm.parse.logic.bundle import Bundle
from skvm.parse.logic.code import Code, read_code
from skvm.parse.logic.needs import Needs
from skvm.parse.logic.notes import note_all
from skvm.parse.logic.slots import Slots
from skvm.parse.logic.steering import steer
from skvm.parse.logic.stepacts import StepReader
from skvm.source import SkillSource


def logical_layer(draft: Draft, source: SkillSource) -> LogicLayer:
    """Acts, controls, fences with roles, needs, slots and diagnostics of a draft; nodes are in text order."""
    bundle = Bundle(source)
    code = read_code(draft, source.main.raw, bundle.own)
    readers = [StepReader(draft, step, code, bundle) for step in draft.steps]
    acts: list[Act] = []
    for reader in readers:
        acts.extend(reader.acts())
    controls, notes = steer(draft, readers)
    needs = Needs(draft, code, bundle).collect()
    return LogicLayer(
        acts=tuple(act.with_id(f"A{n}") for n, act in enumerate(acts, 1)),
        controls=controls,
        blocks=_blocks(draft, code),
        needs=needs,
        slots=Slots(draft, source.main).collect(acts),
        diagnostics=(*notes, *note_all(draft, source, code, needs)),
    )


def _blocks(draft: Draft, code: Code) -> tuple[CodeBlock, ...]:
    owners = draft.step_of_block
    sections = draft.knowledge_of_section
    return tuple(
        CodeBlock.made(
            id=f"B{n}",
            span=draft.span(fence.block.start, fence.block.end),
            language=fence.block.language,
            role=fence.role,
            body=draft.span(*fence.block.body),
            step=owners.get(fence.block.index),
            knowledge=sections.get(fence.block.section),
        )
        for n, fence in enumerate(code.fences, 1)
    )
