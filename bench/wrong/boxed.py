"""Requests through the real runtime and sandbox: what lies in the work folder afterwards, against the reference function.

A valid request must leave exactly the files that the reference leaves, whoever did which step. For a foreign one no step may be
done by code: the model that would be asked has nothing to say.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.wrong.judging import Trial
from bench.wrong.learning import Pipeline, Request, draw
from bench.wrong.tally import bound
from bench.wrong.wording import spoilt

IDENTIFIER = re.compile(rb"/ID\s*\[.*?\]\s*(?=/|>>)", re.DOTALL)


@dataclass
class Boxed:
    """Counts. `steps`: by who did them, of valid requests; `wrong`: in words."""

    requests: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """For people."""
        asked = self.requests.total()
        steps = ", ".join(f"{who} {count}" for who, count in sorted(self.steps.items()))
        lines = [
            f"{name} in the sandbox: wrong {len(self.wrong)} of {asked} requests (95 % bound {bound(asked):.2e}); "
            f"{dict(self.requests)}; steps of valid ones by {steps}"
        ]
        return "\n".join([*lines, *(f"  WRONG {line[:600]}" for line in self.wrong[:5])])


def boxed(trial: Trial, pipe: Pipeline, count: int, seed: int) -> Boxed:
    """Half of the requests valid, half with other words; on a copy of the state, as the runtime goes on learning."""
    made = Path(tempfile.mkdtemp(prefix="skvm-boxed-"))
    found, rng = Boxed(), random.Random(f"{seed} boxed {pipe.name}")
    try:
        shutil.copytree(pipe.home, made / "home")
        copy = Pipeline(pipe.name, made / "home")
        for number in range(count):
            _one(trial, copy, draw(trial.world, rng), rng, seed + number, found, mutated=number % 2 == 1)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return found


def _one(trial: Trial, pipe: Pipeline, request: Request, rng: random.Random, seed: int, found: Boxed, mutated: bool) -> None:
    task = spoilt(request.task, request.values, rng) if mutated else request.task
    foreign = mutated and not trial.still_valid(request, task)
    asked = Request(task, request.values, request.files)
    outcome = pipe.run(trial.world, asked, seed, model=not foreign)
    solid = [step.id for step in outcome.steps if step.executor == "solid" and step.status == "done"]
    found.requests["foreign" if foreign else "mutated, still valid" if mutated else "valid"] += 1
    if foreign:
        if solid:
            found.wrong.append(f"{task!r}: {', '.join(solid)} done by code")
        return
    if not mutated:
        found.steps.update(str(step.executor) for step in outcome.steps if step.status == "done")
    list(trial.scene.moments(task, request.files, "boxed"))
    wanted, got = _files(trial.scene.machine.work), _files(outcome.work)
    if outcome.status == "done" and wanted != got:
        differ = sorted(n for n in wanted.keys() | got.keys() if wanted.get(n) != got.get(n))
        found.wrong.append(f"{task!r}: {', '.join(differ)} differ; by code: {', '.join(solid) or 'nothing'}")


def _files(folder: Path) -> dict[str, Any]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}
    return {name: as_compared(name, data) for name, data in found.items() if not name.startswith(".skvm")}


def as_compared(name: str, data: bytes) -> bytes:
    """A file as it is, but for the identifier in the trailer of a PDF, which is another each time that one is written."""
    return IDENTIFIER.sub(b"", data) if name.endswith(".pdf") else data
