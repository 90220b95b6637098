"""Questions about two tables of which one refers to the other: told, solved in Python, and as SQL, right and wrong."""

# ruff: noqa: S608 - queries are built out of names that are made here, for databases that are thrown away

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.queries import Row


@dataclass(frozen=True)
class Place:
    """A row of the table that is referred to."""

    id: int
    name: str
    region: str


@dataclass(frozen=True)
class Event:
    """A row of the table that refers, with the place it refers to."""

    id: int
    place: Place
    amount: int
    day: str
    status: str


@dataclass(frozen=True)
class Tables:
    """Names of the two tables, and the values of a column with few values."""

    places: str
    events: str
    statuses: Sequence[str]

    @property
    def schema(self) -> str:
        """Statements that make the tables."""
        return (
            f"CREATE TABLE {self.places} (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, region TEXT NOT NULL);\n"
            f"CREATE TABLE {self.events} (id INTEGER PRIMARY KEY, place_id INTEGER NOT NULL REFERENCES {self.places} (id), "
            "amount INTEGER NOT NULL, day TEXT NOT NULL, status TEXT NOT NULL);"
        )


Facts = tuple[Sequence[Place], Sequence[Event]]


@dataclass(frozen=True)
class Question:
    """What is asked, the rows that are right, and queries: right, right in another way, wrong by the name of the slip.

    In the queries `P` and `E` are the tables, `S` is a condition on the events `e`.
    """

    told: str
    solve: Callable[[Sequence[Place], Sequence[Event]], list[Row]]
    sql: str
    other: str
    slips: Mapping[str, str]


def tables(rng: Rng) -> Tables:
    """Tables with names of their own."""
    places, events = coined_words(rng, 2)
    return Tables(f"{places}s", f"{events}s", coined_words(rng, 3))


def filled(rng: Rng, tables: Tables) -> Facts:
    """Rows: some places without events, amounts and days all different."""
    regions = coined_words(rng, rng.randint(3, 4))
    names = coined_words(rng, rng.randint(9, 13))
    rng.shuffle(names)
    places = [Place(n, name, regions[n % len(regions)]) for n, name in enumerate(names, rng.randint(1, 20))]
    busy = places[: len(places) - rng.randint(1, 3)]
    count = rng.randint(80, 100)
    amounts = rng.sample(range(100, 1000), count)
    days = rng.sample([f"20{y}-{m:02}-{d:02}" for y in (31, 32) for m in range(1, 13) for d in range(1, 29)], count)
    events = [
        Event(n, busy[int(len(busy) * rng.random() ** 2)], amount, day, rng.choice(tables.statuses))
        for n, (amount, day) in enumerate(zip(amounts, days, strict=True), rng.randint(1, 90))
    ]
    rng.shuffle(places)
    return places, events


def question(rng: Rng, tables: Tables) -> tuple[Question, str | None]:
    """A question, and the status of the events that it is about (None = any)."""
    status = rng.choice((None, *tables.statuses[:2]))
    having = partial(_having, least=rng.randint(3, 4) if status else rng.randint(6, 9))
    return rng.choice((_with_none, _largest, _running, _above, having, _change))(rng), status


def _with_none(rng: Rng) -> Question:
    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        rows = [(place.name, [e.amount for e in events if e.place == place]) for place in places]
        return sorted((name, len(amounts), sum(amounts)) for name, amounts in rows)

    total = "count(e.id), coalesce(sum(e.amount), 0)"
    end = "GROUP BY p.id ORDER BY p.name"
    return Question(
        "For every row of P, also for those without any row of E: its name, the number of rows of E that refer to it, "
        "and the sum of their amounts (0 where there is none). Order by name.",
        solve,
        f"SELECT p.name, {total} FROM P p LEFT JOIN E e ON e.place_id = p.id AND S {end}",
        "SELECT p.name, (SELECT count(*) FROM E e WHERE e.place_id = p.id AND S), (SELECT ifnull(sum(e.amount), 0) FROM E e "
        "WHERE p.id = e.place_id AND S) FROM P p ORDER BY 1",
        {
            "those without dropped": f"SELECT p.name, {total} FROM P p JOIN E e ON e.place_id = p.id AND S {end}",
            "none counted as one": f"SELECT p.name, count(*), coalesce(sum(e.amount), 0) FROM P p LEFT JOIN E e "
            f"ON e.place_id = p.id AND S {end}",
            "NULL for 0": f"SELECT p.name, count(e.id), sum(e.amount) FROM P p LEFT JOIN E e ON e.place_id = p.id AND S {end}",
            "order upside down": f"SELECT p.name, {total} FROM P p LEFT JOIN E e ON e.place_id = p.id AND S {end} DESC",
        },
    )


