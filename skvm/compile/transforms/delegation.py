"""delegation: a step that states a list of commands, and nothing else to do, runs as code.

A step with one stated command is code whatever the target can do (`bind`). Several commands in a row are left to the model,
which sees what each says; where the target is measured below that, they run one after another, each only when the one before
it ended well, and the model takes over where one does not.
"""

from __future__ import annotations

from typing import ClassVar

from skvm.compile.provided import before
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.compile.transforms.stated import in_a_row
from skvm.plan import ExecutorKind


class Delegation(Transform):
    """All commands are bound, the block shows nothing but them, and the prose leaves no choice."""

    id: ClassVar[str] = "delegation"
    summary: ClassVar[str] = "a step that is a list of stated commands runs as code"
    whole: ClassVar[bool] = True

    def propose(self, view: View) -> Proposal | None:
        """The commands as one."""
        if view.step is None or len(view.commands) < 2:
            return None
        found = in_a_row(view.program, view.source, view.step, before(view.unit, view.node))
        if found is None:
            return None
        said = ", then ".join(quoted(text) for text in found.texts)
        plain = not any(c in text for text in found.texts for c in "`\n")
        text = f"This step is exactly these commands, in order: {said}." if plain else ""
        what = f"runs its {len(found.texts)} stated commands as code"
        return Proposal(what, text, executor=ExecutorKind.CODE, command=found.command, spans=found.spans)
