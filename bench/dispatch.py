"""`python -m bench.dispatch`: what it costs to find out that a solidified step may serve, and to evaluate a condition.

CPU of this process, least of several repeats. The step is a generated program with a hole in its request and a look-up.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.wrong.learning import promoted
from bench.wrong.mined import Program, context, learned, node, program, request
from skvm.jit import Book
from skvm.jit.generalise.origins import World
from skvm.jit.observe.observation import inputs_of
from skvm.jit.prove.apply import arguments, bind
from skvm.jit.prove.course import Handed
from skvm.jit.serve.dispatch import Dispatch
from skvm.plan import Event, EventKind, GuardContext, SolidStep, StepResult, StepStatus
from skvm.ports import Offer
from skvm.runtime.expr import holds
from skvm.store import Store, open_store

REPEATS, ROUNDS = 200, 15
SKIPPED = 40
"""Runs of a watched step that are not measured: what is kept of it is full only then."""

Rows = dict[str, Callable[[], object]]


def least(work: Callable[[], object]) -> float:
    """Microseconds of one call: the least of several rounds, each of some 30 ms."""
    found, repeats = [], REPEATS
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(repeats):
            work()
        spent = time.process_time_ns() - began
        found.append(spent / repeats / 1000)
        repeats = max(2, min(REPEATS, int(repeats * 30e6 / max(spent, 1))))
    return min(found)


class Step:
    """A learned step and a request that its code serves."""

    def __init__(self, book: Book, made: Program, rng: random.Random) -> None:
        self.book, self.node = book, node(made)
        while True:
            self.seen = context(self.node, request(made, rng)[0], "q")
            offer = book.lookup(self.seen)
            if isinstance(offer, Offer):
                break
        self.offer, self.code, self.inputs = offer, offer.code, inputs_of(self.seen)


def main() -> int:
    """Measure and print."""
    rng = random.Random(7)
    made = program(0, 1)
    book = learned(made, 30, rng)
    step = Step(book, made, rng)
    codes = [code for record in book.records() for code in promoted(record)]
    print(f"code with {len(step.code.guards)} guards, {len(step.code.holes)} holes; {len(codes)} codes of the step; us of CPU")
    with tempfile.TemporaryDirectory(prefix="skvm-dispatch-") as folder, open_store(Path(folder)) as store:
        for name, work in {**in_memory(step), **in_the_store(store, made)}.items():
            print(f"  {name:<60} {least(work):>8.1f}")
    row = min((watching(made) for _ in range(3)), key=sum)
    told = f"mean {statistics.mean(row):.1f}, median {statistics.median(row):.1f}, most {max(row):.1f}"
    print(f"watching a step that is not solidified, runs {SKIPPED + 1} to {SKIPPED + len(row)}: ms of CPU: {told}")
    return 0


def in_memory(step: Step) -> Rows:
    """Guards alone, and the look-up with nothing to read."""
    code, inputs, seen, ready = step.code, step.inputs, step.seen, Dispatch(step.code)
    foreign = inputs | {"task": "Do something else"}
    return {
        "inputs of a step": lambda: inputs_of(seen),
        "guards that hold (guarded dispatch in memory)": lambda: ready.captures(inputs, seen.guard),
        "guards of another request": lambda: ready.captures(foreign, seen.guard),
        "guards explained": lambda: explained(code, foreign, seen.guard),
        "arguments of the first call": lambda: arguments(code, 0, World(step.offer.holes, ())),
        "look-up in the book, store in memory": lambda: step.book.lookup(seen),
        "a condition (expr)": lambda: holds("$step.S1.s1.values.n > 3 and 'a' in $task", _known),
    }


def in_the_store(store: Store, made: Program) -> Rows:
    """The same in a state folder, and what a served step leaves there."""
    rng = random.Random(7)
    book = learned(made, 30, rng, store.blobs)
    step, numbers = Step(book, made, rng), itertools.count()
    done = StepResult(status=StepStatus.DONE, executor="solid", seconds=0.001)
    told = {"solid": step.code.id, "calls": 1}

    def journalled() -> None:
        book.lookup(step.seen)
        event = Event(run="q", seq=next(numbers), time=0.0, kind=EventKind.SOLID_SERVE, node="S1.s1", data=told)
        store.journal.append(event)

    return {
        "look-up, store on disk": lambda: book.lookup(step.seen),
        "look-up and its journal entry (guarded dispatch)": journalled,
        "note that a step was served": lambda: book.report(step.seen, step.code.id, True, "", done),
    }


def watching(made: Program) -> list[float]:
    """What each run of a step that no code serves pays, in milliseconds: a look-up that finds nothing, and taking note of what
    the model did. No run agrees with another, so that all are held against each other and nothing comes of it."""
    rng, step = random.Random(9), node(made).model_copy(update={"key": "sha256:watched"})
    row = []
    with tempfile.TemporaryDirectory(prefix="skvm-dispatch-") as folder, open_store(Path(folder)) as store:
        book = Book(store.blobs)
        for number in range(2 * SKIPPED):
            task, values = request(made, rng)
            seen = context(step, task, f"w{number}")
            calls = tuple(c.model_copy(update={"result": f"{c.result} {number}"}) for c in made.run(values).calls)
            result = StepResult(status=StepStatus.DONE, calls=calls, values={"n": str(number)}, model_calls=1)
            began = time.process_time_ns()
            book.lookup(seen)
            book.observe(seen, result, True)
            row.append((time.process_time_ns() - began) / 1e6)
    return row[SKIPPED:]


def explained(code: SolidStep, inputs: dict[str, object], seen: GuardContext) -> None:
    """The long way: which guard missed, and why."""
    try:
        bind(code, inputs, seen)
    except Handed:
        return
    raise AssertionError


def _known(reference: str) -> object:
    return "abc" if reference == "$task" else 5


if __name__ == "__main__":
    sys.exit(main())
