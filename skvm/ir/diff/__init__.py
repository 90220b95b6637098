"""diff: what changed between two programs, by meaning.

Comes in: two programs, and their sources where text outside the program is to count. Goes out: classed changes with spans.
Must never: call a change cosmetic that widens what a skill may do, or report a step as removed and added that only moved.
"""

from __future__ import annotations

from skvm.ir.diff.model import DEFAULT_POLICY, Change, ChangeClass
from skvm.ir.diff.permissions import permission_changes
from skvm.ir.diff.rules import (
    bundle_changes,
    constraint_changes,
    contract_changes,
    knowledge_changes,
    need_changes,
    trigger_changes,
)
from skvm.ir.diff.steps import step_changes
from skvm.ir.nodes import Program
from skvm.source import SkillSource, Span

__all__ = ["DEFAULT_POLICY", "Change", "ChangeClass", "diff"]


def diff(old: Program, new: Program, sources: tuple[SkillSource, SkillSource] | None = None) -> tuple[Change, ...]:
    """All changes from `old` to `new`, what matters most first; empty when both are the same.

    With `sources` (old, new) files of the bundle and text outside of steps and rules are compared too. Where nothing else
    changed but the bytes did, there is one change of class `cosmetic`.
    """
    found = [
        *step_changes(old, new),
        *permission_changes(old, new),
        *need_changes(old, new),
        *constraint_changes(old, new),
        *trigger_changes(old, new),
        *contract_changes(old, new),
    ]
    if sources is not None:
        found += [*bundle_changes(*sources), *knowledge_changes(old, new, *sources)]
    if not found and old.source != new.source:
        found.append(Change(ChangeClass.COSMETIC, "only layout or marks differ", _whole(old), _whole(new)))
    return tuple(sorted(dict.fromkeys(found), key=lambda c: c.rank))


def _whole(program: Program) -> Span:
    return Span(program.main, 0, program.leaves[-1].span.end if program.leaves else 0)
