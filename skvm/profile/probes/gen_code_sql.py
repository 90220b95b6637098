"""gen.code.sql: one table with a condition; joins, groups and windows; common table expressions that also have to be quick.

A query is run on databases that the prompt does not show, and its rows are compared with those of a solver in Python.
"""

# ruff: noqa: S608 - queries are built out of names that are made here, for databases that are thrown away

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from skvm.capability import Level
from skvm.profile.kit.checker import PYTHON
from skvm.profile.kit.hierarchy import hierarchy
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench
from skvm.profile.kit.joins import Event, filled, question, tables
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined
from skvm.profile.kit.queries import ASKED, Database, Row, answered
from skvm.profile.kit.wheres import Item, Stock, Where, item, stock, wheres

Measure = tuple[str, str, Callable[[Sequence[Item]], int | float | str | None]]
"""In words, as SQL, and over rows."""


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _one_table, Level.L2: _two_tables, Level.L3: _hierarchy}[level](rng)


def _task(
    schema: str,
    told: str,
    databases: Callable[[], Sequence[Database]],
    right: str,
    others: Mapping[str, str],
    slips: Mapping[str, str],
) -> Task:
    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        return await answered(bench, trial.text, schema, databases())

    return Task(
        prompt=f"Write a query for a database with this schema:\n\n{schema}\n\n{told}\n\n{ASKED}",
        grade=grade,
        reference=says(f"{right};"),
        variants={
            "fenced": says(f"```sql\n{right};\n```"),
            "on many lines": says(f"```sql\n-- as asked\n{right.replace(' FROM ', chr(10) + 'FROM ')}\n;\n```"),
            **{name: says(text) for name, text in others.items()},
        },
        mutants={
            "refusal": says(REFUSAL),
            "only described": says("Join the tables, group the rows and order them as asked."),
            "hard-coded": lambda: says(_hard_coded(databases()[0].right))(),
            "two statements": says(f"{right};\n{right};"),
            "another table": says(re.sub(r"FROM (\w+)", r"FROM \1_", right)),
            "a column too many": says(f"SELECT *, 1 FROM ({right})"),
            **{name: says(text) for name, text in slips.items()},
        },
    )


def _hard_coded(rows: Sequence[Row]) -> str:
    shown = ", ".join(f"({', '.join('NULL' if c is None else repr(c) for c in row)})" for row in rows)
    return f"SELECT * FROM (VALUES {shown})"


MEASURES: Sequence[Measure] = (
    ("the sum of price", "sum(price)", lambda rows: sum(row["price"] for row in rows)),
    ("the largest size", "max(size)", lambda rows: max(row["size"] for row in rows)),
    ("the smallest price", "min(price)", lambda rows: min(row["price"] for row in rows)),
    ("the earliest day", "min(day)", lambda rows: min(row["day"] for row in rows)),
    ("the mean of price", "avg(price)", lambda rows: sum(row["price"] for row in rows) / len(rows)),
    ("the number of different kinds", "count(DISTINCT kind)", lambda rows: len({row["kind"] for row in rows})),
)


def _one_table(rng: Rng) -> Task:
    """Figures about the rows that meet two conditions."""
    table, things = f"{coined(rng)}s", stock(rng)
    first, second = wheres(rng, things)
    word = rng.choice(("AND", "OR"))
    chosen = rng.sample(MEASURES, 2)
    schema = (
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, "
        "price INTEGER NOT NULL, day TEXT NOT NULL, note TEXT);"
    )
    told = (
        "A day is text of the form YYYY-MM-DD; all names and kinds are in small letters. The query gives one row about those "
        f"rows of {table} for which {first.told} {word.lower()} {second.told}: how many they are, {chosen[0][0]}, and "
        f"{chosen[1][0]}."
    )
    what = f"count(*), {chosen[0][1]}, {chosen[1][1]}"
    slips = {name: f"{sql} {word} {second.sql}" for name, (sql, _) in first.slips.items()}
    slips |= {f"{name} (2)": f"{first.sql} {word} {sql}" for name, (sql, _) in second.slips.items()}
    slips |= {"and for or": f"{first.sql} {'OR' if word == 'AND' else 'AND'} {second.sql}", "first only": first.sql}
    wrong = {name: f"SELECT {what} FROM {table} WHERE {where}" for name, where in slips.items()}
    wrong |= {"all rows": f"SELECT {what} FROM {table}", "columns swapped": _swapped(chosen, table, first, second, word)}
    stocks = [_stocked(rng, things, first, second, word) for _ in range(4)]
    databases = [Database({table: [tuple(row.values()) for row in rows]}, [_measured(kept, chosen)]) for rows, kept in stocks]
    where = f"{second.other} {word} {first.other}"
    return _task(
        schema,
        told,
        lambda: databases,
        f"SELECT {what} FROM {table} WHERE {first.sql} {word} {second.sql}",
        {"written otherwise": f"WITH kept AS (SELECT * FROM {table} AS t WHERE {where}) SELECT {what} FROM kept"},
        wrong,
    )


