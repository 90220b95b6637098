"""How runs of one program lie over each other when a loop went round more often in some than in others.

The calls of a run are folded: a short sequence that is repeated at once stands for all of its rounds. Runs whose folded calls
are the same are runs of one program; where the number of rounds differs there is a loop. A run may also have gone round not at
all. Where the number is the same in all runs there is none: that is the least general reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from skvm.jit.observe.observation import Observation

MAX_BODY = 4
"""Calls of one round."""

MAX_LOOPS = 3
MAX_PEELED = 2
"""Calls before a loop that look like its first rounds, such as reading the list and then each file it names."""

Range = tuple[int, int]
"""Where the first round stands in the folded calls, and how many calls it has."""


@dataclass(frozen=True)
class Layout:
    """`size` calls in folded form, the loops in them, and how often each run (in order) went round each loop."""

    size: int
    loops: tuple[Range, ...] = ()
    rounds: tuple[tuple[int, ...], ...] = ()

    def loop_of(self, index: int) -> int | None:
        """Number of the loop that a folded call belongs to."""
        return next((n for n, (first, calls) in enumerate(self.loops) if first <= index < first + calls), None)

    def places(self, run: int) -> list[tuple[int, ...]]:
        """For each folded call where it stands in the calls of a run; one place outside of loops, else one for each round."""
        found: list[tuple[int, ...]] = []
        at = index = 0
        while index < self.size:
            number = self.loop_of(index)
            calls, rounds = (1, 1) if number is None else (self.loops[number][1], self.rounds[run][number])
            found += [tuple(at + own + calls * turn for turn in range(rounds)) for own in range(calls)]
            at, index = at + calls * rounds, index + calls
        return found


def call_rows(observation: Observation) -> tuple[Any, ...]:
    """What two calls must share to be the same call of a program: tool, outcome, argument names, effect."""
    return tuple((c.tool, c.ok, c.exit_code, tuple(sorted(c.args)), c.effect) for c in observation.calls)


def layouts(observations: Sequence[Observation]) -> Iterator[Layout]:
    """Readings of runs as one program, the likeliest first; none where they are runs of different ones."""
    runs = [call_rows(o) for o in observations]
    if all(run == runs[0] for run in runs):
        yield Layout(len(runs[0]))
        return
    folded = [_folded(run) for run in runs]
    longest = max((calls for calls, _ in folded), key=lambda calls: (len(calls), repr(calls)))
    ranges = sorted({at for calls, rounds in folded if calls == longest for at, times in rounds.items() if times > 1})
    if not ranges or len(ranges) > MAX_LOOPS or any(a + n > b for (a, n), (b, _) in pairwise(ranges)):
        return
    rounds = [_rounds(calls, times, longest, ranges) for calls, times in folded]
    if any(row is None for row in rounds):
        return
    counts = [row for row in rounds if row is not None]
    yield from _peeled(len(longest), ranges, counts)


def _folded(run: Sequence[Any]) -> tuple[tuple[Any, ...], dict[Range, int]]:
    """The calls with each repetition taken once, and how often which stretch stood there."""
    calls: list[Any] = []
    rounds: dict[Range, int] = {}
    at = 0
    while at < len(run):
        size, times = next(((n, t) for n in range(1, MAX_BODY + 1) if (t := _times(run, at, n)) > 1), (1, 1))
        rounds[len(calls), size] = times
        calls += run[at : at + size]
        at += size * times
    return tuple(calls), rounds


def _times(run: Sequence[Any], at: int, size: int) -> int:
    times = 1
    while run[at + times * size : at + (times + 1) * size] == run[at : at + size] and at + size <= len(run):
        times += 1
    return times


def _rounds(calls: tuple[Any, ...], times: dict[Range, int], whole: tuple[Any, ...], ranges: list[Range]) -> list[int] | None:
    """How often a run went round each loop; zero for those that it lacks; None for another program."""
    for lacking in (set(chosen) for n in range(len(ranges) + 1) for chosen in combinations(ranges, n)):
        gone = {at for first, size in lacking for at in range(first, first + size)}
        if tuple(call for at, call in enumerate(whole) if at not in gone) != calls:
            continue
        moved = {at: at - sum(g < at for g in gone) for at in range(len(whole) + 1)}
        there = {r: (moved[r[0]], r[1]) for r in ranges if r not in lacking}
        if {at for at, n in times.items() if n > 1} <= set(there.values()):
            return [times.get(there[r], 1) if r in there else 0 for r in ranges]
    return None


def _peeled(size: int, ranges: list[Range], counts: list[list[int]]) -> Iterator[Layout]:
    """The loops as they are, then with the first rounds of one taken for calls before it."""
    yield _placed(size, ranges, counts, 0, 0)
    for off in range(1, MAX_PEELED + 1):
        for loop, (_, calls) in enumerate(ranges):
            if off * calls <= MAX_PEELED and min(row[loop] for row in counts) >= off:
                yield _placed(size, ranges, counts, loop, off)


def _placed(size: int, ranges: list[Range], counts: list[list[int]], peeled: int, off: int) -> Layout:
    """Loops with as many rounds in every run are so many calls, and so are the first `off` rounds of the loop `peeled`."""
    loops: list[Range] = []
    kept: list[int] = []
    more = 0
    for loop, (first, calls) in enumerate(ranges):
        before = off if loop == peeled else 0
        rounds = {row[loop] for row in counts}
        if len(rounds) > 1:
            more += before * calls
            loops.append((first + more, calls))
            kept.append(loop)
        else:
            more += (rounds.pop() - 1) * calls
    table = tuple(tuple(row[loop] - (off if loop == peeled else 0) for loop in kept) for row in counts)
    return Layout(size + more, tuple(loops), table)
