"""Programs as trees: what does not matter does not matter, what does is seen, and a value never becomes code."""

from __future__ import annotations

import ast
import json
import random
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit_kit import by_model, call, context

from skvm.jit.generalise.origins import World
from skvm.jit.generalise.propose import generalise
from skvm.jit.generalise.pycode import differing, program, same_program
from skvm.jit.generalise.results import Abstain
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import arguments, bind, predict, replay
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord, Code, Unfilled, Var, decode, encode, fill
from skvm.ports import StepContext

Tool = Callable[[str, dict[str, Any]], CallRecord]

PLAIN = """import csv
import json

def total(rows, column):
    found = 0
    for row in rows:
        found += int(row[column])
    return found

with open("a.csv") as file:
    print(json.dumps({"sum": total(list(csv.DictReader(file)), "price")}))
"""

OTHERWISE = '''import json
import csv

# adds up
def total(rows, column):
    """The sum."""
    amount = 0
    for line in rows:
        amount += int(line[column])   # may be zero
    return amount


with open('a.csv') as file:
    print(
        json.dumps({'sum': total(list(csv.DictReader(file)), """price""")})
    )
'''


def test_names_imports_comments_layout_and_quotes_do_not_matter() -> None:
    assert same_program(PLAIN, OTHERWISE)
    assert same_program(PLAIN.replace("file", "handle"), OTHERWISE, closed=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("found += int", "found -= int"),
        ('"price"', '"weight"'),
        ("found = 0", "found = 1"),
        ("found = 0", "found = 0.0"),
        ("rows, column", "column, rows"),
        ("return found", "return row"),
        ("import csv\nimport json", "import json"),
        ("json.dumps", "json.loads"),
        ('"sum"', "sum"),
        ("total", "add_up"),
        ("file", "handle"),
    ],
)
def test_what_matters_is_seen(old: str, new: str) -> None:
    """A name at the top of a module may be used by others."""
    assert not same_program(PLAIN, PLAIN.replace(old, new, 1 if old != "file" else -1))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a = 1\nprint(locals())", "b = 1\nprint(locals())"),
        ("def f(a): return a\nf(a=1)", "def f(b): return b\nf(b=1)"),
        ("class A:\n    x = 1", "class A:\n    y = 1"),
        ("print(len([1]))\nx = 3\nprint(x)", "print(x([1]))\nx = 3\nprint(x)"),
        ("from a import x\nfrom b import x\nx()", "from b import x\nfrom a import x\nx()"),
        ("def f():\n    global g\n    g = 1", "def f():\n    global h\n    h = 1"),
        ("a = b = 1\nprint(a)", "a = b = 1\nprint(b)"),
        ("x = f'{1}a'", "x = f'{1}b'"),
        ("for a in x: print(a)", "for x in x: print(x)"),
    ],
)
def test_names_that_are_looked_up_are_not_renamed(one: str, two: str) -> None:
    assert not same_program(one, two, closed=True)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_a_renamed_program_is_the_same_and_does_the_same(seed: int, closed: bool) -> None:
    draw = random.Random(seed)
    names = draw.sample(["alpha", "beta", "gamma", "delta", "omega"], 3)
    first = "def run(n):\n    {0} = n\n    {1} = [{0} + {2} for {2} in range(3)]\n    return {1}, {0}\nprint(run(4))\n"
    one, two = first.format("a", "b", "c"), first.format(*names)
    assert same_program(one, two, closed)
    rotated = first.format(*draw.sample(names, 3)).replace(f"return {names[1]}", f"return {names[0]}")
    if same_program(one, rotated, closed):
        assert printed(one) == printed(rotated)


def printed(source: str) -> list[Any]:
    said: list[Any] = []
    exec(compile(source, "x", "exec"), {"print": said.append})
    return said


scalars = st.one_of(st.text(max_size=20), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=300, deadline=None)
@given(scalars, st.sampled_from(["x = {}", "print('a', {})", "f({}, b)[{}]", "y = a.b({})  # it"]))
def test_a_value_in_a_program_is_one_literal(value: Any, around: str) -> None:
    """Whatever it holds, the tree is the same but for that literal, also when the program is a word of a command."""
    pieces = around.split("{}")
    parts: list[Any] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [(Var("h1"),), piece]
    stored = decode(json.loads(json.dumps(encode(Code(tuple(parts))))))
    text = fill(stored, {"h1": value})
    plain = fill(stored, {"h1": "z"})
    hidden = [
        ast.dump(_Same(value).visit(ast.parse(text))),
        ast.dump(_Same("z").visit(ast.parse(plain))),
    ]
    assert hidden[0] == hidden[1]
    assert shlex.split(shlex.quote(text)) == [text]


