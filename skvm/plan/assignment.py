"""How the steps were given to several targets: the limits, what the choice comes to, its proof, and what else there was."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from skvm.capability import Level
from skvm.ir import Frozen

Share = Annotated[float, Field(gt=0, le=1)]


class Limits(Frozen):
    """What a choice must keep: probability that all steps succeed, seconds on the longest path, how many models."""

    success: Share | None = None
    wall: Annotated[float, Field(gt=0)] | None = None
    models: Annotated[int, Field(ge=1)] | None = None

    @property
    def any(self) -> bool:
        """Is there one?"""
        return not (self.success is None and self.wall is None and self.models is None)


class Totals(Frozen):
    """What a choice comes to: expected USD with repairs, probability that all steps succeed, seconds on the longest path."""

    cost: float
    success: float
    seconds: float
    targets: tuple[str, ...] = ()


class Shift(Frozen):
    """What the choice would be if a measurement were at the end of its interval: the steps that would go elsewhere."""

    target: str
    primitive: str
    level: Level
    probability: float
    totals: Totals
    steps: tuple[str, ...]


class Assignment(Frozen):
    """The choice among the targets of a pool.

    `capable`: every step went to a target that holds what it needs, where the pool has one. `kept`: the limits hold. `least`:
    no choice costs less USD (equal to the cost: proved cheapest); `compared`: partial choices looked at for that. `weakest`:
    the step that is likeliest to fail. `unpriced`: targets without a known price, taken as the dearest that is known. `front`:
    choices from the cheapest to the surest. `shifts`: measurements whose noise would change the choice.
    """

    pool: tuple[str, ...]
    limits: Limits
    capable: bool
    kept: bool
    totals: Totals
    least: float
    compared: int
    weakest: str = ""
    unpriced: tuple[str, ...] = ()
    front: tuple[Totals, ...] = ()
    shifts: tuple[Shift, ...] = ()

    @property
    def proved(self) -> bool:
        """Is no other choice cheaper?"""
        return self.totals.cost <= self.least * (1 + 1e-9)


class Binding(Frozen):
    """Who does a step and why; `alternatives` are executors that were not taken, with the reason."""

    step: str
    executor: str
    target: str = ""
    reason: str
    probability: float | None = None
    unproved: bool = False
    alternatives: tuple[str, ...] = ()
