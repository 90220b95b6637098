"""HTML that a model wrote, as a tree: end tags may be left out where HTML allows it, nesting must be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from skvm.profile.kit.bodies import sole_block
from skvm.profile.kit.data import Unreadable

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
OPTIONAL = frozenset(
    ("html", "head", "body", "li", "p", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup")
)
BLOCKS = (
    "address article aside blockquote div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section"
)
CLOSES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys([*BLOCKS.split(), "table", "ul"], frozenset(("p",))),
    "li": frozenset(("li", "p")),
    "dt": frozenset(("dt", "dd", "p")),
    "dd": frozenset(("dt", "dd", "p")),
    **dict.fromkeys(("td", "th"), frozenset(("td", "th", "p"))),
    "tr": frozenset(("td", "th", "tr", "p")),
    **dict.fromkeys(("tbody", "tfoot", "thead"), frozenset(("td", "th", "tr", "thead", "tbody", "p"))),
    "option": frozenset(("option",)),
    "body": frozenset(("head",)),
}
"""Elements that a start tag ends when they are open."""


@dataclass
class Node:
    """An element; names of elements and attributes are in small letters."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Node]:
        """Elements inside, of these names or all, in document order."""
        return [node for node in self._inside() if not tags or node.tag in tags]

    def first(self, *tags: str) -> Node:
        """The first of them; an empty element that has nothing where there is none."""
        return next(iter(self.all(*tags)), Node(""))

    def kids(self, *tags: str) -> list[Node]:
        """Elements directly inside."""
        return [child for child in self.children if isinstance(child, Node) and child.tag in tags]

    def text(self) -> str:
        """The text inside, with single blanks; a name in an SVG (title, desc) is no text of the page around it."""
        return " ".join(self._text().split())

    def classes(self) -> list[str]:
        """Its classes."""
        return self.attrs.get("class", "").split()

    def _text(self) -> str:
        return "".join(child if isinstance(child, str) else child._text() for child in self.children)

    def _inside(self) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child._inside()


def page(answer: str) -> Node:
    """The page in an answer; raises Unreadable with several code blocks, without a tag, or for wrong nesting."""
    text = sole_block(answer)
    if text is None or not re.search(r"<[a-zA-Z]", text):
        raise Unreadable("there is not one page in the answer")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    left = [node.tag for node in reader.open[1:] if node.tag not in OPTIONAL]
    if left:
        raise Unreadable(f"<{left[-1]}> is not closed")
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open[-1].tag in CLOSES.get(tag, ()):
            self.open.pop()
        node = self._add(tag, attrs)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        while self.open[-1].tag != tag and self.open[-1].tag in OPTIONAL:
            self.open.pop()
        if self.open[-1].tag != tag:
            raise Unreadable(f"</{tag}> where <{self.open[-1].tag}> is open")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Node:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        return node
