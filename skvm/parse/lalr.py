"""The LALR loop over the parse table that lark made of a grammar.

lark stays the owner of grammar and table. Its own loop looks up rule, origin and callback of every reduction, makes a token
object of every terminal and a tree of every inlined rule; this one looks them up once per grammar, takes any value for a
terminal, and keeps inlined rules as lists, which is several times as fast for grammars whose reductions are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lark import Lark
from lark.exceptions import LarkError
from lark.lexer import Lexer

Make = Callable[[str, list[Any]], Any]
"""Node of a rule from its name (or alias) and the values of its parts."""

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
    """Parses streams of (terminal, value) with the table of a LALR grammar; the start rule is called `start`."""

    def __init__(self, grammar: Lark, make: Make) -> None:
        table: Any = grammar.parser.parser._parse_table  # frontend -> LALR parser -> its table
        self._start: int = table.start_states["start"]
        self._end: int = table.end_states["start"]
        self._shifts: dict[int, dict[str, int]] = {}
        self._reduces: dict[int, dict[str, _Reduce]] = {}
        rules: dict[Any, _Reduce] = {}
        for state, row in table.states.items():
            shifts = self._shifts[state] = {}
            reduces = self._reduces[state] = {}
            for name, (action, arg) in row.items():
                plain = str(name)  # lark's tokens compare themselves in Python, at every look-up
                if action.name == "Shift":
                    shifts[plain] = arg
                    continue
                if arg not in rules:
                    rules[arg] = (len(arg.expansion), str(arg.origin.name), _builder(arg, make))
                reduces[plain] = rules[arg]

    def parse(self, stream: Iterable[tuple[str, Any]]) -> Any:
        """Value of the start rule; raises LarkError at the first terminal that no rule takes."""
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
            raise LarkError("no rule takes this terminal here")
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


def _builder(rule: Any, make: Make) -> Callable[[list[Any]], Any]:
    """What a reduction makes of its parts, by lark's rules: terminals that begin with "_" are dropped, rules that do are
    inlined, `?` rules stand for their only part. Optional parts in brackets, which leave a None behind, are not known here.
    """
    if any(rule.options.empty_indices):
        raise ValueError(f"brackets in rule {rule.origin.name}")
    kept = [(at, not sym.is_term and sym.name.startswith("_")) for at, sym in enumerate(rule.expansion)]
    kept = [(at, inline) for at, inline in kept if not (rule.expansion[at].is_term and rule.expansion[at].filter_out)]
    pick = _picker(kept, len(rule.expansion))
    name = str(rule.alias or rule.origin.name)
    if name.startswith("_"):
        return pick
    if rule.options.expand1 and not rule.alias:

        def single(parts: list[Any]) -> Any:
            children = pick(parts)
            return children[0] if len(children) == 1 else make(name, children)

        return single
    return lambda parts: make(name, pick(parts))


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
