"""What kind of skill this is, by votes over what its text is made of and over its procedure."""

from __future__ import annotations

from skvm.ir import SkillKind
from skvm.parse.structure.procedure import Procedure
from skvm.parse.structure.votes import total

MANY_STEPS = 6
OF_TOOLS = ("code share", "items led by code", "tool words", "tool headings", "tables share")
"""Features of which a reference on a tool has at least one."""


def kind_features(procedure: Procedure) -> dict[str, float]:
    """Features of the skill for its kind."""
    out = dict(procedure.texture)
    steps = sum(max(1, len(v.steps)) for v in procedure.stages)
    out["procedure"] = 1.0 if procedure.found else 0.0
    out["product, no procedure"] = 0.0 if procedure.found else out["named for a product"]
    out["nothing of a tool"] = 0.0 if any(procedure.texture[name] for name in OF_TOOLS) else 1.0
    out["procedure share"] = procedure.share
    out["many steps"] = 1.0 if steps > MANY_STEPS and procedure.found else 0.0
    out["several stages"] = 1.0 if len(procedure.stages) > 2 else 0.0
    out["step headings"] = 1.0 if any(view.part.numbering == "step" for view in procedure.stages) else 0.0
    return out


def kind_of(features: dict[str, float]) -> SkillKind:
    """The kind with most votes; ties go to the earlier one of the vocabulary. What lists no procedure is not procedural."""
    order = [kind for kind in SkillKind if features["procedure"] or kind is not SkillKind.PROCEDURAL]
    return max(order, key=lambda kind: (total(f"kind {kind.value}", features), -order.index(kind)))
