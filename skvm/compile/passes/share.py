"""share: which items of a map and which calls of a batch may share one conversation, and how many.

What is sent again with every turn is then sent once for several of them. Only where the target was measured to make several
calls at once, where it is cheaper by estimate with what may have to be repeated counted, and where no piece can touch what
another one does or has an effect that must not be repeated; else each piece keeps a conversation of its own (law 6). Steps
are looked at before any edit, so that taking edits back leaves the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from skvm.capability import Gap, Level, Requirement, Verdict, judge
from skvm.compile.estimates import ANSWER, OUTPUT, OVERHEAD, PIECE, TURNS, WINDOW, carried, shared
from skvm.compile.passes.dependencies import items_apart
from skvm.compile.passes.effects import UNKNOWN
from skvm.compile.unit import Pass, Unit
from skvm.ir import EffectClass
from skvm.plan import BatchNode, ExecutorKind, Joint, MapNode, PlanNode, StepNode

BATCH = "tool.call.batch"

AT_ONCE = {Level.L1: 2, Level.L2: 5, Level.L3: 5}
"""Calls of one turn that a level was measured with (the catalogue's words: two reads, five reads; L3 names no number)."""

SMALL = 16_000
"""Bytes of a file that is read whole in one call; a larger item gets a conversation of its own."""

SMALLEST = 2_000
"""Where items of that size do not fit the window, fewer of them share a conversation."""


@dataclass(frozen=True)
class SharePass(Pass):
    """A rule on every map and batch, or why there is none."""

    id: ClassVar[str] = "share"
    summary: ClassVar[str] = "how many items of a map and calls of a batch share a conversation"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "effects")
    gives: ClassVar[tuple[str, ...]] = ("nodes",)

    def run(self, unit: Unit) -> Unit:
        """The unit with the rules on its maps and batches."""
        return unit.with_nodes(lambda node: _ruled(unit, node))


def _ruled(unit: Unit, node: PlanNode) -> PlanNode:
    if isinstance(node, MapNode):
        found = _of_map(unit, node)
    elif isinstance(node, BatchNode):
        found = _of_batch(unit, node)
    else:
        return node
    alone = found if isinstance(found, str) else ""
    return node.model_copy(update={"joint": None if isinstance(found, str) else found, "alone": alone})


def _of_map(unit: Unit, node: MapNode) -> Joint | str:
    """The rule for items of a map, or why each is done by itself."""
    body = unit.children.get(node.id, ())
    step = body[0] if len(body) == 1 else None
    if not isinstance(step, StepNode):
        return "more than one step an item"
    problem = _unfit(unit, step)
    if problem:
        return problem
    if not node.parallel or not items_apart(unit, node.id):
        return "one item may touch what another one does"
    held = _held(unit, step)
    if isinstance(held, str):
        return held
    for most in range(_bound(held), 1, -1):
        small = _room([step], most)
        if small >= SMALLEST:
            return _cheaper([step] * most, held, small)
    return "the step's own text fills the window"


def _of_batch(unit: Unit, node: BatchNode) -> Joint | str:
    """The rule for calls of a batch that a model makes, or why each is made by itself."""
    steps = [n for n in unit.children.get(node.id, ()) if isinstance(n, StepNode)]
    asked = [n for n in steps if n.executor.kind is ExecutorKind.MODEL]
    if len(asked) < 2:
        return "no two of its calls are made by a model"
    if node.together.basis != "proved":
        return "only the author's word says that they may overlap"
    if len({n.executor.target for n in asked}) > 1:
        return "its calls are made by different models"
    problem = next((found for n in asked if (found := _unfit(unit, n))), "")
    if problem:
        return problem
    held = _held(unit, asked[0])
    if isinstance(held, str):
        return held
    most = min(len(asked), _bound(held))
    if _room(asked, most) < SMALLEST:
        return "the steps' own texts fill the window"
    return _cheaper(asked[:most], held, 0)


def _unfit(unit: Unit, step: StepNode) -> str:
    """Why a step must be done by itself, whatever the target holds."""
    found = unit.effects.get(step.id, UNKNOWN)
    if step.executor.kind is not ExecutorKind.MODEL:
        return "no model is asked"
    if found.effects.top:
        return f"what {step.id} may touch is not known"
    if found.effects.external or step.effect_class is EffectClass.EFFECTFUL or step.hosts or step.env:
        return f"{step.id} acts outside the work folder or must not be repeated"
    return f"{step.id} has a time limit of its own" if step.timeout is not None else ""


def _held(unit: Unit, step: StepNode) -> Gap | str:
    """The highest level of several calls at once that the step's target holds, or what was measured instead."""
    processor = unit.request.processor(step.executor.target)
    for level in (Level.L3, Level.L2, Level.L1):
        found = judge(Requirement(primitive=BATCH, level=level, step=step.id, spans=(step.span,)), processor.profile)
        if found.verdict is Verdict.MET:
            return found
    return f"{processor.target} does not hold {BATCH} L1 ({found.verdict.value.replace('_', ' ')})"


def _bound(held: Gap) -> int:
    return min(AT_ONCE[held.required], OUTPUT // ANSWER)


def _room(steps: Sequence[StepNode], most: int) -> int:
    """Bytes that each of so many pieces may read, so that the last turn still fits half the window."""
    said = most * (TURNS - 1) * (ANSWER + PIECE)
    return min(SMALL, 4 * (WINDOW // 2 - OVERHEAD - carried(steps) - said) // most)


def _cheaper(pieces: Sequence[StepNode], held: Gap, small: int) -> Joint | str:
    """The rule, where it costs less with the pieces counted that may have to be done again one by one."""
    apart, together = shared(pieces)
    chance = held.probability or 0.0
    expected = round(together + (1 - chance) * apart)
    if expected >= apart:
        return f"{len(pieces)} in one conversation would take {expected} tokens for {apart}"
    level = held.measured.value if held.measured is not None else held.required.value
    why = (
        f"{BATCH} measured {level} (probability {chance:.2f}) carries {len(pieces)} calls a turn; "
        f"{expected} tokens for {apart} by estimate, repeats included"
    )
    return Joint(most=len(pieces), small=small, primitive=BATCH, level=held.required, apart=apart, shared=expected, why=why)
