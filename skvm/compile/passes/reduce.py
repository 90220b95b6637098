"""reduce: drop every edge that others imply, and prove that the order is unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import networkx as nx

from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.plan import Edge
from skvm.source import Span


@dataclass(frozen=True)
class ReducePass(Pass):
    """Transitive reduction (networkx), reasons kept; edges of a circle are dropped by the latest in the text, with SKV501."""

    id: ClassVar[str] = "reduce"
    summary: ClassVar[str] = "only edges that no others imply"
    needs: ClassVar[tuple[str, ...]] = ("edges",)
    gives: ClassVar[tuple[str, ...]] = ("edges", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with reduced edges."""
        order = {n.id: i for i, n in enumerate(unit.nodes)}
        forward = tuple(e for e in unit.edges if order[e.before] < order[e.after])
        broken = tuple(_cycle(unit, e) for e in unit.edges if e not in forward)
        return replace(unit, edges=reduce_edges(forward, order), diagnostics=(*unit.diagnostics, *broken))


def reduce_edges(edges: tuple[Edge, ...], order: dict[str, int]) -> tuple[Edge, ...]:
    """Transitive reduction of acyclic edges, in plan order, one edge per pair."""
    if len(edges) < 2:
        return edges
    by_pair: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        by_pair.setdefault((edge.before, edge.after), edge)
    graph: nx.DiGraph[str] = nx.DiGraph(sorted(by_pair, key=lambda p: (order[p[0]], order[p[1]])))
    kept = set(nx.transitive_reduction(graph).edges)
    return tuple(by_pair[p] for p in sorted(kept, key=lambda p: (order[p[0]], order[p[1]])))


def _cycle(unit: Unit, edge: Edge) -> Diagnostic:
    code = CODES["SKV501"]
    node = unit.node_by_id[edge.after]
    text = f"{edge.after} should wait for {edge.before}, which comes after it and waits for it"
    return Diagnostic(code.number, code.severity, text, edge.span or node.span or Span(unit.program.main, 0, 0))
