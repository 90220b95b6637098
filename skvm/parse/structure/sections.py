"""The tree of the document as a flat list of sections, each with its role, numbering and own pieces."""

from __future__ import annotations

from dataclasses import dataclass, field

from skvm.parse.draft import Block, Role, Section
from skvm.parse.structure.tokens import Node, number_of
from skvm.parse.structure.words import role_of

BOLD_LEVEL = 7
"""Level given to a bold step paragraph: below every heading."""


@dataclass(slots=True, eq=False)
class Part:
    """A section while it is being read. `heading` is None for what stands before the first heading.

    `numbering`: "step", "number" or "". `pieces`: its own top-level nodes without bold steps and subsections. `whole`: the
    role's phrase is the whole title. `start`, `end`: bytes, subsections included. `bold`: opened by a bold paragraph.
    """

    index: int
    heading: Block | None
    level: int
    title: str
    numbering: str
    number: str | None
    role: Role
    whole: bool
    parent: Part | None
    start: int
    end: int
    bold: bool = False
    pieces: list[Node] = field(default_factory=list)
    children: list[Part] = field(default_factory=list)


def read_sections(tree: Node, blocks: list[Block], body_start: int, body_end: int) -> list[Part]:
    """All sections of a tree in text order; the first is the one without a heading."""
    parts: list[Part] = []
    root = Part(0, None, 0, "", "", None, Role.OVERVIEW, False, None, body_start, body_end)
    parts.append(root)
    content, *sections = tree.parts
    _content(content, root, parts, blocks)
    stack = [(node, root) for node in reversed(sections)]
    while stack:
        node, parent = stack.pop()
        part = _section(node, parent, parts, blocks)
        stack.extend((child, part) for child in reversed(node.parts[2:]))
    _spread(parts, blocks, body_end)
    return parts


def _section(node: Node, parent: Part, parts: list[Part], blocks: list[Block]) -> Part:
    heading = blocks[node.parts[0].block]
    part = _part(heading, heading.text, heading.level, parent, parts)
    _content(node.parts[1], part, parts, blocks)
    return part


def _part(block: Block, text: str, level: int, parent: Part, parts: list[Part]) -> Part:
    numbering, number, at = number_of(text)
    title = text[at:].strip() or text.strip()
    role, whole = role_of(title)
    if level == 1 and parent.level == 0 and not parts[0].children and not numbering:
        role = Role.TITLE
    part = Part(len(parts), block, level, title, numbering, number, role, whole, parent, block.start, block.end)
    parts.append(part)
    parent.children.append(part)
    return part


def _content(content: Node, owner: Part, parts: list[Part], blocks: list[Block]) -> None:
    for node in content.parts:
        if node.kind != "bold_step":
            owner.pieces.append(node)
            continue
        lead = blocks[node.block]
        part = _part(lead, lead.bold, BOLD_LEVEL, owner, parts)
        part.bold = True
        part.title = part.title.rstrip(": ")
        part.pieces = list(node.parts)


def _spread(parts: list[Part], blocks: list[Block], body_end: int) -> None:
    """Ends of all sections: the beginning of the next one that is not below, without trailing blank lines."""
    del blocks
    open_parts: list[Part] = []
    for part in parts[1:]:
        while open_parts and open_parts[-1].level >= part.level:
            open_parts.pop().end = part.start
        open_parts.append(part)
    for part in open_parts:
        part.end = body_end


def to_sections(parts: list[Part], blocks: list[Block]) -> tuple[Section, ...]:
    """The immutable form for the draft; also sets `Block.section`."""
    tops: list[list[int]] = [[] for _ in parts]
    starts = [(part.start, part.index) for part in parts]
    at = 0
    for block in blocks:
        while at + 1 < len(starts) and starts[at + 1][0] <= block.start:
            at += 1
        block.section = starts[at][1]
        if block.parent is None and parts[at].heading is not block:
            tops[at].append(block.index)
    return tuple(
        Section(
            p.index, p.heading.index if p.heading is not None else None, p.level, p.title, p.start, p.end,
            p.parent.index if p.parent is not None else None, p.role, tuple(tops[p.index]),
            tuple(c.index for c in p.children), p.number,
        )
        for p in parts
    )  # fmt: skip
