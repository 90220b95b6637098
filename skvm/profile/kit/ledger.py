"""Ledgers: rows of a name, a group and a whole number, and questions about them - told, worked out, and as program text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words

Row = tuple[str, str, int]
"""Name, group, amount."""

Line = tuple[str | int, ...]
"""One line of a result, as wide as `Fold.columns`."""


@dataclass(frozen=True)
class Keep:
    """Which rows count: told, decided, as an expression of Python and of JavaScript over `name`, `group`, `amount`; and the
    amount on which it turns, if any."""

    told: str
    test: Callable[[Row], bool]
    python: str
    javascript: str
    edge: int = 0


@dataclass(frozen=True)
class Fold:
    """What is made of the rows that count: told, worked out, and as statements from `rows` to `result`."""

    told: str
    columns: tuple[str, ...]
    work: Callable[[Sequence[Row]], list[Line]]
    python: str
    javascript: str


@dataclass(frozen=True)
class Query:
    """A question about rows, and the slips that answer another one."""

    keep: Keep
    fold: Fold
    slips: tuple[tuple[str, Keep | Fold], ...] = ()

    def answer(self, rows: Sequence[Row]) -> list[Line]:
        """The result for some rows."""
        return self.fold.work([row for row in rows if self.keep.test(row)])

    def slipped(self) -> dict[str, Query]:
        """Near questions, by what is wrong with them; their results have the columns of the right one."""
        return {name: self._with(slip) for name, slip in self.slips}

    def _with(self, slip: Keep | Fold) -> Query:
        if isinstance(slip, Keep):
            return replace(self, keep=slip)
        return replace(self, fold=replace(slip, columns=self.fold.columns))


def query(rng: Rng, groups: Sequence[str], ordered: bool = True) -> Query:
    """A question; with `ordered` also one that depends on the order in which rows stand."""
    keep, near = _keep(rng, groups)
    name = rng.choice(list(FOLDS) if ordered else ["totals", "ranking"])
    slips: list[tuple[str, Keep | Fold]] = [("the condition's edge or sense", near)]
    slips += [("the condition forgotten", Keep("", lambda row: True, "True", "true"))]
    slips += [(f"{slip} instead", SLIPS[slip]) for slip in NEAR[name]]
    return Query(keep, FOLDS[name], tuple(slips))


def _keep(rng: Rng, groups: Sequence[str]) -> tuple[Keep, Keep]:
    limit, by = rng.randint(-20, 60), rng.randint(2, 5)
    group, other = rng.sample(groups, 2)
    return rng.choice(
        (
            (
                Keep(f"whose number is {limit} or more", lambda r: r[2] >= limit, *_same(f"amount >= {limit}"), limit),
                Keep("", lambda r: r[2] > limit, *_same(f"amount > {limit}")),
            ),
            (
                Keep(f"whose number is less than {limit}", lambda r: r[2] < limit, *_same(f"amount < {limit}"), limit),
                Keep("", lambda r: r[2] <= limit, *_same(f"amount <= {limit}")),
            ),
            (
                Keep(
                    f"whose number cannot be divided by {by} without remainder",
                    lambda r: r[2] % by != 0,
                    *_same(f"amount % {by} != 0"),
                ),
                Keep("", lambda r: r[2] % by == 0, *_same(f"amount % {by} == 0")),
            ),
            (
                Keep(f"whose group is not {group}", lambda r: r[1] != group, *_same(f'group != "{group}"')),
                Keep("", lambda r: r[1] == group, *_same(f'group == "{group}"')),
            ),
            (
                Keep(
                    f"whose group is {group} or {other}",
                    lambda r: r[1] in (group, other),
                    f"group in {(group, other)}",
                    f"{[group, other]}.includes(group)",
                ),
                Keep("", lambda r: r[1] == group, *_same(f'group == "{group}"')),
            ),
        )
    )


def _same(expression: str) -> tuple[str, str]:
    return expression, expression


def _totals(rows: Sequence[Row]) -> list[Line]:
    groups = sorted({group for _, group, _ in rows})
    own = {group: [amount for _, other, amount in rows if other == group] for group in groups}
    return [(group, len(own[group]), sum(own[group])) for group in groups]


def _ranking(rows: Sequence[Row]) -> list[Line]:
    return [(name, amount) for name, _, amount in sorted(rows, key=lambda row: (-row[2], row[0]))]


def _running(rows: Sequence[Row]) -> list[Line]:
    return [(name, sum(row[2] for row in rows[: at + 1])) for at, (name, _, _) in enumerate(rows)]


def _largest(rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    best: dict[str, Row] = {}
    for row in rows:
        if row[1] not in best or row[2] > best[row[1]][2]:
            best[row[1]] = row
    return [(group, amount, name) for name, group, amount in (best[group] for group in best)]


_PY_GROUPS = """\
result = []
for group in sorted(set(row[1] for row in rows)):
    amounts = [row[2] for row in rows if row[1] == group]
    result.append((group, len(amounts), sum(amounts)))
"""
_JS_GROUPS = """\
const own = new Map();
for (const [, group, amount] of rows) own.set(group, [...(own.get(group) || []), amount]);
const result = [...own.keys()].sort().map((group) => [group, own.get(group).length, own.get(group).reduce((a, b) => a + b, 0)]);
"""
_PY_BEST = """\
best = {}
for row in rows:
    if row[1] not in best or row[2] > best[row[1]][2]:
        best[row[1]] = row
