"""Skills held against targets: what is met, weak, missing or unmeasured, the weakest step, the cheapest target that will do.

Pure: what skills need and what profiles say comes in, and nothing of one target or skill bears on the verdicts of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from skvm.capability.gaps import Verdict, judge, product
from skvm.capability.model import Level, Profile, Requirement
from skvm.capability.prices import Price
from skvm.capability.purposes import SHORT

SEVERITY = (Verdict.MET, Verdict.UNMEASURED, Verdict.WEAK, Verdict.MISSING, Verdict.NOT_OFFERED)
"""From what is wanted to what is worst; the worst verdict of a skill's needs is its own."""

PROMPT_SHARE = 30
"""Prompt tokens to one completion token when prices are compared.

Medians of that ratio by group of recorded agent runs: 11 (SQL agent), 32 and 46 (tau2), 48 (mini-SWE-agent).
"""


class Need(NamedTuple):
    """A primitive at a level."""

    primitive: str
    level: Level


class StepNeeds(NamedTuple):
    """A step that a model has to do, with what that asks of the model. `line`: 1-based, of the main file."""

    id: str
    title: str
    line: int
    needs: tuple[Need, ...]


class Way(NamedTuple):
    """One of several ways of one purpose. `spares`: needs of steps, by id, that only the other ways show. `limited`: the author
    says for which case it is."""

    title: str
    line: int
    needs: tuple[Need, ...]
    spares: tuple[tuple[str, Need], ...]
    limited: bool = False


class Ways(NamedTuple):
    """Ways of one purpose in text order; `first` is the one that the author prefers."""

    about: str
    first: int
    ways: tuple[Way, ...]


class SkillNeeds(NamedTuple):
    """A skill as far as targets matter to it. `free`: how many of its steps need no model."""

    name: str
    path: str
    steps: tuple[StepNeeds, ...]
    free: int = 0
    purposes: tuple[Ways, ...] = ()

    def distinct(self) -> tuple[Need, ...]:
        """Every primitive and level that some step needs, by name and level."""
        return tuple(sorted({need for step in self.steps for need in step.needs}))


class Held(NamedTuple):
    """What a profile says about one need; `probability` is None where nothing was measured, `rank` that of `SEVERITY`."""

    verdict: Verdict
    probability: float | None
    rank: int


class Doubt(NamedTuple):
    """The worst need of a step, its verdict, and the product of all probabilities that are known of the step's needs."""

    probability: float
    need: Need
    verdict: Verdict


@dataclass(frozen=True)
class Column:
    """A target: its name, its profile (None: never measured), how that was found, its list price where one is known."""

    name: str
    profile: Profile | None
    note: str = ""
    price: Price | None = None
    _known: dict[Need, Held] = field(default_factory=dict, compare=False, repr=False)
    _steps: dict[tuple[Need, ...], Doubt | None] = field(default_factory=dict, compare=False, repr=False)

    def holds(self, need: Need) -> Held:
        """The verdict on one need, as `compile` gives it."""
        if need not in self._known:
            gap = judge(Requirement(primitive=need.primitive, level=need.level, spans=()), self.profile)
            self._known[need] = Held(gap.verdict, gap.probability, SEVERITY.index(gap.verdict))
        return self._known[need]

    def doubts(self, needs: tuple[Need, ...]) -> Doubt | None:
        """How a step with these needs stands; None where nothing is known of any of them."""
        if needs not in self._steps:
            held = [(self.holds(need), need) for need in needs]
            known = [(0.0 if h.verdict is Verdict.NOT_OFFERED else h.probability, need, h.verdict) for h, need in held]
            rows = [Doubt(p, need, verdict) for p, need, verdict in known if p is not None]
            worst = min(rows, key=lambda row: row.probability, default=None)
            self._steps[needs] = worst._replace(probability=product(r.probability for r in rows)) if worst else None
        return self._steps[needs]

    @cached_property
    def usd(self) -> float | None:
        """USD for a million tokens of which one in `PROMPT_SHARE` + 1 is completion; None where no price is known."""
        if self.price is None:
            return None
        return round((PROMPT_SHARE * self.price.input + self.price.output) / (PROMPT_SHARE + 1), 6)


class Weakest(NamedTuple):
    """The step that is likeliest to fail, and why."""

    step: StepNeeds
    doubt: Doubt


