"""`python -m bench.dispatch`: what it costs to find out that a solidified step may serve, and to evaluate a condition.

CPU of this process, least of several repeats. The step is a generated program with a hole in its request and a look-up.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from bench.wrong.learning import promoted
from bench.wrong.mined import context, learned, node, program, request
from skvm.jit.observe import inputs_of
from skvm.jit.prove import Handed, arguments, bind
from skvm.jit.provenance import World
from skvm.ports import Offer
from skvm.runtime.expr import holds

REPEATS, ROUNDS = 200, 15


def least(work: Callable[[], object]) -> float:
    """Microseconds of one call: the least of several rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(REPEATS):
            work()
        found.append((time.process_time_ns() - began) / REPEATS / 1000)
    return min(found)


def main() -> int:
    """Measure and print."""
    rng = random.Random(7)
    made = program(0, 1)
    book, step = learned(made, 30, rng), node(made)
    codes = [code for record in book.records() for code in promoted(record)]
    while True:
        seen = context(step, request(made, rng)[0], "q")
        offer = book.lookup(seen)
        if isinstance(offer, Offer):
            break
    code, inputs = offer.code, inputs_of(seen)
    foreign = inputs | {"task": "Do something else"}

    def missed() -> None:
        try:
            bind(code, foreign, seen.guard)
        except Handed:
            return
        raise AssertionError

    rows = {
        "inputs of a step": lambda: inputs_of(seen),
        "guards that hold": lambda: bind(code, inputs, seen.guard),
        "guards of another request": missed,
        "arguments of the first call": lambda: arguments(code, 0, World(offer.holes, ())),
        "look-up in the book, records in memory as JSON": lambda: book.lookup(seen),
        "a condition (expr)": lambda: holds("$step.S1.s1.values.n > 3 and 'a' in $task", _known),
    }
    print(f"code with {len(code.guards)} guards, {len(code.holes)} holes; {len(codes)} codes of the step; us of CPU")
    for name, work in rows.items():
        print(f"  {name:<48} {least(work):>8.1f}")
    return 0


def _known(reference: str) -> object:
    return "abc" if reference == "$task" else 5


if __name__ == "__main__":
    sys.exit(main())
