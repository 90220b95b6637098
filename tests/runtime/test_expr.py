from __future__ import annotations

import ast
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.runtime.expr import ExprError, evaluate, holds, references
from skvm.runtime.state.board import Missing

VALUES: dict[str, Any] = {
    "$step.S1.s1.values.count": 3,
    "$step.S1.s1.values.status": "draft",
    "$step.S1.s1.values.rows": ["a", "b"],
    "$task": "fix it",
    "$item": "a.csv",
    "$file.in-put.csv": "in-put.csv",
}


def resolve(reference: str) -> Any:
    if reference not in VALUES:
        raise Missing(reference)
    return VALUES[reference]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$step.S1.s1.values.count > 2", True),
        ("$step.S1.s1.values.count >= 2 and $step.S1.s1.values.status == 'draft'", True),
        ('"a" in $step.S1.s1.values.rows', True),
        ("'c' not in $step.S1.s1.values.rows", True),
        ("len($step.S1.s1.values.rows) == 2", True),
        ("not exists($step.S9.values.x)", True),
        ("exists($task)", True),
        ("1 < $step.S1.s1.values.count < 3", False),
        ("$step.S1.s1.values.count * 2 - 1 == 5", True),
        ("-$step.S1.s1.values.count == -3", True),
        ("$item in ['a.csv', 'b.csv']", True),
        ("lower('ABC') == 'abc'", True),
        ("$file.in-put.csv == 'in-put.csv'", True),
        ("'$task' == $task", False),
        (r"'it\'s' == \"it's\"".replace('\\"', '"'), True),
        ("true and not false and null == none", True),
        ("$task or 1", "fix it"),
    ],
)
def test_values(text: str, expected: Any) -> None:
    assert evaluate(text, resolve) == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "$task.__class__",
        "().__class__",
        "[x for x in [1]]",
        "lambda: 1",
        "open('/etc/passwd')",
        "{'a': 1}",
        "f'{1}'",
        "1 if 1 else 2",
        "len(len)",
        "len([1], [2])",
        "2 ** 9999999",
        "'a' * 1000000000",
        "1000000000000000 * 10",
        "a.b",
        "$task[0]",
        "x := 1",
        "1 +",
        "",
        "1 / 0",
        "'a' < 1",
        "3 in 4",
        "len(3)",
        "b'x' == 1",
        "1j == 1",
        "(" * 300 + "1" + ")" * 300,
        "not " * 100 + "1",
        "1" * 3000,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises((ExprError, Missing)):
        evaluate(text, resolve)


def test_missing_is_told_apart() -> None:
    with pytest.raises(Missing):
        holds("$step.S7.values.x == 1", resolve)
    assert holds("1 == 1 or $step.S7.values.x == 1", resolve)


def test_references_in_order() -> None:
    assert references("$b == 1") == ()
    assert references("$task == '$item' and $step.S1.s1.values.x in $file.a and $task") == (
        "$task",
        "$step.S1.s1.values.x",
        "$file.a",
    )
    assert references("((") == ()


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_an_error(text: str) -> None:
    with contextlib.suppress(ExprError, Missing):
        evaluate(text, resolve)


numbers = st.integers(-1000, 1000)
comparisons = st.builds(lambda a, op, b: f"{a} {op} {b}", numbers, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), numbers)
expressions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=8,
)


@given(expressions)
def test_agrees_with_python(text: str) -> None:
    assert evaluate(text, resolve) == eval(compile(ast.parse(text, mode="eval"), "", "eval"), {})
