"""`python -m skvm.parse.tables`: writes the parse tables of our grammars beside them. Run it after a change of a grammar.

Lark builds the tables; states and rules are numbered in the order in which a walk from the start meets them, symbols by name,
so that the same grammar gives the same bytes whatever lark's own order is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from lark import Lark
from lark.lexer import Lexer

from skvm.source import data_path, digest_text, read_data

GRAMMARS = ("document", "step")


class NoLexer(Lexer):
    """For grammars whose terminals are made elsewhere."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Any]:
        """Terminals that are handed over as they are."""
        del parser_state
        return iter(lexer_state)


def lark_of(grammar: str, *, strict: bool = False) -> Lark:
    """Lark's own parser of a grammar; `strict` raises for any conflict in it."""
    return Lark(read_data("grammar", f"{grammar}.lark"), parser="lalr", lexer=NoLexer, strict=strict)


def table_of(grammar: str) -> dict[str, Any]:
    """Table of a grammar, as `skvm.parse.lalr.Loop` takes it, with the digest of the grammar's text."""
    found: Any = lark_of(grammar).parser.parser._parse_table  # frontend -> LALR parser -> table
    numbers = {found.start_states["start"]: 0}
    rules: dict[Any, int] = {}
    shifts: list[dict[str, int]] = []
    reduces: list[dict[str, int]] = []
    queue = [found.start_states["start"]]
    for state in queue:
        row = sorted(((str(name), *move) for name, move in found.states[state].items()), key=itemgetter(0))
        shifts.append({})
        reduces.append({})
        for name, action, arg in row:
            if action.name != "Shift":
                reduces[-1][name] = rules.setdefault(arg, len(rules))
                continue
            if arg not in numbers:
                numbers[arg] = len(numbers)
                queue.append(arg)
            shifts[-1][name] = numbers[arg]
    return {
        "grammar": digest_text(read_data("grammar", f"{grammar}.lark")),
        "start": 0,
        "end": numbers[found.end_states["start"]],
        "rules": [_rule(rule) for rule in rules],
        "shifts": shifts,
        "reduces": reduces,
    }


def _rule(rule: Any) -> list[Any]:
    """Row of a rule, by lark's ways: terminals that begin with "_" are dropped, rules that do are inlined, `?` rules stand for
    their only part. Optional parts in brackets, which leave a None behind, are not known here.
    """
    if any(rule.options.empty_indices):
        raise ValueError(f"brackets in rule {rule.origin.name}")
    kept = [
        [at, not symbol.is_term and symbol.name.startswith("_")]
        for at, symbol in enumerate(rule.expansion)
        if not (symbol.is_term and symbol.filter_out)
    ]
    name = str(rule.alias or rule.origin.name)
    node = "" if name.startswith("_") else name
    return [node, str(rule.origin.name), len(rule.expansion), bool(rule.options.expand1 and not rule.alias), kept]


def text_of(grammar: str) -> str:
    """The file of a grammar's table: one line per state and rule, so that a change of the grammar shows."""
    rows = []
    for key, value in table_of(grammar).items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(entry, separators=(",", ":")) for entry in value)
            rows.append(f' "{key}": [\n{lines}\n ]')
        else:
            rows.append(f' "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    """Write all tables."""
    for grammar in GRAMMARS:
        (data_path("grammar") / f"{grammar}.table.json").write_text(text_of(grammar), encoding="utf-8")


if __name__ == "__main__":
    main()