class _Same(ast.NodeTransformer):
    """Takes the one literal of a value away, wherever and with whichever sign it stands."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        same = isinstance(node.value, type(self.value)) and node.value in (self.value, _turned(self.value))
        return ast.Constant(value="*") if same else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        negative = isinstance(node.op, ast.USub) and isinstance(self.value, (int, float)) and repr(self.value)[0] == "-"
        return node.operand if negative and isinstance(node.operand, ast.Constant) else node


def _turned(value: Any) -> Any:
    return value if isinstance(value, str) else -value


@pytest.mark.parametrize("value", [None, [], {"a": 1}, True, float("nan"), float("inf")])
def test_what_is_no_text_or_number_is_not_written(value: Any) -> None:
    with pytest.raises(Unfilled):
        fill(Code(("x = ", (Var("h"),))), {"h": value})


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_program_or_none(text: str) -> None:
    read = program(text)
    if read is not None:
        assert [repr(ast.literal_eval(text[x.start : x.end])) for x in read.literals if "\n" not in text[x.start : x.end]] == [
            repr(x.value) for x in read.literals if "\n" not in text[x.start : x.end]
        ]


def writes(style: int) -> Callable[[StepContext, Tool], tuple[dict[str, Any], str]]:
    def maker(seen: StepContext, tool: Tool) -> tuple[dict[str, Any], str]:
        _, file, _, column = seen.task.split()
        draw = random.Random(f"{style} {seen.run}")
        name = draw.choice(("rows", "lines", "found"))
        imports = draw.sample(["import csv", "import sys"], 2)
        note = draw.choice(("", "# reads it\n", "\n\n"))
        text = "\n".join(imports) + f"\n{note}\ndef run():\n    {name} = list(csv.DictReader(open({file!r})))\n"
        text += f"    print(sum(float(r[{column!r}]) for r in {name}), file=sys.stderr)\n\nrun()\n"
        tool("write_file", {"path": "work/sum.py", "content": text})
        if style:
            code = f"import csv; {name} = list(csv.DictReader(open({file!r}))); print(len({name}), {column!r})"
            tool("execute_command", {"command": f"python3 -c {shlex.quote(code)}"})
        return {}, "done"

    return maker


def observed(style: int, task: str, run: str) -> Observation:
    seen = context(task, run=run)

    def tool(name: str, args: dict[str, Any]) -> CallRecord:
        return call(name, args, "ok", effect="idempotent")

    return observation(seen, by_model(writes(style), tool, seen), False, False)


TASKS = ["Sum sales.csv by price", "Sum q1.csv by weight", "Sum old-log.csv by count_2", "Sum x.csv by a1"]


@pytest.mark.parametrize("style", [0, 1])
def test_written_programs_have_typed_holes(style: int) -> None:
    runs = [observed(style, task, f"r{n}") for n, task in enumerate(TASKS)]
    code = generalise(runs)
    assert "$python" in json.dumps(code.calls[0].args) and replay(code, runs) == ""
    for n in range(6):
        assert predict(code, observed(style, "Sum march-3.csv by net_1", f"s{n}")) == ""
    shuffled = generalise(runs[::-1])
    assert [c.args for c in shuffled.calls] == [c.args for c in code.calls] and replay(shuffled, runs) == ""


def test_a_program_that_does_something_else_is_a_difference() -> None:
    code = generalise([observed(0, task, f"r{n}") for n, task in enumerate(TASKS)])
    seen = observed(0, "Sum march-3.csv by net_1", "s")
    changed = seen.calls[0].model_copy(
        update={"args": {**seen.calls[0].args, "content": seen.calls[0].args["content"].replace("sum(", "max(")}}
    )
    assert predict(code, seen.model_copy(update={"calls": (changed,)})) != ""
    with pytest.raises(Abstain):
        generalise([observed(0, TASKS[0], "r0"), observed(0, TASKS[1], "r1").model_copy(update={"calls": (changed,)})])


@pytest.mark.parametrize("name", ["x.csv'); import os; os.remove('y", "a\\", "'''", "x.csv\n"])
def test_hostile_names_are_refused_or_stay_literals(name: str) -> None:
    code = generalise([observed(0, task, f"r{n}") for n, task in enumerate(TASKS)])
    seen = context(f"Sum {name} by price", run="s")
    try:
        captures = bind(code, {"task": seen.task, "files": [], "values": {}, "item": None}, seen.guard)
        args = arguments(code, 0, World(captures))
    except Handed:
        return
    known = program(observed(0, TASKS[0], "r0").calls[0].args["content"])
    made = program(args["content"])
    assert made is not None and known is not None and made.shape == known.shape


def test_literals_that_change_their_type_are_no_hole() -> None:
    assert differing(["x = 1", "x = 2"]) == [0]
    assert differing(["x = 1", "x = '2'"]) is None
    assert differing(["x = 1", "y = 1"]) is None
    assert differing(["x = 1", "x = "]) is None
    assert differing(["f(1, 'a', 2.5)", "f(1, 'b', 3.5)"]) == [1, 2]
