"""Calculations that are plainly better left to code: told, worked out, and as Python; each comes to six digits or more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.recurrence import recurrence

LEAST = 100_000


@dataclass(frozen=True)
class Sum:
    """A question, its answer, and Python (without single quotes) that prints the answer; a file that it needs."""

    told: str
    value: int
    code: str
    path: str = ""
    text: str = ""


def _product(rng: Rng) -> Sum:
    factors = [rng.randint(1_203, 98_765) for _ in range(3)]
    value = factors[0] * factors[1] * factors[2]
    return Sum(f"What is {' x '.join(map(str, factors))}?", value, f"print({' * '.join(map(str, factors))})")


def _power(rng: Rng) -> Sum:
    base, exponent, modulus = rng.randint(12, 998), rng.randint(60, 400), rng.randint(10**8, 10**9)
    told = f"What is the remainder when {base} to the power of {exponent} is divided by {modulus}?"
    return Sum(told, pow(base, exponent, modulus), f"print(pow({base}, {exponent}, {modulus}))")


def _squares(rng: Rng) -> Sum:
    step, first = rng.randint(3, 17), rng.randint(20, 90)
    last = first + rng.randint(400, 900)
    value = sum(n * n for n in range(first, last + 1) if n % step == 0)
    told = f"What is the sum of the squares of all multiples of {step} from {first} to {last}?"
    return Sum(told, value, f"print(sum(n * n for n in range({first}, {last + 1}) if n % {step} == 0))")


def _again(rng: Rng) -> Sum:
    asked, x = recurrence(rng), rng.randint(2, 5000)
    step = f"(x * {asked.factor} + {asked.more}) modulo {asked.base}"
    told = f"x is {x} and becomes {step}, {asked.times} times over. What is x then?"
    code = f"x = {x}\nfor _ in range({asked.times}):\n    x = (x * {asked.factor} + {asked.more}) % {asked.base}\nprint(x)"
    return Sum(told, asked.value(x), code)


def _seconds(rng: Rng) -> Sum:
    begin = datetime(rng.randint(1903, 1990), rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), rng.randint(0, 59))
    end = begin + timedelta(days=rng.randint(900, 20_000), seconds=rng.randint(1, 86_000))
    value = int((end - begin).total_seconds())
    first, last = begin.isoformat(" "), end.isoformat(" ")
    told = f"How many seconds (without leap seconds, in one time zone) lie between {first} and {last}?"
    moments = f'd.fromisoformat("{last}") - d.fromisoformat("{first}")'
    code = f"from datetime import datetime as d\nprint(int(({moments}).total_seconds()))"
    return Sum(told, value, code)


def table(rng: Rng, path: str, least: int, count: int) -> Sum:
    """A sum over a file of rows `name;pieces;price`, those with at least `least` pieces."""
    rows = [(name, rng.randint(2, 99), rng.randint(101, 999)) for name in coined_words(rng, count)]
    value = sum(pieces * price for _, pieces, price in rows if pieces >= least)
    told = (
        f"The lines of the file {path} are `NAME;PIECES;PRICE`. What do all pieces cost together when only lines with at least "
        f"{least} pieces are counted (pieces times price, summed up)?"
    )
    code = (
        f'rows = [line.split(";") for line in open("{path}") if line.strip()]\n'
        f"print(sum(int(r[1]) * int(r[2]) for r in rows if int(r[1]) >= {least}))"
    )
    return Sum(told, value, code, path, "".join(f"{name};{pieces};{price}\n" for name, pieces, price in rows))


def _table(rng: Rng) -> Sum:
    return table(rng, f"{'/'.join(coined_words(rng, 2))}.txt", rng.randint(10, 40), rng.randint(40, 70))


KINDS: tuple[Callable[[Rng], Sum], ...] = (_product, _power, _squares, _again, _seconds, _table)


def heavy(rng: Rng, count: int, files: bool = True) -> list[Sum]:
    """So many calculations of different kinds; without `files` none that needs one."""
    found = []
    for kind in rng.sample(KINDS if files else KINDS[:-1], count):
        one = kind(rng)
        while one.value < LEAST:
            one = kind(rng)
        found.append(one)
    return found
