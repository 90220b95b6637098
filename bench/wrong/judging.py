"""What solidified code does with a request, held against the reference function. A recording executor: no effect happens."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.wrong.learning import Request, draw
from bench.wrong.scene import Moment, Reference, Scene
from bench.wrong.wording import spoilt
from bench.wrong.worlds import World
from skvm.jit.observe import inputs_of
from skvm.jit.prove import Handed, arguments, bind, outcome, same_arguments
from skvm.jit.provenance import World as Facts
from skvm.jit.unify import same
from skvm.plan import SolidStep
from skvm.ports import StepContext

FOREIGN = Reference((), None)
"""For a request that is none of the skill's: nothing may be done."""

SERVED, REFUSED, HANDED, WRONG = "served", "refused", "handed back", "wrong"


@dataclass
class Tally:
    """Counts of one step. `proper`: of valid requests, `spoilt`: of mutated ones; `why`: guards that refused valid ones."""

    proper: Counter[str] = field(default_factory=Counter)
    spoilt: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Verdicts:
    """Counts of one skill: by step, and whole requests of which every step was served."""

    steps: dict[str, Tally] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def of(self, step: str) -> Tally:
        """The counts of a step."""
        return self.steps.setdefault(step, Tally())

    @property
    def wrong(self) -> list[str]:
        """All wrong executions, in words."""
        return [f"{step}: {line}" for step, tally in self.steps.items() for line in tally.wrong]


def judge(codes: Sequence[SolidStep], context: StepContext, reference: Reference) -> tuple[str, str]:
    """(what came of it, why): the newest code whose guards hold makes its calls, each of which the reference must have made."""
    why = "no code"
    for code in codes:
        try:
            captures = bind(code, inputs_of(context), context.guard)
        except Handed as handed:
            why = f"{handed.guard}: {handed.reason}"
            continue
        return _follow(code, captures, reference)
    return REFUSED, why


def _follow(code: SolidStep, captures: dict[str, Any], reference: Reference) -> tuple[str, str]:
    done = reference.calls
    try:
        for index in range(len(code.calls)):
            args = arguments(code, index, Facts(captures, done[:index]))
            tool = code.calls[index].tool
            if index >= len(done):
                return WRONG, f"{code.id} call {index}: {tool} {args}, the reference made none"
            if tool != done[index].tool or not same_arguments(tool, args, done[index].args):
                return WRONG, f"{code.id} call {index}: {tool} {args}, not {done[index].tool} {done[index].args}"
        values, _ = outcome(code, Facts(captures, done[: len(code.calls)]))
    except Handed as handed:
        return HANDED, handed.reason
    if reference.end is None or len(done) > len(code.calls):
        return WRONG, f"{code.id} ended with {values}, the reference did not"
    return (SERVED, "") if same(values, reference.end.values) else (WRONG, f"{code.id}: {values}, not {reference.end.values}")


@dataclass
class Trial:
    """Valid and mutated requests put to what was learned of one skill."""

    scene: Scene
    world: World
    codes: dict[str, list[SolidStep]]
    verdicts: Verdicts = field(default_factory=Verdicts)

    def run(self, count: int, seed: int, say: Callable[[int], None] = lambda n: None) -> Verdicts:
        """Half of the requests valid, half mutated."""
        rng = random.Random(f"{seed} trial")
        for number in range(count):
            (self.proper if number % 2 == 0 else self.spoilt)(draw(self.world, rng), rng)
            say(number)
        return self.verdicts

    def proper(self, request: Request, rng: random.Random) -> None:
        """A valid request: what is not served goes to the model."""
        whole = True
        for moment in self.scene.moments(request.task, request.files, "valid"):
            whole = self.note(moment, moment.context, moment.reference, False) == SERVED and whole
        self.verdicts.requests[SERVED if whole else HANDED] += 1

    def spoilt(self, request: Request, rng: random.Random) -> None:
        """A mutated request: other words, other files, or other results of earlier steps."""
        kind = rng.random()
        if kind < 0.7:
            self.reworded(request, spoilt(request.task, request.values, rng))
        elif kind < 0.85:
            self.refiled(request, other_files(request.files, rng))
        else:
            for moment in self.scene.moments(request.task, request.files, "values"):
                seen = other_values(moment.context.seen or {}, rng)
                self.note(moment, moment.context.model_copy(update={"seen": seen}), moment.reference, True)

    def reworded(self, request: Request, task: str) -> None:
        values = self.world.grammar.read(task)
        if values is not None and all(values[n] in request.files for n in self.world.grammar.files if n in values):
            for moment in self.scene.moments(task, request.files, "still valid"):
                self.note(moment, moment.context, moment.reference, True)
            return
        for moment in self.scene.moments(request.task, request.files, "foreign"):
            self.note(moment, moment.context.model_copy(update={"task": task}), FOREIGN, True)

    def refiled(self, request: Request, files: dict[str, bytes]) -> None:
        """Other contents and names. A file that the request names and that is not there makes the request foreign."""
        for moment in self.scene.moments(request.task, files, "files"):
            named = all(request.values[n] in files for n in self.world.grammar.files if request.values[n] in request.task)
            self.note(moment, moment.context, moment.reference if named else FOREIGN, True)

    def note(self, moment: Moment, context: StepContext, reference: Reference, mutated: bool) -> str:
        verdict, why = judge(self.codes.get(moment.node.key, []), context, reference)
        tally = self.verdicts.of(moment.node.id)
        (tally.spoilt if mutated else tally.proper)[verdict] += 1
        if verdict == WRONG:
            tally.wrong.append(f"{context.task!r} files {list(context.files)}: {why}")
        elif verdict != SERVED and not mutated:
            tally.why[why[:70]] += 1
        return verdict


def other_files(files: dict[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """The input files with one thing changed."""
    name = rng.choice(list(files))
    data = files[name]
    match rng.randrange(8):
        case 0:
            return {n: d for n, d in files.items() if n != name}
        case 1:
            return {**files, f"other_{name.replace('/', '_')}": data}
        case 2:
            return {**files, name: b""}
        case 3:
            return {**files, name: rng.randbytes(64)}
        case 4:
            return {**files, name: b"\n".join(reversed(data.split(b"\n")))}
        case 5:
            return {**files, name: data.replace(b",", b";")}
        case 6:
            return {n if n != name else f"sub dir/{n}": d for n, d in files.items()}
        case _:
            return {**files, name: data[: rng.randrange(len(data) + 1)]}


ODD: tuple[Any, ...] = (None, 0, -1, 7, "7", True, 1.5, [], {}, "", "not", "; rm -rf .", "../x", "a\nb", ["a", "b"])


def other_values(seen: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Results of earlier steps with one of them missing, added, or of another kind."""
    if not seen:
        return {"$step.S0.values": rng.choice(ODD)}
    name = rng.choice(list(seen))
    value = seen[name]
    if isinstance(value, dict) and value and rng.random() < 0.7:
        key = rng.choice(list(value))
        changed = {**value, key: rng.choice(ODD)} if rng.random() < 0.7 else {k: v for k, v in value.items() if k != key}
        return {**seen, name: changed}
    if rng.random() < 0.3:
        return {n: v for n, v in seen.items() if n != name}
    return {**seen, name: rng.choice(ODD)}
