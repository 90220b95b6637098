"""transforms: what to do about a measured gap, one file each.

Comes in: a step whose target is measured below what the step needs. Goes out: the step edited, each edit with its gap, its
spans and its reason. Must never: edit without a gap, change the author's words, or keep an edit that the guard refuses.
A new one: a class with `propose` in a file of its own, and a line here.
"""

from skvm.compile.transforms.delegation import Delegation
from skvm.compile.transforms.detour import OtherPath
from skvm.compile.transforms.elimination import Elimination
from skvm.compile.transforms.engine import Edited, Refused, edit_step, gaps_of
from skvm.compile.transforms.help.checklist import Checklist
from skvm.compile.transforms.help.command import ExactCommand
from skvm.compile.transforms.help.example import Example
from skvm.compile.transforms.help.hint import Hint
from skvm.compile.transforms.help.parts import Parts
from skvm.compile.transforms.help.places import Places
from skvm.compile.transforms.help.schema import Schema
from skvm.compile.transforms.help.template import Template
from skvm.compile.transforms.postcheck import PostCheck
from skvm.compile.transforms.proposal import Proposal, Transform, View
from skvm.compile.transforms.substitution import Substitution

TRANSFORMS: tuple[Transform, ...] = (
    Elimination(),
    Delegation(),
    Substitution(),
    OtherPath(),
    Hint(),
    ExactCommand(),
    Parts(),
    Template(),
    Schema(),
    Example(),
    Checklist(),
    Places(),
    PostCheck(),
)
"""All transforms, those that settle a step first; routing to another model is `skvm.compile.routes`."""

__all__ = ["TRANSFORMS", "Edited", "Proposal", "Refused", "Transform", "View", "edit_step", "gaps_of"]
