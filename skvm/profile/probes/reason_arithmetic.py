"""reason.arithmetic: one operation; several steps; chains of percentages and interest. No tools, exact expected values."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, number
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined, people


def _build(level: Level, rng: Rng) -> Task:
    question, value, slips, places = {Level.L1: _one, Level.L2: _several, Level.L3: _chain}[level](rng)
    unit = Fraction(1, 10**places)
    kind = f"Round to {places} decimals. " if places else ""
    right = _shown(value, places)
    wrong = {name: slip for name, slip in slips.items() if abs(slip - value) > 3 * unit}
    return Task(
        prompt=f"{question} Calculate it without tools. {kind}{ASKED}",
        grade=pure(lambda trial: _judge(trial, value, unit if places else Fraction(0))),
        reference=says(f"ANSWER: {right}"),
        variants={
            "worked out and dressed": says(f"Step by step, this comes to the result below.\n\n**Answer: {right}.**"),
            "with separators": says(f"ANSWER: {_grouped(value, places)}"),
        },
        mutants={
            "off by one": says(f"ANSWER: {_shown(value + 1, places)}"),
            "refusal": says(REFUSAL),
            "no answer line": says(f"I get {right} for this."),
            "two answers": says(f"ANSWER: {right} or {_shown(value + 1, places)}"),
            **{name: says(f"ANSWER: {_shown(slip, places)}") for name, slip in wrong.items()},
        },
    )


Question = tuple[str, Fraction, dict[str, Fraction], int]
"""Text, exact value, values that typical slips lead to, decimals asked for."""


def _one(rng: Rng) -> Question:
    a, b = rng.randint(123, 9876), rng.randint(13, 987)
    kind = rng.choice("+-*/%")
    if kind == "+":
        return f"What is {a} + {b}?", Fraction(a + b), {"subtracted": Fraction(a - b)}, 0
    if kind == "-":
        return f"What is {a} - {b}?", Fraction(a - b), {"added": Fraction(a + b)}, 0
    if kind == "*":
        return f"What is {a} x {b}?", Fraction(a * b), {"last digit lost": Fraction(a * b // 10)}, 0
    if kind == "/":
        return f"What is {a * b} divided by {b}?", Fraction(a), {"off by ten": Fraction(a + 10)}, 0
    share = rng.randint(2, 19) * 5
    return f"What is {share} % of {a * 20}?", Fraction(share * a * 20, 100), {"of one": Fraction(a * 20 * share)}, 0


def _several(rng: Rng) -> Question:
    names = people(rng, rng.randint(3, 5))
    points = [rng.randint(21, 99) for _ in names]
    weights = [rng.randint(2, 9) for _ in names]
    total = sum(weights)
    value = Fraction(sum(p * w for p, w in zip(points, weights, strict=True)), total)
    rows = "; ".join(f"{n}: score {p}, weight {w}" for n, p, w in zip(names, points, weights, strict=True))
    plain = Fraction(sum(points), len(points))
    text = f"Scores and weights: {rows}. What is the weighted average of the scores?"
    return text, value, {"plain average": plain, "not divided": value * total}, 2


def _chain(rng: Rng) -> Question:
    amount = rng.randint(12, 480) * 100
    rate, years = Fraction(rng.randint(11, 79), 10), rng.randint(3, 5)
    fee = Fraction(rng.randint(5, 29), 10)
    grown = amount * (1 + rate / 100) ** years
    value = grown * (1 - fee / 100)
    simple = amount * (1 + rate * years / 100) * (1 - fee / 100)
    text = (
        f"The fund {coined(rng).capitalize()} starts with {amount}. It earns {_plain(rate)} % a year, compounded yearly, for "
        f"{years} years; then a fee of {_plain(fee)} % of the final amount is taken off. How much is left?"
    )
    return text, value, {"simple interest": simple, "fee forgotten": grown, "a year too many": value * (1 + rate / 100)}, 2


def _judge(trial: Trial, value: Fraction, tolerance: Fraction) -> Verdict:
    """Within one unit of the last decimal: how a half is rounded, or an intermediate result, must not decide."""
    line = answer_line(trial.text)
    if line is None:
        return fail("no ANSWER line")
    found = number(line)
    if found is None:
        return fail("the ANSWER line holds no single number")
    if abs(Fraction(repr(found)) - value) > tolerance:
        return fail(f"{found} is not {float(value):.4f}")
    return PASS


def _shown(value: Fraction, places: int) -> str:
    return str(round(Decimal(value.numerator) / Decimal(value.denominator), places)) if places else str(int(value))


def _grouped(value: Fraction, places: int) -> str:
    return f"{Decimal(_shown(value, places)):,}"


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"


PROBE = Probe("reason.arithmetic", 1, _build)
