"""Simulated schedules: how long a plan takes when only so many steps run at once, or a model answers only so many requests.

A plan is flattened to its steps: of a branch the longest arm, of a loop its body once per stated pass, of a map its body once.
A step that asks a model is a row of equal turns; each turn waits for a lane and for the rate, as the runtime's own requests do.
Requests are spaced evenly (one every 60 / RPM seconds; after one of T tokens the next waits 60 T / TPM), the meanest reading of
a limit and the only one that every provider keeps.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from skvm.plan.graph import BranchNode, LoopNode, PlanNode, StepNode

MOST_JOBS = 5_000
"""Jobs up to which loops are written out; a plan of more counts each of its loops as one job of its whole time."""


class Rate(NamedTuple):
    """Limits of a target: requests and tokens a minute, and requests at once; None is no limit."""

    requests: float | None = None
    tokens: float | None = None
    lanes: int | None = None

    def words(self) -> str:
        """The limits as a phrase."""
        parts = [f"{self.requests:g} requests a minute"] if self.requests is not None else []
        parts += [f"{self.tokens:g} tokens a minute"] if self.tokens is not None else []
        parts += [f"{self.lanes} at once"] if self.lanes is not None else []
        return ", ".join(parts) or "no limit"


FREE = Rate()


@dataclass
class Job:
    """One step to be simulated: seconds, model calls and tokens in all; `after`: places of the jobs that wait for it."""

    seconds: float
    calls: int = 0
    tokens: int = 0
    waits: int = 0
    after: list[int] = field(default_factory=list)


class Flattener:
    """Turns nodes into jobs. `seconds(node)`: time of a block that is not written out."""

    def __init__(
        self, children: dict[str | None, list[PlanNode]], before: dict[str, list[str]], seconds: Callable[[PlanNode], float]
    ) -> None:
        self._children = children
        self._before = before
        self._seconds = seconds
        self._whole = self._count(None, 1) > MOST_JOBS
        self.jobs: list[Job] = []

    def run(self) -> list[Job]:
        """Jobs of the whole plan, in topological order."""
        self._block(self._children.get(None, []), [])
        return self.jobs

    def _count(self, parent: str | None, times: int) -> int:
        below = self._children.get(parent, [])
        return sum(times if not self._children.get(n.id) else self._count(n.id, times * passes(n)) for n in below)

    def _block(self, members: Sequence[PlanNode], enter: list[int]) -> list[int]:
        """Jobs of one block; places of those that nothing in it waits for."""
        ends: dict[str, list[int]] = {}
        awaited: set[str] = set()
        for node in members:
            before = [b for b in self._before.get(node.id, ()) if b in ends]
            awaited.update(before)
            ends[node.id] = self._node(node, [place for b in before for place in ends[b]] if before else enter)
        return [place for id, places in ends.items() if id not in awaited for place in places] or enter

    def _node(self, node: PlanNode, enter: list[int]) -> list[int]:
        below = self._children.get(node.id, [])
        if not below or (self._whole and isinstance(node, LoopNode)):
            return self._job(node, enter)
        if isinstance(node, BranchNode):
            arms = [[c for c in below if c.arm == arm] for arm in sorted({c.arm or 0 for c in below})]
            below = max(arms, key=lambda arm: sum(map(self._seconds, arm)))
        for _ in range(passes(node)):
            enter = self._block(below, enter)
        return enter

    def _job(self, node: PlanNode, enter: list[int]) -> list[int]:
        here = len(self.jobs)
        found = node.estimate if isinstance(node, StepNode) else None
        calls, tokens = (found.calls, found.tokens) if found is not None else (0, 0)
        starts = set(enter)
        self.jobs.append(Job(self._seconds(node), calls, tokens, len(starts)))
        for place in starts:
            self.jobs[place].after.append(here)
        return [here]


def passes(node: PlanNode) -> int:
    """How often the body of a block is counted."""
    return node.bound if isinstance(node, LoopNode) and node.bound_stated else 1


def makespan(jobs: Sequence[Job], workers: int | None = None, rate: Rate = FREE) -> float:
    """Seconds until all jobs are done; list scheduling, longest remaining path first (Graham 1966)."""
    return _Simulation(jobs, workers, rate).run()


class _Simulation:
    def __init__(self, jobs: Sequence[Job], workers: int | None, rate: Rate) -> None:
        self.jobs = jobs
        self.rate = rate
        self.workers = workers if workers is not None else len(jobs)
        self.lanes = rate.lanes if rate.lanes is not None else len(jobs)
        self.tail = [0.0] * len(jobs)
        for place in range(len(jobs) - 1, -1, -1):
            job = jobs[place]
            self.tail[place] = job.seconds + max((self.tail[a] for a in job.after), default=0.0)
        self.waits = [job.waits for job in jobs]
        self.left = [job.calls for job in jobs]
        self.ready = [(-self.tail[i], i) for i, count in enumerate(self.waits) if not count]
        heapq.heapify(self.ready)
        self.asking: deque[int] = deque()
        self.ends: list[tuple[float, int, int, bool]] = []
        self.order = count()
        self.now = self.open = 0.0

    def run(self) -> float:
        while self.ready or self.ends or self.asking:
            self._start()
            self._ask()
            waits = [self.ends[0][0]] if self.ends else []
            waits += [self.open] if self.asking and self.lanes else []
            self.now = min(waits)
            while self.ends and self.ends[0][0] <= self.now:
                self._end(*heapq.heappop(self.ends)[2:])
        return round(self.now, 6)

    def _start(self) -> None:
        while self.ready and self.workers:
            _, place = heapq.heappop(self.ready)
            self.workers -= 1
            if self.left[place]:
                self.asking.append(place)
            else:
                self._until(self.now + self.jobs[place].seconds, place, False)

    def _ask(self) -> None:
        """Send requests, first come first served, while there are lanes and the rate lets them through."""
        while self.asking and self.lanes and self.open <= self.now:
            place = self.asking.popleft()
            job = self.jobs[place]
            self.lanes -= 1
            self.left[place] -= 1
            self._until(self.now + job.seconds / job.calls, place, True)
            gap = 60 / self.rate.requests if self.rate.requests is not None else 0.0
            if self.rate.tokens is not None:
                gap = max(gap, 60 * job.tokens / job.calls / self.rate.tokens)
            self.open = self.now + gap

    def _until(self, time: float, place: int, asked: bool) -> None:
        """What began first ends first where times are equal."""
        heapq.heappush(self.ends, (time, next(self.order), place, asked))

    def _end(self, place: int, asked: bool) -> None:
        self.lanes += asked
        if asked and self.left[place]:
            self.asking.append(place)
            return
        self.workers += 1
        for after in self.jobs[place].after:
            self.waits[after] -= 1
            if not self.waits[after]:
                heapq.heappush(self.ready, (-self.tail[after], after))
