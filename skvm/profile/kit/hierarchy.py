"""A question about trees of unknown depth and about which entries count, with databases small and large."""

# ruff: noqa: S608 - queries are built out of names that are made here, for databases that are thrown away

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.queries import STEPS, Database, Row

LARGE = (300, 500, 7000)
"""Units, items and entries of the large database."""
ALLOWED = 40_000_000
"""Instructions of SQLite's machine that a query may take on it: sound ones take from 400 thousand to 20 million, searching the
entries anew for every entry takes more than 85 million (SQLite 3.40)."""

Unit = tuple[int, int | None, str]
Thing = tuple[int, int, str]
Entry = tuple[int, int, str, int]
"""Rows: id, parent, name; id, unit, kind; id, item, day, amount."""


@dataclass(frozen=True)
class Asked:
    """Schema, task, databases with the right rows, and queries: right, right in another way, wrong by name."""

    schema: str
    told: str
    databases: Callable[[], Sequence[Database]]
    sql: str
    other: str
    slips: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """Which entry of an item counts: in words, as an order (and the opposite one) of entries `e`, as a function, and as a
    column with the aggregates that find its value and the entry that has it."""

    told: str
    order: str
    turned: str
    pick: Callable[[Sequence[Entry]], Entry]
    column: str
    best: str
    tie: str


CHOICES = (
    Choice(
        "the latest one (of several on the latest day, the one with the largest id)",
        "e.day DESC, e.id DESC",
        "e.day, e.id",
        lambda entries: max(entries, key=lambda e: (e[2], e[0])),
        "day",
        "max",
        "max",
    ),
    Choice(
        "the earliest one (of several on the earliest day, the one with the smallest id)",
        "e.day, e.id",
        "e.day DESC, e.id DESC",
        lambda entries: min(entries, key=lambda e: (e[2], e[0])),
        "day",
        "min",
        "min",
    ),
    Choice(
        "the one with the largest amount",
        "e.amount DESC",
        "e.amount",
        lambda entries: max(entries, key=lambda e: e[3]),
        "amount",
        "max",
        "min",
    ),
    Choice(
        "the one with the smallest amount",
        "e.amount",
        "e.amount DESC",
        lambda entries: min(entries, key=lambda e: e[3]),
        "amount",
        "min",
        "max",
    ),
)


def hierarchy(rng: Rng) -> Asked:
    """A question of the level."""
    units, items, entries = (f"{name}s" for name in coined_words(rng, 3))
    kinds, choice, deepest = coined_words(rng, 3), rng.choice(CHOICES), rng.randint(2, 3)
    kind = rng.choice(kinds)
    schema = (
        f"CREATE TABLE {units} (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES {units} (id), name TEXT NOT NULL);\n"
        f"CREATE TABLE {items} (id INTEGER PRIMARY KEY, unit_id INTEGER NOT NULL REFERENCES {units} (id), kind TEXT NOT "
        f"NULL);\nCREATE TABLE {entries} (id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES {items} (id), day TEXT "
        f"NOT NULL, amount INTEGER NOT NULL);"
    )
    told = (
        f"The rows of {units} form trees of any depth: parent_id names the row above, and is NULL in a root. Below, a unit is "
        f"a row of {units}, and its tree is the unit itself with all units under it, at whatever depth. Only rows of {items} "
        f"of the kind '{kind}' count, and of the rows of {entries} of each of them only {choice.told}. "
        f"Give one row for each unit with a depth of at most {deepest} (a root "
        f"has depth 0, units directly under it depth 1, and so on): its name, its depth, the number of units in its tree, and "
        f"the sum of the amounts that count in its tree (0 where there are none). Order by that sum, largest first, and where "
        f"it is equal by name.\n\nThe query must also be quick: on a database with {LARGE[0]} rows in {units}, {LARGE[1]} in "
        f"{items} and {LARGE[2]} in {entries} it may take {ALLOWED:,} instructions of SQLite's virtual machine. That is enough "
        f"for hundreds of passes over each table, but not for a search through {entries} for each of its rows. There are no "
        f"indexes besides the primary keys."
    )
    names = (units, items, entries)
    writer = _Writer(names, kind, choice, deepest)
    seed = rng.randint(0, 2**40)

    @cache
    def databases() -> Sequence[Database]:
        again = random.Random(seed)  # noqa: S311 - tests, not secrets
        sizes = ((14, 30, 90), (rng_size(again), 40, 120), LARGE)
        return [_database(again, names, size, kinds, kind, choice, deepest) for size in sizes]

    return Asked(schema, told, databases, writer.sql(), writer.otherwise(), writer.slips())


