"""Python programs as trees: what two texts of one program share, and the literals in which they differ.

Comments, layout, quotes, docstrings, the order of leading imports and the names of local variables do not matter. A literal is
a number or a text that stands by itself; one inside an f-string belongs to the program. Names are taken for renamed only where
nothing looks them up by their spelling.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

MAX_CODE = 64_000

_LOOKING_UP = "locals globals vars eval exec dir compile __import__ getattr setattr delattr hasattr"
_BY_SPELLING = frozenset(_LOOKING_UP.split())
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Literal(NamedTuple):
    """A literal of a program: its value, and where it stands in the text."""

    value: str | int | float
    start: int
    end: int


class Program(NamedTuple):
    """A program without its literals (`shape`), and those, in the order of the tree."""

    shape: str
    literals: tuple[Literal, ...]


@lru_cache(maxsize=512)
def program(source: str, closed: bool = False) -> Program | None:
    """What a text means; None when it is no Python of this interpreter. `closed`: nobody else sees its names."""
    if len(source) > MAX_CODE or "\0" in source or "\r" in source or "\f" in source:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    try:
        _without_docstrings(tree)
        found = tuple(_literals(tree, source))
        _Open().visit(tree)
        _Renamed(_renamable(tree, closed)).visit(tree)
        _sort_imports(tree)
        return Program(ast.dump(tree), found)
    except RecursionError:
        return None


def same_program(one: str, two: str, closed: bool = False) -> bool:
    """Do two texts mean the same, literals included?"""
    if one == two:
        return True
    first, second = program(one, closed), program(two, closed)
    if first is None or second is None or first.shape != second.shape:
        return False
    return [repr(x.value) for x in first.literals] == [repr(x.value) for x in second.literals]


def differing(sources: Sequence[str], closed: bool = False) -> list[int] | None:
    """Which literals differ between texts of one program; None where they are not of one, or a literal changes its type."""
    programs = [program(source, closed) for source in sources]
    first = programs[0]
    if first is None or any(p is None or p.shape != first.shape for p in programs):
        return None
    columns = list(zip(*(p.literals for p in programs if p is not None), strict=True))
    if any(len({type(x.value) for x in column}) > 1 for column in columns):
        return None
    return [at for at, column in enumerate(columns) if len({repr(x.value) for x in column}) > 1]


def _without_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            kept = [s for s in node.body if not (isinstance(s, ast.Expr) and _is_text(s.value))]
            node.body = kept or [ast.Pass()]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (str, int, float)


def _literals(tree: ast.AST, source: str) -> Iterator[Literal]:
    lines = source.split("\n")
    data = [line.encode("utf-8", "surrogatepass") for line in lines]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(data[line - 1][:column].decode("utf-8", "surrogatepass"))

    for node in _outside_of_fstrings(tree):
        if isinstance(node, ast.Constant) and _is_literal(node):
            end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
            yield Literal(node.value, place(node.lineno, node.col_offset), place(end_line, end))  # type: ignore[arg-type]


def _outside_of_fstrings(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, (ast.JoinedStr, ast.MatchValue)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_of_fstrings(child)


class _Open(ast.NodeTransformer):
    """Puts a mark in place of each literal."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(value=f"\0{type(node.value).__name__}") if _is_literal(node) else node


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id=self.names.get(node.id, node.id), ctx=node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.generic_visit(node)
        node.arg = self.names.get(node.arg, node.arg)
        return node


def _renamable(tree: ast.Module, closed: bool) -> dict[str, str]:
    """Names of variables and what they are called in the shape, by the order in which they are met."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if _BY_SPELLING & set(names):
        return {}
    fixed = {*_fixed(tree, closed), *dir(builtins)}
    bound: dict[str, None] = {}
    for node in _in_order(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in fixed:
            bound.setdefault(node.id)
        elif isinstance(node, ast.arg) and node.arg not in fixed:
            bound.setdefault(node.arg)
    return {name: f"\0{number}" for number, name in enumerate(bound)}


def _fixed(tree: ast.Module, closed: bool) -> Iterator[str]:
    """Names that others may use, that stand for something else too, or that are met as texts."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.keyword):
            yield node.arg or ""
        else:
            yield getattr(node, "name", None) or ""
        if isinstance(node, ast.ClassDef) or (isinstance(node, ast.Module) and not closed):
            for inner in node.body:
                yield from _bound_here(inner)


def _bound_here(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds in its own scope."""
    if isinstance(node, _SCOPES):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _bound_here(child)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _sort_imports(tree: ast.Module) -> None:
    head = next((at for at, s in enumerate(tree.body) if not isinstance(s, (ast.Import, ast.ImportFrom))), len(tree.body))
    future = [s for s in tree.body[:head] if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
    others = [s for s in tree.body[:head] if s not in future]
    names = [
        (a.asname or a.name).partition(".")[0] for s in others if isinstance(s, (ast.Import, ast.ImportFrom)) for a in s.names
    ]
    if "*" not in names and len(set(names)) == len(names):  # else the last one of a name is the one that counts
        tree.body[:head] = [*future, *sorted(others, key=ast.dump)]
