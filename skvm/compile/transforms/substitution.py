"""substitution: another way that the step itself offers, which needs nothing of the model.

"Open the page in the browser, or run `curl ...`": the author says that both do. Where the target is measured below the first
way, the command that is stated as the other one runs as code; the model takes over where it fails.
"""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.compile.provided import before
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.compile.transforms.stated import offered
from skvm.plan import ExecutorKind

OFFERED = re.compile(
    r"(?:\bor\b|\balternatively\b,?|\beither\b)\s+(?:(?:else|just|simply|you can|you may|by)\s+)?"
    r"(?:run|use|with|via|execute|running|using)\s+(?:the\s+command\s+)?(?::\s*)?`$",
    re.IGNORECASE,
)
"""Words right before a command that offer it as another way of doing the same, with no condition on it."""


class Substitution(Transform):
    """The offered command is bound and writes all that the step declares."""

    id: ClassVar[str] = "substitution"
    summary: ClassVar[str] = "a stated command that the step offers as another way runs as code"
    whole: ClassVar[bool] = True

    def propose(self, view: View) -> Proposal | None:
        """The first offered command that may run as it stands."""
        if view.step is None or not view.commands:
            return None
        found = offered(view.program, view.source, view.step, before(view.unit, view.node), OFFERED)
        if found is None:
            return None
        if "\n" in found.command.text:
            return None
        text = f"Take the other way that the step offers: {quoted(found.command.text)}."
        what = "takes the stated command that the step offers instead"
        return Proposal(what, text, executor=ExecutorKind.CODE, command=found.command, spans=found.spans)
