"""detour: another path of the same purpose than the one the author puts first.

Where ways of one job are told in sections of their own ("Method A", "Method B"), the author says that any of them will do.
When the target was measured below what the first one needs, and holds all that another one needs, that other one is taken: a
branch between ways prefers its arm, a step that tells the ways itself is told which. A task that speaks of another way
still decides.
"""

from __future__ import annotations

import re
from typing import ClassVar, NamedTuple

from skvm.capability import Detour, Level, Profile, Purpose, detour
from skvm.compile.transforms.proposal import Proposal, Transform, View
from skvm.compile.unit import Unit
from skvm.plan import BranchNode, Edit, PlanNode, StepNode

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#.-]*[A-Za-z0-9+#]")
_MARK = re.compile(r"\W*(\w+\s+(?:\d+|[A-H]))\b")
_COMMON = re.compile(
    r"an|and|as|at|by|for|from|in|into|is|it|its|of|on|or|the|this|that|to|uses?|used|using|via|ways?|when|where|with|you|your|"
    r"option|method|approach|alternative|recommended|preferred|default|easiest|simplest|best|fallback|legacy|only|most|new"
)
"""Words of titles that do not tell one way from another."""


class OtherPath(Transform):
    """Of the ways that a step tells, the one that the target holds."""

    id: ClassVar[str] = "detour"
    summary: ClassVar[str] = "another way of the same purpose, of which the target holds all it needs"

    def propose(self, view: View) -> Proposal | None:
        """The way to take, for each gap that only the author's first one shows."""
        profile = view.unit.request.processor(view.node.executor.target).profile
        for purpose in view.unit.purposes:
            found = detour(purpose, profile) if _inside(purpose, view.node) else None
            if found is None or view.gap.primitive not in {n.primitive for n in purpose.paths[purpose.first].needs}:
                continue
            title = purpose.paths[found.path].title
            text = f"Of the ways told here take {_quoted(title)}, unless the task asks for another one."
            return Proposal(_what(title), text, _left(view, purpose, found), spans=purpose.because)
        return None


def _inside(purpose: Purpose, node: StepNode) -> bool:
    return all(not path.steps and node.span.contains(path.span) for path in purpose.paths)


def _left(view: View, purpose: Purpose, found: Detour) -> Level | None:
    """What the way that is taken asks of the primitive, where only the other ways show more."""
    others = [path.span for at, path in enumerate(purpose.paths) if at != found.path]
    if not all(any(other.contains(span) for other in others) for span in view.gap.spans):
        return None
    needs = [n.level for n in purpose.paths[found.path].needs if n.primitive == view.gap.primitive]
    asks = needs[0] if needs else Level.L0
    return asks if asks.rank < view.gap.required.rank else None


class Steered(NamedTuple):
    """A branch that prefers an arm, and the edit that says why."""

    node: BranchNode
    edit: Edit


def steer(unit: Unit, node: BranchNode) -> Steered | None:
    """The branch with the arm that its target holds preferred; None where its arms are no ways of one purpose, nothing was
    measured below what the first one needs, or no other one is held."""
    purpose = next((p for p in unit.purposes if _arms(unit, node) == [set(path.steps) for path in p.paths]), None)
    target = node.executor.target
    found = detour(purpose, _profile(unit, target)) if purpose is not None else None
    if purpose is None or found is None:
        return None
    title = purpose.paths[found.path].title
    others = [path.title for at, path in enumerate(purpose.paths) if at != found.path]
    made = node.model_copy(update={"preferred": found.path, "unless": _apart(title, others)})
    gap = found.gap
    edit = Edit(
        step=node.id,
        transform=OtherPath.id,
        primitive=gap.primitive,
        required=gap.required,
        measured=gap.measured,
        target=str(unit.request.processor(target).target),
        what=_what(title),
        spans=tuple(dict.fromkeys((*gap.spans, *purpose.because))),
    )
    return Steered(made, edit)


def _profile(unit: Unit, target: str) -> Profile | None:
    return unit.request.processor(target).profile


def _arms(unit: Unit, node: BranchNode) -> list[set[str]]:
    """Steps by arm, those inside of blocks included."""
    rows: list[set[str]] = [set() for _ in node.arms]
    for child in unit.children.get(node.id, ()):
        if child.arm is not None and child.arm < len(rows):
            rows[child.arm] |= set(_steps(unit, child))
    return rows


def _steps(unit: Unit, node: PlanNode) -> list[str]:
    below = unit.children.get(node.id, ())
    own = node.id.removesuffix(".gate")
    if below:
        return [step for child in below for step in _steps(unit, child)]
    return [own] if own in unit.program.step_by_id else []


def _apart(title: str, others: list[str]) -> tuple[str, ...]:
    """Words of the other titles that this one does not have, what they are counted as first ("option 2")."""
    mine = {w.lower() for w in _WORD.findall(title)}
    marks = [" ".join(m[1].lower().split()) for other in others if (m := _MARK.match(other))]
    words = (*marks, *(w.lower() for other in others for w in _WORD.findall(other)))
    return tuple(dict.fromkeys(w for w in words if w not in mine and not _COMMON.fullmatch(w)))


def _what(title: str) -> str:
    return f"takes the way {_quoted(title)}"


def _quoted(title: str) -> str:
    return f"\u201c{' '.join(title.split())}\u201d"
