"""probes: one file a primitive, found by name. Comes in: level and seeded generator. Goes out: tasks with graders.

Must never: hold a fixed pool that can be memorised, accept what merely looks right, or let a tie or a rounding decide.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from skvm.capability import load_catalog
from skvm.profile.kit.instance import Probe

FOLDER = Path(__file__).parent
"""Where the probes are, one file a primitive, dots written as underscores."""


def probe_of(primitive: str) -> Probe:
    """The probe of a primitive; raises KeyError for one that is not in the catalogue."""
    load_catalog().get(primitive)
    return _load(primitive)


@cache
def _load(primitive: str) -> Probe:
    found = import_module(f"{__name__}.{primitive.replace('.', '_')}").PROBE
    assert isinstance(found, Probe)
    return found


def all_probes() -> tuple[Probe, ...]:
    """Probes of the whole catalogue in its order."""
    return tuple(probe_of(item.id) for item in load_catalog().primitives)
