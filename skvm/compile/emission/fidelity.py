"""Did every code span, fence, link and image of the original stay, unchanged and in order?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skvm.parse.structure.blocks import READER

_BLOCKS = ("CodeBlock", "Link", "Image")

Piece = tuple[str, str]
"""What it is and what it says: code its text, a fence its language and text, a link its address."""


def pieces(text: str) -> list[Piece]:
    """All code spans, fences, links and images of a Markdown text, in order."""
    return list(_pieces(READER.events(text)))


def _pieces(events: Any) -> Iterator[Piece]:
    fence: list[str] | None = None
    for event in events:
        if not isinstance(event, dict):
            continue
        if "Start" in event and isinstance(event["Start"], dict):
            kind, value = next(iter(event["Start"].items()))
            if kind == "CodeBlock":
                fence = [str(value)]
            elif kind in _BLOCKS:
                yield kind, str(value.get("dest_url"))
        elif "Text" in event and fence is not None:
            fence.append(event["Text"])
        elif "End" in event and event["End"] == "CodeBlock" and fence is not None:
            yield "CodeBlock", "\0".join([fence[0], "".join(fence[1:])])
            fence = None
        elif "Code" in event:
            yield "Code", event["Code"]


def lost(before: str, after: str) -> list[Piece]:
    """Pieces of `before` that `after` does not have in the same order; empty when none is lost."""
    have = iter(pieces(after))
    return [piece for piece in pieces(before) if not any(piece == other for other in have)]