def _largest(rng: Rng) -> Question:
    most = rng.randint(2, 3)

    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        found: list[Row] = []
        for region in sorted({place.region for place in places}):
            ranked = sorted((e for e in events if e.place.region == region), key=lambda e: -e.amount)
            found += [(region, n, e.place.name, e.amount) for n, e in enumerate(ranked[:most], 1)]
        return found

    def ranked(partition: str, order: str, limit: int) -> str:
        return (
            f"SELECT region, n, name, amount FROM (SELECT p.region, p.name, e.amount, row_number() OVER (PARTITION BY "
            f"{partition} ORDER BY e.amount {order}) AS n FROM E e JOIN P p ON p.id = e.place_id WHERE S) WHERE n <= {limit} "
            f"ORDER BY region, n"
        )

    return Question(
        f"For every region that has rows of E, the {most} of them with the largest amounts (all where there are fewer; no two "
        f"amounts are equal): the region, the place in this order (1 = largest), the name, and the amount. Order by region and "
        "then by that place.",
        solve,
        ranked("p.region", "DESC", most),
        "WITH a AS (SELECT p.region, p.name, e.amount FROM P p, E e WHERE p.id = e.place_id AND S) SELECT a.region, (SELECT "
        "count(*) FROM a b WHERE b.region = a.region AND b.amount >= a.amount) AS n, a.name, a.amount FROM a WHERE n <= "
        f"{most} ORDER BY 1, 2",
        {
            "one too many": ranked("p.region", "DESC", most + 1),
            "one too few": ranked("p.region", "DESC", most - 1),
            "smallest": ranked("p.region", "", most),
            "per row of P": ranked("p.id", "DESC", most),
        },
    )


def _running(rng: Rng) -> Question:
    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        same = [(e, [f.amount for f in events if f.place == e.place and f.day <= e.day]) for e in events]
        return sorted((e.place.name, e.day, sum(amounts)) for e, amounts in same)

    def summed(window: str) -> str:
        return (
            f"SELECT p.name, e.day, sum(e.amount) OVER ({window}) FROM P p JOIN E e ON e.place_id = p.id WHERE S "
            "ORDER BY p.name, e.day"
        )

    return Question(
        "For every row of E (no two are of the same day): the name of the row of P that it refers to, the day, and the sum "
        "of the amounts of all rows that refer to the same row of P, up to and including that day. Order by name and then "
        "by day.",
        solve,
        summed("PARTITION BY p.id ORDER BY e.day"),
        "WITH a AS (SELECT p.name, e.day, e.amount FROM P p JOIN E e ON e.place_id = p.id WHERE S) SELECT a.name, a.day, "
        "(SELECT sum(b.amount) FROM a b WHERE b.name = a.name AND b.day <= a.day) FROM a ORDER BY 1, 2",
        {
            "over all of P": summed("ORDER BY e.day"),
            "total": summed("PARTITION BY p.id"),
            "backwards": summed("PARTITION BY p.id ORDER BY e.day DESC"),
            "in order of id": summed("PARTITION BY p.id ORDER BY e.id"),
        },
    )


