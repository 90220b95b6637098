"""What a page must have, as named tests on its tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skvm.profile.kit.markup import Node

Test = Callable[[Node], bool]
CLOSE = 0.05
"""By how much a coordinate may be off, so that rounding does not decide."""


@dataclass(frozen=True)
class Page:
    """A page: told, written in two ways, tests by what they are about, and slips by name as (text, what is put for it)."""

    told: str
    right: str
    other: str
    tests: Mapping[str, Test]
    slips: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Block:
    """A heading, paragraph or list: its tag and its texts (one, or the items of a list)."""

    tag: str
    texts: tuple[str, ...]


def blocks(root: Node) -> list[Block]:
    """Headings, paragraphs and lists in document order, whatever stands around them."""
    found: list[Block] = []
    for child in root.children:
        if not isinstance(child, Node):
            continue
        if re.fullmatch(r"h[1-6]|p", child.tag):
            found.append(Block(child.tag, (child.text(),)))
        elif child.tag in ("ul", "ol"):
            found.append(Block(child.tag, tuple(item.text() for item in child.kids("li"))))
        else:
            found += blocks(child)
    return found


def links(root: Node) -> list[tuple[str, str]]:
    """Target and text of every link."""
    return [(node.attrs.get("href", ""), node.text()) for node in root.all("a")]


def numbered(node: Node, wanted: Mapping[str, float]) -> bool:
    """Does an element have numbers as attributes (as such or in pixels)?"""
    found = {key: re.fullmatch(r"\s*(-?[\d.]+)(?:px)?\s*", node.attrs.get(key, "")) for key in wanted}
    return all(match and abs(float(match.group(1)) - wanted[key]) <= CLOSE for key, match in found.items())


def label_of(root: Node, control: Node) -> str:
    """Text of the label that belongs to a control, without a colon or star at its end; empty without one."""
    for label in root.all("label"):
        target = label.attrs.get("for")
        if (target and target == control.attrs.get("id")) or (target is None and any(node is control for node in label.all())):
            return _own_text(label).rstrip(" :*")
    return ""


def _own_text(node: Node) -> str:
    parts = [c if isinstance(c, str) else "" if c.tag in ("select", "textarea") else _own_text(c) for c in node.children]
    return " ".join("".join(parts).split())


def rows_of(part: Node) -> list[tuple[str, ...]]:
    """Cells of every row inside an element."""
    return [tuple(cell.text() for cell in row.kids("td", "th")) for row in part.all("tr")]


def by_id(root: Node, name: str) -> Node | None:
    """The element with an id, None when there is none or several."""
    found = [node for node in root.all() if name and node.attrs.get("id") == name]
    return found[0] if len(found) == 1 else None


def failing(root: Node, tests: Mapping[str, Test]) -> Sequence[str]:
    """What tests are not met."""
    return [name for name, test in tests.items() if not test(root)]
