"""follow.procedure: three steps in a row; six steps with conditions; rounds up to a test, then verification with repairs.

Every step leaves a line, so that a skipped, repeated or imagined step shows. The work itself is light.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from skvm.capability import Level
from skvm.profile.kit.bodies import lines_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined_words

Record = list[tuple[str, list[str]]]
"""Lines of the record: label, and what stands after its colon."""


def _build(level: Level, rng: Rng) -> Task:
    prompt, record = {Level.L1: _three, Level.L2: _conditions, Level.L3: _rounds}[level](rng)
    text = _told(record)
    middle = len(record) // 2
    label, items = record[middle]
    return Task(
        prompt=prompt,
        grade=pure(lambda trial: _judge(trial, record)),
        reference=says(text),
        variants={
            "dressed": says("I follow the steps.\n\n" + "\n".join(f"- **{k}:** {', '.join(v)}" for k, v in record)),
            "fenced": says(f"```\n{text}\n```\nDone."),
            "other separators": says("\n".join(f"{k.lower()}: {' '.join(v)}" for k, v in record)),
        },
        mutants={
            "one line left out": says(_told([*record[:middle], *record[middle + 1 :]])),
            "only the last": says(_told(record[-1:])),
            "two lines swapped": says(_told([record[1], record[0], *record[2:]])),
            "one line twice": says(_told([*record, record[-1]])),
            "wrong in the middle": says(_told([*record[:middle], (label, [*items, "1"]), *record[middle + 1 :]])),
            "wrong at the end": says(_told([*record[:-1], (record[-1][0], [*record[-1][1], "2"])])),
            "nothing changes": says(_told([(k, record[0][1]) for k, _ in record])),
            "refusal": says(REFUSAL),
        },
    )


def _told(record: Record) -> str:
    return "\n".join(f"{label}: {', '.join(items)}" for label, items in record)


LINE = re.compile(r"^\W*((?:STEP|ROUND|FIXED|END)(?:\s*\d+)?)\W*?[:=\-–]\s*(.*)$", re.IGNORECASE)


def _judge(trial: Trial, record: Record) -> Verdict:
    """Lines of the record in order; other lines are no fault, separators and emphasis neither."""
    found: Record = []
    for line in lines_of(trial.text):
        match = LINE.match(line)
        if match:
            found.append((" ".join(match.group(1).upper().split()), re.findall(r"[^\W_]+", match.group(2).lower())))
    for n, (label, items) in enumerate(record):
        if n >= len(found):
            return fail(f"the line {label} is missing")
        if found[n] != (label, items):
            return fail(f"{found[n][0]}: {' '.join(found[n][1])} where {label}: {' '.join(items)} is due")
    return PASS if len(found) == len(record) else fail("there are more lines than steps")


Step = tuple[str, Callable[[list[str]], list[str]]]


def _steps(rng: Rng, words: Sequence[str]) -> list[Step]:
    """Things to do with a list of words."""
    extra, letter = coined_words(rng, 1)[0], rng.choice(words)[0]
    place = rng.randint(2, 3)
    return [
        ("reverse the order of the list", lambda x: x[::-1]),
        ("move the first word to the end", lambda x: [*x[1:], x[0]]),
        ("move the last word to the beginning", lambda x: [x[-1], *x[:-1]]),
        ("swap the first and the last word", lambda x: [x[-1], *x[1:-1], x[0]]),
        (f"put the word {extra} at the end", lambda x: [*x, extra]),
        (f"put the word {extra} at the beginning", lambda x: [extra, *x]),
        (f"remove word number {place} of the list", lambda x: [*x[: place - 1], *x[place:]]),
        (f"move every word that begins with {letter} to the end, in their order", lambda x: _parted(x, letter)),
        ("sort the list alphabetically", sorted),
    ]


def _parted(words: list[str], letter: str) -> list[str]:
    return [word for word in words if word[0] != letter] + [word for word in words if word[0] == letter]


def _three(rng: Rng) -> tuple[str, Record]:
    words = coined_words(rng, 6)
    steps, now, record = rng.sample(_steps(rng, words), 3), list(words), Record()
    for n, (_, do) in enumerate(steps, 1):
        now = do(now)
        record.append((f"STEP {n}", now))
    told = "\n".join(f"{n}. {text[0].upper()}{text[1:]}." for n, (text, _) in enumerate(steps, 1))
    return (
        f"Start with this list: {', '.join(words)}\n\nDo these steps one after the other, each with the list the one before "
        f"left:\n{told}\n\nAfter each step write one line with the whole list as it is then: `STEP 1: ...`, `STEP 2: ...`, "
        "`STEP 3: ...`, the words separated by commas.",
        record,
    )


Test = tuple[str, Callable[[list[str]], bool]]


def _tests(rng: Rng, words: Sequence[str]) -> list[Test]:
    """What can be asked about a list of words."""
    many, letter, length = rng.randint(5, 7), rng.choice(words)[0], rng.randint(5, 7)
    known = rng.choice(words)
    return [
        (f"the list has more than {many} words", lambda x: len(x) > many),
        (f"the first word begins with {letter}", lambda x: x[0][0] == letter),
        (f"the last word has more than {length} letters", lambda x: len(x[-1]) > length),
        (f"{known} stands somewhere in the first three words", lambda x: known in x[:3]),
        ("the first word comes before the last word in the alphabet", lambda x: x[0] < x[-1]),
        (f"the list has an even number of words, or begins with {known}", lambda x: len(x) % 2 == 0 or x[0] == known),
    ]


def _conditions(rng: Rng) -> tuple[str, Record]:
    words = coined_words(rng, 6)
    now, record, told = list(words), Record(), list[str]()
    for n, (asked, holds) in enumerate(rng.sample(_tests(rng, words), 6), 1):
        (text, do), (other, instead) = rng.sample(_steps(rng, words), 2)
        skips, yes = n % 3 == 0, holds(now)
        told.append(f"{n}. If {asked}, {text}; otherwise {'skip this step' if skips else other}.")
        if skips and not yes:
            record.append((f"STEP {n}", ["skipped"]))
            continue
        now = do(now) if yes else instead(now)
        record.append((f"STEP {n}", now))
    steps = "\n".join(told)
    return (
        f"Start with this list: {', '.join(words)}\n\nDo these steps one after the other, each with the list the one before "
        f"left. Conditions are about the list just before the step.\n{steps}\n\nAfter each step write one line with the whole "
        "list as it is then, whether it changed or not: `STEP 1: ...`, `STEP 2: ...` and so on, the words separated by "
        "commas. For a skipped step write `STEP n: skipped`.",
        record,
    )


def _rounds(rng: Rng) -> tuple[str, Record]:
    largest, divisor = rng.choice((True, False)), rng.choice((2, 3, 5))
    step, bound = rng.randint(4, 9), rng.randint(30, 60)
    sign = -1 if largest else 1
    start = [bound - sign * rng.randint(-9, 3 * step - 2) for _ in range(5)]
    now, record, rounds = list(start), Record(), 0
    while any((bound - x) * sign > 0 for x in now) or rounds < 2:
        pick = max(now) if largest else min(now)
        rounds += 1
        now.remove(pick)
        now.append(pick + sign * step)
        record.append((f"ROUND {rounds}", [str(x) for x in now]))
    fixes = 0
    for n, value in enumerate(now):
        while now[n] % divisor:
            now[n] += 1
        if now[n] != value:
            fixes += 1
            record.append(("FIXED", [str(x) for x in now]))
    record.append(("END", [str(rounds), "rounds", str(fixes), "fixes"]))
    which, past, change = ("largest", "above", "subtract") if largest else ("smallest", "below", "add")
    return (
        f"Start with this list of numbers: {', '.join(map(str, start))}\n\n"
        f"1. Repeat rounds, at least two, until no number of the list is {past} {bound}. In a round take the {which} number "
        f"out of the list (if it stands there several times, the one furthest to the left), {change} {step} "
        f"{'from' if largest else 'to'} it, and put the result at the end of the list. After each round write one line with "
        "the whole list: `ROUND 1: ...`, `ROUND 2: ...` and so on.\n"
        f"2. Then verify the list from left to right: every number must be divisible by {divisor}. Raise each one that is not "
        "to the next number that is, at its place, and write one line with the whole list after each number that you raised: "
        "`FIXED: ...`.\n3. At last write `END: x rounds, y fixes` with how many rounds there were and how many numbers were "
        "raised.\n\nSeparate the numbers of a list by commas. Do it in your head, without tools.",
        record,
    )


PROBE = Probe("follow.procedure", 1, _build)
