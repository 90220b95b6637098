"""Pure expressions over earlier values: what a branch or loop condition may say, and nothing else.

`values.count > 3 and "draft" in $step.S1.s2.values.status`. Literals, lists, comparisons, `in`, `and/or/not`, `+ - * /`
on numbers, `len(x)`, `exists(ref)`; references start with `$` (see `state.board`). Parsed by Python's own `ast` after
references became names; only whitelisted nodes are ever evaluated, so nothing can be called, imported or looped.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from skvm.runtime.state.board import Missing

MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_NUMBER = 10**12

_REFERENCE = re.compile(r"\$(?:task|item|file|env|step)(?:\.[A-Za-z0-9_-]+)*(?:\[\d+\])?")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None, "none": None, "True": True, "False": False, "None": None}

_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ExprError(ValueError):
    """The text is not an expression, or it cannot be evaluated on these values."""


def evaluate(text: str, resolve: Callable[[str], Any]) -> Any:
    """Value of `text`; `resolve` gives the value of a reference or raises Missing.

    Raises ExprError for a text that is not allowed or types that do not fit, Missing for a reference without a value.
    """
    tree, names = parse(text)
    return _Evaluator(names, resolve).value(tree, 0)


def holds(text: str, resolve: Callable[[str], Any]) -> bool:
    """`evaluate` as a condition."""
    return bool(evaluate(text, resolve))


def references(text: str) -> tuple[str, ...]:
    """References that an expression names, in order; empty when it is not one."""
    try:
        return tuple(dict.fromkeys(r for r in parse(text)[1].values() if r.startswith("$")))
    except ExprError:
        return ()


def parse(text: str) -> tuple[ast.expr, dict[str, str]]:
    """Syntax tree and what stands behind its names: a reference, or `=` and the text of a string; raises ExprError."""
    if len(text) > MAX_LENGTH:
        raise ExprError("the expression is too long")
    names: dict[str, str] = {}

    def name_of(match: re.Match[str]) -> str:
        name = f"_r{len(names)}"
        names[name] = match.group()
        return name

    strings: list[str] = []

    def string_of(match: re.Match[str]) -> str:
        strings.append(_ESCAPED.sub(r"\1", match.group()[1:-1]))
        return f" _s{len(strings) - 1} "

    # Strings go first: a reference inside one is text, and Python's own escapes (and their warnings) have no say.
    body = _REFERENCE.sub(name_of, _STRING.sub(string_of, text))
    names.update({f"_s{index}": "=" + value for index, value in enumerate(strings)})
    try:
        return ast.parse(body.strip(), mode="eval").body, names
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExprError(f"not an expression: {text[:80]}") from None


class _Evaluator:
    def __init__(self, names: dict[str, str], resolve: Callable[[str], Any]) -> None:
        self._names = names
        self._resolve = resolve

    def value(self, node: ast.expr, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ExprError("the expression is nested too deeply")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise ExprError(f"{type(node).__name__} is not allowed in an expression")
        return method(node, depth + 1)

    def _constant(self, node: ast.Constant, depth: int) -> Any:
        if node.value is not None and not isinstance(node.value, (bool, int, float, str)):
            raise ExprError(f"{type(node.value).__name__} is not allowed in an expression")
        return node.value

    def _name(self, node: ast.Name, depth: int) -> Any:
        if node.id in self._names:
            what = self._names[node.id]
            return what[1:] if what.startswith("=") else self._resolve(what)
        if node.id in _WORDS:
            return _WORDS[node.id]
        raise ExprError(f"unknown name {node.id}")

    def _list(self, node: ast.List | ast.Tuple, depth: int) -> list[Any]:
        return [self.value(item, depth) for item in node.elts]

    _tuple = _list

    def _boolop(self, node: ast.BoolOp, depth: int) -> Any:
        stop_at = isinstance(node.op, ast.Or)
        result: Any = not stop_at
        for item in node.values:
            result = self.value(item, depth)
            if bool(result) is stop_at:
                break
        return result

    def _unaryop(self, node: ast.UnaryOp, depth: int) -> Any:
        value = self.value(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return not value
        if isinstance(node.op, ast.USub) and _number(value):
            return -value
        raise ExprError("this sign is not allowed here")

    def _binop(self, node: ast.BinOp, depth: int) -> Any:
        apply = _ARITHMETIC.get(type(node.op))
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        if apply is None or not (_number(left) and _number(right)):
            raise ExprError("only + - * / on numbers")
        try:
            return apply(left, right)
        except (ZeroDivisionError, OverflowError) as error:
            raise ExprError(str(error)) from None

    def _compare(self, node: ast.Compare, depth: int) -> bool:
        left = self.value(node.left, depth)
        for op, item in zip(node.ops, node.comparators, strict=True):
            right = self.value(item, depth)
            try:
                if not _COMPARE[type(op)](left, right):
                    return False
            except TypeError as error:
                raise ExprError(str(error)) from None
            left = right
        return True

    def _call(self, node: ast.Call, depth: int) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in ("len", "exists", "lower") or len(node.args) != 1 or node.keywords:
            raise ExprError("only len(x), lower(x) and exists(reference) can be called")
        try:
            value = self.value(node.args[0], depth)
        except Missing:
            if name == "exists":
                return False
            raise
        if name == "exists":
            return value is not None
        try:
            return len(value) if name == "len" else value.lower()
        except (TypeError, AttributeError) as error:
            raise ExprError(str(error)) from None


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER
