"""capability: the 26 primitives, requirements with evidence, profiles with counts, gaps between the two.

Comes in: catalogue and profile JSON, requirements of a program. Goes out: levels, probabilities, gaps, coverage.
Must never: measure anything (that is `profile`), take "not measured" for "cannot", or read the clock.
"""

from skvm.capability.catalog import Catalog, Primitive, load_catalog
from skvm.capability.gaps import Gap, Verdict, judge
from skvm.capability.model import Cell, Level, Profile, Requirement, Target

__all__ = [
    "Catalog",
    "Cell",
    "Gap",
    "Level",
    "Primitive",
    "Profile",
    "Requirement",
    "Target",
    "Verdict",
    "judge",
    "load_catalog",
]
