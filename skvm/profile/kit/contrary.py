"""Rules against habit: texts without the commonest means of writing, and questions under conventions turned round."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skvm.profile.kit.answers import undressed
from skvm.profile.kit.bodies import lines_of
from skvm.profile.kit.instance import Rng
from skvm.profile.kit.prose import words

LIKE = ("old", "patient", "tired", "young", "cheerful", "careful", "silent", "curious", "proud", "hungry")
WHO = ("clerks", "millers", "carters", "gardeners", "pilgrims", "weavers", "sailors", "shepherds", "painters")
DID = (
    "walked past",
    "looked after",
    "dreamt of",
    "carried water through",
    "sat beside",
    "wrote about",
    "sang near",
    "ran towards",
)
WHAT = (
    "narrow bridges",
    "rows of lamps",
    "stone walls",
    "empty yards",
    "long barns",
    "painted doors",
    "green ponds",
    "dark cellars",
)
WHEN = (
    "before sunrise",
    "after heavy rain",
    "on market days",
    "in early light",
    "at dusk",
    "during harvest",
    "in cold winters",
)


@dataclass(frozen=True)
class Habit:
    """A habit of writing to give up: how the rule is told, whether a text holds to it, and a line that falls back into it."""

    told: str
    kept_up: Callable[[str], bool]
    relapse: str = ""


def _uses(*banned: str) -> Callable[[str], bool]:
    return lambda text: not set(banned).isdisjoint(words(text.lower().replace("’", "'")))


BE = ("am", "is", "are", "was", "were", "be", "been", "being")
_BE_SHORT = (
    "isn't",
    "aren't",
    "wasn't",
    "weren't",
    "it's",
    "that's",
    "there's",
    "i'm",
    "you're",
    "we're",
    "they're",
    "he's",
    "she's",
)
POINTERS = ("it", "its", "they", "them", "their", "this", "that", "these", "those")

HABITS: Mapping[str, Habit] = {
    "articles": Habit(
        "The articles (the, a, an) do not stand in it.", _uses("the", "a", "an"), "heavy rain fell on the roofs of old barns"
    ),
    "and": Habit(
        "The word `and` does not stand in it, nor does `&`.",
        lambda text: _uses("and")(text) or "&" in text,
        "heavy rain fell and cold winds blew over old barns",
    ),
    "capitals": Habit(
        "There is no capital letter in it, not even in a name or at the beginning of a sentence.",
        lambda text: text != text.lower(),
    ),
    "stops": Habit(
        "It has no full stop, exclamation mark or question mark: each sentence ends with a tilde (~) instead.",
        lambda text: re.search(r"[.!?…]", text) is not None or any(not line.endswith("~") for line in lines_of(text)),
    ),
    "be": Habit(
        f"No form of the verb `to be` stands in it ({', '.join(BE)}; short forms such as it's and isn't count too).",
        _uses(*BE, *_BE_SHORT),
        "happy weavers were near old barns again",
    ),
    "pointers": Habit(
        f"None of these words stands in it: {', '.join(POINTERS)}.",
        _uses(*POINTERS),
        "cold winds blew before they came near old barns",
    ),
}


def unhabitual(rng: Rng, name: str, chosen: Sequence[str], count: int, relapse: str = "") -> str:
    """`count` sentences, one a line, the first with the name in it, without the chosen habits, save for a relapse into one."""
    lines = [f"{name} welcomed {rng.choice(LIKE)} {rng.choice(WHO)} {rng.choice(WHEN)}"]
    while len(lines) < count:
        line = " ".join(rng.choice(pool) for pool in (LIKE, WHO, DID, WHAT, WHEN))
        lines += [line] if line not in lines else []
    if relapse and HABITS[relapse].relapse:
        lines[rng.randint(1, count - 1)] = HABITS[relapse].relapse
    small = "capitals" in chosen and relapse != "capitals"
    end = "~" if "stops" in chosen and relapse != "stops" else "."
    return "\n".join(f"{line.lower() if small else line[0].upper() + line[1:]}{end}" for line in lines)


@dataclass(frozen=True)
class Asked:
    """A question under turned conventions: its kind, text, right answer, the answer out of habit, and whether it is one that
    gets no answer."""

    kind: str
    text: str
    right: str
    habit: str
    barred: bool = False


QUIZ = ("signs", "truth", "larger", "order", "brackets")
"""What is turned round."""


def quiz(rng: Rng) -> tuple[str, list[Asked]]:
    """The rules of a quiz, and its questions in the order in which they are put."""
    signs, turned = ["+", "-", "*"], rng.choice((["-", "*", "+"], ["*", "+", "-"]))
    meaning = dict(zip(signs, turned, strict=True))
    named = {"+": "plus", "-": "minus", "*": "times"}
    found = [_sum(rng, sign, meaning) for sign in signs]
    found += [_statement(rng, true) for true in rng.sample((True, False, rng.choice((True, False))), 3)]
    found += [_pair(rng, larger) for larger in (True, False)]
    rng.shuffle(found)
    barred = rng.randint(0, len(found) - 1)
    questions = [
        Asked(q.kind, f"({q.text})" if n == barred else q.text, q.right, q.habit, n == barred) for n, q in enumerate(found)
    ]
    told = (
        f"In a sum, {', '.join(f'`{a}` means {named[b]}' for a, b in meaning.items())}.\n"
        "To a statement the answer is `no` when it is true and `yes` when it is false.\n"
        "Where the larger of two numbers is asked for, the answer is the smaller one, and the other way round.\n"
        "The last question is answered first, and so on back to the first one.\n"
        "A question in brackets is not answered: a hyphen stands in place of its answer."
    )
    return "\n".join(f"{n}. {line}" for n, line in enumerate(told.split("\n"), 1)), questions


def _sum(rng: Rng, sign: str, meaning: Mapping[str, str]) -> Asked:
    a, b = rng.randint(11, 39), rng.randint(3, 9)
    value = {"+": a + b, "-": a - b, "*": a * b}
    return Asked("signs", f"{a} {sign} {b}", str(value[meaning[sign]]), str(value[sign]))


def _statement(rng: Rng, true: bool) -> Asked:
    divisor, times = rng.choice((3, 4, 6, 7, 8, 9)), rng.randint(6, 30)
    number = divisor * times + (0 if true else rng.randint(1, divisor - 1))
    usual, turned = ("yes", "no") if true else ("no", "yes")
    return Asked("truth", f"{number} can be divided by {divisor} without remainder.", turned, usual)


def _pair(rng: Rng, larger: bool) -> Asked:
    a, b = rng.sample(range(1012, 9897), 2)
    low, high = str(min(a, b)), str(max(a, b))
    usual, turned = (high, low) if larger else (low, high)
    return Asked("larger", f"Which is {'larger' if larger else 'smaller'}, {a} or {b}?", turned, usual)


def answers(questions: Sequence[Asked], habit: str = "") -> list[tuple[int, str]]:
    """Number and answer of every line due, with a relapse into one habit."""
    found = [
        (n, "-" if q.barred and habit != "brackets" else q.habit if habit == q.kind else q.right)
        for n, q in enumerate(questions, 1)
    ]
    return found if habit == "order" else found[::-1]


_LINE = re.compile(r"^\W*(\d+)[^\w\-–—]*?[:.)][^\w\-–—]*(.*)$")


def answered(text: str) -> list[tuple[int, str]]:
    """Number and answer of every numbered line; what stands before an equals sign is working."""
    found = [match.groups() for line in lines_of(text) if (match := _LINE.match(line))]
    return [(int(n), _plain(rest.rpartition("=")[2])) for n, rest in found]


def _plain(answer: str) -> str:
    bare = undressed(answer).lower()
    return "-" if bare in ("–", "—") else re.sub(r"(?<=\d),(?=\d{3})", "", bare)
