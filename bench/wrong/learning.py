"""Learning by the real pipeline: whole runs of a skill with a simulated model that the reference function speaks for."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.skillruns import SKILLS, SOLUTIONS, environment
from bench.wrong.wording import spoken
from bench.wrong.worlds import Files, Values, World
from skvm.adapters.simulation.oracle import Oracle, load_oracle
from skvm.app import Settings, Skvm
from skvm.app.evidence import with_book
from skvm.app.running import RunOptions
from skvm.jit import Policy, StepRecord, review
from skvm.plan import Artifact, Event, GuardContext, SolidState, SolidStep
from skvm.runtime import RunOutcome

MODEL = "sim/strong"
POLICY = Policy()


@dataclass(frozen=True)
class Request:
    """One request: its words, the values in them, the input files."""

    task: str
    values: Values
    files: Files


def draw(world: World, rng: random.Random) -> Request:
    """A valid request."""
    values = world.draw(rng)
    text = world.grammar.say(rng.randrange(len(world.grammar.wordings)), values)
    return Request(spoken(text, rng), values, world.files(values, rng))


Knows = Callable[[Request], Oracle]
"""Who knows what a right answer to a request does."""


Hears = Callable[[Event], None]
"""Who hears of the events of a run."""


class Pipeline:
    """One skill with a store of its own: an example skill, or the one in `skill` of which `knows` knows."""

    def __init__(self, name: str, home: Path, skill: Path | None = None, knows: Knows | None = None) -> None:
        self.name, self.home, self.skill = name, home, skill or SKILLS / name
        self.knows = knows or self._by_solution
        self.settings = Settings(home=home, cache=home / "cache")
        self._vm = Skvm(self.settings)
        self.artifact: Artifact = self._vm.compile(self.skill, MODEL)

    def _by_solution(self, request: Request) -> Oracle:
        return load_oracle(SOLUTIONS / f"{self.name}.py", request.task, {n: n for n in request.files})

    def at(self, home: Path) -> Pipeline:
        """The same skill with another store."""
        return Pipeline(self.name, home, self.skill, self.knows)

    def run(
        self, world: World, request: Request, seed: int, model: bool = True, solid: bool = True, on_event: Hears | None = None
    ) -> RunOutcome:
        """One whole run in the real sandbox; without a `model` what code does not do is not done, and nothing is served nor
        learned where it is not `solid`."""
        with tempfile.TemporaryDirectory(prefix="skvm-wrong-") as made, environment(dict(world.env)):
            places: dict[str, Path] = {}
            for number, (name, data) in enumerate(request.files.items()):
                places[name] = Path(made) / str(number)
                places[name].write_bytes(data)
            options = RunOptions(
                model=MODEL,
                task=request.task,
                files=places,
                deadline=120.0,
                yes=True,
                env=tuple(world.env),
                seed=seed,
                solid=solid,
                on_event=on_event,
                oracle=self.knows(request) if model else None,
            )
            return self._vm.run(self.artifact, options)

    def learn(self, world: World, runs: int, seed: int) -> Iterator[RunOutcome]:
        """Run after run on different valid requests."""
        rng = random.Random(seed)
        for number in range(runs):
            yield self.run(world, draw(world, rng), seed + number)

    def known(self) -> tuple[list[StepRecord], dict[str, GuardContext]]:
        """What was learned, and what the guards of each step looked at."""
        artifact = self.artifact
        keys = {n.key for n in artifact.plan.nodes}

        def read(book: object) -> tuple[list[StepRecord], dict[str, GuardContext]]:
            records = [r for r in book.records() if r.step_key in keys]  # type: ignore[attr-defined]
            guards: dict[str, GuardContext] = {}
            for record in records:
                for code in record.versions:
                    seen = book.observations(record.step_key, code.slice_digest)  # type: ignore[attr-defined]
                    if seen:
                        guards[record.step_key] = seen[-1].guard
            return records, guards

        return with_book(read, self.settings)

    def accept(self) -> list[str]:
        """A person accepts code that acts outside of the work folder, once it was right as often as other code must be; ids."""
        waits = [
            code.id
            for record in self.known()[0]
            for code in record.versions
            if code.state is SolidState.SHADOW
            and code.recorded.get("outside")
            and len(code.evidence) >= POLICY.min_observations
            and code.agreed >= POLICY.shadow
        ]
        for id in waits:
            with_book(lambda book, id=id: review(book, id, True), self.settings)
        return waits


def promoted(record: StepRecord) -> list[SolidStep]:
    """Codes that may serve, newest first, as the book looks at them."""
    return [v for v in reversed(record.versions) if v.state is SolidState.PROMOTED]
