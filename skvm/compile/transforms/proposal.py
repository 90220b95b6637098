"""What a transform sees of a step, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from skvm.capability import Cell, Gap, Level
from skvm.compile.commands import stated_commands
from skvm.compile.unit import Unit
from skvm.ir import Act, Block, Program, Step
from skvm.plan import Check, Command, ExecutorKind, PlanNode, StepNode
from skvm.source import SkillSource, Span

_FENCE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")

ANY: frozenset[str] = frozenset()
"""`answers` of a transform that helps with every primitive."""


@dataclass(frozen=True)
class View:
    """One step that a model must do, and one gap of its target there. `cell`: what was measured of the primitive."""

    unit: Unit
    node: StepNode
    gap: Gap
    cell: Cell | None = None

    @property
    def program(self) -> Program:
        """The program of the step."""
        return self.unit.program

    @property
    def source(self) -> SkillSource:
        """The text of the program."""
        return self.unit.source

    @property
    def step(self) -> Step | None:
        """The author's step; None where one step stands for the whole skill."""
        return self.program.step_by_id.get(self.node.id)

    @property
    def around(self) -> Iterator[PlanNode]:
        """Blocks that the step lies in, innermost first."""
        return boxes_of(self.unit, self.node)

    @cached_property
    def commands(self) -> tuple[Act, ...]:
        """Commands that the step states."""
        return stated_commands(self.program, self.node.id)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Fences of the step, or of the whole skill."""
        return tuple(b for b in self.program.blocks if self.step is None or b.step == self.node.id)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Inline code of the step's prose, in order."""
        return tuple(m[1] for m in _CODE.finditer(self.prose))

    @cached_property
    def prose(self) -> str:
        """The step without its fences."""
        return _FENCE.sub("\n\n", self.node.slice.text)

    @cached_property
    def prose_only(self) -> str:
        """The step without fences and inline code."""
        return _CODE.sub(" ", self.prose.removeprefix(f"{self.step.number}.") if self.step and self.step.number else self.prose)

    def lines(self, block: Block) -> list[str]:
        """Lines of a fence that are not blank, without the indentation all of them share."""
        rows = [line.rstrip() for line in self.source.main.slice(block.body).splitlines() if line.strip()]
        cut = min((len(row) - len(row.lstrip()) for row in rows), default=0)
        return [row[cut:] for row in rows]

    @property
    def less(self) -> Level | None:
        """One level below the one that is missed; None at the lowest."""
        return Level.of(self.gap.required.rank - 1) if self.gap.required.rank > 1 else None


@dataclass(frozen=True)
class Proposal:
    """What to change and why. `text`: help for the model. `asks`: see `skvm.plan.Addition`. `executor`: who does the step."""

    what: str
    text: str = ""
    asks: Level | None = None
    checks: tuple[Check, ...] = ()
    attempts: int = 1
    executor: ExecutorKind | None = None
    command: Command | None = None
    spans: tuple[Span, ...] = ()


class Transform:
    """A rule that answers a measured gap in one step. Subclasses set the fields and `propose`; none keeps any state.

    `answers`: the primitives it helps with (empty: all). `lowers`: of these the ones that it brings one level down, by the
    catalogue's lowering from the level given and below. `whole`: it settles the whole step, so that no help is needed beside
    it. `once`: it is about the step and not about one gap, so that the heaviest gap has it.
    """

    id: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    answers: ClassVar[frozenset[str]] = ANY
    lowers: ClassVar[Mapping[str, Level]] = {}
    whole: ClassVar[bool] = False
    once: ClassVar[bool] = False

    def helps_with(self, primitive: str) -> bool:
        """Is a gap of this primitive one that it answers?"""
        return not self.answers or primitive in self.answers

    def propose(self, view: View) -> Proposal | None:
        """The change for this gap, None where there is nothing sure to say."""
        raise NotImplementedError

    def asks(self, view: View) -> Level | None:
        """The level that is left to be asked when the help of this transform is complete."""
        highest = self.lowers.get(view.gap.primitive)
        return view.less if highest is not None and view.gap.required.rank <= highest.rank else None


def boxes_of(unit: Unit, node: PlanNode) -> Iterator[PlanNode]:
    """Blocks that a node lies in, innermost first."""
    box = unit.node_by_id.get(node.parent or "")
    while box is not None:
        yield box
        box = unit.node_by_id.get(box.parent or "")


def quoted(text: str) -> str:
    """A piece of the skill as inline code; it must hold no backtick."""
    return f"`{text}`"


def numbered(parts: list[str]) -> str:
    """`1) one 2) two`."""
    return " ".join(f"{i + 1}) {part}" for i, part in enumerate(parts))
