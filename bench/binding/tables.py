"""Random tables of steps, executors, order and limits, out of a seed."""

from __future__ import annotations

from dataclasses import replace
from math import log
from random import Random

from skvm.compile.binding import Link, Option, Table, time_of

CODE_SHARE = 0.2
"""Share of the steps that a command can do as well."""


def coupled(random: Random, steps: int, models: int) -> Table:
    """A table whose limits bind: success and time lie between what the cheapest and what the best choice reach."""
    loose = uncoupled(random, steps, models, links=True)
    surest = sum(min(option.loss for option in options) for options in loose.steps)
    cheapest = [min(options, key=lambda option: option.cost) for options in loose.steps]
    quickest = [min(options, key=lambda option: option.time) for options in loose.steps]
    fast, slow = time_of(loose, quickest), time_of(loose, cheapest)
    return replace(
        loose,
        loss=surest + random.uniform(0.05, 1) * max(0.0, sum(option.loss for option in cheapest) - surest),
        time=fast + random.uniform(0.05, 1) * max(0.0, slow - fast),
        models=random.choice([None, 1, 2, 3, models]),
    )


def uncoupled(random: Random, steps: int, models: int, links: bool = False) -> Table:
    """A table without limits; with `links` the model of one step changes what the next one costs."""
    names = [f"m{number}" for number in range(models)]
    order = ()
    if links:
        pairs = [(a, b) for a in range(steps) for b in range(a + 1, steps)]
        order = tuple(Link(a, b, random.choice([0.0, 1.0, 3.0])) for a, b in pairs if random.random() < 2 / steps)
    return Table(tuple(_options(random, names) for _ in range(steps)), order)


def _options(random: Random, names: list[str]) -> tuple[Option, ...]:
    out = [
        Option(
            name=name,
            cost=random.uniform(0.1, 5) * (place + 1) / 2,
            loss=-log(random.uniform(0.6, 0.999)),
            time=random.uniform(1, 10),
            model=name,
            context=random.uniform(0.05, 0.5),
        )
        for place, name in enumerate(names)
    ]
    if random.random() < CODE_SHARE:
        out.append(Option("code", 0.0, time=2.0))
    return tuple(out)
