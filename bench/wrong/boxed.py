"""Requests through the real runtime and sandbox: what lies in the work folder afterwards, against the reference function.

A valid request must leave exactly the files that the reference leaves, whoever did which step. For a foreign one no step may be
done by code: the model that would be asked has nothing to say.

Where files differ, or a run did not end, code may be why, or the simulated model, which slips at times in steps of its own. It
draws from seed and step alone, so the same request with the same seed is run again with nothing learned: what comes out
the same to the byte had nothing to do with code and is told apart as a slip. Anything else that differs is wrong.
"""

from __future__ import annotations

import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.wrong.judging import Trial
from bench.wrong.learning import Pipeline, Request, draw
from bench.wrong.tally import bound
from bench.wrong.wording import spoilt
from skvm.runtime import RunOutcome

IDENTIFIER = re.compile(rb"/ID\s*\[.*?\]\s*(?=/|>>)", re.DOTALL)

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Left:
    """What a run left: how it ended, its files as compared, the ids of steps that code did."""

    status: str
    files: Files
    solid: tuple[str, ...] = ()


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

    def as_row(self, name: str) -> dict[str, Any]:
        """For programs."""
        asked = self.requests.total()
        counts = {"requests": dict(self.requests), "steps": dict(self.steps), "slips": len(self.slips)}
        return {"skill": name, "wrong": len(self.wrong), "bound": bound(asked), **counts}

    def text(self, name: str) -> str:
        """For people."""
        asked = self.requests.total()
        steps = ", ".join(f"{who} {count}" for who, count in sorted(self.steps.items()))
        lines = [
            f"{name} in the sandbox: wrong {len(self.wrong)} of {asked} requests (95 % bound {bound(asked):.2e}), slips of the "
            f"model {len(self.slips)}; {dict(self.requests)}; steps of valid ones by {steps}",
            *(f"  WRONG {line[:600]}" for line in self.wrong[:5]),
            *(f"  slip of the model: {line[:300]}" for line in self.slips[:5]),
        ]
        return "\n".join(lines)

    def judge(self, task: str, got: Left, wanted: Files, again: Callable[[], Left]) -> None:
        """Is what a valid request left as it must be, and if not, who is to blame? `again`: the same run with nothing
        learned."""
        differ = differing(wanted, got.files)
        if got.status == "done" and not differ:
            return
        what = f"{', '.join(differ) or 'nothing'} differ" + ("" if got.status == "done" else f", the run ended {got.status}")
        told = f"{task!r}: {what}; by code: {', '.join(got.solid) or 'nothing'}"
        if not got.solid:
            self.slips.append(told)
            return
        alone = again()
        alike = alone.status == got.status and not differing(alone.files, got.files, differ)
        if alike:
            self.slips.append(f"{told}; alike with nothing learned")
        else:
            self.wrong.append(
                f"{told}; with nothing learned it ended {alone.status}, differing: {differing(wanted, alone.files)}"
            )


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
        outcome = self.pipe.run(self.trial.world, asked, seed, model=not foreign)
        got = left_by(outcome)
        found.requests["foreign" if foreign else "mutated, still valid" if mutated else "valid"] += 1
        if foreign:
            if got.solid:
                found.wrong.append(f"{task!r}: {', '.join(got.solid)} done by code")
            return
        if not mutated:
            found.steps.update(str(step.executor) for step in outcome.steps if step.status == "done")
        list(self.trial.scene.moments(task, request.files, "boxed"))
        wanted = files_in(self.trial.scene.machine.work)
        found.judge(task, got, wanted, lambda: left_by(self.blank.run(self.trial.world, asked, seed, solid=False)))


def left_by(outcome: RunOutcome) -> Left:
    """What a run left."""
    solid = tuple(step.id for step in outcome.steps if step.executor == "solid" and step.status == "done")
    return Left(outcome.status, files_in(outcome.work), solid)


def files_in(folder: Path) -> Files:
    """All files of a work folder as they are compared."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}
    return {name: as_compared(name, data) for name, data in found.items() if not name.startswith(".skvm")}


def as_compared(name: str, data: bytes) -> bytes:
    """A file as it is, but for the identifier in the trailer of a PDF, which is another each time that one is written."""
    return IDENTIFIER.sub(b"", data) if name.endswith(".pdf") else data
