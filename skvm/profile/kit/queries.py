"""SQL that a model wrote, run on databases made for it: the rows it gives are compared with those that are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skvm.profile.kit.bodies import sole_block
from skvm.profile.kit.checker import checked
from skvm.profile.kit.instance import PASS, Verdict, Workbench, fail

Cell = int | float | str | None
Row = tuple[Cell, ...]
CENT = 0.01
"""By how much a number may be off: whether a mean is rounded to two places or not must not decide."""
STEPS = 20_000_000
"""Instructions of SQLite's machine that a query may take where no other number is asked for."""
ASKED = (
    "The dialect is SQLite 3 (3.25 or later). Answer with one SQL statement in one code block, and no explanation. Only the "
    "columns asked for, in that order, and the order of the rows count; the names of the columns do not, and numbers may be "
    "rounded to two or more decimals."
)


@dataclass(frozen=True)
class Database:
    """Tables with their rows by name, the rows that are right, and how many instructions of the machine a query may take."""

    tables: Mapping[str, Sequence[Row]]
    right: Sequence[Row]
    steps: int = STEPS


async def answered(bench: Workbench, answer: str, schema: str, databases: Sequence[Database]) -> Verdict:
    """Passed when the query in an answer gives the right rows on every database."""
    query = sole_block(answer)
    if query is None:
        return fail("there are several code blocks")
    for database in databases:
        reason = await _differs(bench, query.strip("` \n"), schema, database)
        if reason:
            return fail(reason)
    return PASS


async def _differs(bench: Workbench, query: str, schema: str, database: Database) -> str:
    data = {"query": query, "schema": schema, "tables": database.tables, "steps": database.steps}
    result = await checked(bench, PROGRAM, data, seconds=30.0)
    return "the query does not come to an end" if result is None else _wrong(result, database.right)


def _wrong(result: Any, right: Sequence[Row]) -> str:
    if isinstance(result, str):
        return result
    if len(result) != len(right):
        return f"{len(result)} rows instead of {len(right)}"
    for n, (found, wanted) in enumerate(zip(result, right, strict=True), 1):
        if len(found) != len(wanted):
            return f"{len(found)} columns instead of {len(wanted)}"
        if not all(map(_same, found, wanted)):
            return f"row {n} is {tuple(found)} instead of {wanted}"
    return ""


def _same(found: Cell, wanted: Cell) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) <= CENT
    return type(found) is type(wanted) and found == wanted


PROGRAM = r"""
import json, sqlite3
with open("data.json", encoding="utf-8") as file:
    data = json.load(file)
GRAIN = 1000


def filled(tables):
    base = sqlite3.connect(":memory:")
    base.executescript(data["schema"])
    for name, rows in tables.items():
        if rows:
            base.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * len(rows[0]))})", rows)
    base.commit()
    return base


def asked(base, taken=0):
    def step():
        nonlocal taken
        taken += GRAIN
        return taken > data["steps"]

    base.set_progress_handler(step, GRAIN)
    try:
        cursor = base.execute(data["query"])
        return cursor.fetchmany(20000) if cursor.description else "the statement gives no rows"
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return f"more than {data['steps']} steps" if taken > data["steps"] else f"{type(error).__name__}: {error}"


print(json.dumps(asked(filled(data["tables"])), default=str))
"""
