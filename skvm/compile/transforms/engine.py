"""Transforms at work on one step: the heaviest gap first, whole-step transforms before help, the guard over every edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from skvm.capability import Gap, Level, Verdict, judge
from skvm.compile.request import Processor
from skvm.compile.transforms.guard import losses
from skvm.compile.transforms.proposal import Proposal, Transform, View
from skvm.compile.unit import Unit
from skvm.ir import Frozen
from skvm.plan import Addition, Edit, Executor, ExecutorKind, Requires, StepNode

MEASURED = (Verdict.WEAK, Verdict.MISSING)


class Refused(Frozen):
    """An edit that was not made because of what it would have lost."""

    step: str
    transform: str
    loss: str


class Edited(NamedTuple):
    """A step after its edits; `what` a whole-step transform does, in words."""

    node: StepNode
    edits: tuple[Edit, ...] = ()
    refused: tuple[Refused, ...] = ()
    what: str = ""


class Made(NamedTuple):
    """One accepted proposal."""

    transform: Transform
    view: View
    proposal: Proposal


def gaps_of(unit: Unit, node: StepNode) -> tuple[Gap, ...]:
    """What the target of a step lacks there by measurement or because its harness does not offer it, the heaviest first."""
    profile = unit.request.processor(node.executor.target).profile
    judged = [judge(need, profile) for need in unit.needs.get(node.id, ())]
    found = [gap for gap in judged if gap.verdict in (*MEASURED, Verdict.NOT_OFFERED)]
    return tuple(sorted(found, key=lambda gap: gap.probability or 0.0))


def edit_step(unit: Unit, node: StepNode, transforms: Sequence[Transform], at_most: int) -> Edited:
    """The step as the transforms change it; itself when nothing is measured below what it needs (law 6)."""
    if node.executor.kind is not ExecutorKind.MODEL:
        return Edited(node)
    gaps = gaps_of(unit, node)
    refused: list[Refused] = []
    for made, after in _wholes(unit, node, gaps, transforms):
        lost = list(losses(unit.program, unit.source, node, after))
        if not lost:
            return Edited(after, (_edit(unit, made),), tuple(refused), made.proposal.what)
        refused.append(Refused(step=node.id, transform=made.transform.id, loss=lost[0]))
    kept: list[Made] = []
    after = node
    for made in _helps(unit, node, [gap for gap in gaps if gap.verdict in MEASURED][:at_most], transforms):
        trial = _helped(node, [*kept, made])
        lost = list(losses(unit.program, unit.source, node, trial))
        if lost:
            refused.append(Refused(step=node.id, transform=made.transform.id, loss=lost[0]))
        else:
            kept.append(made)
            after = trial
    return Edited(after, tuple(_edit(unit, made) for made in kept), tuple(refused))


def _wholes(
    unit: Unit, node: StepNode, gaps: tuple[Gap, ...], transforms: Sequence[Transform]
) -> Iterator[tuple[Made, StepNode]]:
    for transform in transforms:
        gap = next((gap for gap in gaps if transform.helps_with(gap.primitive)), None)
        if transform.whole and gap is not None:
            view = _view(unit, node, gap)
            proposal = transform.propose(view)
            if proposal is not None and proposal.executor is not None:
                yield Made(transform, view, proposal), _replaced(node, proposal, view)


def _replaced(node: StepNode, proposal: Proposal, view: View) -> StepNode:
    """Somebody else does the step; the model still gets it, with the help, where that fails."""
    assert proposal.executor is not None  # the caller looked
    references = proposal.command.placeholders.values() if proposal.command is not None else ()
    env = {name.removeprefix("$env.") for name in references if name.startswith("$env.")}
    part = Addition(text=proposal.text, primitive=view.gap.primitive, required=view.gap.required)
    added = (*node.slice.added, *((part,) if proposal.text else ()))
    return node.model_copy(
        update={
            "executor": Executor(kind=proposal.executor),
            "command": proposal.command,
            "slice": node.slice.model_copy(update={"added": added}),
            "env": tuple(sorted({*node.env, *env})),
        }
    )


def _helps(unit: Unit, node: StepNode, gaps: Sequence[Gap], transforms: Sequence[Transform]) -> Iterator[Made]:
    used: set[str] = set()
    for gap in gaps:
        view = _view(unit, node, gap)
        for transform in transforms:
            if transform.whole or not transform.helps_with(gap.primitive) or (transform.once and transform.id in used):
                continue
            proposal = transform.propose(view)
            if proposal is not None:
                used.add(transform.id)
                yield Made(transform, view, proposal)


def _helped(node: StepNode, made: Sequence[Made]) -> StepNode:
    """The step with one added part for each gap, all checks, and what is left to be asked of the target."""
    rows: dict[tuple[str, Level], list[Made]] = {}
    for item in made:
        rows.setdefault((item.view.gap.primitive, item.view.gap.required), []).append(item)
    said: set[str] = set()
    parts = tuple(_part(*gap, items, said) for gap, items in rows.items())
    asked = {part.primitive: part.asks for part in parts if part.asks is not None}
    checks = [c for item in made for c in item.proposal.checks]
    return node.model_copy(
        update={
            "slice": node.slice.model_copy(update={"added": (*node.slice.added, *parts)}),
            "requires": tuple(Requires(primitive=r.primitive, level=asked.get(r.primitive, r.level)) for r in node.requires),
            "checks": tuple(dict.fromkeys((*node.checks, *checks))),
            "attempts": max(node.attempts, *(item.proposal.attempts for item in made)),
        }
    )


def _part(primitive: str, required: Level, made: Sequence[Made], said: set[str]) -> Addition:
    """What answers one gap; words that answer another one too are said once (`said` keeps them)."""
    asks = [item.proposal.asks for item in made if item.proposal.asks is not None]
    new = dict.fromkeys(item.proposal.text for item in made if item.proposal.text and item.proposal.text not in said)
    said.update(new)
    text = " ".join(new)
    lowest = min(asks, key=lambda level: level.rank, default=None)
    return Addition(text=text, primitive=primitive, required=required, asks=lowest)


def _view(unit: Unit, node: StepNode, gap: Gap) -> View:
    profile = unit.request.processor(node.executor.target).profile
    return View(unit, node, gap, profile.cells.get(gap.primitive) if profile is not None else None)


def _edit(unit: Unit, made: Made) -> Edit:
    gap, proposal = made.view.gap, made.proposal
    processor: Processor = unit.request.processor(made.view.node.executor.target)
    return Edit(
        step=made.view.node.id,
        transform=made.transform.id,
        primitive=gap.primitive,
        required=gap.required,
        measured=gap.measured,
        target=str(processor.target),
        asks=proposal.asks,
        what=proposal.what,
        spans=tuple(dict.fromkeys((*gap.spans, *proposal.spans))),
    )
