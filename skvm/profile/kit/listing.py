"""Records as a plain listing under rules of layout, each of which can be had in several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words, people

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


@dataclass(frozen=True)
class Entry:
    """A record: group, name, amount, and a day as year, month, day."""

    group: str
    name: str
    amount: int
    day: tuple[int, int, int]


Choice = tuple[str, Any]
"""How a rule is told, and what does it."""

_NUMBER = "A record's line begins with its number"
_MONTH = "months as the first three letters of their names"
_BELOW = "The last line, right below the last record, is"

RULES: Mapping[str, Sequence[Choice]] = {
    "order of groups": (
        ("The groups stand in alphabetical order.", False),
        ("The groups stand in reverse alphabetical order (z before a).", True),
    ),
    "heading": tuple(
        (f"Each group begins with a line of its own, `{shape.format('NAME')}`, where NAME is the group's name as given.", shape)
        for shape in ("[{}]", "== {} ==", "{}:", "<{}>")
    ),
    "between groups": (
        ("Between one group and the next there is exactly one blank line; there are no other blank lines.", "\n\n"),
        ("There are no blank lines; between one group and the next stands a line of three hyphens, `---`.", "\n---\n"),
        ("There are no blank lines; between one group and the next stands a line of four asterisks, `****`.", "\n****\n"),
    ),
    "order of records": (
        ("Within a group the records stand by amount, the largest first.", lambda e: -e.amount),
        ("Within a group the records stand by amount, the smallest first.", lambda e: e.amount),
        ("Within a group the records stand by date, the earliest first.", lambda e: e.day),
        ("Within a group the records stand by date, the latest first.", lambda e: tuple(-x for x in e.day)),
    ),
    "number": (
        (f"{_NUMBER} as two digits and a hyphen, and a space: `01- `, `02- `.", lambda n: f"{n:02}-"),
        (f"{_NUMBER} as a small letter, a bracket and a space: `a) `, `b) `.", lambda n: f"{chr(96 + n)})"),
        (f"{_NUMBER} as a small Roman one in brackets, and a space: `(i) `.", lambda n: f"({ROMAN[n - 1]})"),
        (f"{_NUMBER}, a colon and a space: `1: `, `2: `.", lambda n: f"{n}:"),
    ),
    "count": (
        ("The numbers begin anew in every group.", False),
        ("The numbers run on through all groups.", True),
    ),
    "fields": tuple(
        (f"After it come {', '.join(order[:-1])} and {order[-1]}, in this order.", order)
        for order in permutations(("name", "amount", "date"))
    ),
    "separator": tuple(
        (f"Between them stands `{mark}` with a space on either side.", f" {mark} ") for mark in ("|", "/", "->", "~", "::")
    ),
    "name": (
        ("Names are all capital letters.", str.upper),
        ("Names are all small letters.", str.lower),
        ("Names stand in double quotes, their letters as given.", lambda name: f'"{name}"'),
    ),
    "amount": (
        ("Amounts have six digits, with zeros in front where needed (004210).", lambda a: f"{a:06}"),
        ("Amounts have an apostrophe before the last three digits (4'210).", lambda a: f"{a:,}".replace(",", "'")),
        ("Amounts have two decimals after a comma and nothing between thousands (4210,00).", lambda a: f"{a},00"),
        ("Amounts have a plus sign in front and nothing between thousands (+4210).", lambda a: f"+{a}"),
    ),
    "date": (
        ("Dates are written as DD.MM.YYYY.", lambda d: f"{d[2]:02}.{d[1]:02}.{d[0]}"),
        ("Dates are written as YYYYMMDD, without anything between.", lambda d: f"{d[0]}{d[1]:02}{d[2]:02}"),
        (f"Dates are written like 3 May 1742, {_MONTH}.", lambda d: f"{d[2]} {MONTHS[d[1] - 1]} {d[0]}"),
        (f"Dates are written like May-03-1742, {_MONTH}.", lambda d: f"{MONTHS[d[1] - 1]}-{d[2]:02}-{d[0]}"),
    ),
    "last line": (
        (f"{_BELOW} `total N`, N being the number of all records.", lambda n, g: f"\ntotal {n}"),
        (f"{_BELOW} `(end of G groups)`, G being the number of groups.", lambda n, g: f"\n(end of {g} groups)"),
        ("Nothing comes after the last record.", lambda n, g: ""),
    ),
}


@dataclass(frozen=True)
class Layout:
    """One way for every rule."""

    chosen: Mapping[str, Choice] = field(default_factory=dict)

    def told(self) -> str:
        """The rules as a numbered list."""
        return "\n".join(f"{n}. {text}" for n, (text, _) in enumerate(self.chosen.values(), 1))

    def but(self, rule: str) -> list[Layout]:
        """Layouts that differ in one rule."""
        return [Layout({**self.chosen, rule: other}) for other in RULES[rule] if other != self.chosen[rule]]

    def shown(self, entries: Sequence[Entry]) -> str:
        """The entries in this layout."""
        does = {rule: what for rule, (_, what) in self.chosen.items()}
        groups = sorted({entry.group for entry in entries}, reverse=does["order of groups"])
        blocks, running = [], 0
        for group in groups:
            inside = sorted((entry for entry in entries if entry.group == group), key=does["order of records"])
            first = running if does["count"] else 0
            lines = [f"{does['number'](first + n)} {_line(entry, does)}" for n, entry in enumerate(inside, 1)]
            blocks.append("\n".join([does["heading"].format(group), *lines]))
            running += len(inside)
        return str(does["between groups"]).join(blocks) + str(does["last line"](len(entries), len(groups)))


def _line(entry: Entry, does: Mapping[str, Any]) -> str:
    fields: dict[str, Callable[[], str]] = {
        "name": lambda: does["name"](entry.name),
        "amount": lambda: does["amount"](entry.amount),
        "date": lambda: does["date"](entry.day),
    }
    return str(does["separator"]).join(fields[name]() for name in does["fields"])


def any_layout(rng: Rng) -> Layout:
    """A layout."""
    return Layout({rule: rng.choice(ways) for rule, ways in RULES.items()})


def entries(rng: Rng) -> list[Entry]:
    """Seven to ten records in three groups of two or more, no two alike in amount or day, in no order."""
    count = rng.randint(7, 10)
    groups = coined_words(rng, 3)
    placed = groups * 2 + [rng.choice(groups) for _ in range(count - 6)]
    amounts, years = rng.sample(range(1000, 99_999), count), rng.sample(range(1203, 1899), count)
    found = [
        Entry(group, name, amount, (year, rng.randint(1, 12), rng.randint(1, 28)))
        for group, name, amount, year in zip(placed, people(rng, count), amounts, years, strict=True)
    ]
    rng.shuffle(found)
    return found
