"""The LALR loop over the parse table of a grammar.

lark owns the grammars, and makes their tables when they are written (`skvm.parse.tables`); here a table is read from a data
file, because building it takes longer than reading a skill. Rule, origin and callback of every reduction are looked up once per
grammar; any value may stand for a terminal, and inlined rules stay lists, so that small reductions are cheap.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from skvm.source import digest_text, read_data

Make = Callable[[str, list[Any]], Any]
"""Node of a rule from its name (or alias) and the values of its parts."""

_Reduce = tuple[int, str, Callable[[list[Any]], Any]]


class NoRuleError(ValueError):
    """No rule of the grammar takes the next terminal."""


class Loop:
    """Parses streams of (terminal, value) with the table of a LALR grammar.

    `table`: `start` and `end` state; by state `shifts` (symbol to state) and `reduces` (terminal to rule); `rules` as rows of
    node (empty: inlined), origin, size, whether a lone child stands for the node, and the kept parts as (index, inlined).
    """

    def __init__(self, table: dict[str, Any], make: Make) -> None:
        rules: list[_Reduce] = [
            (size, origin, _builder(node, single, [tuple(k) for k in kept], size, make))
            for node, origin, size, single, kept in table["rules"]
        ]
        self._start: int = table["start"]
        self._end: int = table["end"]
        self._shifts: list[dict[str, int]] = table["shifts"]
        self._reduces = [{name: rules[rule] for name, rule in row.items()} for row in table["reduces"]]

    def parse(self, stream: Iterable[tuple[str, Any]]) -> Any:
        """Value of the start rule; raises NoRuleError at the first terminal that no rule takes."""
        states = [self._start]
        values: list[Any] = []
        shifts, reduces = self._shifts, self._reduces
        for name, value in stream:
            state = states[-1]
            after = shifts[state].get(name)
            while after is None:
                state = self._reduce(reduces[state].get(name), states, values)
                after = shifts[state].get(name)
            states.append(after)
            values.append(value)
        while states[-1] != self._end:
            self._reduce(reduces[states[-1]].get("$END"), states, values)
        return values[-1]

    def _reduce(self, rule: _Reduce | None, states: list[int], values: list[Any]) -> int:
        if rule is None:
            raise NoRuleError("no rule takes this terminal here")
        size, origin, build = rule
        if size:
            parts = values[-size:]
            del states[-size:], values[-size:]
        else:
            parts = []
        state = self._shifts[states[-1]][origin]
        states.append(state)
        values.append(build(parts))
        return state


def load(grammar: str, make: Make) -> Loop:
    """Loop of a grammar of ours by name; where the grammar was edited since its table was written, lark makes it anew."""
    table = json.loads(read_data("grammar", f"{grammar}.table.json"))
    if table["grammar"] != digest_text(read_data("grammar", f"{grammar}.lark")):
        from skvm.parse.tables import table_of

        table = table_of(grammar)
    return Loop(table, make)


def _builder(node: str, single: bool, kept: list[tuple[int, bool]], size: int, make: Make) -> Callable[[list[Any]], Any]:
    """What a reduction makes of its parts."""
    pick = _picker(kept, size)
    if not node:
        return pick
    if single:

        def lone(parts: list[Any]) -> Any:
            children = pick(parts)
            return children[0] if len(children) == 1 else make(node, children)

        return lone
    return lambda parts: make(node, pick(parts))


def _picker(kept: list[tuple[int, bool]], size: int) -> Callable[[list[Any]], list[Any]]:
    """The children among the parts of a rule; a list at the head is extended in place, so that repetition is linear."""
    if len(kept) == size and not any(inline for _, inline in kept):
        return lambda parts: parts
    if kept == [(0, True)]:
        return lambda parts: parts[0]

    def pick(parts: list[Any]) -> list[Any]:
        out: list[Any] = []
        for at, inline in kept:
            if not inline:
                out.append(parts[at])
            elif out:
                out += parts[at]
            else:
                out = parts[at]
        return out

    return pick
