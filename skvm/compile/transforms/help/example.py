"""example: a worked example that the skill shows elsewhere and that is about this step."""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.ir import Block, BlockRole

MOST = 10
"""Lines of an example that are said again."""

_TITLE = re.compile(r"\bexamples?\b", re.IGNORECASE)


class Example(Transform):
    """Catalogue: a concrete example to go by. It is the author's own, or there is none."""

    id: ClassVar[str] = "example"
    summary: ClassVar[str] = "an example of the skill's own that shares a name with the step"
    answers: ClassVar[frozenset[str]] = frozenset(
        {"follow.format", "follow.style", "gen.regex", "gen.text.prose", "gen.text.structured", "reason.arithmetic"}
    )
    lowers: ClassVar = {"follow.format": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """The first example outside of the step's slice that names one of the step's files or commands."""
        if view.step is None:
            return None
        have = "\n".join((view.node.slice.text, *view.node.slice.knowledge))
        for block in view.program.blocks:
            lines = view.lines(block)
            body = view.source.main.slice(block.body)
            if not self._shows(view, block) or body in have or not 1 <= len(lines) <= MOST or "`" in body:
                continue
            if any(name in body for name in view.codes if len(name) > 3):
                rows = ", then ".join(map(quoted, lines))
                return Proposal(
                    "gives an example of the skill's own", f"For example: {rows}.", self.asks(view), spans=(block.span,)
                )
        return None

    def _shows(self, view: View, block: Block) -> bool:
        titles = (k.title for k in view.program.knowledge if k.span.contains(block.span))
        return block.step is None and (block.role is BlockRole.EXAMPLE or any(map(_TITLE.search, titles)))
