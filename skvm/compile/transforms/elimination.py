"""elimination: a step that can be left out, because it is proved that nothing is lost.

Two proofs are taken. The step only asks whether programs are there that the manifest of the plan names: the check before a run
answers that before any step. Or it only reads files that are not the skill's own, declares nothing, no step is given its
result, and the very next step reads all of these files itself.
"""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.compile.transforms.proposal import Proposal, Transform, View, boxes_of
from skvm.ir import Act, ActType, ControlKind, EffectClass, Hazard, NeedKind
from skvm.plan import BatchNode, BranchNode, Edge, ExecutorKind, LoopNode, PlanNode, StepNode, TaskNode

_PROBE = re.compile(r"(?:which|command -v|type)\s+([\w.+-]+)|([\w.+-]+)\s+(?:--version|-V|-v|version|--help)")
_WHICH = re.compile(r"\bversions?\b|\d|\b(?:note|record|remember|tell|report)\b", re.IGNORECASE)
"""Words that want to know more than whether a program is there."""

SKILL = "skill:"
"""Places of the skill's own files: reading them is learning what to do, whoever is given the result."""


class Elimination(Transform):
    """Only with one of the two proofs; a step that decides, asks, checks or tells anything stays."""

    id: ClassVar[str] = "elimination"
    summary: ClassVar[str] = "a step whose result nothing uses, or that the check before a run answers"
    whole: ClassVar[bool] = True

    def propose(self, view: View) -> Proposal | None:
        """Leave the step out."""
        if view.step is None or view.node.outputs or view.node.checks or _governs(view):
            return None
        names = sorted(_probed(view))
        if names:
            why = f"the check before a run answers whether {', '.join(names)} {'is' if len(names) == 1 else 'are'} there"
            return Proposal(f"leaves the step out: {why}", executor=ExecutorKind.NOTHING, spans=(view.node.span,))
        if (
            _read_again(view)
            and _only_looks(view)
            and not any(_uses(node, view.node.id) for node in view.unit.nodes)
            and not _read_later(view)
        ):
            why = "it only reads what the next step reads again, and nothing is given its result"
            return Proposal(f"leaves the step out: {why}", executor=ExecutorKind.NOTHING, spans=(view.node.span,))
        return None


def _governs(view: View) -> bool:
    """Does the step hold control that something else rests on, or rules, or lie in a branch, a loop or a map?"""
    kinds = {control.kind for control in view.program.controls_of(view.node.id)} - {ControlKind.OPTIONAL}
    inside = any(view.node.span.contains(rule.span) for rule in view.program.constraints)
    recovered = any(getattr(node, "recover_of", None) == view.node.id for node in view.unit.nodes)
    blocks = any(not isinstance(box, BatchNode | TaskNode) for box in boxes_of(view.unit, view.node))
    return blocks or bool(kinds) or inside or recovered or view.node.recover_of is not None


def _probed(view: View) -> set[str]:
    """Programs that the step looks for; empty unless that is all it does and the manifest names each of them."""
    have = {need.name for need in view.program.needs if need.kind is NeedKind.BIN}
    acts = view.program.acts_of(view.node.id)
    if _WHICH.search(view.prose_only):
        return set()
    found: set[str] = set()
    for act in acts:
        match = _PROBE.fullmatch((act.command or "").strip())
        if match is not None:
            found.add(match[1] or match[2])
        elif act.command is not None or act.type not in (ActType.VALIDATE, ActType.CALL_TOOL):
            return set()
    return found if found and found <= have else set()


def _read_again(view: View) -> bool:
    """Does the next step of the plan read all that this one reads?"""
    steps = [node for node in view.unit.nodes if isinstance(node, StepNode)]
    at = next(i for i, node in enumerate(steps) if node.id == view.node.id)
    following = steps[at + 1] if at + 1 < len(steps) else None
    if following is None or any(not isinstance(box, BatchNode | TaskNode) for box in boxes_of(view.unit, following)):
        return False
    return following.recover_of is None and set(view.node.effects.reads) <= set(following.effects.reads)


def _only_looks(view: View) -> bool:
    acts = view.program.acts_of(view.node.id)
    quiet = view.node.effect_class is EffectClass.PURE and not view.node.effects.top and not view.node.effects.external
    return bool(acts) and quiet and not view.node.effects.writes and all(_looks(a) for a in acts)


def _looks(act: Act) -> bool:
    return act.type is ActType.READ and not act.unknown and not any(place.startswith(SKILL) for place in act.reads)


def _uses(node: PlanNode, step: str) -> bool:
    """Is the result of the step among what a node is given? Conditions may rest on what came last."""
    if isinstance(node, BranchNode | LoopNode):
        return True
    return any(reference.startswith(f"$step.{step}.") for reference in getattr(node, "inputs", ()))


def _read_later(view: View) -> bool:
    return any(_carries(edge) for edge in view.unit.edges if edge.before == view.node.id)


def _carries(edge: Edge) -> bool:
    return edge.hazard in (Hazard.VALUE, Hazard.READ_AFTER_WRITE, Hazard.UNKNOWN_EFFECT)
