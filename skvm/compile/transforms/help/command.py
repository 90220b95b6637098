"""command: the commands of a step, exactly, with what is to be filled in."""

from __future__ import annotations

from typing import ClassVar

from skvm.capability import Level
from skvm.compile.commands import INSTALL, placeholders
from skvm.compile.transforms.proposal import Proposal, Transform, View, numbered, quoted

MOST = 8
LONG = 240
"""Characters of a command that is said again at most."""


class ExactCommand(Transform):
    """Catalogue: give the exact command, one at a time."""

    id: ClassVar[str] = "command"
    summary: ClassVar[str] = "the stated commands, one at a time, with what is to be filled in"
    answers: ClassVar[frozenset[str]] = frozenset({"tool.exec", "gen.code.shell"})
    lowers: ClassVar = {"tool.exec": Level.L3, "gen.code.shell": Level.L3}

    def propose(self, view: View) -> Proposal | None:
        """The commands; only when all of them can be said is less asked."""
        acts = [a for a in view.commands if not INSTALL.match(a.command or "")]
        texts = [(a.command or "").strip() for a in acts]
        said = [t for t in texts if t and "`" not in t and "\n" not in t and len(t) <= LONG][:MOST]
        if not said:
            return None
        open_names = list(dict.fromkeys(literal for text in said for literal, _ in placeholders(text) if "`" not in literal))
        filled = f" Fill in {', '.join(map(quoted, open_names))} and change nothing else." if open_names else ""
        one = f"Run exactly this: {quoted(said[0])}."
        many = f"Run exactly these, one at a time, and look at each result first: {numbered([quoted(t) for t in said])}."
        asks = self.asks(view) if len(said) == len(texts) else None
        what = "gives the exact command" if len(said) == 1 else f"gives the {len(said)} commands one at a time"
        return Proposal(what, (one if len(said) == 1 else many) + filled, asks, spans=tuple(a.span for a in acts))
