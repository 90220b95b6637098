"""concurrency: which kind of parallelism a plan has, as nodes of the plan: batches, sub-tasks, maps.

Nothing becomes parallel here: parts that no edge joins already are, by proof or by the author's word. They are given the node
that says of which kind they are, why, and how they are to be run. Where nothing lies side by side, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, ClassVar

from skvm.compile.passes.effects import UNKNOWN
from skvm.compile.segments import Piece, side_by_side
from skvm.compile.unit import Pass, Unit
from skvm.ir import Control, ControlKind, conflict
from skvm.plan import (
    BatchNode,
    Edge,
    ExecutorKind,
    GateNode,
    MapNode,
    Output,
    PlanNode,
    StepNode,
    TaskNode,
    Together,
)
from skvm.source import digest_text

PROVED = "none of them writes what another one reads or writes, and each names all that it needs"


@dataclass(frozen=True)
class ConcurrencyPass(Pass):
    """Data, instruction and task parallelism as nodes."""

    id: ClassVar[str] = "concurrency"
    summary: ClassVar[str] = "batches of single calls, sub-tasks with contracts, maps"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "edges", "effects")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "edges")

    def run(self, unit: Unit) -> Unit:
        """The unit with batches and sub-tasks around what lies side by side, and with reasons on its maps."""
        reasoned = unit.with_nodes(lambda node: _reasoned(unit, node) if isinstance(node, MapNode) else node)
        boxes = _Boxes(reasoned)
        for parent, children in unit.children.items():
            if not isinstance(unit.node_by_id.get(parent or ""), BatchNode):
                boxes.block(children)
        return boxes.unit() if boxes.box_of else reasoned


@dataclass
class _Boxes:
    """Boxes to be put around nodes: `box_of` by the id of a node inside."""

    before: Unit
    box_of: dict[str, BatchNode | TaskNode] = field(default_factory=dict)

    def block(self, children: Sequence[PlanNode]) -> None:
        """Boxes among the children of one block, arm by arm."""
        arms: dict[int | None, list[PlanNode]] = {}
        for child in children:
            arms.setdefault(child.arm, []).append(child)
        for members in arms.values():
            for pieces in side_by_side(members, self.before.edges):
                self._segment(pieces)

    def _segment(self, pieces: list[Piece]) -> None:
        why = self._why(pieces)
        calls = tuple(node for piece in pieces if self._is_call(piece) for node in piece)
        if len(calls) > 1:
            self._put(calls, BatchNode(**_base(calls, "batch"), together=why))
        for piece in pieces:
            if not self._is_call(piece) and not isinstance(piece[0], GateNode | MapNode | BatchNode | TaskNode):
                steps = self._steps(piece)
                self._put(
                    piece, TaskNode(**_base(piece, "task"), together=why, takes=_takes(steps), gives=self._gives(steps, piece))
                )

    def _put(self, nodes: Sequence[PlanNode], box: BatchNode | TaskNode) -> None:
        self.box_of.update({node.id: box for node in nodes})

    def _is_call(self, piece: Piece) -> bool:
        """Is it one step that makes one call: a stated command, or a single act of a model?"""
        node = piece[0]
        if len(piece) > 1 or not isinstance(node, StepNode) or node.recover_of or node.executor.kind is ExecutorKind.PERSON:
            return False
        return node.command is not None or len(self.before.program.acts_of(node.id)) == 1

    def _why(self, pieces: list[Piece]) -> Together:
        sets = [[self.before.effects.get(s.id, UNKNOWN) for s in self._steps(piece)] for piece in pieces]
        rows = [(a, b) for one, two in combinations(sets, 2) for a in one for b in two]
        first = pieces[0][0].span
        if all(a.closed and b.closed and conflict(a.effects, b.effects) is None for a, b in rows):
            return Together(basis="proved", reason=PROVED, span=first)
        said = self._said({s.id for piece in pieces for s in self._steps(piece)})
        words = " ".join(self.before.source.main.slice(said.span).split())[:120] if said is not None else ""
        return Together(basis="said", reason=f"the author says so: {words}", span=said.span if said is not None else first)

    def _said(self, steps: set[str]) -> Control | None:
        controls = [c for c in self.before.program.controls if c.kind is ControlKind.PARALLEL]
        return next((c for c in controls if len(steps & set(c.members)) > 1), None)

    def _steps(self, piece: Sequence[PlanNode]) -> list[StepNode]:
        """Steps of a piece, those inside its blocks included."""
        found: list[StepNode] = []
        for node in piece:
            found += [node] if isinstance(node, StepNode) else self._steps(self.before.children.get(node.id, ()))
        return found

    def _gives(self, steps: list[StepNode], piece: Piece) -> tuple[Output, ...]:
        """What the steps declare; only those that run whatever happens must leave what they have to."""
        sure = {n.id for n in piece if isinstance(n, StepNode) and not n.optional and n.recover_of is None}
        rows = ((s.id in sure, o) for s in steps for o in s.outputs)
        return tuple({o.name: o if always else o.model_copy(update={"required": False}) for always, o in rows}.values())

    def unit(self) -> Unit:
        """The unit with the boxes in place."""
        nodes = tuple(self._placed())
        edges: dict[tuple[str, str], Edge] = {}
        for edge in self.before.edges:
            moved = self._moved(edge)
            edges.setdefault((moved.before, moved.after), moved)
        order = {n.id: i for i, n in enumerate(nodes)}
        rows = sorted(edges.values(), key=lambda e: (order[e.before], order[e.after]))
        return replace(self.before, nodes=nodes, edges=tuple(rows))

    def _moved(self, edge: Edge) -> Edge:
        """An edge that crosses the wall of a box joins the box instead."""
        one, two = self.box_of.get(edge.before), self.box_of.get(edge.after)
        if one is two:
            return edge
        return edge.model_copy(
            update={"before": one.id if one is not None else edge.before, "after": two.id if two is not None else edge.after}
        )

    def _placed(self) -> Iterator[PlanNode]:
        """All nodes: a box where its first node stood, then what is in it."""
        told: set[str] = set()

        def tree(node: PlanNode) -> Iterator[PlanNode]:
            box = self.box_of.get(node.id)
            if box is None:
                yield node
                yield from below(node.id)
            elif box.id not in told:
                told.add(box.id)
                yield box
                for inner in self.before.children[node.parent]:
                    if self.box_of.get(inner.id) is box:
                        yield inner.model_copy(update={"parent": box.id, "arm": None})
                        yield from below(inner.id)

        def below(parent: str | None) -> Iterator[PlanNode]:
            for child in self.before.children.get(parent, ()):
                yield from tree(child)

        return below(None)


def _base(nodes: Sequence[PlanNode], kind: str) -> dict[str, Any]:
    first = nodes[0]
    return {
        "id": f"{first.id}.{kind}",
        "key": digest_text("\0".join((kind, *(n.key for n in nodes)))),
        "title": first.title if len(nodes) == 1 else f"{first.title} and {len(nodes) - 1} more",
        "parent": first.parent,
        "arm": first.arm,
        "span": first.span,
    }


def _takes(steps: list[StepNode]) -> tuple[str, ...]:
    """What the steps read that none of them made."""
    own = tuple(f"$step.{s.id}." for s in steps)
    return tuple(dict.fromkeys(ref for s in steps for ref in s.inputs if not ref.startswith(own)))


def _reasoned(unit: Unit, node: MapNode) -> MapNode:
    """The map with why its items may overlap."""
    if not node.parallel:
        return node.model_copy(update={"together": None})
    owner = node.id.removesuffix(".map")
    said = next((c for c in unit.program.controls_of(owner) if c.kind is ControlKind.PARALLEL and not c.members), None)
    if said is None:
        why = Together(basis="proved", reason="each item writes only to places of its own", span=node.span)
    else:
        words = " ".join(unit.source.main.slice(said.span).split())[:120]
        why = Together(basis="said", reason=f"the author says so: {words}", span=said.span)
    return node.model_copy(update={"together": why})
