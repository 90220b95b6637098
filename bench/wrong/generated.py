"""Generated programs as skills: their tools are scripts of a skill folder, which run in the sandbox like those of any skill.

A look-up is a script that tells its facts, a write the runtime's own tool, the report of a loss a script that writes. Who
knows the program speaks for the model; the learner sees commands and what they print.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.wrong.learning import Pipeline, Request
from bench.wrong.mined import OWNERS, STATES, Asked, Program, value_of
from bench.wrong.worlds import World
from skvm.adapters.simulation.oracle import Call, Done, Oracle, Script, SolutionContext, SolutionOracle

SKILL = """---
name: {name}
description: Looks records up and files what they say. Use when a request names records to look up.
license: MIT
allowed-tools: Bash(python:*) Read Write
---

# Records

## Workflow

### 1. Do what the request asks

Look up what the request names with the scripts of this skill ({scripts}), which print what is known as JSON. File what they
say under `out/`. What is lost is reported with `scripts/report_loss.py` and ends the work.
"""

LOOK = """import json, random, sys

args = dict(zip((word[2:] for word in sys.argv[1::2]), sys.argv[2::2]))
draw = random.Random({salt!r} + json.dumps(args, sort_keys=True))
facts = {{"total": draw.randrange(900), "owner": draw.choice({owners!r}), "state": draw.choice({states!r})}}
print(json.dumps({{**facts, "next": f"K{{draw.randrange(10_000)}}"}}))
"""

LOSS = """import pathlib, sys

pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/lost.txt").write_text(sys.argv[2] + chr(10), encoding="utf-8")
print("saved")
"""


def written(made: Program, folder: Path) -> Path:
    """The skill folder of a program."""
    name = f"generated-{made.number}"
    skill = folder / name
    (skill / "scripts").mkdir(parents=True, exist_ok=True)
    tools = sorted({tool for kind, tool, _ in made.calls if kind != "write"})
    for tool in tools:
        text = LOOK.format(salt=f"{made.number} {tool} ", owners=OWNERS, states=STATES)
        (skill / "scripts" / f"{tool}.py").write_text(text, encoding="utf-8")
    (skill / "scripts" / "report_loss.py").write_text(LOSS, encoding="utf-8")
    scripts = ", ".join(f"`scripts/{tool}.py`" for tool in [*tools, "report_loss"])
    (skill / "SKILL.md").write_text(SKILL.format(name=name, scripts=scripts), encoding="utf-8")
    return skill


def solution(made: Program) -> ModuleType:
    """What a right answer does in the one step of the skill."""

    def work(seen: SolutionContext) -> Script:
        slots = made.grammar.read(seen.task)
        if slots is None:
            raise ValueError("no request of this skill")
        course = made.course(slots)
        try:
            asked = next(course)
            while True:
                told: Any = yield as_call(asked)
                asked = course.send(told.json if asked.effect == "pure" else {})
        except StopIteration as stop:
            return Done(stop.value)

    module = ModuleType(f"generated_{made.number}")
    module.__dict__["STEPS"] = {"S1.s1": work}
    return module


def as_call(asked: Asked) -> Call:
    """A call of a program as a tool call of the runtime."""
    if "content" in asked.args:
        return Call("write_file", asked.args)
    words = ["python", f"scripts/{asked.tool}.py", *(w for n, v in asked.args.items() for w in (f"--{n}", str(v)))]
    return Call("execute_command", {"command": shlex.join(words)})


def world_of(made: Program) -> World:
    """What is asked of it."""
    return World(made.grammar, lambda rng: {n: value_of(n, rng) for n in made.grammar.slots}, lambda values, rng: {})


def pipeline(made: Program, home: Path) -> Pipeline:
    """The program as a skill with a store of its own, all below `home`."""
    module = solution(made)

    def knows(request: Request) -> Oracle:
        return SolutionOracle(module, request.task)

    return Pipeline(f"generated-{made.number}", home / "state", written(made, home), knows)
