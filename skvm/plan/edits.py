"""Edits: what a measured gap changed in a step or in a choice between ways, and what stood there before."""

from __future__ import annotations

from skvm.capability import Level
from skvm.ir import Frozen
from skvm.plan.assignment import Binding
from skvm.plan.graph import BranchNode, StepNode
from skvm.source import Span


class Edit(Frozen):
    """One change of one step, or of the branch between ways of a purpose. The gap is `primitive` at `required`, below which
    `target` was measured.

    `transform`: which rule made it. `what`: what it does, in words. `spans`: the words of the skill that show the gap, and
    those that the edit is made from. `asks`: the level that is left to be asked (see `Addition`).
    """

    step: str
    transform: str
    primitive: str
    required: Level
    measured: Level | None = None
    target: str = ""
    asks: Level | None = None
    what: str
    spans: tuple[Span, ...] = ()


class Original(Frozen):
    """An edited step or branch, and the binding of a step, as they were."""

    node: StepNode | BranchNode
    binding: Binding | None = None