class Coverage(NamedTuple):
    """One skill on one target. `verdicts`: of `SkillNeeds.distinct()`, in its order.

    `via`: of purposes with a way that is short there, the way that is met in all; `spared`: places of needs that nothing asks
    for then, which count for nothing.
    """

    target: str
    status: Verdict
    verdicts: tuple[Held, ...]
    weakest: Weakest | None
    via: tuple[Way, ...] = ()
    spared: frozenset[int] = frozenset()

    def count(self, verdict: Verdict) -> int:
        """How many needs have this verdict."""
        return sum(1 for at, held in enumerate(self.verdicts) if held.verdict is verdict and at not in self.spared)

    @property
    def covers(self) -> bool:
        """Is every need measured and met?"""
        return self.status is Verdict.MET


def cover(skill: SkillNeeds, columns: Sequence[Column]) -> tuple[Coverage, ...]:
    """One skill held against targets, in their order."""
    needs = skill.distinct()
    first = {step.needs: step for step in reversed(skill.steps)}
    steps = [step for step in skill.steps if first[step.needs] is step]
    return tuple(_cover(skill, needs, steps, column) for column in columns)


def _cover(skill: SkillNeeds, needs: tuple[Need, ...], steps: Sequence[StepNeeds], column: Column) -> Coverage:
    verdicts = tuple(column.holds(need) for need in needs)
    via = tuple(way for purpose in skill.purposes if (way := _taken(purpose, column)) is not None)
    if not via:
        return Coverage(column.name, _worst(verdicts), verdicts, _weakest(steps, column))
    spares = {pair for way in via for pair in way.spares}
    left = [step._replace(needs=tuple(n for n in step.needs if (step.id, n) not in spares)) for step in skill.steps]
    asked = {need for step in left for need in step.needs}
    spared = frozenset(at for at, need in enumerate(needs) if need not in asked)
    status = _worst([held for at, held in enumerate(verdicts) if at not in spared])
    return Coverage(column.name, status, verdicts, _weakest(left, column), via, spared)


def _worst(verdicts: Sequence[Held]) -> Verdict:
    return SEVERITY[max([held.rank for held in verdicts], default=0)]


def _taken(purpose: Ways, column: Column) -> Way | None:
    """The way that is met in all where some other one is short, the author's first one before the others.

    None where nothing is short, or the first one is for a case of its own (see `purposes.detour`): then all of them count.
    """
    first = purpose.ways[purpose.first]
    if first.limited or not any(column.holds(need).verdict in SHORT for way in purpose.ways for need in way.needs):
        return None
    for way in (first, *purpose.ways):
        if way.needs and not way.limited and all(column.holds(need).verdict is Verdict.MET for need in way.needs):
            return way
    return None


def _weakest(steps: Iterable[StepNeeds], column: Column) -> Weakest | None:
    """The first of the steps with the smallest product; None where nothing is known of any step."""
    best: Weakest | None = None
    for step in steps:
        doubt = column.doubts(step.needs)
        if doubt is not None and (best is None or doubt.probability < best.doubt.probability):
            best = Weakest(step, doubt)
    return best


class Choice(NamedTuple):
    """The cheapest target that covers a skill, or None and the reason in words.

    `tied`: others as good: of the same price, or likewise of unknown price.
    """

    target: str | None
    usd: float | None
    why: str
    tied: tuple[str, ...] = ()


def cheapest(skill: SkillNeeds, found: Sequence[Coverage], columns: Sequence[Column]) -> Choice:
    """Which target to take for a skill; `found` and `columns` go together.

    Of targets at the same price the one whose weakest step is strongest comes first, then the name.
    """
    if not skill.steps:
        return Choice(None, None, "needs no model")
    covering = [(c, column) for c, column in zip(found, columns, strict=True) if c.covers]
    if not covering:
        return Choice(None, None, _nearest(found))
    unpriced = [c.target for c, column in covering if column.usd is None]
    priced = [
        (column.usd, -(c.weakest.doubt.probability if c.weakest else 1.0), c.target)
        for c, column in covering
        if column.usd is not None
    ]
    if not priced:
        return Choice(unpriced[0], None, "its price is not known", tuple(unpriced[1:]))
    remark = f"no price is known of {', '.join(unpriced)}, covering too" if unpriced else ""
    usd, _, name = min(priced)
    tied = tuple(sorted(target for other, _, target in priced if other == usd and target != name))
    return Choice(name, usd, remark, tied)


def _nearest(found: Sequence[Coverage]) -> str:
    """What stands between a skill and the target that comes nearest to covering it."""
    if not found:
        return "no target was given"

    worst_first = SEVERITY[:0:-1]

    def short(c: Coverage) -> tuple[int, ...]:
        return tuple(c.count(v) for v in worst_first)

    near = min(found, key=lambda c: (sum(short(c)), short(c), c.target))
    rows = [f"{n} {v.value.replace('_', ' ')}" for v, n in zip(worst_first, short(near), strict=True) if n]
    return f"none of {len(found)} covers it; nearest is {near.target} with {', '.join(rows)}"
