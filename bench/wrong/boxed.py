"""Requests through the real runtime and sandbox: what lies in the work folder afterwards, against the reference function.

A valid request must leave exactly the files that the reference leaves, whoever did which step. For a foreign one code may
not make a single call: the model that would be asked has nothing to say.

Where files differ, or a run did not end, code may be why, or the simulated model, which slips at times in steps of its own. It
draws from seed and step alone, so the same request with the same seed is run again with nothing learned. A slip is what
comes out the same to the byte then, in files that code neither wrote nor should have written. Anything else is wrong.
"""

from __future__ import annotations

import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.wrong.judging import Trial
from bench.wrong.learning import Pipeline, Request, draw
from bench.wrong.tally import bound
from bench.wrong.wording import spoilt
from skvm.plan import Event, EventKind
from skvm.runtime import RunOutcome

IDENTIFIER = re.compile(rb"/ID\s*\[.*?\]\s*(?=/|>>)", re.DOTALL)

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Left:
    """What a run left: how it ended, its files as compared, the ids of steps that code did, of those that it `begun` and handed
    back after a call, and the `written` files of all these steps."""

    status: str
    files: Files
    solid: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()

    @property
    def by_code(self) -> tuple[str, ...]:
        """Steps in which code made calls, or which it ended."""
        return tuple(dict.fromkeys((*self.solid, *self.begun)))


@dataclass(frozen=True)
class Due:
    """What the reference leaves; `by` says which step wrote a file last."""

    files: Files
    by: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Boxed:
    """Counts. `steps`: by who did them, of valid requests; `wrong`, and `slips` of the model, in words."""

    requests: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slips: list[str] = field(default_factory=list)

    def add(self, other: Boxed) -> None:
        """The counts of both."""
        self.requests.update(other.requests)
        self.steps.update(other.steps)
        self.wrong += other.wrong
        self.slips += other.slips

    @property
    def judged(self) -> int:
        """Requests of which it is known that code was right or wrong: where the model slipped nothing was shown."""
        return self.requests.total() - len(self.slips)

    @property
    def bound(self) -> float | None:
        """Upper 95 % bound of wrong requests, where none was seen."""
        return None if self.wrong else bound(self.judged)

    def as_row(self, name: str) -> dict[str, Any]:
        """For programs."""
        counts = {"requests": dict(self.requests), "steps": dict(self.steps), "slips": len(self.slips), "judged": self.judged}
        return {"skill": name, "wrong": len(self.wrong), "bound": self.bound, **counts}

    def text(self, name: str) -> str:
        """For people."""
        steps = ", ".join(f"{who} {count}" for who, count in sorted(self.steps.items()))
        known = "" if self.bound is None else f" (95 % bound {self.bound:.2e})"
        lines = [
            f"{name} in the sandbox: wrong {len(self.wrong)} of {self.judged} judged requests{known}, slips of the model "
            f"{len(self.slips)}; {dict(self.requests)}; steps of valid ones by {steps}",
            *(f"  WRONG {line[:600]}" for line in self.wrong[:5]),
            *(f"  slip of the model: {line[:300]}" for line in self.slips[:5]),
        ]
        return "\n".join(lines)

    def foreign(self, task: str, got: Left) -> None:
        """Did code keep its hands off a request that is none of the skill's?"""
        if got.by_code:
            self.wrong.append(f"{task!r}: {', '.join(got.by_code)} done or begun by code")

    def judge(self, task: str, got: Left, wanted: Due, again: Callable[[], Left]) -> None:
        """Is what a valid request left as it must be, and if not, who is to blame? `again`: the same run with nothing
        learned."""
        differ = differing(wanted.files, got.files)
        if got.status == "done" and not differ:
            return
        ended = "" if got.status == "done" else f", the run ended {got.status}"
        told = f"{task!r}: {', '.join(differ) or 'nothing'} differ{ended}; by code: {', '.join(got.by_code) or 'nothing'}"
        alone = again()
        coded = [n for n in differ if n in got.written or wanted.by.get(n) in got.by_code]
        if alone.status == got.status and not coded and not differing(alone.files, got.files, differ):
            self.slips.append(f"{told}; alike with nothing learned")
            return
        other = f"with nothing learned it ended {alone.status}, differing: {differing(wanted.files, alone.files)}"
        self.wrong.append(f"{told}; a matter of code: {coded}; {other}")


