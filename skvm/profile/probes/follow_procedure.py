"""follow.procedure: three steps in a row; steps with conditions; rounds up to a test, then verification with repairs.

Every step leaves a line, so that a skipped, repeated or imagined step shows. The work itself is light.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from skvm.capability import Level
from skvm.profile.kit.bodies import lines_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.wordlists import Step, Test, Words, steps_for, tests_for

Record = list[tuple[str, Words]]
"""Lines of the record: label, and what stands after its colon."""

Work = tuple[str, Record, dict[str, Record]]
"""What is asked, the record of who does it, and records of who does something else."""


def _build(level: Level, rng: Rng) -> Task:
    prompt, record, others = {Level.L1: _three, Level.L2: _conditions, Level.L3: _rounds}[level](rng)
    text = _told(record)
    middle = len(record) // 2
    label, items = record[middle]
    wrong = {
        "one line left out": [*record[:middle], *record[middle + 1 :]],
        "only the last": record[-1:],
        "two lines swapped": [record[1], record[0], *record[2:]],
        "one line twice": [*record, record[-1]],
        "wrong in the middle": [*record[:middle], (label, [*items, "1"]), *record[middle + 1 :]],
        "wrong at the end": [*record[:-1], (record[-1][0], [*record[-1][1], "2"])],
        "nothing changes": [(k, record[0][1]) for k, _ in record],
        **others,
    }
    return Task(
        prompt=prompt,
        grade=pure(lambda trial: _judge(trial, record)),
        reference=says(text),
        variants={
            "dressed": says("I follow the steps.\n\n" + "\n".join(f"- **{k}:** {', '.join(v)}." for k, v in record)),
            "fenced": says(f"```\n{text}\n```\nDone."),
            "other separators": says("\n".join(f"{k.lower()}: [{' '.join(v)}]" for k, v in record)),
            "explained": says(
                "\n".join(f"{k.capitalize()}: I look at the list first.\n{k}: {', '.join(v)}" for k, v in record)
            ),
        },
        mutants={name: says(_told(lines)) for name, lines in wrong.items() if lines != record} | {"refusal": says(REFUSAL)},
    )


def _told(record: Record) -> str:
    return "\n".join(f"{label}: {', '.join(items)}" for label, items in record)


LINE = re.compile(r"^\W*((?:STEP|ROUND|FIXED|END)(?:\s*\d+)?)\W*?[:=\-–]\s*(.*)$", re.IGNORECASE)


def _judge(trial: Trial, record: Record) -> Verdict:
    """Lines of the record in order; other lines are no fault, separators and emphasis neither, nor is a `Step 1: ...` of the
    working beside a `STEP 1: ...`."""
    lines = [(" ".join(match[1].split()), match[2]) for line in lines_of(trial.text) if (match := LINE.match(line))]
    capital = {label for label, _ in lines if label.isupper()}
    found = [(label.upper(), _items(rest)) for label, rest in lines if label.isupper() or label.upper() not in capital]
    for n, (label, items) in enumerate(record):
        if n >= len(found):
            return fail(f"the line {label} is missing")
        if found[n] != (label, items):
            return fail(f"{found[n][0]}: {' '.join(found[n][1])} where {label}: {' '.join(items)} is due")
    return PASS if len(found) == len(record) else fail("there are more lines than steps")


def _items(rest: str) -> Words:
    return ["fixes" if item == "fix" else item for item in re.findall(r"[^\W_]+", rest.lower())]


def _lines(example: str) -> str:
    """What every level says about the lines of the record."""
    return (
        f"{example} Nothing else stands on these lines, no other line of your answer begins with their capital words, and each "
        "of them stands there once, in the order in which things happen."
    )


def _in_a_row(words: Words, steps: Sequence[Step]) -> Record:
    record = Record()
    for n, (_, do) in enumerate(steps, 1):
        words = do(words)
        record.append((f"STEP {n}", words))
    return record


def _three(rng: Rng) -> Work:
    while True:
        words = coined_words(rng, 6)
        steps = rng.sample(steps_for(rng, words), 3)
        record = _in_a_row(words, steps)
        seen = [words, *(items for _, items in record)]
        if all(a != b for a, b in pairwise(seen)):
            break
    told = "\n".join(f"{n}. {text[0].upper()}{text[1:]}." for n, (text, _) in enumerate(steps, 1))
    return (
        f"Start with this list: {', '.join(words)}\n\nDo these steps one after the other, each with the list the one before "
        f"left:\n{told}\n\nAfter each step write one line with the whole list as it is then: "
        + _lines("`STEP 1: ...`, `STEP 2: ...`, `STEP 3: ...`, the words separated by commas."),
        record,
        {
            "all from the first list": [(f"STEP {n}", do(words)) for n, (_, do) in enumerate(steps, 1)],
            "in another order": _in_a_row(words, [steps[1], steps[0], steps[2]]),
            "one forgotten": [*record[:1], ("STEP 2", record[0][1]), ("STEP 3", steps[2][1](record[0][1]))],
        },
    )


Conditional = tuple[Test, Step, Step | None]
"""Condition, what to do where it holds, and what otherwise (None = skip)."""

Decide = Callable[[Callable[[Words], bool], Words, Words], bool]


def _conditions(rng: Rng) -> Work:
    while True:
        words = coined_words(rng, 8)
        steps = _conditional(rng, words)
        record = _carried_out(words, steps, lambda holds, now, first: holds(now))
        always = _carried_out(words, steps, lambda holds, now, first: True)
        at_first = _carried_out(words, steps, lambda holds, now, first: holds(first))
        skipped = sum(items == ["skipped"] for _, items in record)
        if skipped == 1 and record not in (always, at_first):
            break
    told = "\n".join(
        f"{n}. If {asked}, {yes[0]}; otherwise {no[0] if no else 'skip this step'}."
        for n, ((asked, _), yes, no) in enumerate(steps, 1)
    )
    return (
        f"Start with this list: {', '.join(words)}\n\nDo these steps one after the other, each with the list the one before "
        f"left. Conditions are about the list just before the step.\n{told}\n\nAfter each step write one line with the whole "
        "list as it is then, whether it changed or not: "
        + _lines(
            "`STEP 1: ...`, `STEP 2: ...` and so on, the words separated by commas. For a skipped step the line is "
            "`STEP n: skipped`."
        ),
        record,
        {
            "conditions not looked at": always,
            "conditions turned round": _carried_out(words, steps, lambda holds, now, first: not holds(now)),
            "conditions about the first list": at_first,
            "skipped step not said": [line for line in record if line[1] != ["skipped"]],
        },
    )


def _conditional(rng: Rng, words: Words) -> list[Conditional]:
    """Five to seven steps, two of which may be skipped."""
    tests = rng.sample(tests_for(rng, words), rng.randint(5, 7))
    skips = rng.sample(range(len(tests)), 2)
    found: list[Conditional] = []
    for n, test in enumerate(tests):
        yes, no = rng.sample(steps_for(rng, words), 2)
        found.append((test, yes, None if n in skips else no))
    return found


def _carried_out(words: Words, steps: Sequence[Conditional], decide: Decide) -> Record:
    now, record = words, Record()
    for n, ((_, holds), yes, no) in enumerate(steps, 1):
        step = yes if decide(holds, now, words) else no
        now = step[1](now) if step else now
        record.append((f"STEP {n}", now if step else ["skipped"]))
    return record


@dataclass(frozen=True)
class _Loop:
    """Rounds over a list of numbers until none is past the bound, then a check of every number."""

    start: tuple[int, ...]
    largest: bool
    step: int
    bound: int
    divisor: int

    def record(self, late: int = 0, leftmost: bool = True, one_by_one: bool = True, verified: bool = True) -> Record:
        """The record; `late` rounds are done after the test says to end."""
        now, record, rounds = list(self.start), Record(), 0
        sign = -1 if self.largest else 1
        while late > 0 or self._goes_on(now):
            late -= not self._goes_on(now)
            pick = max(now) if self.largest else min(now)
            places = [n for n, x in enumerate(now) if x == pick]
            del now[places[0 if leftmost else -1]]
            now.append(pick + sign * self.step)
            rounds += 1
            record.append((f"ROUND {rounds}", [str(x) for x in now]))
        fixed = self._repairs(now) if verified else []
        record += fixed if one_by_one else fixed[-1:]
        return [*record, ("END", [str(rounds), "rounds", str(len(fixed)), "fixes"])]

    def _goes_on(self, now: list[int]) -> bool:
        return max(now) > self.bound if self.largest else min(now) < self.bound

    def _repairs(self, now: list[int]) -> Record:
        found = Record()
        for n, value in enumerate(now):
            now[n] += -value % self.divisor
            if now[n] != value:
                found.append(("FIXED", [str(x) for x in now]))
        return found


def _rounds(rng: Rng) -> Work:
    while True:
        largest, divisor = rng.choice((True, False)), rng.choice((2, 3, 5))
        step, bound = rng.randint(4, 9), rng.randint(30, 60)
        sign = -1 if largest else 1
        start = tuple(bound - sign * rng.randint(-9, 3 * step - 2) for _ in range(5))
        loop = _Loop(start, largest, step, bound, divisor)
        record = loop.record()
        rounds = sum(label.startswith("ROUND") for label, _ in record)
        if 4 <= rounds <= 8 and len(record) - rounds >= 3:
            break
    which, past, change = ("largest", "above", "subtract") if largest else ("smallest", "below", "add")
    return (
        f"Start with this list of numbers: {', '.join(map(str, start))}\n\n"
        f"1. Repeat rounds until no number of the list is {past} {bound}. In a round take the {which} number "
        f"out of the list (if it stands there several times, the one furthest to the left), {change} {step} "
        f"{'from' if largest else 'to'} it, and put the result at the end of the list. After each round write one line with "
        "the whole list: `ROUND 1: ...`, `ROUND 2: ...` and so on.\n"
        f"2. Then verify the list from left to right: every number must be divisible by {divisor}. Raise each one that is not "
        "to the next number that is, at its place, and write one line with the whole list after each number that you raised: "
        "`FIXED: ...`.\n3. At last write `END: x rounds, y fixes` with how many rounds there were and how many numbers were "
        f"raised.\n\n{_lines('Separate the numbers of a list by commas.')}",
        record,
        {
            "a round too few": [line for line in record if line[0] != f"ROUND {rounds}"],
            "a round too many": loop.record(late=1),
            "the last of equal numbers": loop.record(leftmost=False),
            "not verified": loop.record(verified=False),
            "verified at once": loop.record(one_by_one=False),
            "miscounted": [*record[:-1], ("END", [str(rounds + 1), *record[-1][1][1:]])],
        },
    )


PROBE = Probe("follow.procedure", 1, _build)
