"""What must hold of a unit after every pass. A violation is a bug of the pass, never of the skill."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.compile.unit import Unit
from skvm.plan import BatchNode, BranchNode, LoopNode, MapNode, TaskNode

CONTAINERS = (BranchNode, LoopNode, MapNode, BatchNode, TaskNode)


def verify_unit(unit: Unit) -> tuple[str, ...]:
    """All violations in words; empty when the unit is sound."""
    return (*_nodes(unit), *_edges(unit), *_claims(unit))


def _nodes(unit: Unit) -> Iterator[str]:
    seen: dict[str, int] = {}
    for index, node in enumerate(unit.nodes):
        if node.id in seen:
            yield f"two nodes are called {node.id}"
        if node.parent is not None and not isinstance(unit.node_by_id.get(node.parent), CONTAINERS):
            yield f"{node.id} lies in {node.parent}, which holds nothing"
        elif node.parent is not None and node.parent not in seen:
            yield f"{node.id} stands before its parent {node.parent}"
        seen[node.id] = index
    for node in unit.nodes:
        if isinstance(node, BranchNode):
            arms = {c.arm for c in unit.children.get(node.id, ())}
            if not arms <= set(range(len(node.arms))):
                yield f"{node.id} has children in an arm it does not have"
        elif isinstance(node, CONTAINERS) and not unit.children.get(node.id):
            yield f"{node.id} has no body"


def _edges(unit: Unit) -> Iterator[str]:
    order = {n.id: i for i, n in enumerate(unit.nodes)}
    for edge in unit.edges:
        if edge.before not in order or edge.after not in order:
            yield f"an edge names a node that does not exist: {edge.before} -> {edge.after}"
            continue
        first, second = unit.node_by_id[edge.before], unit.node_by_id[edge.after]
        if first.parent != second.parent:
            yield f"an edge leaves its block: {edge.before} -> {edge.after}"
        if isinstance(unit.node_by_id.get(first.parent or ""), BranchNode) and first.arm != second.arm:
            yield f"an edge joins arms that exclude each other: {edge.before} -> {edge.after}"
        if order[edge.before] >= order[edge.after]:
            yield f"an edge runs backwards: {edge.before} -> {edge.after}"


def _claims(unit: Unit) -> Iterator[str]:
    """Law 2: no span, no claim."""
    known = set(unit.node_by_id) | set(unit.program.step_by_id)
    for requirement in unit.requirements:
        if not requirement.spans:
            yield f"{requirement.primitive} is required without a span"
        if requirement.step is not None and requirement.step not in known:
            yield f"{requirement.primitive} is required by {requirement.step}, which does not exist"
    for edit in unit.edits:
        if not edit.spans or edit.step not in unit.node_by_id:
            yield f"the edit {edit.transform} of {edit.step} cites nothing"
    if {edit.step for edit in unit.edits} != {item.node.id for item in unit.originals}:
        yield "edited steps and their originals differ"
    for binding in unit.bindings:
        if binding.step not in known:
            yield f"a binding names {binding.step}, which does not exist"