result = [(row[1], row[2], row[0]) for row in best.values()]
"""
_JS_BEST = """\
const best = new Map();
for (const row of rows) if (!best.has(row[1]) || row[2] > best.get(row[1])[2]) best.set(row[1], row);
const result = [...best.values()].map(([name, group, amount]) => [group, amount, name]);
"""
_PY_RANKING = """\
result = [(row[0], row[2]) for row in sorted(rows, key=lambda row: (-row[2], row[0]))]
"""
_JS_RANKING = """\
const result = rows.sort((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1)).map(([name, , amount]) => [name, amount]);
"""
_PY_RUNNING = """\
result, total = [], 0
for name, group, amount in rows:
    total += amount
    result.append((name, total))
"""
_JS_RUNNING = """\
let total = 0;
const result = rows.map(([name, , amount]) => [name, (total += amount)]);
"""

FOLDS: dict[str, Fold] = {
    "totals": Fold(
        "for every group that still has rows: the group, how many rows it has and the sum of their numbers; groups are in "
        "alphabetical order",
        ("group", "rows", "sum"),
        _totals,
        _PY_GROUPS,
        _JS_GROUPS,
    ),
    "ranking": Fold(
        "for every row: its name and its number; the largest number comes first, and rows with the same number are in "
        "alphabetical order of their names",
        ("name", "number"),
        _ranking,
        _PY_RANKING,
        _JS_RANKING,
    ),
    "running": Fold(
        "for every row, in the order of the input: its name and the sum of the numbers up to and including this row",
        ("name", "sum"),
        _running,
        _PY_RUNNING,
        _JS_RUNNING,
    ),
    "largest": Fold(
        "for every group that still has rows: the group, its largest number and the name in that row (the first such row of "
        "the input when several have that number); groups are in the order in which they first come up among these rows",
        ("group", "number", "name"),
        lambda rows: [*_largest(rows)],
        _PY_BEST,
        _JS_BEST,
    ),
}

SLIPS: dict[str, Fold] = {
    "sorted downwards": Fold(
        "", (), lambda rows: _totals(rows)[::-1], _PY_GROUPS + "result.reverse()\n", _JS_GROUPS + "result.reverse();\n"
    ),
    "rows for sums": Fold(
        "",
        (),
        lambda rows: [(group, count, count) for group, count, _ in _totals(rows)],
        _PY_GROUPS.replace("sum(amounts)", "len(amounts)"),
        _JS_GROUPS.replace(".reduce((a, b) => a + b, 0)", ".length"),
    ),
    "smallest first": Fold(
        "", (), lambda rows: _ranking(rows)[::-1], _PY_RANKING + "result.reverse()\n", _JS_RANKING + "result.reverse();\n"
    ),
    "equal numbers by place": Fold(
        "",
        (),
        lambda rows: [(name, amount) for name, _, amount in sorted(rows, key=lambda row: -row[2])],
        _PY_RANKING.replace("(-row[2], row[0])", "-row[2]"),
        _JS_RANKING.replace(" || (a[0] < b[0] ? -1 : 1)", ""),
    ),
    "numbers for sums": Fold(
        "",
        (),
        lambda rows: [(name, amount) for name, _, amount in rows],
        _PY_RUNNING.replace("total += amount", "total = amount"),
        _JS_RUNNING.replace("total += amount", "total = amount"),
    ),
    "dropped row": Fold(
        "",
        (),
        lambda rows: _running(rows)[:-1],
        _PY_RUNNING + "result = result[:-1]\n",
        _JS_RUNNING + "result.pop();\n",
    ),
    "last of equals": Fold(
        "",
        (),
        lambda rows: [*_largest(_later(rows))],
        _PY_BEST.replace(" > best", " >= best"),
        _JS_BEST.replace(" > best", " >= best"),
    ),
    "smallest": Fold(
        "",
        (),
        lambda rows: [(group, -low, name) for group, low, name in _largest([(n, g, -a) for n, g, a in rows])],
        _PY_BEST.replace(" > best", " < best"),
        _JS_BEST.replace(" > best", " < best"),
    ),
}

NEAR = {
    "totals": ("sorted downwards", "rows for sums"),
    "ranking": ("smallest first", "equal numbers by place"),
    "running": ("numbers for sums", "dropped row"),
    "largest": ("last of equals", "smallest"),
}
"""Slips by fold."""


def _later(rows: Sequence[Row]) -> list[Row]:
    """So that the last of equal rows comes first: rows backwards, groups kept in the order of their first row."""
    order = list(dict.fromkeys(group for _, group, _ in rows))
    return [row for group in order for row in reversed(rows) if row[1] == group]


def rows_for(rng: Rng, groups: Sequence[str], asked: Query, count: int, names: Sequence[str] = ()) -> list[Row]:
    """Rows on which every slip of the question shows."""
    own, edge = list(names) or coined_words(rng, count), asked.keep.edge
    while True:
        rng.shuffle(own)
        amounts = [edge, *(edge + rng.randint(-25, 25) for _ in range(count // 2)), rng.randint(-40, 130)]
        rows = [(name, rng.choice(groups), rng.choice(amounts)) for name in own]
        if all(near.answer(rows) != asked.answer(rows) for near in asked.slipped().values()):
            return rows
