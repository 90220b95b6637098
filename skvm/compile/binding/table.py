"""What binding chooses from, and what a choice costs, loses and takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

SLACK = 1e-12
"""Relative size of rounding that may not decide whether a limit is kept."""


def roomy(limit: float) -> float:
    """A limit with room for rounding."""
    return limit + SLACK * max(1.0, limit) if limit < inf else inf


@dataclass(frozen=True, slots=True)
class Option:
    """One executor for one step.

    `cost`: expected USD, retries included. `loss`: minus the natural logarithm of the probability that the step succeeds, 0
    or more. `time`: seconds. `model`: the target behind it, None for code or a person. `context`: USD per thousand tokens of
    context that must be sent again because the step before was done by another model.
    """

    name: str
    cost: float
    loss: float = 0.0
    time: float = 0.0
    model: str | None = None
    context: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """Step `after` starts when step `before` has ended, and builds on `resent` thousand tokens of its context."""

    before: int
    after: int
    resent: float = 0.0


@dataclass(frozen=True)
class Table:
    """Steps in an order that agrees with all links, each with its options, and the limits on the whole.

    `loss`: at most this much for all steps together (minus the logarithm of the success asked). `time`: seconds on the longest
    path. `models`: how many different models at most. Raises ValueError for a step without options and a link that goes back.
    """

    steps: tuple[tuple[Option, ...], ...]
    links: tuple[Link, ...] = ()
    loss: float = inf
    time: float = inf
    models: int | None = None

    def __post_init__(self) -> None:
        """Check what the search relies on."""
        if any(not options for options in self.steps):
            raise ValueError("a step without an executor cannot be bound")
        if any(not 0 <= link.before < link.after < len(self.steps) for link in self.links):
            raise ValueError("a link must lead from an earlier step to a later one")

    @cached_property
    def before(self) -> tuple[tuple[Link, ...], ...]:
        """Links into each step."""
        into: list[list[Link]] = [[] for _ in self.steps]
        for link in self.links:
            into[link.after].append(link)
        return tuple(map(tuple, into))

    @cached_property
    def switching(self) -> bool:
        """Can the model of one step change what another costs?"""
        return any(link.resent for link in self.links) and any(o.context for options in self.steps for o in options)


def switch(model: str | None, option: Option, resent: float) -> float:
    """USD for the context of a step by `model` that `option` must be sent again; nothing where code is, or the same model."""
    if model is None or option.model is None or model == option.model:
        return 0.0
    return option.context * resent


def cost_of(table: Table, chosen: Sequence[Option]) -> float:
    """Expected USD of a whole choice, switching included."""
    moved = sum(switch(chosen[link.before].model, chosen[link.after], link.resent) for link in table.links)
    return sum(option.cost for option in chosen) + moved


def loss_of(chosen: Iterable[Option]) -> float:
    """Minus the logarithm of the probability that all steps succeed, taken as independent."""
    return sum(option.loss for option in chosen)


def time_of(table: Table, chosen: Sequence[Option]) -> float:
    """Seconds on the longest path."""
    end: list[float] = []
    for index, option in enumerate(chosen):
        start = max((end[link.before] for link in table.before[index]), default=0.0)
        end.append(start + option.time)
    return max(end, default=0.0)
