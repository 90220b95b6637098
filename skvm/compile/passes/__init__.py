"""passes: the shipped passes, one file each, by id.

Comes in: a unit. Goes out: a unit with more facts. Must never: touch anything outside the unit.
"""

from __future__ import annotations

from skvm.compile.passes.bind import BindPass
from skvm.compile.passes.concurrency import ConcurrencyPass
from skvm.compile.passes.dependencies import DependenciesPass
from skvm.compile.passes.effects import EffectsPass
from skvm.compile.passes.emit import EmitPass
from skvm.compile.passes.environment import EnvironmentPass
from skvm.compile.passes.lower import LowerPass
from skvm.compile.passes.permissions import PermissionsPass
from skvm.compile.passes.reduce import ReducePass
from skvm.compile.passes.requirements import RequirementsPass
from skvm.compile.passes.schedule import SchedulePass
from skvm.compile.passes.share import SharePass
from skvm.compile.passes.transform import TransformPass
from skvm.compile.unit import Pass

PASSES: dict[str, type[Pass]] = {
    p.id: p
    for p in (
        LowerPass,
        EffectsPass,
        RequirementsPass,
        DependenciesPass,
        ReducePass,
        BindPass,
        EnvironmentPass,
        ConcurrencyPass,
        SharePass,
        TransformPass,
        SchedulePass,
        PermissionsPass,
        EmitPass,
    )
}
"""Shipped passes by id, in the order of the default pipeline."""
