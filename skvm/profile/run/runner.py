"""The measurement: rounds of instances until every verdict is safe or the budget is spent.

Rounds are decided from finished rounds alone and read in instance order, so neither concurrency nor interruption changes what
comes out; a budget cuts the same course short. A resumed measurement walks the same rounds and takes what the ledger holds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from math import ceil
from pathlib import Path

import anyio

from skvm.capability import Cell, Level
from skvm.diag import InternalError, SkvmError, TargetError
from skvm.ports import Harness
from skvm.profile.kit.instance import Instance, Probe, Workbench, instance_key
from skvm.profile.measure.curve import NOTHING, RANKS, Counts, added, posterior
from skvm.profile.measure.policy import ROUND, Next, Policy
from skvm.profile.run.ledger import Ledger, Result
from skvm.profile.run.trial import SECONDS, put

SEEDS = 1000
"""Seeds of one measurement: instance number i of a level has seed `base * SEEDS + i`."""

GUESS = 6
"""Instances a primitive is thought to need before any is settled; for the estimate of what is left only."""

LEAST = 3
LIKELY = 0.5
"""A verdict that is not settled goes into a profile after LEAST instances when it is right with this probability; its counts
say how little it rests on."""

APART = ("unsupported", "context", "filter")
"""Kinds of failure that can concern one primitive alone: it stays unmeasured and the others go on."""


@dataclass(frozen=True)
class Budget:
    """What may be spent: model calls, tokens both ways, USD. None = no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def instances(self, results: Sequence[Result], most: int) -> int:
        """How many of `most` more instances there is room for, each as dear as the dearest of `results`; 1 to begin with."""
        return max(0, min([most, *(_room(limit, spent) for limit, spent, _ in self._limits(results))]))

    def ended(self, results: Sequence[Result]) -> str:
        """Which limit has no room for another instance, in words; empty when there is room."""
        for limit, spent, unit in self._limits(results):
            if _room(limit, spent) < 1:
                return f"the budget of {limit:g} {unit} has no room for another probe ({sum(spent):g} used)"
        return ""

    def _limits(self, results: Sequence[Result]) -> list[tuple[float, list[float], str]]:
        """Limits that were set, what each of `results` spent, and the unit."""
        spent: list[tuple[float | None, list[float], str]] = [
            (self.calls, [r.calls for r in results], "model calls"),
            (self.tokens, [r.tokens for r in results], "tokens"),
            (self.cost, [r.cost or 0.0 for r in results], "USD"),
        ]
        return [(limit, used, unit) for limit, used, unit in spent if limit is not None]


def _room(limit: float, spent: Sequence[float]) -> int:
    """Whole instances that a limit has room for."""
    if not spent:
        return 1
    dearest = max(spent)
    return int((limit - sum(spent)) / dearest) if dearest > 0 else 1 << 30


@dataclass(frozen=True)
class Progress:
    """Where a measurement stands. `left` instances and `seconds`, `cost` for them are estimates."""

    done: int
    left: int
    seconds: float
    cost: float | None


@dataclass
class Outcome:
    """What was found. `table`: counts by primitive; `safe`: those with a settled verdict; `apart`: why some have none;
    `spent`: the budget that ended it, in words."""

    table: dict[str, Counts]
    safe: set[str]
    not_offered: tuple[str, ...]
    apart: dict[str, str]
    calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    instances: int = 0
    fresh: int = 0
    repeated: int = 0
    spent: str = ""

    @property
    def complete(self) -> bool:
        """Is every primitive that was asked for settled or not offered?"""
        return not self.apart and self.safe == set(self.table)

    def cells(self) -> dict[str, Cell]:
        """Cells of primitives that are settled or, where the budget ended, likely enough; and of those not offered.

        The others stay unmeasured.
        """
        found = {name: Cell(offered=False) for name in self.not_offered}
        for name in (name for name in self.table if self._tells(name)):
            counts = {Level.of(rank): self.table[name][rank - 1] for rank in RANKS if self.table[name][rank - 1][1]}
            found[name] = Cell(level=Level.of(posterior(self.table[name]).level), counts=counts)
        return found

    def _tells(self, name: str) -> bool:
        """Is there enough for a cell?"""
        counts = self.table[name]
        return name in self.safe or (sum(n for _, n in counts) >= LEAST and posterior(counts).safe >= LIKELY)


