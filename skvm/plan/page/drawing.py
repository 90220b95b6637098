"""The graph of a plan as SVG: columns by what waits for what, blocks as boxes around what is in them.

A node stands right of all it waits for (longest path layering); nodes of one column stand in plan order. The arms of a branch
stand one below the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

from skvm.plan.artifact import Artifact
from skvm.plan.describe import detail, short, why
from skvm.plan.graph import BranchNode, Edge, PlanNode, StepNode
from skvm.plan.timing import depths

WIDTH, HEIGHT = 190, 46
GAP_X, GAP_Y, PAD, HEAD = 54, 16, 12, 22
LETTERS = 30
"""Characters that fit a box."""


@dataclass
class Placed:
    """A node with its place; `inner` are the nodes in it. Pixels, relative to the whole drawing once shifted."""

    node: PlanNode
    x: float = 0.0
    y: float = 0.0
    w: float = WIDTH
    h: float = HEIGHT
    inner: list[Placed] = field(default_factory=list)

    def shift(self, dx: float, dy: float) -> None:
        """Move it with all that is in it."""
        self.x += dx
        self.y += dy
        for one in self.inner:
            one.shift(dx, dy)


class Drawing:
    """A plan laid out."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.tip = f"tip-{artifact.digest[7:15]}"
        self.edges = artifact.plan.edges
        self.critical = set(artifact.plan.critical_path)
        self.children: dict[str | None, list[PlanNode]] = {}
        for node in artifact.plan.nodes:
            self.children.setdefault(node.parent, []).append(node)
        self.before: dict[str, list[str]] = {}
        for edge in self.edges:
            self.before.setdefault(edge.after, []).append(edge.before)
        self.top = self._rows([self.children.get(None, [])])
        self.placed = {one.node.id: one for one in _all(self.top)}

    def _rows(self, groups: Iterable[list[PlanNode]]) -> list[Placed]:
        """Groups of siblings, one below the other."""
        out: list[Placed] = []
        y = 0.0
        for members in groups:
            row = self._layers(members)
            for one in row:
                one.shift(0, y)
            y += max((one.y + one.h - y for one in row), default=0.0) + GAP_Y
            out += row
        return out

    def _layers(self, members: list[PlanNode]) -> list[Placed]:
        depth = depths(members, self.before)
        columns: dict[int, list[Placed]] = {}
        for node in members:
            columns.setdefault(depth[node.id], []).append(self._box(node))
        x = 0.0
        for at in sorted(columns):
            y = 0.0
            for one in columns[at]:
                one.shift(x, y)
                y += one.h + GAP_Y
            x += max(one.w for one in columns[at]) + GAP_X
        return [one for at in sorted(columns) for one in columns[at]]

    def _box(self, node: PlanNode) -> Placed:
        below = self.children.get(node.id, [])
        if not below:
            return Placed(node)
        arms = sorted({c.arm or 0 for c in below}) if isinstance(node, BranchNode) else [None]
        inner = self._rows([[c for c in below if arm is None or (c.arm or 0) == arm] for arm in arms])
        for one in inner:
            one.shift(PAD, HEAD + PAD)
        right, bottom = max(one.x + one.w for one in inner), max(one.y + one.h for one in inner)
        return Placed(node, w=max(WIDTH, right + PAD), h=bottom + PAD, inner=inner)

    def svg(self) -> str:
        """The drawing, as wide and high as it needs."""
        width = max((one.x + one.w for one in self.top), default=0) + 2
        height = max((one.y + one.h for one in self.top), default=0) + 2
        parts = [*_nodes(self.top, self.critical), *(self._edge(edge) for edge in self.edges)]
        label = escape(f"plan of {self.artifact.source.name}: {len(self.placed)} nodes, {len(self.edges)} edges", quote=True)
        head = f'<svg viewBox="-1 -1 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img"'
        size = 'refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8"'
        marker = f'<marker id="{self.tip}" viewBox="0 0 8 8" {size} orient="auto">'
        return f'{head} aria-label="{label}"><defs>{marker}<path d="M0 0 8 4 0 8z"/></marker></defs>{"".join(parts)}</svg>'

    def _edge(self, edge: Edge) -> str:
        one, two = self.placed[edge.before], self.placed[edge.after]
        x, y, u, v = one.x + one.w, one.y + min(one.h / 2, HEIGHT / 2), two.x, two.y + min(two.h / 2, HEIGHT / 2)
        bend = max(18.0, (u - x) / 2)
        on = " on" if edge.before in self.critical and edge.after in self.critical else ""
        path = f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {u - bend:.0f} {v:.0f} {u:.0f} {v:.0f}"
        told = escape(f"{edge.after} after {edge.before}: {why(edge)}")
        return f'<path class="edge{on}" d="{path}" marker-end="url(#{self.tip})"><title>{told}</title></path>'


def _all(rows: Iterable[Placed]) -> Iterator[Placed]:
    for one in rows:
        yield one
        yield from _all(one.inner)


def _nodes(rows: Iterable[Placed], critical: set[str]) -> Iterator[str]:
    for one in rows:
        node = one.node
        kind = node.executor.kind.value if isinstance(node, StepNode) else node.kind
        on = " on" if node.id in critical else ""
        more = detail(node)
        told = escape(f"{node.id} ({kind}): {' '.join(node.title.split())}" + (f"\n{more}" if more else ""))
        yield f'<g class="node {kind}{on}"><title>{told}</title>'
        yield f'<rect x="{one.x:.0f}" y="{one.y:.0f}" width="{one.w:.0f}" height="{one.h:.0f}" rx="6"/>'
        yield f'<text x="{one.x + 9:.0f}" y="{one.y + 17:.0f}"><tspan class="id">{escape(node.id)}</tspan> {kind}</text>'
        if not one.inner:
            yield f'<text x="{one.x + 9:.0f}" y="{one.y + 35:.0f}">{escape(short(node.title, LETTERS))}</text>'
        yield "</g>"
        yield from _nodes(one.inner, critical)