def _swapped(chosen: Sequence[Measure], table: str, first: Where, second: Where, word: str) -> str:
    return f"SELECT {chosen[0][1]}, count(*), {chosen[1][1]} FROM {table} WHERE {first.sql} {word} {second.sql}"


def _measured(rows: Sequence[Item], chosen: Sequence[Measure]) -> Row:
    return (len(rows), *(measure(rows) for _, _, measure in chosen))


Stocked = tuple[list[Item], list[Item]]
"""Rows of a table, and those that meet the conditions."""


def _stocked(rng: Rng, things: Stock, first: Where, second: Where, word: str) -> Stocked:
    """Rows on which every slip of a condition changes how many are counted."""

    def count(rows: Sequence[Item], a: Callable[[Item], bool], b: Callable[[Item], bool]) -> int:
        return sum(a(row) and b(row) if word == "AND" else a(row) or b(row) for row in rows)

    while True:
        rows = [item(rng, things, n) for n in range(1, 41)]
        right = count(rows, first.holds, second.holds)
        wrong = [count(rows, holds, second.holds) for _, holds in first.slips.values()]
        wrong += [count(rows, first.holds, holds) for _, holds in second.slips.values()]
        if right > len(things.kinds) and right not in wrong:
            keeps = all if word == "AND" else any
            return rows, [row for row in rows if keeps((first.holds(row), second.holds(row)))]


def _two_tables(rng: Rng) -> Task:
    """A question that needs both tables and a group, a subquery or a window."""
    names = tables(rng)
    asked, status = question(rng, names)
    where = f"e.status = '{status}'" if status else "1"

    def sql(text: str) -> str:
        text = re.sub(r"\bP (?=p\b)", f"{names.places} ", re.sub(r"\bE (?=e\b)", f"{names.events} ", text))
        return re.sub(r"\bS\b", where, text)

    def worded(text: str) -> str:
        return re.sub(r"\bP\b", names.places, re.sub(r"\bE\b", names.events, text))

    def database() -> Database:
        places, events = filled(rng, names)
        counted = [event for event in events if status in (None, event.status)]
        rows: dict[str, list[Row]] = {names.places: [(place.id, place.name, place.region) for place in places]}
        rows[names.events] = [_event(event) for event in events]
        return Database(rows, asked.solve(places, counted))

    only = f"Only rows of {names.events} with the status '{status}' count, as if there were no others. " if status else ""
    databases = [database() for _ in range(3)]
    wrong = {name: sql(text) for name, text in asked.slips.items()}
    wrong |= {"status forgotten": sql(asked.sql.replace("AND S", "").replace("WHERE S", ""))} if status else {}
    return _task(
        names.schema,
        f"A day is text of the form YYYY-MM-DD. {only}{worded(asked.told)}",
        lambda: databases,
        sql(asked.sql),
        {"written otherwise": sql(asked.other)},
        wrong,
    )


def _event(event: Event) -> Row:
    return (event.id, event.place.id, event.amount, event.day, event.status)


def _hierarchy(rng: Rng) -> Task:
    """Totals over trees of unknown depth, out of the entries that count, on a database too large for nested searches."""
    asked = hierarchy(rng)
    return _task(asked.schema, asked.told, asked.databases, asked.sql, {"written otherwise": asked.other}, asked.slips)


PROBE = Probe("gen.code.sql", 1, _build, programs=(PYTHON,))
