"""Control that the edges of a graph state: what lies behind a decision is conditional, an edge that leads back is a jump.

The nodes of a Mermaid or Graphviz fence are steps already; here its edges are read. Only what the fence says literally counts:
the label of an edge is the condition, and an edge leads back when it closes a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from skvm.ir import Control, ControlKind, StepEncoding
from skvm.parse.draft import Draft, DraftStep
from skvm.source import readable

_NODE = rb"""(?P<node>\w[\w.]{0,39}(?:-\w{1,40}){0,4})[ \t]{0,8}"""
_SHAPE = rb"""(?:(?:\[\(?|\(\[?|\(\(|\{{1,2}|>)[ \t]{0,8}"?(?P<label>[^\]\)\}"\n]{0,300})"?[ \t]{0,8}[\]\)\}]{1,2})?"""
_LINK = (
    rb"""(?P<link>(?:--|==|-\.)[ \t]{0,8}"?(?P<inner>[^\-=.>|"\n]{1,80}?)"?[ \t]{0,8}(?:--+|==+|\.-+)>"""
    rb"""|(?:--+|==+|-\.+-)>?(?:\|[ \t]{0,8}"?(?P<piped>[^|"\n]{0,80}?)"?[ \t]{0,8}\|)?)?"""
)
_MERMAID = re.compile(_NODE + _SHAPE + rb"(?::::\w+)?[ \t]{0,8}" + _LINK)
_DOT_NAME = rb'"(?:[^"\\\n]|\\.){0,300}"|\w{1,80}'
_DOT_EDGE = re.compile(rb"(?:" + _DOT_NAME + rb")(?:[ \t]*->[ \t]*(?:" + _DOT_NAME + rb"))+(?P<rest>[ \t]*\[[^\]\n]*\])?")
_DOT_NODE = re.compile(rb"(?m)^[ \t]*(?P<name>" + _DOT_NAME + rb")[ \t]*(?:\[(?P<rest>[^\]\n]*)\])?[ \t]*;?[ \t]*\r?$")
_DOT_LABEL = re.compile(rb'\blabel[ \t]*=[ \t]*"([^"\n]+)"')
_WORDS = frozenset(
    b"graph flowchart subgraph end digraph node edge rankdir style classDef class linkStyle click direction strict".split()
)
_MOST = 200
"""Edges of one graph; a larger one was generated."""


class _Edge(NamedTuple):
    """From one node to another; `label` and `at` are bytes of the file."""

    source: int
    target: int
    label: tuple[int, int] | None
    at: tuple[int, int]


def graph_controls(draft: Draft, raw: bytes) -> Iterator[Control]:
    """Branches and jumps of all graphs whose nodes are steps."""
    graph: list[DraftStep] = []
    count = 0
    for step in (*draft.steps, None):
        goes_on = step is not None and step.encoding is StepEncoding.GRAPH and (not graph or step.lead == graph[-1].lead + 1)
        if not goes_on and len(graph) > 1:
            count += 1
            yield from _controls(draft, graph, raw, f"graph{count}")
        if not goes_on:
            graph = []
        if step is not None and step.encoding is StepEncoding.GRAPH:
            graph.append(step)


def _controls(draft: Draft, steps: list[DraftStep], raw: bytes, name: str) -> Iterator[Control]:
    edges = _edges(draft, steps, raw)
    back = _closing(edges)
    last = len(steps) - 1
    into: dict[int, set[int]] = {}
    for edge in edges:
        into.setdefault(edge.target, set()).add(edge.source)
    for edge in edges:
        if edge in back and max(edge.source, edge.target) <= last:
            yield _jump(draft, steps, raw, edge)
    for source in range(len(steps)):
        ways = [e for e in edges if e.source == source and e.label is not None and e not in back]
        arms = [e for e in ways if e.target <= last and into[e.target] == {source}]
        if len({e.label and raw[slice(*e.label)] for e in edges if e.source == source}) < 2:
            continue
        arms.sort(key=lambda e: e.target)
        excluding = len(arms) > 1 and all(two.target == one.target + 1 for one, two in pairwise(arms))
        for arm, edge in enumerate(arms if len(ways) > 1 else ()):
            yield _branch(draft, steps, raw, edge, f"{name}.{source}" if excluding else None, arm if excluding else None)


def _branch(draft: Draft, steps: list[DraftStep], raw: bytes, edge: _Edge, group: str | None, arm: int | None) -> Control:
    return Control.made(
        id="", span=draft.span(*edge.at), kind=ControlKind.BRANCH, owner=steps[edge.target].id, group=group, arm=arm,
        condition=_text(raw, edge.label),
    )  # fmt: skip


def _jump(draft: Draft, steps: list[DraftStep], raw: bytes, edge: _Edge) -> Control:
    return Control.made(
        id="", span=draft.span(*edge.at), kind=ControlKind.JUMP, owner=steps[edge.source].id, target=steps[edge.target].id,
        condition=_text(raw, edge.label),
    )  # fmt: skip


def _text(raw: bytes, label: tuple[int, int] | None) -> str | None:
    return readable(raw[label[0] : label[1]]) if label is not None else None


def _edges(draft: Draft, steps: list[DraftStep], raw: bytes) -> list[_Edge]:
    """Edges in text order, each pair once. Nodes are the places of the steps; behind them the nodes that are no steps."""
    start, end = draft.blocks[steps[0].lead].start, draft.blocks[steps[-1].lead].end
    before = draft.blocks[steps[0].lead - 1] if steps[0].lead else None
    if before is not None and before.language == draft.blocks[steps[0].lead].language and before.end <= start:
        start = before.start if not raw[before.end : start].strip() else start
    body = raw[start:end]
    rows = _dot(body) if b"digraph" in body[:200] else _mermaid(body)
    labels: dict[bytes, int] = {}
    links: list[tuple[bytes, _Link]] = []
    for name, at, link in rows:
        if at is not None:
            labels.setdefault(name, start + at)
        if link is not None:
            links.append((name, link))
    leads = {draft.blocks[step.lead].runs[0].start: n for n, step in enumerate(steps) if draft.blocks[step.lead].runs}
    place = {name: leads[at] for name, at in labels.items() if at in leads}
    found: dict[tuple[int, int], _Edge] = {}
    for source, (target, label, (a, b)) in links[:_MOST]:
        for name in (source, target):
            place.setdefault(name, len(steps) + len(place))
        key = place[source], place[target]
        words = (start + label[0], start + label[1]) if label is not None else None
        found.setdefault(key, _Edge(*key, words, (start + a, start + b)))
    return list(found.values())


_Link = tuple[bytes, "tuple[int, int] | None", tuple[int, int]]
_Row = tuple[bytes, "int | None", "_Link | None"]
"""A node's name, the byte of its label where it has one, and a link: target, label, place."""


def _mermaid(body: bytes) -> Iterator[_Row]:
    at = 0
    for line in body.splitlines(keepends=True):
        previous: tuple[bytes, re.Match[bytes]] | None = None
        for found in _MERMAID.finditer(line):
            name = found["node"]
            if name in _WORDS:
                break
            yield name, at + found.start("label") if found["label"] else None, None
            if previous is not None:
                before = previous[1]
                label = next((before.span(k) for k in ("inner", "piped") if before[k] and before[k].strip()), None)
                words = (at + label[0], at + label[1]) if label is not None else None
                yield previous[0], None, (name, words, words or (at + before.start("link"), at + before.end("link")))
            previous = (name, found) if found["link"] else None
        at += len(line)


def _dot(body: bytes) -> Iterator[_Row]:
    for node in _DOT_NODE.finditer(body):
        if node["name"].strip(b'"') not in _WORDS:
            label = _DOT_LABEL.search(body, node.start("rest"), node.end("rest")) if node["rest"] else None
            yield node["name"].strip(b'"'), label.start(1) if label else node.start("name") + 1, None
    for edge in _DOT_EDGE.finditer(body):
        names = list(re.finditer(_DOT_NAME, body[edge.start() : edge.start("rest") if edge["rest"] else edge.end()]))
        label = _DOT_LABEL.search(body, edge.start("rest"), edge.end("rest")) if edge["rest"] else None
        words = label.span(1) if label is not None else None
        for one, two in pairwise(names):
            place = words or (edge.start() + one.start(), edge.start() + two.end())
            yield one.group().strip(b'"'), None, (two.group().strip(b'"'), words, place)


def _closing(edges: list[_Edge]) -> set[_Edge]:
    """Edges that close a circle, found depth first in text order."""
    out: dict[int, list[_Edge]] = {}
    for edge in edges:
        out.setdefault(edge.source, []).append(edge)
    back: set[_Edge] = set()
    done: set[int] = set()
    for root in sorted(out):
        if root in done:
            continue
        way: list[int] = [root]
        left = [list(reversed(out.get(root, ())))]
        while left:
            if not left[-1]:
                left.pop()
                done.add(way.pop())
                continue
            edge = left[-1].pop()
            if edge.target in way:
                back.add(edge)
            elif edge.target not in done:
                way.append(edge.target)
                left.append(list(reversed(out.get(edge.target, ()))))
    return back
