"""Commands of a step, written otherwise in each run: what is learned from them, what it writes, and what it abstains from."""

from __future__ import annotations

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
from skvm.jit.generalise.results import Abstain
from skvm.jit.generalise.shell.commands import same_command
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import arguments, bind, replay
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord
from skvm.ports import StepContext

Write = Callable[[str, str, random.Random], str]
TASKS = ["Sum sales.csv by price", "Sum q1.csv by weight", "Sum old-log.csv by count_2", "Sum x.csv by a1"]


def quoted(value: str, draw: random.Random) -> str:
    return draw.choice((shlex.quote(value), f'"{value}"', f"'{value}'"))


def listed(file: str, column: str, draw: random.Random) -> str:
    joint = draw.choice((" && ", " && \\\n  ", "  &&\n"))
    pipe, note = draw.choice((" | ", " |\n  ")), draw.choice(("", "# adds up\n", "\n"))
    return f"{note}cd data{joint}add {quoted(file, draw)} --by {quoted(column, draw)} 2> err.txt{pipe}sort"


def looped(file: str, column: str, draw: random.Random) -> str:
    end = draw.choice(("; ", "\n", "\n\n  "))
    return f'for f in {quoted(file, draw)} all.csv{end}do{draw.choice((" ", chr(10)))}add "$f" {quoted(column, draw)}{end}done'


def noted(file: str, column: str, draw: random.Random) -> str:
    tag = draw.choice(("EOF", "END", "X"))
    return f"cat <<{draw.choice((repr(tag), chr(34) + tag + chr(34)))} > note.txt\nfile: {file}\ncolumn: {column}\n{tag}\n"


def scripted(file: str, column: str, draw: random.Random) -> str:
    name, tag = draw.choice(("rows", "lines")), draw.choice(("EOF", "END"))
    code = f"import csv\n\n{name} = list(csv.DictReader(open({file!r})))\nprint(sum(float(r[{column!r}]) for r in {name}))\n"
    return f"python3 - <<'{tag}'\n{draw.choice(('', '# sums' + chr(10)))}{code}{tag}\n"


def observed(write: Write, task: str, run: str) -> Observation:
    seen = context(task, run=run)

    def maker(seen: StepContext, tool: Callable[[str, dict[str, Any]], CallRecord]) -> tuple[dict[str, Any], str]:
        _, file, _, column = seen.task.split()
        tool("execute_command", {"command": write(file, column, random.Random(run))})
        return {}, "done"

    def tool(name: str, args: dict[str, Any]) -> CallRecord:
        return call(name, args, "ok", effect="idempotent")

    return observation(seen, by_model(maker, tool, seen), False, False)


def learned(write: Write, tasks: list[str] = TASKS) -> list[Observation]:
    return [observed(write, task, f"r{n}") for n, task in enumerate(tasks)]


@pytest.mark.parametrize("write", [listed, looped, noted, scripted])
def test_commands_that_are_written_otherwise_are_one_program(write: Write) -> None:
    runs = learned(write)
    code = generalise(runs)
    assert replay(code, runs) == ""
    other = observed(write, "Sum new.csv by b2", "o")
    captures = bind(code, other.inputs, other.guard)
    made = arguments(code, 0, World(captures, ()))["command"]
    assert same_command(made, write("new.csv", "b2", random.Random("any")))


def opened(file: str, column: str, draw: random.Random) -> str:
    return noted(file, column, draw).replace("'", "").replace('"', "")


def piped(file: str, column: str, draw: random.Random) -> str:
    return f"echo {file} {column} | sh"


def unquoted(file: str, column: str, draw: random.Random) -> str:
    return looped(file, column, draw).replace('"$f"', "$f")


@pytest.mark.parametrize("write", [opened, piped, unquoted])
def test_where_no_hole_may_stand_nothing_is_learned(write: Write) -> None:
    with pytest.raises(Abstain, match="no hole may stand"):
        generalise(learned(write))


def kept(file: str, column: str, draw: random.Random) -> str:
    return f"cat <<'EOF' > note.txt\n{file}\nEOF\n"


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=12).filter(lambda t: not t.isspace()) | st.sampled_from(["EOF", "$(id)", "'", "`x`"]))
def test_a_hostile_name_is_data_or_is_handed_back(value: str) -> None:
    runs = learned(kept, [f"Sum {name}.csv by x" for name in ("a", "b", "c-1", "d_2")])
    code = generalise(runs)
    seen = context(f"Sum {value} by x")
    try:
        captures = bind(
            code,
            observation(seen, by_model(lambda s, t: ({}, ""), lambda n, a: call(n, a, ""), seen), False, False).inputs,
            seen.guard,
        )
        made = arguments(code, 0, World(captures, ()))["command"]
    except Handed:
        return
    assert made == f"cat <<'EOF' > note.txt\n{value}\nEOF\n"
    assert "EOF" not in value.split("\n")
