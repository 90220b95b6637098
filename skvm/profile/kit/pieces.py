"""Pieces of strings with a form: told in words, as a pattern, and as texts that have the form or just miss it."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words

Said = tuple[str, tuple[str | None, ...]]
"""A text and what its groups capture."""

BACK = "{{back}}"
"""Stands in a pattern for a reference to the first group of its own piece."""

SPECIAL = ".+*?$^|()[]{}"
LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits


@dataclass(frozen=True)
class Piece:
    """A part of a string. `told` says its form, `pattern` and `other` are two ways to match it, `right` has its form (with
    captures), `wrong` has not, and `slips` are patterns that are wrong, by the name of the slip."""

    told: str
    pattern: str
    other: str
    right: Sequence[Said]
    wrong: Sequence[str]
    slips: Mapping[str, str] = field(default_factory=dict)


def literal(text: str) -> Piece:
    """A text as it stands; it holds at least one character that means something in a pattern."""
    special = [i for i, c in enumerate(text) if c in SPECIAL]
    other = "".join(f"[{c}]" if c in ".+*?$|()" else re.escape(c) for c in text)
    return Piece(
        f"the text `{text}`",
        "".join(f"\\{c}" if c in SPECIAL else c for c in text),
        other,
        [(text, ())],
        [*(text[:i] + "x" + text[i + 1 :] for i in special), text[:-1], text + text[-1]],
        {"a character not escaped": "".join(c if c in ".+*?$^|" else re.escape(c) for c in text)},
    )


@dataclass(frozen=True)
class Letters:
    """A set of characters: told, as two classes, its members, characters just outside, and a class that is too wide."""

    told: str
    pattern: str
    other: str
    members: str
    outside: str
    wide: str


def letters(rng: Rng, barred: str) -> Letters:
    """A set of characters that does not hold the barred one."""
    first = rng.randint(1, 8)
    last = first + rng.randint(6, 14)
    part, marks = LOWER[first : last + 1], "".join(rng.sample([c for c in "_%&@=~" if c != barred], 3))
    span = f"{part[0]}-{part[-1]}"
    return rng.choice(
        (
            Letters("digits", r"\d", "[0-9]", DIGITS, "xO", r"\w"),
            Letters("capital letters from A to Z", "[A-Z]", f"[{UPPER}]", UPPER, "a0[", "[A-Za-z]"),
            Letters(
                f"small letters from {part[0]} to {part[-1]}",
                f"[{span}]",
                f"[{part}]",
                part,
                LOWER[first - 1] + LOWER[last + 1] + part[0].upper() + "4",
                "[a-z]",
            ),
            Letters(
                f"characters that are a digit or a small letter from a to {part[-1]}",
                f"[0-9a-{part[-1]}]",
                rf"[a-{part[-1]}\d]",
                DIGITS + LOWER[: last + 1],
                LOWER[last + 1] + "A-",
                "[0-9a-z]",
            ),
            Letters(
                f"characters that are a capital letter or one of `{'`, `'.join(marks)}`",
                f"[A-Z{marks}]",
                f"(?:[{marks}]|[A-Z])",
                UPPER + marks,
                "az1",
                rf"[\w{marks}]",
            ),
            Letters(
                f"characters other than `{barred}` and digits",
                rf"[^{re.escape(barred)}\d]",
                rf"[^0-9{re.escape(barred)}]",
                LOWER + UPPER + "_%&@=~",
                "07" + barred,
                f"[^{re.escape(barred)}]",
            ),
        )
    )


def repeated(rng: Rng, kind: Letters) -> Piece:
    """A number of characters of a set: just so many, from so many to so many, so many or more."""
    low = rng.randint(2, 5)
    high, told, times = rng.choice(
        (
            (low, f"exactly {low}", f"{{{low}}}"),
            (low + 2, f"{low} to {low + 2}", f"{{{low},{low + 2}}}"),
            (0, f"{low} or more", f"{{{low},}}"),
            (0, "one or more", "+"),
        )
    )
    low = 1 if times == "+" else low
    most = high or low + 11
    members = rng.sample(kind.members, len(kind.members))
    size = rng.randint(low, high or low + 3)
    texts = [_some(rng, members, low), _some(rng, members, most), _some(rng, members, size)]
    texts += ["".join(members[i : i + low]).ljust(low, members[0]) for i in range(0, len(members), low)]
    within = texts[0]
    wrong = [_some(rng, members, low - 1), *([_some(rng, members, high + 1)] if high else [])]
    wrong += [within[:-1] + c for c in kind.outside] + [kind.outside[0] + within[1:]]
    long = kind.other * low + (f"{kind.other}{{0,{high - low}}}" if high else f"{kind.other}*")
    slips = {"class too wide": kind.wide + times, "one too few": f"{kind.pattern}{{{low - 1},{high or ''}}}"}
    slips |= (
        {"one too many": f"{kind.pattern}{{{low},{high + 1}}}"} if high else {"an end that is not": f"{kind.pattern}{{1,9}}"}
    )
    return Piece(f"{told} {kind.told}", kind.pattern + times, long, [(text, ()) for text in texts], wrong, slips)


def _some(rng: Rng, members: Sequence[str], count: int) -> str:
    return "".join(rng.choice(members) for _ in range(count))


def one_of(rng: Rng) -> Piece:
    """One of some words, of which one begins with another."""
    a, b, c = coined_words(rng, 3)
    words = [a, a + rng.choice(LOWER), b]
    rng.shuffle(words)
    pattern = "|".join(words)
    return Piece(
        f"one of the words {', '.join(words[:-1])} or {words[-1]} (to be captured)",
        f"({pattern})",
        f"({'|'.join(sorted(words, reverse=True))})",
        [(word, (word,)) for word in words],
        [c, b[:-1], b + "x", words[0] + words[1], words[0] + "|" + words[1], ""],
        {"alternatives not grouped": pattern, "a word left out": f"({'|'.join(words[1:])})", "any word": "([a-z]+)"},
    )


def of_two_forms(rng: Rng) -> Piece:
    """Digits in one of two forms, which must not be mixed."""
    (p, q), (m, n, k) = rng.sample(".-/_:", 2), rng.sample((2, 3, 4, 5), 3)
    one, two = (rf"\d{{{m}}}{re.escape(p)}\d{{{n}}}", rf"\d{{{n}}}{re.escape(q)}\d{{{k}}}")

    def made(a: int, mark: str, b: int) -> str:
        return _some(rng, DIGITS, a) + mark + _some(rng, DIGITS, b)

    right = [made(m, p, n) for _ in range(3)] + [made(n, q, k) for _ in range(3)]
    wrong = [made(m, q, n), made(n, p, k), made(m, p, n + 1), made(n + 1, q, k), made(m, "x", n), made(n, q, k) + made(m, p, n)]
    return Piece(
        f"either {m} digits, `{p}` and {n} digits, or {n} digits, `{q}` and {k} digits (to be captured as a whole)",
        f"({one}|{two})",
        f"((?:{two})|(?:{one}))".replace(r"\d", "[0-9]"),
        [(text, (text,)) for text in right],
        wrong,
        {
            "forms mixed": rf"(\d+[{re.escape(p)}{re.escape(q)}]\d+)",
            "one form only": f"({one})",
            "captured in part": f"(?:({one})|{two})",
        },
    )


def listed(rng: Rng) -> Piece:
    """One or more items with a separator between them."""
    mark, size = rng.choice((", ", " / ", "; ", ",", " + ")), rng.randint(2, 3)
    item = f"[a-z]+[0-9]{{{size}}}"

    def some(count: int) -> str:
        return mark.join(coined(rng) + _some(rng, DIGITS, size) for _ in range(count))

    right = [some(count) for count in (1, 1, 2, 3, 7)]
    word = coined(rng)
    wrong = [some(2) + mark, mark + some(1), some(1) + mark + mark + some(1), word, f"{some(1)}{mark}{word}", some(1) + some(1)]
    wrong += [some(2).replace(mark, "." if mark == "," else mark.strip()), f"{word}{_some(rng, DIGITS, size + 1)}"]
    sep = re.escape(mark)
    return Piece(
        f"one or more items with `{mark}` between one item and the next, an item being one or more small letters and then "
        f"exactly {size} digits (all items together are to be captured as one text)",
        f"({item}(?:{sep}{item})*)",
        rf"((?:[a-z]+\d{{{size}}}{sep})*[a-z]+\d{{{size}}})",
        [(text, (text,)) for text in right],
        wrong,
        {
            "last item captured": f"(?:{item}{sep})*({item})",
            "one item only": f"({item})",
            "separator at the end": f"((?:{item}(?:{sep})?)+)",
        },
    )


def optional(rng: Rng) -> Piece:
    """Something in brackets, or nothing."""
    word, (begin, end) = coined(rng), rng.choice(("()", "[]", "{}"))
    a, b = re.escape(begin), re.escape(end)
    names = [name.capitalize() for name in coined_words(rng, 4)]
    full = [f"{begin}{word} {name}{end}" for name in names]
    return Piece(
        f"nothing at all, or the text `{begin}{word} ` and a name and `{end}`; a name is one capital letter and then "
        "one or more small letters (the name is to be captured; where there is none, the group stays unset or empty)",
        f"(?:{a}{word} ([A-Z][a-z]+){b})?",
        f"(?:|{a}{word} ([A-Z][a-z]+){b})",
        [("", (None,)), *((text, (name,)) for text, name in zip(full, names, strict=True))],
        [full[0][:-1], full[0][1:], f"{begin}{word} {names[0].lower()}{end}", full[0] + full[1], f"{begin}{word} {end}"],
        {"always there": f"{a}{word} ([A-Z][a-z]+){b}", "brackets captured": f"({a}{word} [A-Z][a-z]+{b})?"},
    )


def closed(rng: Rng) -> Piece:
    """A number between two tags of the same name."""
    a, b, *names = coined_words(rng, 5)
    numbers = [str(rng.randint(1, 99999)) for _ in names]
    right = [(f"<{name}>{number}</{name}>", (name, number)) for name, number in zip(names, numbers, strict=True)]
    return Piece(
        "the opening tag `<NAME>`, one or more digits, and the closing tag `</NAME>`, NAME being the same one or more small "
        "letters both times (the name and the digits are to be captured, in this order)",
        rf"<([a-z]+)>(\d+)</{BACK}>",
        f"[<]([a-z]+)[>]([0-9]+)[<]/(?:{BACK})[>]",
        right,
        [f"<{a}>{numbers[0]}</{b}>", f"<{a}>{numbers[0]}<{a}>", f"<{a}></{a}>", f"<{a}>{b}</{a}>", f"<{a}>1</{a}{b}>"],
        {"any closing tag": r"<([a-z]+)>(\d+)</[a-z]+>", "no name captured": r"<[a-z]+>(\d+)</[a-z]+>"},
    )
