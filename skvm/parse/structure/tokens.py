"""Blocks to tokens of `grammar/document.lark`, and the tree that the grammar makes of them.

A token's value is the index of its block. Brackets (`_OPEN_SECTION`, `_CLOSE_LIST`, ...) come from heading levels and
container blocks, so that the stream is well nested whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from skvm.parse.draft import FENCE, HEADING, HTML, ITEM, LIST, QUOTE, RULE, TABLE, Block
from skvm.parse.lalr import Loop, load

STEP_WORD = re.compile(
    r"^[^\w(]*(?:(?:step|phase|stage|schritt|étape|paso)[\s\-#:]*(\d+(?:\.\d+)*[a-z]?|[ivx]+\b|[a-h]\b)"
    r"|(?:步骤|阶段|ステップ|フェーズ)\s*(\d+)|第([一二三四五六七八九十\d]+)[步阶])",
    re.IGNORECASE,
)
"""A heading or bold lead that is numbered with a word for step."""

NUMBER = re.compile(r"^[^\w(]*\(?(\d{1,3}(?:\.\d{1,3})*[a-z]?)(?:[.):]+\s*|\s+[-–—:]\s*|️?⃣\s*|\s*️⃣\s*)(?=\S)", re.IGNORECASE)
"""A heading or bold lead that begins with a bare number."""

Terminal = tuple[str, Block | None]
"""Name of a terminal and the block it stands for; what only closes or opens stands for none."""

_ATTACHABLE = frozenset({FENCE, LIST, TABLE, QUOTE})


@dataclass(slots=True, eq=False)
class Node:
    """A node of the tree. `kind` is the rule's name (or alias), `block` the index of the block it stands for, -1 for none."""

    kind: str
    block: int = -1
    parts: list[Node] = field(default_factory=list)


def number_of(text: str) -> tuple[str, str | None, int]:
    """How a heading or bold lead is numbered: ("step" | "number" | "", the number, where the title begins)."""
    head = text[:40]
    found = STEP_WORD.match(head)
    if found:
        end = found.end()
        while end < len(text) and text[end] in " :.)-–—|️⃣]":
            end += 1
        return "step", next(g for g in found.groups() if g), end
    found = NUMBER.match(head)
    if found:
        return "number", found.group(1), found.end()
    return "", None, 0


def tokens(blocks: list[Block]) -> Iterator[Terminal]:
    """The token stream of a document. A `<tag>` line opens a section too; headings inside stay inside."""
    levels: list[int] = []
    floors: list[tuple[int, Block]] = []
    at = 0
    while at < len(blocks):
        block = blocks[at]
        if block.kind is HEADING:
            floor = floors[-1][0] if floors else 0
            while len(levels) > floor and levels[-1] >= block.level:
                levels.pop()
                yield "_CLOSE_SECTION", None
            levels.append(block.level)
            yield "_OPEN_SECTION", None
            kind, block.number, _ = number_of(block.text)
            yield _HEADINGS[kind], block
            at += 1
        elif block.kind is HTML and block.language:
            yield from _tag(block, levels, floors)
            at += 1
        else:
            size, made = _piece(blocks, at, True)
            yield from made
            at = size
    for _ in levels:
        yield "_CLOSE_SECTION", None


_HEADINGS = {"step": "STEP_HEADING", "number": "NUMBERED_HEADING", "": "PLAIN_HEADING"}


def _tag(block: Block, levels: list[int], floors: list[tuple[int, Block]]) -> Iterator[Terminal]:
    """Tokens of a section mark. They are paired, so a closing one always finds its opening one."""
    if block.language.startswith("</"):
        floor, opening = floors.pop()
        opening.body = (opening.end, block.end)
        while len(levels) >= floor:
            levels.pop()
            yield "_CLOSE_SECTION", None
    else:
        levels.append(0)
        floors.append((len(levels), block))
        yield "_OPEN_SECTION", None
        yield "PLAIN_HEADING", block


def _piece(blocks: list[Block], at: int, top: bool) -> tuple[int, list[Terminal]]:
    """Tokens of the top-level block at `at` with all it holds, and the index of the next block outside it. No recursion."""
    out: list[Terminal] = []
    root = blocks[at].parent
    closing: list[tuple[int, str]] = []
    index = at
    while index < len(blocks):
        block = blocks[index]
        while closing and closing[-1][0] != block.parent:
            out.append((closing.pop()[1], None))
        if not closing and index > at and block.parent == root:
            break
        name, close = _token(blocks, block, top and index == at)
        if name:
            out.append((name, block))
        if close:
            closing.append((block.index, close))
        index += 1
        if block.kind is TABLE:
            index += len(block.children)
    while closing:
        out.append((closing.pop()[1], None))
    return index, out


def _token(blocks: list[Block], block: Block, top: bool) -> tuple[str, str]:
    """Terminal of a block and the terminal that closes it, either may be empty."""
    kind = block.kind
    if kind is LIST:
        return _list_token(blocks, block), "_CLOSE_LIST"
    if kind is ITEM:
        return ("ITEM", "_CLOSE_ITEM") if block.children else ("LEAF_ITEM", "")
    if kind in _TERMINALS:
        return _TERMINALS[kind]
    return _paragraph_token(blocks, block, top), ""


_TERMINALS = {
    FENCE: ("FENCE", ""),
    TABLE: ("TABLE", ""),
    QUOTE: ("_OPEN_QUOTE", "_CLOSE_QUOTE"),
    RULE: ("RULE", ""),
    HTML: ("MARKUP", ""),
}


def _list_token(blocks: list[Block], block: Block) -> str:
    if block.children and blocks[block.children[0]].checked is not None:
        return "_OPEN_TASKS"
    return "_OPEN_ORDERED" if block.ordered else "_OPEN_BULLETS"


def _paragraph_token(blocks: list[Block], block: Block, top: bool) -> str:
    bold = block.bold
    if bold and top:
        kind, block.number, _ = number_of(bold)
        if kind:
            return "BOLD_STEP"
    following = _next_sibling(blocks, block)
    if following is not None and following.kind in _ATTACHABLE:
        text = block.text.rstrip()
        if bold and len(bold.rstrip(": ")) >= len(text.rstrip(": ")):
            return "LABEL"
        if text.endswith((":", "：")):
            return "LEAD_IN"
    return "PROSE"


def _next_sibling(blocks: list[Block], block: Block) -> Block | None:
    after = block.index + 1
    if after < len(blocks) and blocks[after].parent == block.parent:
        return blocks[after]
    return None


def _node(kind: str, children: list[Any]) -> Node:
    """Node of a rule: the first block among its children is its own, nodes are its parts."""
    block = -1
    parts: list[Node] = []
    for child in children:
        if child.__class__ is Node:
            parts.append(child)
        elif block < 0:
            block = child.index
    return Node(kind, block, parts)


@cache
def _parser() -> Loop:
    return load("document", _node)


def read_tree(blocks: list[Block]) -> Node:
    """The tree of a document."""
    tree: Node = _parser().parse(tokens(blocks))
    return tree
