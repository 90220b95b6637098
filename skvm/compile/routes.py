"""Which target of the pool does each step that a model must do: the table that `binding` solves, and what came out in words.

A step may go to the targets that hold all it needs; where none does, to the one that comes nearest. Only when the limits cannot
be kept that way are the other targets considered. A plan is bound as if every arm of a branch were taken and every loop ran as
often as it may where that is stated. Switching the model costs what is sent again: instructions, tools and the last answer,
which the vendor's cache would have held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from math import exp, inf, log
from typing import NamedTuple

from skvm.capability import Gap, Level, Price, Verdict, judge, load_prices
from skvm.capability.gaps import MET_AT
from skvm.compile.binding import Choice, Link, Option, Table, front, solve
from skvm.compile.estimates import ANSWER, COMMAND, OVERHEAD, seconds, tokens
from skvm.compile.request import Processor
from skvm.compile.unit import Unit
from skvm.plan import Assignment, LoopNode, PlanNode, Shift, StepNode, Totals

EFFORT = 20_000
"""Partial choices that are compared for one answer at most: about a second. A choice that needs more is marked not proved."""

PRIOR = 0.5
"""Probability of what was never measured: mean of Beta(1,1)."""

NEVER = 1e-6
"""Least probability, so that its logarithm is a number."""

DOUBTS = 100
"""So many ends of intervals are tried at most."""

FRONT = 12
"""Points of the front of cost against success."""

Key = tuple[str, str, Level]
"""A target, a primitive and a level."""


@dataclass(frozen=True)
class Candidate:
    """One target for one step. `probability`: that it holds all the step needs, what was never measured at its prior."""

    node: StepNode
    processor: Processor
    judged: tuple[Gap, ...]
    probability: float
    capable: bool
    option: Option


Rows = Mapping[str, tuple[Candidate, ...]]
"""Candidates by step."""


class Answer(NamedTuple):
    """A choice and the table it is from; is it among capable targets, and are the limits kept?"""

    table: Table
    choice: Choice
    capable: bool = True
    kept: bool = True

    @property
    def names(self) -> list[str]:
        """Who does each node."""
        return [options[at].name for options, at in zip(self.table.steps, self.choice.options, strict=True)]


@dataclass
class Router:
    """The steps of a unit that a model must do (`model_steps`); `does`: who does other steps, in words."""

    unit: Unit
    model_steps: frozenset[str]
    does: Mapping[str, str]

    def assign(self) -> tuple[dict[str, Candidate], Assignment | None]:
        """The chosen candidate of each step, and with more than one target the record of the choice."""
        rows = self.candidates({})
        pool = self.unit.request.processors
        if len(pool) == 1 and not self.unit.request.limits.any:
            return {step: found[0] for step, found in rows.items()}, None
        answer = self.choose(rows)
        picked = self.picked(rows, answer)
        record = Assignment(
            pool=tuple(pool),
            limits=self.unit.request.limits,
            capable=answer.capable,
            kept=answer.kept,
            totals=totals(answer),
            least=_usd(answer.choice.least),
            compared=answer.choice.compared,
            weakest=min(picked, key=lambda step: picked[step].probability, default=""),
            unpriced=tuple(name for name, item in pool.items() if load_prices().get(item.target.model) is None),
            front=self.front(rows),
            shifts=tuple(self.shifts(rows, answer)),
        )
        return picked, record

    def candidates(self, beliefs: Mapping[Key, float]) -> dict[str, tuple[Candidate, ...]]:
        """Every target for every step; `beliefs` replace what the profiles say."""
        processors = self.unit.request.processors.values()
        return {
            node.id: tuple(self._candidate(node, item, beliefs) for item in processors)
            for node in self.unit.nodes
            if isinstance(node, StepNode) and node.id in self.model_steps
        }

    def _candidate(self, node: StepNode, item: Processor, beliefs: Mapping[Key, float]) -> Candidate:
        name = str(item.target)
        judged = tuple(judge(need, item.profile) for need in self.unit.needs.get(node.id, ()))
        chance, capable = 1.0, True
        for gap in judged:
            held = beliefs.get((name, gap.primitive, gap.required), belief(gap))
            chance *= held
            capable &= gap.verdict is Verdict.UNMEASURED or held >= MET_AT
        price = load_prices().get(item.target.model) or dearest()
        often = self._times[node.id]
        option = Option(
            name,
            cost=price.cost(*tokens(node)) * (2 - chance) * often,
            loss=-log(max(chance, NEVER)) * often,
            time=seconds(item.profile) * often,
            model=name,
            context=(price.input - (price.input if price.cached is None else price.cached)) / 1000,
        )
        return Candidate(node, item, judged, chance, capable, option)

    @cached_property
    def _times(self) -> dict[str, int]:
        """How often a step runs at most, where that is stated."""
        out: dict[str, int] = {}
        for node in self.unit.nodes:
            outer = out.get(node.parent or "", 1)
            out[node.id] = outer * (node.bound if isinstance(node, LoopNode) and node.bound_stated else 1)
        return out

    def choose(self, rows: Rows) -> Answer:
        """The cheapest choice."""
        table = self.table(rows, able=True)
        found = solve(table, EFFORT)
        if found is not None:
            return Answer(table, found)
        if self.unit.request.limits.any:
            wide = self.table(rows, able=False)
            found = solve(wide, EFFORT)
            if found is not None:
                return Answer(wide, found, capable=False)
        free = replace(table, loss=inf, time=inf, models=None)
        best = solve(free, EFFORT)
        assert best is not None  # without limits there is always a choice
        return Answer(free, best, kept=False)

    def picked(self, rows: Rows, answer: Answer) -> dict[str, Candidate]:
        """The candidate that each step got."""
        names = dict(zip((node.id for node in self.unit.nodes), answer.names, strict=True))
        return {step: next(c for c in found if c.option.name == names[step]) for step, found in rows.items()}

    def front(self, rows: Rows) -> tuple[Totals, ...]:
        """Choices from the cheapest to the surest."""
        table = self.table(rows, able=False)
        return tuple(totals(Answer(table, point)) for point in front(table, FRONT, EFFORT))

    def shifts(self, rows: Rows, answer: Answer) -> Iterator[Shift]:
        """What would be chosen if one measurement were at an end of its interval, where that is another choice."""
        for key, held in islice(self._doubts(rows), DOUBTS) if answer.kept else ():
            other = self.choose(self._believing(rows, key, held))
            moved = tuple(n.id for n, a, b in zip(self.unit.nodes, answer.names, other.names, strict=True) if a != b)
            if moved:
                yield Shift(target=key[0], primitive=key[1], level=key[2], probability=held, totals=totals(other), steps=moved)

    def _believing(self, rows: Rows, key: Key, held: float) -> Rows:
        """The candidates if one measurement were another."""

        def other(found: Candidate) -> Candidate:
            rests = found.option.name == key[0] and any((g.primitive, g.required) == key[1:] for g in found.judged)
            return self._candidate(found.node, found.processor, {key: held}) if rests else found

        return {step: tuple(map(other, found)) for step, found in rows.items()}

    def _doubts(self, rows: Rows) -> Iterator[tuple[Key, float]]:
        """Ends of intervals that can change the choice: across the line of what is held, or any where success is limited."""
        found: dict[Key, Gap] = {}
        for candidates in rows.values():
            for candidate in candidates:
                for gap in candidate.judged:
                    found.setdefault((candidate.option.name, gap.primitive, gap.required), gap)
        every = self.unit.request.limits.success is not None
        for key, gap in sorted(found.items()):
            if gap.interval is None or gap.probability is None or gap.verdict is Verdict.NOT_OFFERED:
                continue
            for end in gap.interval:
                if every or (end >= MET_AT) != (gap.probability >= MET_AT):
                    yield key, end

    def table(self, rows: Rows, able: bool) -> Table:
        """What binding chooses from; `able`: only among targets that hold what a step needs, where there is one."""
        limits = self.unit.request.limits
        return Table(
            tuple(
                tuple(c.option for c in _open(rows[node.id], able)) if node.id in rows else (self._fixed(node),)
                for node in self.unit.nodes
            ),
            self._links,
            loss=-log(limits.success) if limits.success is not None else inf,
            time=limits.wall if limits.wall is not None else inf,
            models=limits.models,
        )

    def _fixed(self, node: PlanNode) -> Option:
        """Whoever does a node that no target of the pool is chosen for. Conditions are left to the plan's own target."""
        who = self.does.get(node.id)
        if who == "code":
            return Option("code", 0.0, time=COMMAND * self._times[node.id])
        asks = getattr(node, "executor", None) is not None and who is None
        return Option(who or node.kind, 0.0, model=str(self.unit.request.target) if asks else None)

    @cached_property
    def _links(self) -> tuple[Link, ...]:
        """The order of the nodes, blocks before what is in them; what is sent again is counted from the latest step before."""
        place = {node.id: i for i, node in enumerate(self.unit.nodes)}
        before: dict[int, set[int]] = {}
        for first, second in self._pairs():
            before.setdefault(place[second], set()).add(place[first])
        again = (OVERHEAD + ANSWER) / 1000
        return tuple(
            Link(start, at, again if start == max(starts) else 0.0)
            for at, starts in sorted(before.items())
            for start in sorted(starts)
        )

    def _pairs(self) -> Iterator[tuple[str, str]]:
        children = self.unit.children
        for edge in self.unit.edges:
            for last in self.unit.ends(edge.before, "after"):
                yield last, edge.after
        for node in self.unit.nodes:
            for child in children.get(node.id, ()):
                yield node.id, child.id


def _open(found: tuple[Candidate, ...], able: bool) -> tuple[Candidate, ...]:
    """The targets a step may go to: those that hold what it needs; where none does, the likeliest, the cheaper of equals."""
    if not able:
        return found
    return tuple(c for c in found if c.capable) or (max(found, key=lambda c: (c.probability, -c.option.cost)),)


def belief(gap: Gap) -> float:
    """Probability that a need is held: as measured, the prior where it never was, none where the harness lacks it."""
    if gap.verdict is Verdict.NOT_OFFERED:
        return 0.0
    return PRIOR if gap.probability is None else gap.probability


def totals(answer: Answer) -> Totals:
    """What a choice comes to."""
    choice = answer.choice
    used = sorted({o[at].model or "" for o, at in zip(answer.table.steps, choice.options, strict=True)} - {""})
    return Totals(
        cost=_usd(choice.cost), success=round(exp(-choice.loss), 6), seconds=round(choice.time, 3), targets=tuple(used)
    )


def _usd(value: float) -> float:
    return round(value, 9)


@lru_cache(maxsize=1)
def dearest() -> Price:
    """The dearest list price that is known: what a target without one is taken to cost."""
    return max(load_prices().models.values(), key=lambda price: (price.input, price.output))
