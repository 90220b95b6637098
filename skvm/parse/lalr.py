"""The LALR loop over the parse table that lark made of a grammar.

lark stays the owner of grammar, table and callbacks. Its own loop looks up rule, origin and callback of every reduction and
makes a token object of every terminal; this one looks them up once per grammar and takes any value, which is about three
times as fast for grammars whose reductions are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lark import Lark
from lark.exceptions import LarkError
from lark.lexer import Lexer

_Reduce = tuple[int, str, Callable[[list[Any]], Any]]


class NoLexer(Lexer):
    """For grammars whose terminals are made elsewhere and given to `Loop.parse`."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """Terminals that are handed over as they are."""
        del parser_state
        return iter(lexer_state)


class Loop:
    """Parses streams of (terminal, value) with the table of a LALR grammar; values are what the callbacks get."""

    def __init__(self, grammar: Lark) -> None:
        inner: Any = grammar.parser.parser.parser  # frontend -> LALR parser -> its loop
        table, callbacks = inner.parse_table, inner.callbacks
        self._start: int = table.start_states["start"]
        self._end: int = table.end_states["start"]
        self._shifts: dict[int, dict[str, int]] = {}
        self._reduces: dict[int, dict[str, _Reduce]] = {}
        for state, row in table.states.items():
            shifts = self._shifts[state] = {}
            reduces = self._reduces[state] = {}
            for name, (action, arg) in row.items():
                if action.name == "Shift":
                    shifts[name] = arg
                else:
                    reduces[name] = (len(arg.expansion), arg.origin.name, callbacks[arg])

    def parse(self, stream: Iterable[tuple[str, Any]]) -> Any:
        """Value of the start rule; raises LarkError at the first terminal that no rule takes."""
        states = [self._start]
        values: list[Any] = []
        shifts, reduces = self._shifts, self._reduces
        for name, value in stream:
            state = states[-1]
            after = shifts[state].get(name)
            while after is None:
                self._reduce(reduces[state].get(name), states, values)
                state = states[-1]
                after = shifts[state].get(name)
            states.append(after)
            values.append(value)
        while states[-1] != self._end:
            self._reduce(reduces[states[-1]].get("$END"), states, values)
        return values[-1]

    def _reduce(self, rule: _Reduce | None, states: list[int], values: list[Any]) -> None:
        if rule is None:
            raise LarkError("no rule takes this terminal here")
        size, origin, callback = rule
        if size:
            parts = values[-size:]
            del states[-size:]
            del values[-size:]
        else:
            parts = []
        states.append(self._shifts[states[-1]][origin])
        values.append(callback(parts))
