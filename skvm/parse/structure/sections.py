"""The tree of the document as a flat list of sections, each with its role, numbering and own pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from skvm.ir import SceneType
from skvm.parse.draft import HTML, Block, Role, Section
from skvm.parse.structure.tokens import Node, number_of
from skvm.parse.structure.words import role_of

BOLD_LEVEL = 7
"""Level given to a bold step paragraph: below every heading."""

TAG_LEVEL = 2
"""Level given to a section marked by tags."""

_BEGINS = frozenset({Role.PROCEDURE, Role.SETUP, Role.TRIGGER})
"""Roles that a first H1 may have instead of being the title."""

_TAG_JOINT = re.compile(r"[_-]+")


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


def host_of(part: Part) -> Part | None:
    """The numbered stage that a section without such a number lies in."""
    if part.numbering == "step" and not part.bold:
        return None
    here = part.parent
    while here is not None:
        if here.numbering == "step" or (here.numbering == "number" and not part.numbering):
            return here
        here = here.parent
    return None


def in_example(part: Part) -> bool:
    """Does the section tell a worked example, however it is numbered?"""
    here = part.parent
    while here is not None and here.role is not Role.EXAMPLES:
        here = here.parent
    return here is not None


def read_sections(tree: Node, blocks: list[Block], body_start: int, body_end: int) -> list[Part]:
    """All sections of a tree in text order; the first is the one without a heading."""
    parts: list[Part] = []
    root = Part(0, None, 0, "", "", None, Role.OVERVIEW, False, None, body_start, body_end)
    parts.append(root)
    stack = [(node, root) for node in reversed(tree.parts)]
    while stack:
        node, parent = stack.pop()
        if node.kind == "content":
            _content(node, parent, parts, blocks)
            continue
        part = _section(node, parent, parts, blocks)
        stack.extend((child, part) for child in reversed(node.parts[1:]))
    _spread(parts, body_end)
    return parts


def _section(node: Node, parent: Part, parts: list[Part], blocks: list[Block]) -> Part:
    heading = blocks[node.parts[0].block]
    if heading.kind is HTML:
        return _part(heading, _TAG_JOINT.sub(" ", heading.language.strip("</>")), TAG_LEVEL, parent, parts)
    return _part(heading, heading.text, heading.level, parent, parts)


def _part(block: Block, text: str, level: int, parent: Part, parts: list[Part]) -> Part:
    numbering, number, at = number_of(text)
    title = text[at:].strip() or text.strip()
    role, whole = role_of(title)
    if level == 1 and parent.level == 0 and not parts[0].children and not numbering and not (whole and role in _BEGINS):
        role = Role.TITLE
    part = Part(len(parts), block, level, title, numbering, number, role, whole, parent, block.start, block.end)
    parts.append(part)
    parent.children.append(part)
    return part


def _content(content: Node, owner: Part, parts: list[Part], blocks: list[Block]) -> None:
    for node in content.parts:
        if node.kind == "bold_step":
            _bold(node, owner, parts, blocks)
        elif node.kind == "ordered" and _names_stages(node, blocks):
            for item in node.parts:
                stage = _bold(item, owner, parts, blocks)
                stage.numbering, stage.number = "step", blocks[item.block].number
        else:
            owner.pieces.append(node)


def _bold(node: Node, owner: Part, parts: list[Part], blocks: list[Block]) -> Part:
    """A section that its bold beginning names."""
    lead = blocks[node.block]
    part = _part(lead, lead.bold, BOLD_LEVEL, owner, parts)
    part.bold = True
    part.title = part.title.rstrip(": ")
    part.pieces = list(node.parts)
    return part


def _names_stages(node: Node, blocks: list[Block]) -> bool:
    """Is this a list of the stages themselves, each item named by a type of stage (`1. **ACQUIRE**: read the rows`)?"""
    named = [blocks[item.block].bold.strip(" :.").upper() in _STAGES for item in node.parts]
    return len(named) > 2 and all(named)


_STAGES = frozenset(kind.value for kind in SceneType)


def _spread(parts: list[Part], body_end: int) -> None:
    """Ends of all sections: where the next one that is not inside begins."""
    open_parts: list[Part] = []
    for part in parts[1:]:
        while open_parts and open_parts[-1] is not part.parent:
            open_parts.pop().end = part.start
        open_parts.append(part)
    for part in open_parts:
        part.end = body_end
    for part in parts[1:]:
        if part.heading is not None and part.heading.kind is HTML:
            part.end = part.heading.body[1]
        if part.parent is not None:
            part.end = min(part.end, part.parent.end)


def to_sections(parts: list[Part], blocks: list[Block]) -> tuple[Section, ...]:
    """The immutable form for the draft; also sets `Block.section`."""
    tops: list[list[int]] = [[] for _ in parts]
    inside = [parts[0]]
    at = 1
    for block in blocks:
        while at < len(parts) and parts[at].start <= block.start:
            inside.append(parts[at])
            at += 1
        while len(inside) > 1 and inside[-1].end <= block.start:
            inside.pop()
        here = inside[-1]
        block.section = here.index
        if block.parent is None and here.heading is not block:
            tops[here.index].append(block.index)
    return tuple(
        Section(
            p.index, p.heading.index if p.heading is not None else None, p.level, p.title, p.start, p.end,
            p.parent.index if p.parent is not None else None, p.role, tuple(tops[p.index]),
            tuple(c.index for c in p.children), p.number,
        )
        for p in parts
    )  # fmt: skip
