"""Rules for patterns that need look-around and named groups, with strings that keep them or break them in one place."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.patterns import Case, How
from skvm.profile.kit.pools import coined, coined_words

LETTERS, DIGITS = string.ascii_lowercase, string.digits


@dataclass(frozen=True)
class Rules:
    """What a pattern is asked for: in words, with cases, a right pattern, others that are as good, and wrong ones by name."""

    told: str
    how: How
    cases: Sequence[Case]
    right: str
    others: Mapping[str, str]
    slips: Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """A condition on what stands beside a number: in words, on the text there, as look-around (two ways), with texts that
    keep and that break it, and a wrong look-around."""

    told: str
    keeps: Callable[[str], bool]
    pattern: str
    other: str
    good: Sequence[str]
    bad: Sequence[str]
    slip: str


def contexts(rng: Rng) -> Rules:
    """Numbers in a text, of which those count that stand between the right neighbours; neighbours are not part of a match."""
    whole, part = coined_words(rng, 2)
    places, mark = rng.randint(2, 3), rng.choice((".", ":", "+", "*"))
    left, right = _left(rng), _right(rng)
    number = rf"(?P<{whole}>\d+){re.escape(mark)}(?P<{part}>\d{{{places}}})(?!\d)"
    lines = _texts(rng, left, right, places)
    cases = [_line(rng, left, right, mark, places, (whole, part), numbers) for numbers in lines]
    told = (
        "Write a regular expression that finds certain numbers in lines of text; it is used with `re.finditer(pattern, line)`. "
        f"A number is one or more digits, then `{mark}`, then exactly {places} digits, and neither directly before nor "
        f"directly after it stands another digit. It counts only if {left.told} and {right.told}. Every match must be just the "
        "number itself, from its first digit to its last, without anything beside it. The named group "
        f"`{whole}` holds the digits before the `{mark}`, the named group `{part}` those after it."
    )
    plain = rf"(?<!\d){number}"
    together = f"{left.pattern}{plain}{right.pattern}"
    return Rules(
        told,
        "finditer",
        cases,
        together,
        {"looks in another order": rf"(?<!\d){left.other}{number}{right.other}"},
        {
            "left side forgotten": f"{plain}{right.pattern}",
            "right side forgotten": f"{left.pattern}{plain}",
            "left side wrong": f"{left.slip}{plain}{right.pattern}",
            "right side wrong": f"{left.pattern}{plain}{right.slip}",
            "neighbours matched": f"(?:^|[^0-9]){number}(?:[^0-9]|$)",
            "groups without names": re.sub(r"\?P<\w+>", "", together),
            "names swapped": together.replace(whole, "_").replace(part, whole).replace("_", part),
            **({} if right.good[0] else {"cut short": together.replace(r"(?!\d)", "").replace(r"\d+", r"\d+?")}),
        },
    )


def _left(rng: Rng) -> Side:
    a, b, c = coined_words(rng, 3)
    a, sign = a[:3], rng.choice("-#$&")
    return rng.choice(
        (
            Side(
                f"`{a}=` or `{b}=` stands directly before it",
                lambda text: text.endswith((f"{a}=", f"{b}=")),
                f"(?:(?<={a}=)|(?<={b}=))",
                f"(?:(?<={b}=)|(?<={a}=))",
                [f"{a}=", f"{b}="],
                [f"{c}=", "", "=", f"{a} ", f"{b[:-1]}x=", f"{a}={c}="],
                f"(?<={a}=)",
            ),
            Side(
                f"neither `{sign}` nor `{a}` stands directly before it",
                lambda text: not text.endswith((sign, a)),
                f"(?<!{re.escape(sign)})(?<!{a})",
                f"(?<!{a})(?<![{re.escape(sign)}])",
                ["", "(", f"{c}=", f"{a}=", f"{sign}{c} "],
                [sign, a, f"{c}{sign}"],
                f"(?<!{a})",
            ),
        )
    )


def _right(rng: Rng) -> Side:
    a, b, c = coined_words(rng, 3)
    return rng.choice(
        (
            Side(
                f"` {a}` or `%` stands directly after it",
                lambda text: text.startswith((f" {a}", "%")),
                f"(?= {a}|%)",
                f"(?:(?=%)|(?=[ ]{a}))",
                [f" {a}", "%", f" {a}{c}", "%%"],
                ["", f" {b}", a, " %", f" {a[:-1]}", ";"],
                f"(?= {a})",
            ),
            Side(
                f"the text `{a}` stands nowhere in the rest of the line after it, and `%` does not stand directly after it",
                lambda text: a not in text and not text.startswith("%"),
                f"(?!%)(?!.*{a})",
                f"(?!%|.*{a})",
                ["", ";", f" {b}", " %", f" {a[:-1]}"],
                ["%", f" {a}", f"; {b}{a}", f"%{b}"],
                "(?!%)",
            ),
        )
    )


Number = tuple[str, str, int]
"""What stands before and after a number, and how many digits it has behind its mark."""


def _texts(rng: Rng, left: Side, right: Side, places: int) -> list[list[Number]]:
    """Every neighbour beside a number once, in lines of one to three numbers."""
    numbers = [(text, rng.choice(right.good), places) for text in (*left.good, *left.bad, *left.good)]
    numbers += [(rng.choice(left.good), text, places) for text in (*right.good, *right.bad, *right.good)]
    numbers += [(rng.choice(left.good), rng.choice(right.good), places + more) for more in (-1, 1, 1)]
    alone = [[number] for number in numbers]
    rng.shuffle(numbers)
    return [*alone, *(numbers[i : i + 3] for i in range(0, len(numbers), 3))]


def _line(rng: Rng, left: Side, right: Side, mark: str, places: int, names: Sequence[str], numbers: Sequence[Number]) -> Case:
    """A line of numbers; which of them count is found by looking beside each of them."""
    line, spans = "", []
    for before, after, size in numbers:
        whole, part = (_digits(rng, n) for n in (rng.randint(2, 4), size))
        spans.append((len(line) + len(before), whole, part))
        line += f"{before}{whole}{mark}{part}{after} "
    line = line.rstrip(" ")
    found = []
    for begin, whole, part in spans:
        text = f"{whole}{mark}{part}"
        if len(part) == places and left.keeps(line[:begin]) and right.keeps(line[begin + len(text) :]):
            found.append({"0": text, names[0]: whole, names[1]: part})
    return Case(line, found)


def _digits(rng: Rng, count: int) -> str:
    return "".join(rng.choice(DIGITS) for _ in range(count))


@dataclass(frozen=True)
class Condition:
    """A condition on a string as a whole: in words, as a function, and as look-around in two ways; `bait` is a text
    that breaks it in some places."""

    told: str
    holds: Callable[[str], bool]
    pattern: str
    other: str
    bait: str = ""


def _conditions(rng: Rng, marks: str) -> list[Condition]:
    word, end = coined(rng)[:3], rng.choice(LETTERS) + rng.choice(DIGITS)
    many, least = rng.randint(2, 3), rng.randint(9, 12)
    found = [
        Condition(
            f"it holds at least {many} digits, wherever they stand",
            lambda text: sum(c.isdigit() for c in text) >= many,
            rf"(?=(?:\D*\d){{{many}}})",
            "(?=" + ".*[0-9]" * many + ")",
        ),
        Condition(
            f"the text `{word}` stands nowhere in it",
            lambda text: word not in text,
            f"(?!.*{word})",
            f"(?!.*?(?:{word}))",
            word,
        ),
        Condition(
            "no character stands twice directly one after the other",
            lambda text: all(a != b for a, b in pairwise(text)),
            r"(?!.*(?P<same>.)(?P=same))",
            r"(?!.*?(?P<c>.)(?P=c))",
        ),
        Condition(
            f"it holds at least one of `{'`, `'.join(marks)}`",
            lambda text: any(c in marks for c in text),
            f"(?=.*[{marks}])",
            f"(?=[^{marks}]*[{marks}])",
        ),
        Condition(f"it does not end in `{end}`", lambda text: not text.endswith(end), rf"(?!.*{end}\Z)", f"(?!.*{end}$)", end),
        Condition(
            f"it has {least} to {least + 6} characters in all",
            lambda text: least <= len(text) <= least + 6,
            rf"(?=.{{{least},{least + 6}}}\Z)",
            rf"(?!.{{0,{least - 1}}}\Z)(?!.{{{least + 7}}})",
        ),
    ]
    return rng.sample(found, rng.randint(3, 4))


def conditions(rng: Rng) -> Rules:
    """Strings of two parts that must meet several conditions at once."""
    head, tail = coined_words(rng, 2)
    marks = "".join(rng.sample("_+*@", 3))
    asked = _conditions(rng, marks)
    kind = f"[a-z0-9{marks}]+"
    form = f"(?P<{head}>{kind})-(?P<{tail}>{kind})"
    told = (
        "Write a regular expression. It is used with `re.fullmatch(pattern, text)` on strings of printable ASCII characters. A "
        f"string must match if it consists of two parts with one `-` between them, each part being one or more small letters, "
        f"digits and characters out of `{'`, `'.join(marks)}`, and if all of the following hold for the string as a whole; "
        f"else it must not match. The named group `{head}` holds the part before the `-`, the named group `{tail}` the part "
        "after it.\n" + "\n".join(f"- {condition.told}" for condition in asked)
    )
    looks = [condition.pattern for condition in asked]
    right = "".join(looks) + form
    return Rules(
        told,
        "fullmatch",
        _strings(rng, asked, marks, (head, tail)),
        right,
        {"in another order": "".join(condition.other for condition in reversed(asked)) + form},
        {
            **{f"condition {n} forgotten": "".join(looks[:n] + looks[n + 1 :]) + form for n in range(len(looks))},
            "condition turned round": right.replace("(?!", "(?~").replace("(?=", "(?!").replace("(?~", "(?="),
            "one condition is enough": f"(?:{'|'.join(looks)}){form}",
            "groups without names": f"{''.join(looks)}({kind})-({kind})",
            "names swapped": f"{''.join(looks)}(?P<{tail}>{kind})-(?P<{head}>{kind})",
            "any characters": f"{''.join(looks)}(?P<{head}>.+)-(?P<{tail}>.+)",
        },
    )


def _strings(rng: Rng, asked: Sequence[Condition], marks: str, names: tuple[str, str]) -> list[Case]:
    """Strings that meet all conditions, such that break just one of each, and such of another form."""
    wanted, cases = {-1: 10, **dict.fromkeys(range(len(asked)), 4)}, []
    while any(wanted.values()):
        text = _string(rng, asked, marks)
        broken = [n for n, condition in enumerate(asked) if not condition.holds(text)]
        key = broken[0] if len(broken) == 1 else -1 if not broken else -2
        if not wanted.get(key):
            continue
        wanted[key] -= 1
        before, _, after = text.partition("-")
        cases.append(Case(text, [] if broken else [{"0": text, names[0]: before, names[1]: after}]))
    texts = [case.text for case in cases if case.matches]
    bad = [texts[0].replace("-", "x"), texts[1].replace("-", "x-y-"), "-" + texts[2].replace("-", "q")]
    bad += [texts[3].replace("-", "z") + "-", *(c + text[1:] for c, text in zip("QAZ.! ", texts[4:], strict=True))]
    return [*cases, *map(Case, bad)]


def _string(rng: Rng, asked: Sequence[Condition], marks: str) -> str:
    """A string of the form asked for, which may or may not meet the conditions."""
    plain = LETTERS * rng.randint(1, 3) + DIGITS * rng.randint(1, 2) + marks * rng.randint(0, 3)
    text = "".join(rng.choice(plain) for _ in range(rng.randint(6, 19)))
    bait = rng.choice(asked).bait
    place = rng.choice((len(text), rng.randint(1, len(text)))) if bait else 0
    text = text[:place] + bait + text[place:]
    at = rng.randint(2, len(text) - 2)
    return f"{text[:at]}-{text[at:]}"
