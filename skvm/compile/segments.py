"""Segments: the parts of a block that lie side by side, found so that putting each part in a box delays nothing.

A node that every other one of its block comes before or after cuts the block in two. What lies between two such cuts falls
apart into pieces that no edge joins. All that enters a piece comes from the cut before it and all that leaves goes to the cut
after it (the edges are transitively reduced), so a box around a piece makes nobody wait who did not wait before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from skvm.plan import Edge, PlanNode

Piece = tuple[PlanNode, ...]


def side_by_side(members: Sequence[PlanNode], edges: Sequence[Edge]) -> list[list[Piece]]:
    """Segments with two or more pieces, each piece in plan order. `members`: children of one block (one arm) in plan order."""
    bit = {n.id: 1 << i for i, n in enumerate(members)}
    inside = [e for e in edges if e.before in bit and e.after in bit]
    if len(members) < 2 or _is_chain(members, inside):
        return []
    before = _reach(members, bit, [(e.before, e.after) for e in inside])
    after = _reach(members[::-1], bit, [(e.after, e.before) for e in inside])
    every = (1 << len(members)) - 1
    loose = [n for n in members if before[n.id] | after[n.id] | bit[n.id] != every]
    cuts = every - sum(bit[n.id] for n in loose)
    groups: dict[int, list[PlanNode]] = {}
    for node in loose:
        groups.setdefault(before[node.id] & cuts, []).append(node)
    found = [_pieces(group, inside) for group in groups.values()]
    return [pieces for pieces in found if len(pieces) > 1]


def _is_chain(members: Sequence[PlanNode], edges: list[Edge]) -> bool:
    """Does each child come right after the one before it? So it is in most skills, and nothing has to be searched."""
    pairs = {(e.before, e.after) for e in edges}
    return all((one.id, two.id) in pairs for one, two in pairwise(members))


def _reach(members: Sequence[PlanNode], bit: dict[str, int], edges: list[tuple[str, str]]) -> dict[str, int]:
    """For each node the bits of all from which it can be reached; `members` in topological order of `edges`."""
    sources: dict[str, list[str]] = {}
    for start, end in edges:
        sources.setdefault(end, []).append(start)
    reached: dict[str, int] = {}
    for node in members:
        reached[node.id] = 0
        for start in sources.get(node.id, ()):
            reached[node.id] |= reached[start] | bit[start]
    return reached


def _pieces(group: list[PlanNode], edges: list[Edge]) -> list[Piece]:
    """Nodes of a segment that edges join, whatever their direction."""
    root = {n.id: n.id for n in group}

    def top(id: str) -> str:
        while root[id] != id:
            root[id] = root[root[id]]
            id = root[id]
        return id

    for edge in edges:
        if edge.before in root and edge.after in root:
            root[top(edge.after)] = top(edge.before)
    pieces: dict[str, list[PlanNode]] = {}
    for node in group:
        pieces.setdefault(top(node.id), []).append(node)
    return [tuple(piece) for piece in pieces.values()]
