"""What kind of skill this is, by votes over what the description and the sections show."""

from __future__ import annotations

from skvm.ir import SkillKind
from skvm.parse.draft import Block, BlockKind, FrontField, Role
from skvm.parse.structure.features import PROGRAM, SHELL
from skvm.parse.structure.procedure import Procedure
from skvm.parse.structure.sections import Part
from skvm.parse.structure.votes import total
from skvm.parse.structure.words import cue

_WORDS = ("tool", "content", "knowledge", "workflow")


def kind_features(
    procedure: Procedure, parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...]
) -> dict[str, float]:
    """Features of the skill for its kind."""
    description = " ".join(f.value for f in front if f.key in ("description", "summary"))[:600]
    heads = " ".join(p.title for p in parts[:60])
    out: dict[str, float] = {}
    for name in _WORDS:
        pattern = cue(name)
        out[f"{name} words"] = min(3.0, float(len(pattern.findall(description))))
        out[f"{name} headings"] = min(3.0, float(len(pattern.findall(heads))))
    size = sum(b.end - b.start for b in blocks if b.parent is None) or 1
    fences = [b for b in blocks if b.kind is BlockKind.FENCE]
    coded = [b for b in fences if (b.language.split() or [""])[0].lower() in SHELL | PROGRAM]
    out["code share"] = sum(b.end - b.start for b in coded) / size
    out["many code fences"] = 1.0 if len(coded) > 5 else 0.0
    out["tables share"] = sum(b.end - b.start for b in blocks if b.kind is BlockKind.TABLE) / size
    steps = sum(max(1, len(v.steps)) for v in procedure.stages)
    covered = sum(v.part.end - v.part.start for v in procedure.stages)
    out["procedure"] = 1.0 if procedure.found else 0.0
    out["procedure share"] = min(1.0, covered / size) if procedure.found else 0.0
    out["many steps"] = 1.0 if steps > 6 and procedure.found else 0.0
    roles = {p.role for p in parts}
    out["reference sections"] = float(min(3, sum(p.role is Role.REFERENCE for p in parts)))
    out["rules sections"] = float(min(3, sum(p.role in (Role.RULES, Role.PITFALLS) for p in parts)))
    out["has setup"] = 1.0 if Role.SETUP in roles else 0.0
    out["has outputs"] = 1.0 if Role.OUTPUTS in roles else 0.0
    return out


def kind_of(features: dict[str, float]) -> SkillKind:
    """The kind with most votes; ties go to the earlier one of the vocabulary. What lists no procedure is not procedural."""
    order = [kind for kind in SkillKind if features["procedure"] or kind is not SkillKind.PROCEDURAL]
    return max(order, key=lambda kind: (total(f"kind {kind.value}", features), -order.index(kind)))