@dataclass
class Measurement:
    """One measurement of one target. `unable`: primitives that this machine cannot grade, with the reason."""

    probes: Sequence[Probe]
    harness: Harness
    bench: Workbench
    ledger: Ledger
    scratch: Path
    seed: int = 0
    policy: Policy = field(default_factory=Policy)
    budget: Budget = Budget()
    concurrency: int = 4
    seconds: float = SECONDS
    listener: Callable[[Progress], None] | None = None
    unable: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        offered = self.harness.tools | ({"functions"} if self.harness.functions else set())
        self._not_offered = tuple(sorted(p.primitive for p in self.probes if not set(p.needs) <= offered))
        out = {*self._not_offered, *self.unable}
        self._by_name = {p.primitive: p for p in self.probes if p.primitive not in out}
        self.table: dict[str, Counts] = dict.fromkeys(sorted(self._by_name), NOTHING)
        self._used: list[Result] = []
        self._apart: dict[str, SkvmError] = {}
        self._fresh = 0
        self.ledger.budgeted(repr(self.budget))

    async def run(self) -> Outcome:
        """Measure to the end; raises SkvmError when target or machine fail, and then every completed instance is kept."""
        while rows := self._round(ROUND):
            while rows:
                room = self._known(rows) or self.budget.instances(self._paid(), len(rows))
                if room == 0:
                    ended = self.budget.ended(self._paid())
                    self.ledger.end_period()
                    return self.outcome(ended)
                await self._put_all(rows[:room])
                rows = rows[room:]
            self._tell()
        return self.outcome()

    def _known(self, rows: Sequence[Next]) -> int:
        """How many of them, from the first on, the ledger already holds."""
        return sum(1 for _ in takewhile(self.ledger.done.__contains__, map(self._key, rows)))

    def _paid(self) -> list[Result]:
        """What the budget of this process has paid for."""
        return [result for result in self._used if result.period == self.ledger.period]

    def outcome(self, spent: str = "") -> Outcome:
        """What finished rounds say."""
        used = self._used
        return Outcome(
            dict(self.table),
            {name for name, counts in self.table.items() if self.policy.done(counts)},
            self._not_offered,
            {**self.unable, **{name: error.line() for name, error in self._apart.items()}},
            calls=sum(r.calls for r in used),
            tokens=sum(r.tokens for r in used),
            cost=None if any(r.cost is None for r in used) else sum(r.cost or 0.0 for r in used),
            instances=len(used),
            fresh=self._fresh,
            repeated=self.ledger.repeated,
            spent=spent,
        )

    def _round(self, size: int) -> tuple[Next, ...]:
        return self.policy.round({name: c for name, c in self.table.items() if name not in self._apart}, size, size)

    async def _put_all(self, rows: Sequence[Next]) -> None:
        """One round: at once as far as lanes go, results taken in the order of the instances."""
        await self._issue([self._instance(row) for row in rows if self._key(row) not in self.ledger.done])
        for row in rows:
            result = self.ledger.done.get(self._key(row))
            if result is not None:
                self.table[row.primitive] = added(self.table[row.primitive], row.rank, result.passed)
                self._used.append(result)
        if self._apart and not self._used:
            raise next(iter(self._apart.values()))

    async def _issue(self, instances: Sequence[Instance]) -> None:
        """Put instances at once; the first failure that concerns all of them ends the others and is raised."""
        slots = anyio.CapacityLimiter(max(1, self.concurrency))
        failed: list[SkvmError] = []

        async def one(instance: Instance) -> None:
            async with slots:
                try:
                    await self._put(instance)
                except SkvmError as error:
                    if isinstance(error, TargetError) and error.kind in APART:
                        self._apart[instance.primitive] = error
                        return
                    failed.append(error)
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for instance in instances:
                group.start_soon(one, instance)
        if failed:
            raise failed[0]

    async def _put(self, instance: Instance) -> None:
        self.ledger.begin(instance.key)
        work = self.scratch / instance.key.replace(":", "-")
        try:
            result = await put(instance, self.harness, self.bench, work, self.seconds)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self.ledger.complete(instance.key, result)
        self._fresh += 1

    def _key(self, row: Next) -> str:
        version = self._by_name[row.primitive].version
        return instance_key(row.primitive, Level.of(row.rank), self._seed(row), version)

    def _instance(self, row: Next) -> Instance:
        return self._by_name[row.primitive].instance(Level.of(row.rank), self._seed(row))

    def _seed(self, row: Next) -> int:
        if row.number >= SEEDS:
            raise InternalError(f"{row.primitive} has used up its seeds")
        return self.seed * SEEDS + row.number

    def _tell(self) -> None:
        if self.listener is None or not self._used:
            return
        done = {name: sum(n for _, n in counts) for name, counts in self.table.items()}
        settled = [done[name] for name, counts in self.table.items() if self.policy.done(counts)]
        need = sum(settled) / len(settled) if settled else GUESS
        open_ = [done[name] for name, counts in self.table.items() if name not in self._apart and not self.policy.done(counts)]
        left = sum(ceil(need - n if n < need else (self.policy.most - n) / 2) for n in open_)
        n, cost = len(self._used), self.outcome().cost
        seconds = left * sum(r.seconds for r in self._used) / n / min(self.concurrency, ROUND)
        self.listener(Progress(n, left, seconds, None if cost is None else left * cost / n))
