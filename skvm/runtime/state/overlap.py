"""Which steps may run at the same time because their effects are disjoint, and which proved not to be.

A step that reaches for a place its text does not show loses the benefit of the doubt: it and every step it could have met
are remembered as pairs (by step key, in the store) and run one after the other, in this run and in later ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from skvm.ir import conflict
from skvm.plan import Plan, PlanNode, StepNode
from skvm.ports import Blobs

TABLE = "runtime.serial"
"""Records: `KEY KEY` of two steps (sorted) -> {steps [ids], reason, run}."""

Block = tuple[str | None, int | None]


class Overlap:
    """Overlaps of one plan. `waived` says which two nodes the author declared parallel: those are never questioned."""

    def __init__(self, plan: Plan, waived: Callable[[str, str], bool], blobs: Blobs) -> None:
        self._plan = plan
        self._waived = waived
        self._blobs = blobs
        self._by_id: dict[str, PlanNode] = {n.id: n for n in plan.nodes}
        self._blocks: dict[Block, list[PlanNode]] = defaultdict(list)
        self._recovery: dict[str, list[StepNode]] = defaultdict(list)
        self._free: dict[Block, dict[str, int]] = {}
        self._pairs: set[frozenset[str]] | None = None
        for node in plan.nodes:
            self._blocks[node.parent, node.arm].append(node)
            if isinstance(node, StepNode) and node.recover_of:
                self._recovery[node.recover_of].append(node)

    def possible(self, id: str) -> bool:
        """Could another step be in flight while this one runs?"""
        return not self._in_row(id) and next(self._partners(id), None) is not None

    def partners(self, id: str) -> tuple[StepNode, ...]:
        """Every step that could."""
        return tuple({n.id: n for n in self._partners(id)}.values())

    def apart(self, id: str) -> frozenset[str]:
        """Steps that were found to depend on this one, or it on them. Known once either was asked about."""
        if not self._pairs:
            return frozenset()
        return frozenset().union(*(pair for pair in self._pairs if id in pair)) - {id}

    def remember(self, id: str, reason: str, run: str) -> tuple[str, ...]:
        """From now on the step runs beside none of its partners; their ids. Raises StoreError."""
        node, partners = self._by_id[id], self.partners(id)
        for other in partners:
            value = {"steps": sorted((id, other.id)), "reason": reason, "run": run}
            self._blobs.save(TABLE, _key(node, other), value)
        self._known().update(frozenset((id, other.id)) for other in partners)
        return tuple(sorted(n.id for n in partners))

    def _in_row(self, id: str) -> bool:
        """Is everything before or after this step, as in most plans? This is told at once."""
        node = self._by_id.get(id)
        while node is not None:
            if (node.kind == "step" and node.recover_of) or self._masks((node.parent, node.arm))[node.id]:
                return False
            node = self._by_id.get(node.parent) if node.parent is not None else None
        return True

    def _partners(self, id: str) -> Iterator[StepNode]:
        """Unordered steps with known effects that do not conflict (those that do are kept apart by locks)."""
        node = self._by_id.get(id)
        if not isinstance(node, StepNode) or node.effects.top:
            return
        for other in self._unordered(self._by_id.get(node.recover_of or "", node)):
            if other.id == id or other.effects.top or self._waived(id, other.id):
                continue
            if conflict(node.effects, other.effects) is None and frozenset((id, other.id)) not in self._known():
                yield other

    def _unordered(self, node: PlanNode) -> Iterator[StepNode]:
        """Steps that no path of edges puts before or after the node, in its block and in those around it."""
        place: PlanNode | None = node
        while place is not None:
            block = (place.parent, place.arm)
            nodes, free = self._blocks[block], self._masks(block)[place.id]
            while free:
                index = (free & -free).bit_length() - 1
                free &= free - 1
                yield from self._steps(nodes[index])
            place = self._by_id.get(place.parent) if place.parent is not None else None

    def _steps(self, node: PlanNode) -> Iterator[StepNode]:
        """The node itself, what stands below it, and what recovers it."""
        todo = [node]
        while todo:
            here = todo.pop()
            if isinstance(here, StepNode):
                yield here
                yield from self._recovery.get(here.id, ())
                continue
            arms = range(len(here.arms)) if here.kind == "branch" else (None,)
            todo += [n for arm in arms for n in self._blocks.get((here.id, arm), ())]

    def _masks(self, block: Block) -> dict[str, int]:
        """For each node of a block, which others (as bits) are neither before nor after it."""
        free = self._free.get(block)
        if free is None:
            nodes = self._blocks[block]
            bit = {n.id: 1 << i for i, n in enumerate(nodes)}
            edges = [(e.before, e.after) for e in self._plan.edges if e.before in bit and e.after in bit]
            after = _reached(bit, edges)
            before = _reached(bit, [(b, a) for a, b in edges])
            every = (1 << len(nodes)) - 1
            free = self._free[block] = {n: every & ~(after[n] | before[n] | bit[n]) for n in bit}
        return free

    def _known(self) -> set[frozenset[str]]:
        """Pairs of this plan that are kept, read when first needed."""
        if self._pairs is None:
            ids = {n.key: n.id for n in self._plan.nodes}
            keys = (key.split() for key, _ in self._blobs.records(TABLE))
            self._pairs = {frozenset(ids[k] for k in pair) for pair in keys if all(k in ids for k in pair)}
        return self._pairs


def _reached(bit: dict[str, int], edges: list[tuple[str, str]]) -> dict[str, int]:
    """For each node the bits of all that can be reached from it; nodes of a circle (which never run) reach less."""
    waits = dict.fromkeys(bit, 0)
    sources: dict[str, list[str]] = defaultdict(list)
    for before, after in edges:
        waits[before] += 1
        sources[after].append(before)
    reached = dict.fromkeys(bit, 0)
    ready = [n for n, count in waits.items() if count == 0]
    while ready:
        node = ready.pop()
        for before in sources[node]:
            reached[before] |= reached[node] | bit[node]
            waits[before] -= 1
            if waits[before] == 0:
                ready.append(before)
    return reached


def _key(one: PlanNode, two: PlanNode) -> str:
    return " ".join(sorted((one.key, two.key)))