def _above(rng: Rng) -> Question:
    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        found: list[Row] = []
        for e in events:
            peers = [f.amount for f in events if f.place.region == e.place.region]
            found += [(e.id, e.place.name, e.amount)] if e.amount * len(peers) > sum(peers) else []
        return found

    def above(group: str, sign: str = ">") -> str:
        return (
            f"SELECT id, name, amount FROM (SELECT e.id, p.name, e.amount, avg(e.amount) OVER ({group}) AS m FROM E e JOIN P p "
            f"ON p.id = e.place_id WHERE S) WHERE amount {sign} m ORDER BY id"
        )

    return Question(
        "All rows of E whose amount is more than the mean of the amounts of all rows of the same region: the id, the "
        "name of the row of P that it refers to, and the amount. Order by id.",
        solve,
        above("PARTITION BY p.region"),
        "WITH a AS (SELECT e.id, p.name, e.amount, p.region FROM E e JOIN P p ON p.id = e.place_id WHERE S), m AS (SELECT "
        "region, avg(amount) AS mean FROM a GROUP BY region) SELECT a.id, a.name, a.amount FROM a JOIN m USING (region) WHERE "
        "a.amount > m.mean ORDER BY a.id",
        {
            "mean of all": above(""),
            "mean per row of P": above("PARTITION BY p.id"),
            "below": above("PARTITION BY p.region", "<"),
        },
    )


def _having(rng: Rng, least: int) -> Question:
    """Groups above a size; some have it just so, as places differ in how many events refer to them."""

    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        rows = [(place, [e.amount for e in events if e.place == place]) for place in places]
        kept = [(sum(amounts), place.name, len(amounts)) for place, amounts in rows if len(amounts) >= least]
        return [(name, count, total / count) for total, name, count in sorted(kept, key=lambda row: (-row[0], row[1]))]

    def grouped(number: str, mean: str = "avg(e.amount)", order: str = "sum(e.amount) DESC, p.name") -> str:
        return (
            f"SELECT p.name, count(*), {mean} FROM P p JOIN E e ON e.place_id = p.id WHERE S GROUP BY p.id HAVING {number} "
            f"ORDER BY {order}"
        )

    return Question(
        f"For every row of P to which at least {least} rows of E refer: its name, the number of these rows, and the mean of "
        "their amounts. Order by the sum of their amounts, largest first, and where that is equal by name.",
        solve,
        grouped(f"count(*) >= {least}"),
        "SELECT name, n, 1.0 * total / n FROM (SELECT place_id, count(*) AS n, sum(amount) AS total FROM E e WHERE S GROUP BY "
        f"place_id) JOIN P p ON p.id = place_id WHERE n > {least - 1} ORDER BY total DESC, name",
        {
            "all groups": grouped("count(*) > 0"),
            "sum for mean": grouped(f"count(*) >= {least}", "sum(e.amount)"),
            "order of the count": grouped(f"count(*) >= {least}", order="count(*), p.id DESC"),
            "smallest first": grouped(f"count(*) >= {least}", order="sum(e.amount), p.name"),
        },
    )


def _change(rng: Rng) -> Question:
    def solve(places: Sequence[Place], events: Sequence[Event]) -> list[Row]:
        found: list[Row] = []
        for place in sorted(places, key=lambda place: place.name):
            own = sorted((e for e in events if e.place == place), key=lambda e: e.day)
            found += [(place.name, b.day, b.amount - a.amount) for a, b in pairwise(own)]
        return found

    def changed(difference: str, order: str, where: str = "c IS NOT NULL") -> str:
        return (
            f"SELECT name, day, c FROM (SELECT p.name, e.day, {difference} OVER (PARTITION BY p.id ORDER BY {order}) AS c FROM "
            f"P p JOIN E e ON e.place_id = p.id WHERE S) WHERE {where} ORDER BY name, day"
        )

    return Question(
        "The rows of E that refer to the same row of P are put in the order of their days (no two are of the same day). For "
        "every row except the first of each row of P: the name of the row of P, the day, and by how much the amount is larger "
        "than that of the row directly before it (negative where it is smaller). Order by name and then by day.",
        solve,
        changed("e.amount - lag(e.amount)", "e.day"),
        "WITH a AS (SELECT p.name, e.day, e.amount FROM E e JOIN P p ON p.id = e.place_id WHERE S) SELECT a.name, a.day, "
        "a.amount - b.amount FROM a JOIN a b ON b.name = a.name AND b.day = (SELECT max(c.day) FROM a c WHERE c.name = a.name "
        "AND c.day < a.day) ORDER BY a.name, a.day",
        {
            "sign turned round": changed("-e.amount + lag(e.amount)", "e.day"),
            "first kept": changed("e.amount - lag(e.amount)", "e.day", "1"),
            "in order of id": changed("e.amount - lag(e.amount)", "e.id"),
        },
    )