def differing(wanted: Files, got: Files, among: list[str] | None = None) -> list[str]:
    """Names of files that are not the same, or only on one side."""
    names = sorted(wanted.keys() | got.keys()) if among is None else among
    return [n for n in names if wanted.get(n) != got.get(n)]


def boxed(trial: Trial, pipe: Pipeline, count: int, seed: int) -> Boxed:
    """Half of the requests valid, half with other words; on a copy of the state, as the runtime goes on learning."""
    made = Path(tempfile.mkdtemp(prefix="skvm-boxed-"))
    found, rng = Boxed(), random.Random(f"{seed} boxed {pipe.name}")
    try:
        shutil.copytree(pipe.home, made / "home")
        box = _Box(trial, pipe.at(made / "home"), pipe.at(made / "blank"))
        for number in range(count):
            box.one(draw(trial.world, rng), rng, seed + number, found, mutated=number % 2 == 1)
            if number % 50 == 49:
                print(f"{pipe.name}: {number + 1} of {count} requests in the sandbox", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return found


@dataclass(frozen=True)
class _Box:
    """A skill: with what was learned of it, and (`blank`) without."""

    trial: Trial
    pipe: Pipeline
    blank: Pipeline

    def one(self, request: Request, rng: random.Random, seed: int, found: Boxed, mutated: bool) -> None:
        """One request, judged."""
        task = spoilt(request.task, request.values, rng) if mutated else request.task
        foreign = mutated and not self.trial.still_valid(request, task)
        asked = Request(task, request.values, request.files)
        got, done = self.left(self.pipe, asked, seed, model=not foreign)
        found.requests["foreign" if foreign else "mutated, still valid" if mutated else "valid"] += 1
        if foreign:
            found.foreign(task, got)
            return
        if not mutated:
            found.steps.update(done)
        found.judge(task, got, self.due(asked), lambda: self.left(self.blank, asked, seed, solid=False)[0])

    def left(self, pipe: Pipeline, asked: Request, seed: int, model: bool = True, solid: bool = True) -> tuple[Left, list[str]]:
        """What a run left, and who did its steps."""
        events: list[Event] = []
        outcome = pipe.run(self.trial.world, asked, seed, model=model, solid=solid, on_event=events.append)
        return left_by(outcome, events), [step.executor for step in outcome.steps if step.status == "done"]

    def due(self, asked: Request) -> Due:
        """What the reference leaves, and by which step."""
        by: dict[str, str] = {}
        before: Files = {name: as_compared(name, data) for name, data in asked.files.items()}
        for moment in self.trial.scene.moments(asked.task, asked.files, "boxed"):
            now = files_in(self.trial.scene.machine.work)
            by.update(dict.fromkeys(differing(before, now), moment.node.id))
            before = now
        return Due(files_in(self.trial.scene.machine.work), by)


def left_by(outcome: RunOutcome, events: Iterable[Event]) -> Left:
    """What a run left. A step that code began counts with all of its files: who wrote which is not told apart in it."""
    ends = [(e.node, e.scope, e.data["result"]) for e in events if e.kind is EventKind.NODE_END]
    begun = {(e.node, e.scope) for e in events if e.kind is EventKind.GUARD_MISS and e.data["done"]}
    solid = {(n, scope) for n, scope, r in ends if r["executor"] == "solid" and r["status"] == "done"}
    written = {f["path"] for n, scope, r in ends if (n, scope) in solid | begun for f in r["files"]}
    names = tuple(tuple(sorted({n for n, _ in places})) for places in (solid, begun))
    return Left(outcome.status, files_in(outcome.work), *names, frozenset(written))


def files_in(folder: Path) -> Files:
    """All files of a work folder as they are compared."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}
    return {name: as_compared(name, data) for name, data in found.items() if not name.startswith(".skvm")}


def as_compared(name: str, data: bytes) -> bytes:
    """A file as it is, but for the identifier in the trailer of a PDF, which is another each time that one is written."""
    return IDENTIFIER.sub(b"", data) if name.endswith(".pdf") else data
