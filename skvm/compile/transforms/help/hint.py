"""hint: how the catalogue says to ask for less, from the level that is needed down to one that the target holds."""

from __future__ import annotations

from typing import ClassVar

from skvm.capability import Level, load_catalog
from skvm.capability.estimate import probability
from skvm.capability.gaps import MET_AT
from skvm.compile.transforms.proposal import Proposal, Transform, View


class Hint(Transform):
    """Words of the catalogue. They are general, so nothing is taken to be asked less because of them."""

    id: ClassVar[str] = "hint"
    summary: ClassVar[str] = "the catalogue's way of asking for a lower level"

    def propose(self, view: View) -> Proposal | None:
        """The hints of all levels between the one needed and the one held; how to write code only where none is stated."""
        if view.gap.primitive.startswith("gen.code.") and (view.commands or any(b.language for b in view.blocks)):
            return None
        hints = load_catalog().get(view.gap.primitive).hints
        levels = [level for level in _between(view) if level in hints]
        if not levels:
            return None
        down = f"{levels[0].value} as {Level.of(levels[-1].rank - 1).value}"
        return Proposal(f"asks for {view.gap.primitive} {down}", " ".join(hints[level] for level in levels))


def _between(view: View) -> list[Level]:
    """Required level first, downwards, as long as the level itself is not held; at least the required one."""
    out: list[Level] = []
    for rank in range(view.gap.required.rank, 1, -1):
        level = Level.of(rank)
        estimate = probability(view.cell, level) if view.cell is not None else None
        if out and estimate is not None and estimate.mean >= MET_AT:
            break
        out.append(level)
    return out
