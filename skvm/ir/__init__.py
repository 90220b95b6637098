"""ir: the program of a skill - scheduling, structural, logical layers - with its vocabulary, effects and digests.

Comes in: nodes built by `parse` (or imported). Goes out: verified immutable programs, effect algebra, exports.
Must never: read files, look at a model, profile or harness, or hold a claim without a span.
"""

from skvm.ir.canonical import canonical_json, digest_json
from skvm.ir.effects import TOP, Effects, Hazard, conflict
from skvm.ir.nodes import (
    Act,
    Block,
    Constraint,
    Control,
    Frozen,
    Knowledge,
    Leaf,
    Need,
    Node,
    Program,
    Scene,
    Skill,
    Slot,
    Step,
    Trigger,
)
from skvm.ir.vocabulary import (
    ActType,
    BlockRole,
    ControlKind,
    EffectClass,
    Force,
    LeafKind,
    NeedKind,
    Origin,
    Polarity,
    SceneType,
    Scope,
    SkillKind,
    StepEncoding,
)

__all__ = [
    "TOP",
    "Act",
    "ActType",
    "Block",
    "BlockRole",
    "Constraint",
    "Control",
    "ControlKind",
    "EffectClass",
    "Effects",
    "Force",
    "Frozen",
    "Hazard",
    "Knowledge",
    "Leaf",
    "LeafKind",
    "Need",
    "NeedKind",
    "Node",
    "Origin",
    "Polarity",
    "Program",
    "Scene",
    "SceneType",
    "Scope",
    "Skill",
    "SkillKind",
    "Slot",
    "Step",
    "StepEncoding",
    "Trigger",
    "canonical_json",
    "conflict",
    "digest_json",
]