def rng_size(rng: Rng) -> int:
    """Units of the second database."""
    return rng.randint(18, 30)


def _database(
    rng: Rng, names: Sequence[str], size: Sequence[int], kinds: Sequence[str], kind: str, choice: Choice, deepest: int
) -> Database:
    large = size == LARGE
    units = _units(rng, size[0], large)
    items: list[Thing] = [(n, rng.choice(units)[0], rng.choice((*kinds, kind))) for n in range(1, size[1] + 1)]
    months = [f"2031-{month:02}-{day:02}" for month in (3, 4) for day in (1, 2, 15)]
    busy = items[: len(items) * 9 // 10]
    entries: list[Entry] = [
        (n, rng.choice(busy)[0], rng.choice(months), rng.choice((110, 120, rng.randint(100, 999))))
        for n in range(1, size[2] + 1)
    ]
    right = _solved(units, items, entries, kind, choice, deepest)
    rows: dict[str, Sequence[Row]] = dict(zip(names, (units, items, entries), strict=True))
    return Database(rows, right, ALLOWED if large else STEPS)


def _units(rng: Rng, count: int, large: bool) -> list[Unit]:
    """Two trees, one of them with a long branch."""
    name = coined(rng)
    units: list[Unit] = [(1, None, f"{name}-a"), (2, None, f"{name}-b")]
    for n in range(3, count + 1):
        parent = n - 1 if n <= 11 else rng.randint(max(1, n // 3), n - 1) if large else rng.randint(1, n - 1)
        units.append((n, parent, f"{coined(rng)}-{n}"))
    return units


def _solved(
    units: Sequence[Unit], items: Sequence[Thing], entries: Sequence[Entry], kind: str, choice: Choice, deepest: int
) -> list[Row]:
    """The right rows; a parent always has a smaller id than the units under it."""
    entries_of: dict[int, list[Entry]] = {}
    for entry in entries:
        entries_of.setdefault(entry[1], []).append(entry)
    total = {unit: 0 for unit, _, _ in units}
    for thing, unit, sort in items:
        total[unit] += choice.pick(entries_of[thing])[3] if sort == kind and thing in entries_of else 0
    size, depth = dict.fromkeys(total, 1), dict.fromkeys(total, 0)
    for unit, parent, _ in units:
        depth[unit] = depth[parent] + 1 if parent is not None else 0
    for unit, parent, _ in reversed(units):
        if parent is not None:
            total[parent] += total[unit]
            size[parent] += size[unit]
    rows = [(-total[unit], name, depth[unit], size[unit]) for unit, _, name in units if depth[unit] <= deepest]
    return [(name, level, count, -negative) for negative, name, level, count in sorted(rows)]


class _Writer:
    """Writes the query, with or without a slip."""

    def __init__(self, names: Sequence[str], kind: str, choice: Choice, deepest: int) -> None:
        self.units, self.items, self.entries = names
        self.kind, self.choice, self.deepest = kind, choice, deepest

    def sql(
        self,
        order: str = "",
        join: str = "LEFT JOIN",
        start: str = "id, id",
        step: str = "t.top, u.id",
        first: str = "p.n = 1",
        kind: str = "i.kind = '{}'",
        last: str = "4 DESC, 1",
    ) -> str:
        """Every pair of a unit and one under it, with the amounts of units summed up beforehand."""
        return (
            f"WITH RECURSIVE t (top, id) AS (SELECT {start} FROM {self.units} UNION ALL SELECT {step} FROM t JOIN {self.units} "
            f"u ON u.parent_id = t.id), d (id, depth) AS (SELECT id, 0 FROM {self.units} WHERE parent_id IS NULL UNION ALL "
            f"SELECT u.id, depth + 1 FROM d JOIN {self.units} u ON u.parent_id = d.id WHERE depth < {self.deepest}), p AS "
            f"(SELECT e.item_id, e.amount, row_number() OVER (PARTITION BY e.item_id ORDER BY {order or self.choice.order}) AS "
            f"n FROM {self.entries} e), s AS (SELECT i.unit_id, sum(p.amount) AS amount FROM p JOIN {self.items} i ON i.id = "
            f"p.item_id WHERE {first} AND {kind.format(self.kind)} GROUP BY i.unit_id) SELECT u.name, d.depth, count(*), "
            f"coalesce(sum(s.amount), 0) FROM d JOIN {self.units} u ON u.id = d.id JOIN t ON t.top = u.id {join} s ON "
            f"s.unit_id = t.id GROUP BY u.id ORDER BY {last}"
        )

    def otherwise(self) -> str:
        """The same with two groupings instead of a window, and amounts joined before they are summed up."""
        best, tie, column = self.choice.best, self.choice.tie, self.choice.column
        return (
            f"WITH RECURSIVE d AS (SELECT id, name, 0 AS depth FROM {self.units} WHERE parent_id IS NULL UNION SELECT u.id, "
            f"u.name, d.depth + 1 FROM {self.units} u, d WHERE u.parent_id = d.id), t AS (SELECT id AS top, id FROM d WHERE "
            f"depth <= {self.deepest} UNION SELECT top, u.id FROM {self.units} u, t WHERE u.parent_id = t.id), b AS (SELECT "
            f"item_id, {best}({column}) AS best FROM {self.entries} GROUP BY item_id), c AS (SELECT {tie}(e.id) AS id FROM "
            f"{self.entries} e JOIN b ON b.item_id = e.item_id AND b.best = e.{column} GROUP BY e.item_id), v AS (SELECT "
            f"i.unit_id, e.amount FROM c JOIN {self.entries} e ON e.id = c.id JOIN {self.items} i ON i.id = e.item_id AND "
            f"i.kind = '{self.kind}') SELECT d.name, d.depth, count(DISTINCT t.id), ifnull(sum(v.amount), 0) AS total FROM d "
            f"JOIN t ON t.top = d.id LEFT JOIN v ON v.unit_id = t.id GROUP BY d.id ORDER BY total DESC, d.name"
        )

    def slips(self) -> dict[str, str]:
        """Queries with one slip each."""
        flipped = self.choice.order.replace("day, e.id", "day, -e.id").replace("DESC, e.id DESC", "DESC, e.id")
        searched = f"(SELECT e.id FROM {self.entries} e WHERE e.item_id = p.item_id ORDER BY {self.choice.order} LIMIT 1)"
        slow = self.sql(first="1").replace(f"FROM p JOIN {self.items} i", f"FROM {self.entries} p JOIN {self.items} i")
        return {
            "a search for every entry": slow.replace("WHERE 1 AND", f"WHERE p.id = {searched} AND"),
            "other end of the order": self.sql(order=self.choice.turned),
            **({"no order where equal": self.sql(order=flipped)} if flipped != self.choice.order else {}),
            "all entries": self.sql(first="1"),
            "every kind": self.sql(kind="'{}' > ''"),
            "units without amounts dropped": self.sql(join="JOIN"),
            "one step down only": self.sql()
            .replace("t (top, id) AS (SELECT id, id", "t (top, id) AS (SELECT parent_id, id")
            .replace(
                "UNION ALL SELECT t.top, u.id", f"UNION ALL SELECT id, id FROM {self.units} UNION ALL SELECT t.top, u.id", 1
            )
            .replace(f"SELECT t.top, u.id FROM t JOIN {self.units} u ON u.parent_id = t.id", "SELECT 0, 0 FROM t WHERE 0"),
            "without the unit itself": self.sql(start="parent_id, id"),
            "smallest sum first": self.sql(last="4, 1"),
            "depth counted from 1": self.sql()
            .replace("SELECT id, 0 FROM", "SELECT id, 1 FROM")
            .replace(f"depth < {self.deepest}", f"depth < {self.deepest + 1}"),
        }
