"""What a difference between two programs is called, and where each side shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skvm.source import Span


class ChangeClass(StrEnum):
    """Classes of change, what matters most first. `cosmetic`: the bytes differ and nothing that can be acted on does."""

    PERMISSION_WIDENED = "permission_widened"
    GATE_REMOVED = "gate_removed"
    CONSTRAINT_REMOVED = "constraint_removed"
    CONSTRAINT_WEAKENED = "constraint_weakened"
    STEP_REMOVED = "step_removed"
    STEP_ADDED = "step_added"
    STEP_REORDERED = "step_reordered"
    STEP_REWORDED = "step_reworded"
    CONDITION_CHANGED = "condition_changed"
    BOUND_CHANGED = "bound_changed"
    CONTROL_CHANGED = "control_changed"
    DEPENDENCY_ADDED = "dependency_added"
    DEPENDENCY_REMOVED = "dependency_removed"
    DEPENDENCY_CHANGED = "dependency_changed"
    TRIGGER_CHANGED = "trigger_changed"
    CONTRACT_CHANGED = "contract_changed"
    BUNDLE_CHANGED = "bundle_changed"
    GATE_ADDED = "gate_added"
    CONSTRAINT_ADDED = "constraint_added"
    CONSTRAINT_STRENGTHENED = "constraint_strengthened"
    CONSTRAINT_REWORDED = "constraint_reworded"
    PERMISSION_NARROWED = "permission_narrowed"
    KNOWLEDGE_CHANGED = "knowledge_changed"
    COSMETIC = "cosmetic"


DEFAULT_POLICY = frozenset(
    {
        ChangeClass.PERMISSION_WIDENED,
        ChangeClass.CONSTRAINT_WEAKENED,
        ChangeClass.CONSTRAINT_REMOVED,
        ChangeClass.GATE_REMOVED,
    }
)
"""Classes that make `skvm diff` exit with 1 unless told otherwise: the skill may do more, or with less asking, than before."""

_RANK = {kind: n for n, kind in enumerate(ChangeClass)}


@dataclass(frozen=True)
class Change:
    """One difference; `old` and `new` are the spans that show it, None on the side that has nothing."""

    kind: ChangeClass
    message: str
    old: Span | None = None
    new: Span | None = None

    @property
    def rank(self) -> tuple[int, tuple[str, int, int], tuple[str, int, int], str]:
        """One order for all outputs: class, place in the new text, place in the old text, words."""
        return _RANK[self.kind], _place(self.new), _place(self.old), self.message


def _place(span: Span | None) -> tuple[str, int, int]:
    return (span.file, span.start, span.end) if span is not None else ("", -1, -1)
