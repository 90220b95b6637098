"""The judge: what a plan lets overlap, and what comes of it. Only the plan's nodes and edges are taken from the compiler.

A plan is written out as runs of its steps: loops twice, maps once per item. A run first reads, later writes; between the two,
any run may begin that the plan does not hold back. The value of a file is a digest of all that went into it, so that two stores
are equal only when every step saw the same things.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from bench.soundness.programs import FILES, SAID, Made, Truth
from skvm.plan import Plan, PlanNode

PASSES = 2


@dataclass(eq=False)
class Run:
    """One run of one leaf: which line it is of, for which item and pass; `after`: the runs that must have ended."""

    line: int
    place: tuple[str, ...]
    gate: bool
    item: str = ""
    arms: dict[str, int] = field(default_factory=dict)
    after: set[int] = field(default_factory=set)


def runs_of(plan: Plan, starts: list[int]) -> list[Run]:
    """All runs, in the order in which one worker would do them."""
    return _Writer(plan, starts).runs


class _Writer:
    def __init__(self, plan: Plan, starts: list[int]) -> None:
        self.starts = starts
        self.inside: dict[str | None, list[PlanNode]] = {}
        for node in plan.nodes:
            self.inside.setdefault(node.parent, []).append(node)
        self.before: dict[str, list[str]] = {}
        for edge in plan.edges:
            self.before.setdefault(edge.after, []).append(edge.before)
        self.runs: list[Run] = []
        self.block(None, (), "", {}, set())

    def block(self, parent: str | None, place: tuple[str, ...], item: str, arms: dict[str, int], after: set[int]) -> set[int]:
        done: dict[str, set[int]] = {}
        for node in self.inside.get(parent, []):
            waits = after.union(*(done.get(b, set()) for b in self.before.get(node.id, ())))
            mine = arms if node.arm is None else {**arms, "/".join((*place, str(parent))): node.arm}
            done[node.id] = self.node(node, place, item, mine, waits)
        return after.union(*done.values()) if done else after

    def node(self, node: PlanNode, place: tuple[str, ...], item: str, arms: dict[str, int], after: set[int]) -> set[int]:
        if not self.inside.get(node.id):
            line = bisect_right(self.starts, node.span.start) - 1
            self.runs.append(Run(line, place, node.kind == "gate", item, arms, after))
            return after | {len(self.runs) - 1}
        if node.kind == "loop":
            for number in range(PASSES):
                after = self.block(node.id, (*place, f"{node.id}#{number}"), item, arms, after)
            return after
        if node.kind != "map":
            return self.block(node.id, place, item, arms, after)
        ends = after
        for path in self.files(node):
            got = self.block(node.id, (*place, f"{node.id}@{path}"), path, arms, after)
            ends = ends | got
            after = after if getattr(node, "parallel", False) else got
        return ends

    def files(self, node: PlanNode) -> list[str]:
        folder = str(getattr(node, "over", "")).rpartition("/")[0]
        return [f for f in FILES if f.startswith(f"{folder}/")]


def violations(made: Made, runs: list[Run]) -> Iterator[str]:
    """Pairs that may overlap although one does what the other must not see half done."""
    ended: list[set[int]] = []
    for run in runs:
        ended.append(set(run.after).union(*(ended[i] for i in run.after)))
    for j, two in enumerate(runs):
        for i, one in enumerate(runs[:j]):
            if i in ended[j] or _exclusive(one, two):
                continue
            why = _clash(made, one, two)
            if why:
                yield f"line {one.line + 1} and line {two.line + 1} may overlap: {why}"


def _exclusive(one: Run, two: Run) -> bool:
    return any(two.arms.get(place, arm) != arm for place, arm in one.arms.items())


def _clash(made: Made, one: Run, two: Run) -> str:
    first, second = made.lines[one.line], made.lines[two.line]
    if one.gate or two.gate:
        return "one of them is a gate"
    if one.line == two.line:
        if first.free:
            return ""
    elif two.line > one.line and second.said:
        return "it uses what was said before"
    (r1, w1), (r2, w2) = _touched(first, one.item), _touched(second, two.item)
    shared = (w1 & (r2 | w2)) | (r1 & w2)
    if shared:
        return f"both touch {min(shared)}"
    told = any({one.line, two.line} <= named for named in made.parallel)
    return "both act outside" if first.external and second.external and not told else ""


def _touched(line: Truth, item: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a run reads and writes; a line about items that is not a map in the plan does all of them."""
    rows = [(r, w) for path, r, w in line.items if not item or path == item]
    reads = line.reads | line.condition
    return reads.union(*(r for r, _ in rows)), line.writes.union(*(w for _, w in rows))


Outcome = tuple[dict[str, str], tuple[str, ...]]


def in_order(made: Made, runs: list[Run]) -> Outcome:
    """What one worker leaves behind: every file, everything said, and what was seen outside."""
    world = _World(made)
    for run in runs:
        world.end(run, world.begin(run))
    return world.store, tuple(world.outside)


def at_random(made: Made, runs: list[Run], random: Random) -> Outcome:
    """What is left behind when whatever may begin begins at any time."""
    world = _World(made)
    waits = [set(run.after) for run in runs]
    todo, going = set(range(len(runs))), dict[int, "_Seen"]()
    while todo or going:
        ready = [i for i in sorted(todo) if not waits[i]]
        pick = random.choice([*ready, *(-1 - i for i in sorted(going))])
        if pick >= 0:
            todo.discard(pick)
            going[pick] = world.begin(runs[pick])
            continue
        done = -1 - pick
        world.end(runs[done], going.pop(done))
        for left in waits:
            left.discard(done)
    return world.store, tuple(world.outside)


@dataclass(frozen=True)
class _Seen:
    taken: bool
    value: str


class _World:
    def __init__(self, made: Made) -> None:
        self.made = made
        self.store = {path: path for path in FILES}
        self.outside: list[str] = []
        self.choices: dict[tuple[int, tuple[str, ...]], bool] = {}

    def begin(self, run: Run) -> _Seen:
        line = self.made.lines[run.line]
        reads, _ = _touched(line, run.item)
        seen = sorted((path, self.store[path]) for path in reads)
        if line.said:
            kept = [f"{SAID}{n:03}" for n in range(run.line)]
            seen += sorted((key, value) for key, value in self.store.items() if key[:8] in kept)
        return _Seen(self._taken(line, run), _digest(f"{run.line} {run.item} {seen}"))

    def end(self, run: Run, seen: _Seen) -> None:
        if not seen.taken or run.gate:
            return
        line = self.made.lines[run.line]
        for path in _touched(line, run.item)[1]:
            self.store[path] = seen.value
        self.store[f"{SAID}{run.line:03}{run.item}"] = seen.value
        if line.external:
            self.outside.append(seen.value)

    def _taken(self, line: Truth, run: Run) -> bool:
        """Is the line's condition met? Arms that exclude each other share one look at it."""
        if not line.condition:
            return True
        key = (line.group or -run.line - 1, run.place)
        if key not in self.choices:
            state = "".join(self.store[path] for path in sorted(line.condition))
            self.choices[key] = int(_digest(state), 16) % 2 == 0
        return self.choices[key] == (line.arm == 0)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
