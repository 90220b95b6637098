"""places: the files that a step reads or writes, by name."""

from __future__ import annotations

from typing import ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted


class Places(Transform):
    """Catalogue: give exact paths upfront, one file at a time."""

    id: ClassVar[str] = "places"
    summary: ClassVar[str] = "the files of a step by name, one at a time"
    answers: ClassVar[frozenset[str]] = frozenset({"tool.file.read", "tool.file.write", "tool.call.batch"})
    lowers: ClassVar = {"tool.file.read": Level.L2, "tool.file.write": Level.L3, "tool.call.batch": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """Files that the acts of the step name literally."""
        writes = view.gap.primitive == "tool.file.write"
        acts = [a for a in view.program.acts_of(view.node.id) if (a.writes if writes else a.reads)]
        places = dict.fromkeys(p for a in acts for p in (a.writes if writes else a.reads))
        text = view.node.slice.text
        named = [p for p in places if ":" not in p and p in text and "`" not in p]
        if not named:
            return None
        asks = self.asks(view) if len(named) == len(places) and not any(c in p for p in named for c in "*?[") else None
        said = f"The files of this step, one at a time: {', '.join(map(quoted, named))}."
        return Proposal(f"names {len(named)} files", said, asks, spans=tuple(a.span for a in acts))
