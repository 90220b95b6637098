"""template: the lines that the result of a step must have."""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.ir import ActType, Block, BlockRole
from skvm.source import Span

MOST = 14
"""Lines of a template that are said again: longer ones stand in the step's own text."""

_PROSE = ("", "markdown", "md", "text", "txt")
_HEADING = re.compile(r"#{1,6} \S")
_HOLE = re.compile(r"<[^<>\n]+>|\{[^{}\n]+\}|\[[A-Za-z][^\[\]\n]*\](?!\()|\.\.\.|…")


class Template(Transform):
    """Catalogue: give the exact template with placeholders."""

    id: ClassVar[str] = "template"
    summary: ClassVar[str] = "the lines of the result that the step shows or names"
    answers: ClassVar[frozenset[str]] = frozenset({"follow.format", "gen.text.structured", "gen.text.long"})
    lowers: ClassVar = {"follow.format": Level.L2, "gen.text.structured": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """The template of the step, if it is one only and short."""
        if view.step is None:
            return None
        lines, span = template_of(view)
        if not 2 <= len(lines) <= MOST or any("`" in line for line in lines):
            return None
        rows = ", then ".join(quoted(line) for line in lines)
        holes = " Fill in what is in brackets and keep the rest." if any(map(_HOLE.search, lines)) else ""
        what = f"gives the {len(lines)} lines of the result"
        return Proposal(what, f"The result has these lines in this order: {rows}.{holes}", self.asks(view), spans=(span,))


def template_of(view: View) -> tuple[list[str], Span]:
    """Lines of the one template a step shows, or the headings and lines that it names as code; none when that is not sure."""
    shown = [b for b in view.blocks if _is_template(view, b)]
    if len(shown) == 1:
        return view.lines(shown[0]), shown[0].span
    named = [code for code in view.codes if _HEADING.match(code)]
    return ([] if shown else named), view.node.span


def _is_template(view: View, block: Block) -> bool:
    if block.role is BlockRole.TEMPLATE:
        return True
    if block.language.lower() not in _PROSE or block.role in (BlockRole.COMMAND, BlockRole.EXAMPLE):
        return False
    writes = any(a.type is ActType.WRITE for a in view.program.acts_of(view.node.id))
    body = view.lines(block)
    return writes and (any(map(_HOLE.search, body)) or sum(bool(_HEADING.match(line)) for line in body) > 1)


def fixed(line: str) -> str:
    """What of a template's line stands in every result: up to the first placeholder; empty where too little does."""
    kept = _HOLE.split(line, maxsplit=1)[0].rstrip()
    return kept if len(re.sub(r"\W", "", kept)) >= 3 else ""
