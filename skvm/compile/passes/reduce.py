"""reduce: drop every edge that others imply, and prove that the order is unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.plan import Edge
from skvm.source import Span


@dataclass(frozen=True)
class ReducePass(Pass):
    """Transitive reduction, reasons kept; edges of a circle are dropped by the latest in the text, with SKV501."""

    id: ClassVar[str] = "reduce"
    summary: ClassVar[str] = "only edges that no others imply"
    needs: ClassVar[tuple[str, ...]] = ("edges",)
    gives: ClassVar[tuple[str, ...]] = ("edges", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with reduced edges."""
        order = {n.id: i for i, n in enumerate(unit.nodes)}
        forward = tuple(e for e in unit.edges if order[e.before] < order[e.after])
        broken = tuple(_cycle(unit, e) for e in unit.edges if order[e.before] >= order[e.after])
        return replace(unit, edges=reduce_edges(forward, order), diagnostics=(*unit.diagnostics, *broken))


def reduce_edges(edges: tuple[Edge, ...], order: dict[str, int]) -> tuple[Edge, ...]:
    """Transitive reduction of acyclic edges, in plan order, one edge per pair.

    An edge into a node is implied by others exactly when its start is reached backwards from another start of an edge into that
    node; a node with one edge into it is done at once, and the search never goes back past the earliest start. So chains cost
    nothing and joins cost what lies between their starts.
    """
    by_pair: dict[tuple[str, str], Edge] = {}
    before: dict[str, list[str]] = {}
    for edge in edges:
        if (edge.before, edge.after) not in by_pair:
            by_pair[edge.before, edge.after] = edge
            before.setdefault(edge.after, []).append(edge.before)
    joins = [node for node, starts in before.items() if len(starts) > 1]
    forward = all(order[start] < order[node] for start, node in by_pair)
    place = order if forward or not joins else _places(before)
    for node in joins:
        for start in _implied(before, before[node], place):
            del by_pair[start, node]
    return tuple(by_pair[p] for p in sorted(by_pair, key=lambda p: (order[p[0]], order[p[1]])))


def _places(before: dict[str, list[str]]) -> dict[str, int]:
    """A topological place of every node where some edges run against the text (networkx, which is slow to load)."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph([(start, node) for node, starts in before.items() for start in starts])
    return {node: at for at, node in enumerate(nx.topological_sort(graph))}


def _implied(before: dict[str, list[str]], starts: list[str], place: dict[str, int]) -> list[str]:
    """Those of `starts` that come before another of them."""
    first = min(place[s] for s in starts)
    seen: set[str] = set()
    stack = list(starts)
    while stack:
        for node in before.get(stack.pop(), ()):
            if node not in seen and place[node] >= first:
                seen.add(node)
                stack.append(node)
    return [s for s in starts if s in seen]


def _cycle(unit: Unit, edge: Edge) -> Diagnostic:
    code = CODES["SKV501"]
    node = unit.node_by_id[edge.after]
    text = f"{edge.after} should wait for {edge.before}, which comes after it and waits for it"
    return Diagnostic(code.number, code.severity, text, edge.span or node.span or Span(unit.program.main, 0, 0))
