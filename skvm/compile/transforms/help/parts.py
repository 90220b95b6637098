"""parts: a step taken apart into smaller numbered ones."""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, numbered
from skvm.parse.lexicon import is_imperative

MOST = 7
"""Parts of a fixed list: what the middle level of following a procedure asks."""


class Parts(Transform):
    """Catalogue: a fixed list of explicit steps instead of decomposition."""

    id: ClassVar[str] = "parts"
    summary: ClassVar[str] = "the sentences of a step as smaller numbered steps"
    answers: ClassVar[frozenset[str]] = frozenset({"follow.procedure", "reason.planning", "reason.analysis", "tool.exec"})
    lowers: ClassVar = {"follow.procedure": Level.L2, "reason.planning": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """The parts in their order, in the author's words; none where they are not things to do, or too many to list."""
        if view.step is None:
            return None
        found = sentences(view.node.slice.text)
        orders = sum(is_imperative(part.lstrip("*_ ")) for part in found)
        if not 2 <= len(found) <= MOST or orders < 2 or 2 * orders < len(found):
            return None
        text = f"In order: {numbered(found)}"
        return Proposal(f"takes the step apart into {len(found)}", text, self.asks(view), spans=(view.node.span,))


def sentences(text: str) -> list[str]:
    """Sentences of a step's prose: no fences, no headings, lines of a paragraph joined, bullets as sentences of their own.

    No sentence ends inside of inline code.
    """
    bare = re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", "\n\n", text)
    codes: list[str] = []

    def kept(match: re.Match[str]) -> str:
        codes.append(" ".join(match[0].split()))
        return f"\0{len(codes) - 1}\0"

    bare = re.sub(r"(?<!`)`[^`]+`(?!`)", kept, bare.replace("\0", " "))
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", bare)
    out: list[str] = []
    for paragraph in paragraphs:
        if re.match(r"\s*#{1,6}\s", paragraph):
            paragraph = paragraph.lstrip().partition("\n")[2]
        line = " ".join(re.sub(r"^[\s>#*+-]*(?:\d+[.)])?\s*(?:\[[ xX]\])?\s*", "", paragraph).split())
        parts = (re.sub(r"\0(\d+)\0", lambda m: codes[int(m[1])], s) for s in re.split(r"(?<=[.!?;])\s+", line))
        out += [_balanced(part.strip()) for part in parts if len(part.split()) > 2]
    return out


def _balanced(part: str) -> str:
    """Emphasis that begins or ends outside of the sentence is left out."""
    return part if part.count("**") % 2 == 0 else part.replace("**", "")
