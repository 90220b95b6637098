"""checklist: the rules that hold for a step, to be gone through before it ends."""

from __future__ import annotations

from typing import ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, numbered
from skvm.ir import Constraint

MOST = 14
"""Rules that are listed; more are no help."""


class Checklist(Transform):
    """Catalogue: rules as verification after the first result."""

    id: ClassVar[str] = "checklist"
    summary: ClassVar[str] = "the rules of a step as a list to go through before it ends"
    answers: ClassVar[frozenset[str]] = frozenset({"follow.constraint", "follow.style"})
    lowers: ClassVar = {"follow.constraint": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """All rules that the step must keep, in the author's words."""
        rules = self._rules(view)
        texts = list(dict.fromkeys(" ".join(rule.text.split()).strip(" -*") for rule in rules))
        if len(texts) < 2:
            return None
        asks = self.asks(view) if len(texts) <= MOST else None
        text = f"Before you finish, go through these one by one and put right what does not hold: {numbered(texts[:MOST])}"
        return Proposal(
            f"lists {min(len(texts), MOST)} rules to check at the end", text, asks, spans=tuple(r.span for r in rules)
        )

    def _rules(self, view: View) -> list[Constraint]:
        """Rules inside the step or sent with it; of a skill in one step all of them."""
        kept = set(view.node.slice.constraints)
        return [
            rule
            for rule in view.program.constraints
            if view.step is None or rule.text in kept or view.node.span.contains(rule.span)
        ]
