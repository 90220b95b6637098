"""reason.logic: single deductions from coined rules; the one order that fits all clues; the best choice within limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, chosen
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Play, says
from skvm.profile.kit.pools import coined_words, people


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _deduce, Level.L2: _order, Level.L3: _best}[level](rng)


WORDS = ("yes", "no", "unknown")
FORMS = {
    "yes": ("{a}", "{b}"),
    "no": ("not {b}", "{a}"),
    "unknown": ("{b}", "{a}"),
    "unknown 2": ("not {a}", "{b}"),
}
"""What is given and what is asked of a rule `if a then b`, by the right answer: both valid forms, both fallacies."""


def _deduce(rng: Rng) -> Task:
    """Three separate deductions, so that guessing passes in one case of 27."""
    right, lines = [], []
    for index, form in enumerate(rng.sample(sorted(FORMS), 3), 1):
        kind, a, b = coined_words(rng, 3)
        name = people(rng, 1)[0]
        given, asked = FORMS[form]
        rule = rng.choice(
            ("If a {k} is {a}, then it is {b}.", "A {k} is {b} if it is {a}.", "Whenever a {k} is {a}, it is {b}.")
        )
        fact = f"{name} is a {kind} and is {given.format(a=a, b=b)}."
        lines.append(f"{index}. {rule.format(k=kind, a=a, b=b)} {fact} Is {name} {asked.format(a=a, b=b)}?")
        right.append(form.split()[0])
    wrong = {f"answer {n + 1} changed": [*right[:n], _next(right[n]), *right[n + 1 :]] for n in range(3)}
    return Task(
        prompt="Three separate cases with made-up words. In each, only what is stated there counts, and a rule says nothing "
        "about things to which it does not apply.\n\n"
        + "\n".join(lines)
        + "\n\nAnswer each with yes, no, or unknown (when what is stated decides neither). "
        + f"{ASKED} Put the three words there in order, separated by commas.",
        grade=pure(lambda trial: _judge_words(trial, right)),
        reference=says(f"ANSWER: {', '.join(right)}"),
        variants={
            "numbered": says("**ANSWER:** " + " ".join(f"{n}. {word.capitalize()}" for n, word in enumerate(right, 1))),
            "after thought": says("Case 1: yes or no? Let me see.\n\nAnswer: " + "; ".join(right).upper() + "."),
        },
        mutants={
            "refusal": says(REFUSAL),
            "one missing": says(f"ANSWER: {', '.join(right[:2])}"),
            "no answer line": says(", ".join(right)),
            "one too many": says(f"ANSWER: {', '.join([*right, 'no'])}"),
            **{name: says(f"ANSWER: {', '.join(answer)}") for name, answer in wrong.items()},
        },
    )


def _next(word: str) -> str:
    return WORDS[(WORDS.index(word) + 1) % 3]


def _judge_words(trial: Trial, right: Sequence[str]) -> Verdict:
    found = re.findall(r"\b(yes|no|unknown)\b", (answer_line(trial.text) or "").lower())
    return PASS if found == list(right) else fail(f"{found} is not {list(right)}")


Clue = tuple[str, Callable[[Sequence[str]], bool]]


def _order(rng: Rng) -> Task:
    """Six in a row; relations only, each of them needed, one order left."""
    names = people(rng, 6)
    row = tuple(rng.sample(names, 6))
    clues = _needed(rng, names, _clues(rng, row))
    shown = "\n".join(f"- {text}" for text, _ in clues)
    swapped = [*row[:2], row[3], row[2], *row[4:]]
    return Task(
        prompt=f"{', '.join(names[:-1])} and {names[-1]} stand in a row, at places 1 (left) to 6 (right), one at each.\n{shown}"
        f"\n\nIn which order do they stand? {ASKED} Give the six names from place 1 to place 6, separated by commas.",
        grade=pure(lambda trial: _judge_order(trial, row)),
        reference=says(f"ANSWER: {', '.join(row)}"),
        variants={
            "with places": says("ANSWER: " + "; ".join(f"{n}: {name}" for n, name in enumerate(row, 1))),
            "arrows": says(f"It has to be this one.\n**Answer:** {' > '.join(row)}"),
        },
        mutants={
            "two swapped": says(f"ANSWER: {', '.join(swapped)}"),
            "from the right": says(f"ANSWER: {', '.join(reversed(row))}"),
            "one dropped": says(f"ANSWER: {', '.join(row[:-1])}"),
            "one twice": says(f"ANSWER: {', '.join([*row, row[0]])}"),
            "no answer line": says(", ".join(row)),
            "refusal": says(REFUSAL),
        },
    )


def _clues(rng: Rng, row: Sequence[str]) -> list[Clue]:
    found: list[Clue] = []
    for a, b in permutations(row, 2):
        gap = row.index(b) - row.index(a)
        if gap > 0:
            found.append((f"{a} stands somewhere to the left of {b}.", _before(a, b)))
        if gap == 1:
            found.append((f"{a} and {b} stand side by side.", _apart(a, b, (1,))))
        if gap in (2, 3):
            between = "one other stands" if gap == 2 else "two others stand"
            found.append((f"Exactly {between} between {a} and {b}.", _apart(a, b, (gap,))))
        if gap > 1:
            found.append((f"{a} and {b} do not stand side by side.", _apart(a, b, (2, 3, 4, 5))))
    for name in row[1:-1]:
        found.append((f"{name} stands at neither end.", _inside(name)))
    rng.shuffle(found)
    return found


def _before(a: str, b: str) -> Callable[[Sequence[str]], bool]:
    return lambda row: row.index(a) < row.index(b)


def _apart(a: str, b: str, gaps: Sequence[int]) -> Callable[[Sequence[str]], bool]:
    return lambda row: abs(row.index(a) - row.index(b)) in gaps


def _inside(name: str) -> Callable[[Sequence[str]], bool]:
    return lambda row: 0 < row.index(name) < len(row) - 1


def _needed(rng: Rng, names: Sequence[str], clues: Sequence[Clue]) -> list[Clue]:
    """Take clues while each of them rules something out and until one order is left; then drop those not needed."""
    left = list(permutations(names))
    kept: list[Clue] = []
    for clue in clues:
        fewer = [row for row in left if clue[1](row)]
        if len(fewer) < len(left):
            left, kept = fewer, [*kept, clue]
        if len(left) == 1:
            break
    rows = list(permutations(names))
    for clue in list(kept):
        rest = [other for other in kept if other is not clue]
        if sum(all(test(row) for _, test in rest) for row in rows) == 1:
            kept = rest
    rng.shuffle(kept)
    return kept


def _judge_order(trial: Trial, row: Sequence[str]) -> Verdict:
    line = answer_line(trial.text)
    if line is None:
        return fail("no ANSWER line")
    found = chosen(line, row)
    return PASS if found == list(row) else fail(f"{', '.join(found)} is not the order")


def _best(rng: Rng) -> Task:
    """Choose projects within a budget, with a tie of two and a quarrel of two; the obvious choices are not the best."""
    while True:
        shop = _Shop(rng)
        if shop.hard():
            return _shop_task(shop)


class _Shop:
    """Projects with cost and gain, a budget, `needs` (the first only with the second) and `bars` (not both)."""

    def __init__(self, rng: Rng) -> None:
        self.names = [word.capitalize() for word in coined_words(rng, 7)]
        self.cost = {name: rng.randint(11, 48) for name in self.names}
        self.gain = {name: self.cost[name] + rng.randint(-6, 19) for name in self.names}
        self.budget = sum(self.cost.values()) * rng.randint(45, 60) // 100
        a, b, c, d = rng.sample(self.names, 4)
        self.needs, self.bars = (a, b), (c, d)
        allowed = [choice for size in range(1, 8) for choice in combinations(self.names, size) if self.allowed(choice)]
        self.ranked = sorted(allowed, key=lambda choice: (-self.worth(choice), choice))

    def allowed(self, choice: Sequence[str]) -> bool:
        """Within the budget and the two rules."""
        if sum(self.cost[name] for name in choice) > self.budget or all(name in choice for name in self.bars):
            return False
        return self.needs[0] not in choice or self.needs[1] in choice

    def worth(self, choice: Sequence[str]) -> int:
        """The gain of a choice."""
        return sum(self.gain[name] for name in choice)

    @property
    def best(self) -> tuple[str, ...]:
        """A best choice."""
        return self.ranked[0]

    def greedy(self, key: Callable[[str], float]) -> tuple[str, ...]:
        """Take projects in an order while they fit; rules that a choice breaks for good are looked at too."""
        taken: tuple[str, ...] = ()
        for name in sorted(self.names, key=key):
            for wider in ((*taken, name), (*taken, name, self.needs[1]) if name == self.needs[0] else taken):
                if wider and len(set(wider)) == len(wider) and self.allowed(wider):
                    taken = wider
                    break
        return taken

    def unruly(self) -> tuple[str, ...]:
        """The best choice of the budget alone."""
        fits = [
            c for n in range(1, 8) for c in combinations(self.names, n) if sum(map(self.cost.__getitem__, c)) <= self.budget
        ]
        return max(fits, key=self.worth)

    def slips(self) -> dict[str, tuple[str, ...]]:
        """What short cuts lead to."""
        return {
            "largest gain first": self.greedy(lambda name: -self.gain[name]),
            "best ratio first": self.greedy(lambda name: -self.gain[name] / self.cost[name]),
            "rules forgotten": self.unruly(),
        }

    def hard(self) -> bool:
        """Whether no short cut gives a best choice."""
        return not any(self.right(choice) for choice in self.slips().values())

    def right(self, choice: Sequence[str]) -> bool:
        """Allowed, and no other choice gains more."""
        return self.allowed(choice) and self.worth(choice) == self.worth(self.best)


def _shop_task(shop: _Shop) -> Task:
    rows = "\n".join(f"- {name}: cost {shop.cost[name]}, gain {shop.gain[name]}" for name in shop.names)
    best = shop.best
    second = next(choice for choice in shop.ranked if shop.worth(choice) < shop.worth(best))
    return Task(
        prompt=f"Choose projects so that their total gain is as large as possible.\n{rows}\n\nThe costs of the chosen ones may "
        f"come to {shop.budget} at most. {shop.needs[0]} may be chosen only together with {shop.needs[1]} ({shop.needs[1]} "
        f"also alone). {shop.bars[0]} and {shop.bars[1]} may not both be chosen. Each project can be chosen once. "
        f"{ASKED} Give only the names of the chosen projects there, separated by commas, in any order.",
        grade=pure(lambda trial: _judge_choice(trial, shop)),
        reference=says(f"ANSWER: {', '.join(best)}"),
        variants={
            "other order": says(f"ANSWER: {', '.join(reversed(best))}"),
            "dressed": says(f"I compared them all.\n\n**ANSWER: {' + '.join(best)}.**"),
        },
        mutants={
            "second best": says(f"ANSWER: {', '.join(second)}"),
            "one dropped": says(f"ANSWER: {', '.join(best[1:]) or 'none'}"),
            "all of them": says(f"ANSWER: {', '.join(shop.names)}"),
            "only the sum": says(f"ANSWER: {shop.worth(best)}"),
            "refusal": says(REFUSAL),
            **{name: _naming(choice) for name, choice in shop.slips().items()},
        },
    )


def _naming(choice: Sequence[str]) -> Play:
    return says(f"ANSWER: {', '.join(choice)}")


def _judge_choice(trial: Trial, shop: _Shop) -> Verdict:
    line = answer_line(trial.text)
    found = chosen(line, shop.names) if line else []
    if not found or len(set(found)) != len(found):
        return fail("no ANSWER line with project names, or one of them twice")
    if not shop.allowed(found):
        return fail("the choice breaks a limit or a rule")
    return PASS if shop.right(found) else fail(f"a gain of {shop.worth(found)} is not the largest")


PROBE = Probe("reason.logic", 1, _build)
