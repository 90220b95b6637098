"""Recurrences: easy to write down as a loop, too long for the head."""

from __future__ import annotations

from dataclasses import dataclass

from skvm.profile.kit.instance import Rng


@dataclass(frozen=True)
class Recurrence:
    """`times` times over, x becomes (x * factor + more) modulo base."""

    factor: int
    more: int
    base: int
    times: int

    def value(self, x: int) -> int:
        """What x becomes."""
        for _ in range(self.times):
            x = (x * self.factor + self.more) % self.base
        return x

    def told(self) -> str:
        """What a script does with X, in words."""
        return (
            f"it begins with x = X, sets x to (x * {self.factor} + {self.more}) modulo {self.base} {self.times} times over, "
            "and prints x"
        )

    def script(self, python: bool) -> str:
        """A script in Python or for bash that takes X as its argument and prints x."""
        step = f"(x * {self.factor} + {self.more}) % {self.base}"
        if python:
            return f"import sys\n\nx = int(sys.argv[1])\nfor _ in range({self.times}):\n    x = {step}\nprint(x)\n"
        return f"x=$1\nfor ((i = 0; i < {self.times}; i++)); do x=$(({step})); done\necho $x\n"


def recurrence(rng: Rng) -> Recurrence:
    """A recurrence modulo a prime, in which x never gets stuck."""
    base = rng.randint(100_003, 990_000)
    while any(base % divisor == 0 for divisor in range(2, 1000)):
        base += 1
    return Recurrence(rng.randint(13, 97), rng.randint(101, 997), base, rng.randint(30, 90))
