"""Conditions on the rows of one table: told in words, as SQL in two ways, as a function, and wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words

Item = Mapping[str, Any]
"""A row by column."""


@dataclass(frozen=True)
class Where:
    """A condition. `slips` are wrong readings of it, as SQL and as a function."""

    told: str
    sql: str
    other: str
    holds: Callable[[Item], bool]
    slips: Mapping[str, tuple[str, Callable[[Item], bool]]]


@dataclass(frozen=True)
class Stock:
    """What the columns of a table may hold, made from the seed."""

    kinds: Sequence[str]
    heads: Sequence[str]
    limit: int
    months: Sequence[str] = field(default_factory=tuple)


def stock(rng: Rng) -> Stock:
    """Values for a table."""
    year = rng.randint(1971, 2038)
    months = [f"{year}-{month:02}" for month in sorted(rng.sample(range(1, 13), 4))]
    return Stock(coined_words(rng, 4), [word[:2] for word in coined_words(rng, 3)], rng.randint(20, 70), months)


def item(rng: Rng, stock: Stock, number: int) -> Item:
    """A row; values at limits are frequent."""
    near = stock.limit + rng.choice((-10, -1, 0, 0, 1, 10, 11, 12, 25))
    word = coined_words(rng, 1)[0]
    return {
        "id": number,
        "name": rng.choice((rng.choice(stock.heads) + word, word)) + str(number),
        "kind": rng.choice(stock.kinds),
        "size": near,
        "price": rng.randint(100, 999),
        "day": f"{rng.choice(stock.months)}-{rng.choice((1, 1, 2, 14, 27, 28)):02}",
        "note": rng.choice((None, "", word, "null")),
    }


def wheres(rng: Rng, stock: Stock) -> tuple[Where, Where]:
    """Two conditions, on different columns."""
    first, second = rng.sample(((_size, _between), (_kinds, _not_kind), (_begins,), (_month,), (_noted,)), 2)
    return rng.choice(first)(rng, stock), rng.choice(second)(rng, stock)


def _size(rng: Rng, stock: Stock) -> Where:
    t = stock.limit
    told, right, turned, wrong = rng.choice(
        (
            ("size is at least {}", "size >= {}", "NOT size < {}", "size > {}"),
            ("size is more than {}", "size > {}", "NOT size <= {}", "size >= {}"),
            ("size is at most {}", "size <= {}", "NOT size > {}", "size < {}"),
            ("size is less than {}", "size < {}", "NOT size >= {}", "size <= {}"),
        )
    )
    tests: Mapping[str, Callable[[Item], bool]] = {
        "size >= {}": lambda row: bool(row["size"] >= t),
        "size > {}": lambda row: bool(row["size"] > t),
        "size <= {}": lambda row: bool(row["size"] <= t),
        "size < {}": lambda row: bool(row["size"] < t),
    }
    slip = (wrong.format(t), tests[wrong])
    return Where(told.format(t), right.format(t), turned.format(t), tests[right], {"limit off by one": slip})


def _between(rng: Rng, stock: Stock) -> Where:
    a, b = stock.limit, stock.limit + 11
    return Where(
        f"size is between {a} and {b}, both included",
        f"(size BETWEEN {a} AND {b})",
        f"(size >= {a} AND size < {b + 1})",
        lambda row: bool(a <= row["size"] <= b),
        {
            "first limit left out": (f"(size > {a} AND size <= {b})", lambda row: bool(a < row["size"] <= b)),
            "last limit left out": (f"(size >= {a} AND size < {b})", lambda row: bool(a <= row["size"] < b)),
        },
    )


def _kinds(rng: Rng, stock: Stock) -> Where:
    a, b = rng.sample(stock.kinds, 2)
    return Where(
        f"kind is {a} or {b}",
        f"kind IN ('{a}', '{b}')",
        f"(kind = '{a}' OR kind = '{b}')",
        lambda row: row["kind"] in (a, b),
        {"one kind only": (f"kind = '{a}'", lambda row: row["kind"] == a)},
    )


def _not_kind(rng: Rng, stock: Stock) -> Where:
    a = rng.choice(stock.kinds)
    return Where(
        f"kind is not {a}",
        f"kind <> '{a}'",
        f"NOT (kind = '{a}')",
        lambda row: row["kind"] != a,
        {"turned round": (f"kind = '{a}'", lambda row: row["kind"] == a)},
    )


def _begins(rng: Rng, stock: Stock) -> Where:
    head = rng.choice(stock.heads)
    return Where(
        f"name begins with {head}",
        f"name LIKE '{head}%'",
        f"substr(name, 1, 2) = '{head}'",
        lambda row: row["name"].startswith(head),
        {"compared as a whole": (f"name = '{head}'", lambda row: row["name"] == head)},
    )


def _month(rng: Rng, stock: Stock) -> Where:
    month = rng.choice(stock.months[1:])
    return Where(
        f"day is in the month {month} or later",
        f"day >= '{month}-01'",
        f"substr(day, 1, 7) >= '{month}'",
        lambda row: bool(row["day"] >= month),
        {"first day left out": (f"day > '{month}-01'", lambda row: bool(row["day"] > f"{month}-01"))},
    )


def _noted(rng: Rng, stock: Stock) -> Where:
    return Where(
        "note is missing (NULL)",
        "note IS NULL",
        "(ifnull(note, 'x') = 'x' AND ifnull(note, 'y') = 'y')",
        lambda row: row["note"] is None,
        {
            "empty for missing": ("ifnull(note, '') = ''", lambda row: row["note"] in (None, "")),
            "compared with NULL": ("note = NULL", lambda row: False),
        },
    )
